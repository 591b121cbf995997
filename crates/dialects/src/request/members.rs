use switchyard_domain::chat::{ChatRequest, Json};

use super::RequestError;
use crate::scan::Node;

/// A member that is there and not `null`.
pub(crate) fn present<'d>(object: Node<'d>, name: &str) -> Option<Node<'d>> {
    object.get(name).filter(|value| !value.is_null())
}

/// A value to keep as it is written.
pub(crate) fn keep(value: Node<'_>) -> Json {
    let raw = String::from_utf8_lossy(value.raw()).into_owned();
    // The scan has proven that it is JSON.
    Json::parse(raw).unwrap_or_else(|_| Json(serde_json::value::RawValue::NULL.to_owned()))
}

pub(crate) fn wrong(path: impl std::fmt::Display, message: &str) -> RequestError {
    RequestError::new(path.to_string(), message)
}

pub(crate) fn text(path: impl std::fmt::Display, value: Node<'_>) -> Result<String, RequestError> {
    value.text().map(std::borrow::Cow::into_owned).ok_or_else(|| wrong(path, "must be a string"))
}

/// The text of a member, if it is there.
pub(crate) fn optional_text(
    path: impl std::fmt::Display,
    object: Node<'_>,
    name: &str,
) -> Result<Option<String>, RequestError> {
    present(object, name).map(|value| text(format_args!("{path}.{name}"), value)).transpose()
}

/// The text of a member that must be there.
pub(crate) fn required_text(
    path: impl std::fmt::Display,
    object: Node<'_>,
    name: &str,
) -> Result<String, RequestError> {
    let found = optional_text(&path, object, name)?;
    found.ok_or_else(|| wrong(format_args!("{path}.{name}"), "is required"))
}

/// Notes the members of a nested object for which there is no place.
pub(crate) fn note_others(
    path: impl std::fmt::Display,
    object: Node<'_>,
    known: &[&str],
    request: &mut ChatRequest,
) {
    for member in object.members() {
        let name = member.name();
        if !known.contains(&name.as_ref()) && !member.value().is_null() {
            request.extensions.push((format!("{path}.{name}"), keep(member.value())));
        }
    }
}
