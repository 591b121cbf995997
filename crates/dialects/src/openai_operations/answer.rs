//! What the event streams of all these operations have in common.

use crate::error::{ProviderError, from_members, has_error};
use crate::json::{RawMembers, object, text};
use crate::sse::DONE_DATA;

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
