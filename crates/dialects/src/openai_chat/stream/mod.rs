//! Streams: reading a provider's events, looking at them in passing, writing a client's.

mod decode;
mod encode;
mod peek;

pub use decode::{StreamDecoder, Taken};
pub use encode::{StreamEncoder, StreamForm};
pub use peek::{ChoiceSet, Peeked, peek};
