//! Requests: judging a client's, reading it into the canonical form, writing a provider's.

mod check;
mod decode;
mod encode;

pub(super) use check::{Counting, check};
pub(super) use decode::decode;
pub(super) use encode::{Purpose, encode};

/// The path, within a message's extensions, of what belongs to one of its parts: `content[2].` and the member's name.
const CONTENT: &str = "content[";
