//! From a client's body to the canonical form.
//!
//! Lossless save for what means the same: `null` is absent, `stream: false` is no stream, a single `stop` is a list of one,
//! an empty list of tools or stops is none, `any` is `required`, a `max_tokens` beside `max_completion_tokens` (which
//! replaced it) goes, the `index` of a call in a message goes, `reasoning` that repeats
//! `reasoning_content` goes, the texts of one thought are joined. What has no canonical form goes to the extensions, a nested
//! member under its path.

mod messages;
mod parameters;
mod parts;
mod tools;

use switchyard_domain::chat::{ChatRequest, Json};

use super::RequestError;
use crate::scan::{Document, Node};

/// Reads a scanned body.
///
/// # Errors
/// When a member has a type or value that it can't have; see `check` for the judgement of a client's request.
pub fn decode(document: &Document) -> Result<ChatRequest, RequestError> {
    let mut request = ChatRequest::default();
    let has_tools = present(document.root(), "tools").is_some();
    // The functions are read as tools, unless there are tools too.
    request.legacy_functions = !has_tools && present(document.root(), "functions").is_some();
    for member in document.members() {
        let (name, value) = (member.name(), member.value());
        match name.as_ref() {
            "messages" => messages::read(value, &mut request)?,
            "tools" => tools::read(value, &mut request)?,
            "functions" if request.legacy_functions => tools::read_functions(value, &mut request)?,
            "tool_choice" => tools::read_choice(value, &mut request)?,
            "function_call" if request.legacy_functions => tools::read_function_choice(value, &mut request)?,
            name => parameters::read(name, value, document, &mut request)?,
        }
    }
    Ok(request)
}

/// A member that is there and not `null`.
fn present<'d>(object: Node<'d>, name: &str) -> Option<Node<'d>> {
    object.get(name).filter(|value| !value.is_null())
}

/// A value to keep as it is written.
fn keep(value: Node<'_>) -> Json {
    let raw = String::from_utf8_lossy(value.raw()).into_owned();
    // The scan has proven that it is JSON.
    Json::parse(raw).unwrap_or_else(|_| Json(serde_json::value::RawValue::NULL.to_owned()))
}

fn wrong(path: impl std::fmt::Display, message: &str) -> RequestError {
    RequestError::new(path.to_string(), message)
}

fn text(path: impl std::fmt::Display, value: Node<'_>) -> Result<String, RequestError> {
    value.text().map(std::borrow::Cow::into_owned).ok_or_else(|| wrong(path, "must be a string"))
}

/// The text of a member, if it is there.
fn optional_text(
    path: impl std::fmt::Display,
    object: Node<'_>,
    name: &str,
) -> Result<Option<String>, RequestError> {
    present(object, name).map(|value| text(format_args!("{path}.{name}"), value)).transpose()
}

/// The text of a member that must be there.
fn required_text(path: impl std::fmt::Display, object: Node<'_>, name: &str) -> Result<String, RequestError> {
    let found = optional_text(&path, object, name)?;
    found.ok_or_else(|| wrong(format_args!("{path}.{name}"), "is required"))
}

/// Notes the members of a nested object for which there is no place.
fn note_others(path: impl std::fmt::Display, object: Node<'_>, known: &[&str], request: &mut ChatRequest) {
    for member in object.members() {
        let name = member.name();
        if !known.contains(&name.as_ref()) && !member.value().is_null() {
            request.extensions.push((format!("{path}.{name}"), keep(member.value())));
        }
    }
}
