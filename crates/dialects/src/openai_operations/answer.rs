//! What the answers of all these operations have in common.

use crate::codec::AnswerFault;
use crate::error::{ProviderError, announces_error, from_members, has_error};
use crate::json::{RawMembers, object, text};
use crate::sse::DONE_DATA;

/// The members of an answer, which must have this one.
pub(super) fn members_of<'a>(body: &'a str, required: &str) -> Result<RawMembers<'a>, AnswerFault> {
    let top = object(body).ok_or(AnswerFault::NotJson)?;
    if has_error(&top) {
        return Err(AnswerFault::Error(from_members(&top)));
    }
    match top.get(required) {
        Some(_) => Ok(top),
        None if announces_error(&top) => Err(AnswerFault::Error(from_members(&top))),
        None => Err(AnswerFault::NoChoices),
    }
}

/// The model that answers, where the answer says so.
pub(super) fn model(top: &RawMembers<'_>) -> Option<String> {
    top.get("model").and_then(text).map(std::borrow::Cow::into_owned).filter(|model| !model.is_empty())
}

/// What an event of a stream is.
pub(super) enum Opened<'a> {
    /// The last word.
    Done,
    /// No JSON object.
    Malformed,
    /// An object.
    Object(RawMembers<'a>),
}

/// Reads the data of an event.
///
/// # Errors
/// When it says that the provider failed.
pub(super) fn open<'a>(name: Option<&[u8]>, data: &'a str) -> Result<Opened<'a>, ProviderError> {
    let data = data.trim();
    if data.as_bytes() == DONE_DATA {
        return Ok(Opened::Done);
    }
    let is_error = name == Some(b"error");
    match object(data) {
        Some(top) if is_error || has_error(&top) => Err(from_members(&top)),
        Some(top) if top.get("type").and_then(text).is_some_and(|kind| kind == "error") => {
            Err(from_members(&top))
        }
        Some(top) => Ok(Opened::Object(top)),
        None if is_error => Err(ProviderError::read(data.as_bytes(), None)),
        None => Ok(Opened::Malformed),
    }
}
