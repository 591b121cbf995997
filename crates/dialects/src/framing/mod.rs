//! Streams of whatever framing, read as one: pieces of bytes come in, events of one shape go out.
//!
//! The framings themselves are [`sse`](crate::sse), [`json_lines`](crate::json_lines) and
//! [`aws_event_stream`](crate::aws_event_stream). All are bounded, give the same items wherever the pieces were cut, and
//! know nothing of what the data of an event means.

mod intake;

use bytes::Bytes;
use thiserror::Error;

use crate::aws_event_stream::AwsReader;
use crate::codec::Framing;
use crate::json_lines::LineReader;
use crate::sse::SseReader;

pub(crate) use intake::Intake;

/// Bounds of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// The most bytes that one event may have, all that frames it included.
    pub max_event_bytes: usize,
    /// The most bytes that the whole stream may have.
    pub max_total_bytes: u64,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { max_event_bytes: 1024 * 1024, max_total_bytes: 32 * 1024 * 1024 }
    }
}

/// Why a stream was given up. The reader repeats it from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// An event grew beyond [`FrameLimits::max_event_bytes`].
    #[error("an event of the stream exceeds {limit} bytes")]
    EventTooLarge {
        /// The bound.
        limit: usize,
    },
    /// The stream grew beyond [`FrameLimits::max_total_bytes`].
    #[error("the stream exceeds {limit} bytes")]
    StreamTooLarge {
        /// The bound.
        limit: u64,
    },
    /// A binary frame is not what it says it is: nothing that follows can be believed.
    #[error("a frame of the stream is corrupt: {what}")]
    Corrupt {
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The next thing in a stream. Joined, the raw bytes of all items are the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameItem {
    /// An event.
    Event(FrameEvent),
    /// Bytes that frame no event: a comment, which servers send to keep the connection alive, a blank line. A client that
    /// follows the standard dispatches nothing for it. The bytes as they came.
    Comment(Bytes),
}

impl FrameItem {
    /// The bytes as they came.
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
pub struct FrameEvent {
    /// The whole event as it came, all that frames it included.
    pub raw: Bytes,
    /// The data: of server-sent events all data lines, joined by a line feed; the line without its end; the payload of a
    /// binary frame. Shares the memory of `raw` wherever it can. Not necessarily UTF-8.
    pub data: Bytes,
    /// The name: the `event:` of server-sent events, the `:event-type` or `:exception-type` of binary frames. Lines have
    /// none.
    pub name: Option<Bytes>,
    /// How the event ended.
    pub ending: FrameEnding,
}

impl FrameEvent {
    /// Whether the stream ended before the event did. See [`FrameEnding`] for what may be believed then.
    #[must_use]
    pub fn is_unterminated(&self) -> bool {
        self.ending != FrameEnding::Whole
    }
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameEnding {
    /// As its framing says: with a blank line, with the line's end, with its checksum.
    Whole,
    /// With the stream, after a whole line of a server-sent event. Many servers end so; the data is what the server sent.
    LineEnd,
    /// With the stream, within a line. The data may be a fragment; believe it only if it is whole by its own grammar,
    /// as `[DONE]` or a JSON document is.
    Cut,
}

/// Reads a stream of any framing, piece by piece.
///
/// [`push`](Self::push) a piece, take items with [`next_item`](Self::next_item) until there is none, and so on; at the end
/// of the stream take what [`finish`](Self::finish) has.
#[derive(Debug)]
pub enum FrameReader {
    /// Server-sent events.
    Sse(SseReader),
    /// A JSON object in each line.
    Lines(LineReader),
    /// Amazon's binary frames.
    Aws(AwsReader),
}

impl FrameReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(framing: Framing, limits: FrameLimits) -> Self {
        match framing {
            Framing::Sse => Self::Sse(SseReader::new(limits)),
            Framing::JsonLines => Self::Lines(LineReader::new(limits)),
            Framing::AwsEventStream => Self::Aws(AwsReader::new(limits)),
        }
    }

    /// Takes the next piece in. What was not yet read of the piece before is kept, at the cost of a copy.
    ///
    /// # Errors
    /// [`FrameError::StreamTooLarge`]; the piece is not taken in then, and what came before it can still be read. What
    /// [`next_item`](Self::next_item) has said, once it has.
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        match self {
            Self::Sse(reader) => reader.push(piece),
            Self::Lines(reader) => reader.push(piece),
            Self::Aws(reader) => reader.push(piece),
        }
    }

    /// The next whole item, or `None` until more is pushed.
    ///
    /// # Errors
    /// When an event is too large or a frame is corrupt, from the first time on for good.
    pub fn next_item(&mut self) -> Result<Option<FrameItem>, FrameError> {
        match self {
            Self::Sse(reader) => reader.next_item(),
            Self::Lines(reader) => reader.next_item(),
            Self::Aws(reader) => reader.next_item(),
        }
    }

    /// To be called at the end of the stream, until it gives `None`: the items not yet read, and then an event that the
    /// stream's end left unfinished, as far as it can be read. The head of a binary frame can't, and is dropped.
    ///
    /// # Errors
    /// As [`next_item`](Self::next_item).
    pub fn finish(&mut self) -> Result<Option<FrameItem>, FrameError> {
        match self {
            Self::Sse(reader) => reader.finish(),
            Self::Lines(reader) => reader.finish(),
            Self::Aws(reader) => reader.next_item(),
        }
    }

    /// How many bytes were pushed, a refused piece included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        match self {
            Self::Sse(reader) => reader.total_bytes(),
            Self::Lines(reader) => reader.total_bytes(),
            Self::Aws(reader) => reader.total_bytes(),
        }
    }
}
