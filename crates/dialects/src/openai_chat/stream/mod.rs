//! Streams: reading a provider's events, looking at them in passing, writing a client's.

mod choices;
mod decode;
mod encode;
mod peek;
mod watcher;

pub use choices::ChoiceSet;
pub(crate) use choices::Progress;
pub use decode::StreamDecoder;
pub use encode::StreamEncoder;
pub use peek::{Peeked, peek};
pub use watcher::Watcher;
