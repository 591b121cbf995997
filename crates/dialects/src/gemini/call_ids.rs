//! Ids of tool calls, which most of Google's models do not give.
//!
//! A history without ids is given some, so that results find their calls in dialects that need them. They are known again,
//! and left out where the request goes on in this dialect.

/// How made ids begin. They are such as other vendors accept.
const PREFIX: &str = "call_gemini_";

/// The id of the call at a place in the history.
pub(super) fn made(at: usize) -> String {
    format!("{PREFIX}{at}")
}

/// The id as it was given; empty for one that was made here.
pub(super) fn given(id: &str) -> &str {
    if id.starts_with(PREFIX) { "" } else { id }
}
