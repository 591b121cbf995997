//! Streams: reading a provider's events, writing a client's.

mod decode;
mod encode;
mod pending;

pub(super) use decode::StreamDecoder;
pub(super) use encode::StreamEncoder;
