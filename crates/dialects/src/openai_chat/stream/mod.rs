//! Streams: reading a provider's events, looking at them in passing, writing a client's.

mod decode;
mod encode;
mod peek;
mod watcher;

pub use decode::StreamDecoder;
pub use encode::StreamEncoder;
pub use peek::{ChoiceSet, Peeked, peek};
pub use watcher::Watcher;
