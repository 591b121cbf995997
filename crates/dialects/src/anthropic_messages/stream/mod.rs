//! Streams: reading a provider's events, writing a client's.

mod calls;
mod decode;
mod encode;
mod frames;

pub(super) use decode::StreamDecoder;
pub(super) use encode::StreamEncoder;
