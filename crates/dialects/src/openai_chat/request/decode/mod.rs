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

use switchyard_domain::chat::ChatRequest;

use crate::request::{RequestError, present};
use crate::scan::Document;

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
