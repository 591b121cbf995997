//! Streams: reading a provider's events, writing a client's.

mod encode;
mod frames;
mod open;
mod read;
mod said;

pub(super) use encode::Writer;
pub(super) use frames::write_error_event;
pub(super) use read::Reader;
