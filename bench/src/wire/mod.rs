//! As much of HTTP/1.1 as both ends of the benchmark need: heads by `httparse`, bodies by length or in chunks.

mod body;
mod head;

pub(crate) use body::Body;
pub(crate) use head::{Framing, Head, request_head, response_head};
