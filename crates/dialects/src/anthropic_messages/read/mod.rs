//! Answers of a provider, whole or event by event, read into canonical events by one reader.

mod block;
mod message;

pub(super) use message::MessageReader;
