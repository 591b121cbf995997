//! Answers: whole, and as the frames of a stream.

mod citations;
mod error;
mod finish;
mod reader;
mod stream;
mod usage;
mod whole;

pub(super) use stream::StreamDecoder;
pub(super) use usage::read as read_usage;
pub(super) use whole::decode;
