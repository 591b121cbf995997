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

use bytes::Bytes;
use thiserror::Error;

pub(crate) use encode::join_lines;
pub use encode::{DONE, DONE_DATA, KEEP_ALIVE, encode_event, write_event};
pub use reader::SseReader;
pub use utf8::repair_utf8;

/// Bounds of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseLimits {
    /// The most bytes that one block may have, its blank line included.
    pub max_event_bytes: usize,
    /// The most bytes that the whole stream may have.
    pub max_total_bytes: u64,
}

impl Default for SseLimits {
    fn default() -> Self {
        Self { max_event_bytes: 1024 * 1024, max_total_bytes: 32 * 1024 * 1024 }
    }
}

/// Why a stream was given up. The reader repeats it from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SseError {
    /// A block grew beyond [`SseLimits::max_event_bytes`].
    #[error("an event of the stream exceeds {limit} bytes")]
    EventTooLarge {
        /// The bound.
        limit: usize,
    },
    /// The stream grew beyond [`SseLimits::max_total_bytes`].
    #[error("the stream exceeds {limit} bytes")]
    StreamTooLarge {
        /// The bound.
        limit: u64,
    },
}

/// What stands between two blank lines of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SseItem {
    /// A block with data.
    Event(SseEvent),
    /// A block without data: comments, which servers send to keep the connection alive, or other fields alone. A client
    /// that follows the standard dispatches nothing for it. The bytes as they came.
    Comment(Bytes),
}

impl SseItem {
    /// The bytes of the block as they came.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        match self {
            Self::Event(event) => &event.raw,
            Self::Comment(raw) => raw,
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The whole block as it came, its blank line included, and blank lines before it too. Joined, the `raw` of
    /// all items are the stream.
    pub raw: Bytes,
    /// The data; several data lines are joined by a line feed. Shares the memory of `raw` unless there are several.
    /// Not necessarily UTF-8.
    pub data: Bytes,
    /// The name, unless absent or empty.
    pub name: Option<Bytes>,
    /// How the block ended.
    pub ending: SseEnding,
}

impl SseEvent {
    /// Whether the stream ended before the event did. See [`SseEnding`] for what may be believed then.
    #[must_use]
    pub fn is_unterminated(&self) -> bool {
        self.ending != SseEnding::BlankLine
    }
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SseEnding {
    /// With a blank line, as it should.
    BlankLine,
    /// With the stream, after a whole line. Many servers end so; the data is what the server sent.
    LineEnd,
    /// With the stream, within a line. The data may be a fragment; believe it only if it is whole by its own grammar,
    /// as `[DONE]` or a JSON document is.
    Cut,
}
