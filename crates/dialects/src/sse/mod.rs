//! Event streams: a bounded incremental reader and an encoder of `text/event-stream`.
//!
//! The reader is ours, although there are crates for it, because the verbatim path forwards the *bytes* of each event
//! while looking at its data, and because an upstream that never ends an event must not grow our memory: the readers at
//! hand give parsed fields only and put no bound on an open event.
//!
//! Nothing here knows what the data of an event means.

mod boundary;
mod encode;
mod fields;
mod reader;
mod utf8;

pub use crate::framing::{
    FrameEnding as SseEnding, FrameError as SseError, FrameEvent as SseEvent, FrameItem as SseItem,
    FrameLimits as SseLimits,
};
pub(crate) use encode::join_lines;
pub use encode::{DONE, DONE_DATA, KEEP_ALIVE, encode_event, write_event};
pub use reader::SseReader;
pub use utf8::repair_utf8;
