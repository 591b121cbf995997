use bytes::Bytes;

use super::boundary::Boundary;
use super::{SseEnding, SseError, SseEvent, SseItem, SseLimits, fields};
use crate::framing::Intake;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a stream chunk by chunk.
///
/// [`push`](Self::push) a chunk, take items with [`next_item`](Self::next_item) until there is none, and so on;
/// at the end of the stream take what [`finish`](Self::finish) has. Items do not depend on where the chunks were cut.
/// An event that lies within one chunk shares that chunk's memory; one that was cut is copied once.
#[derive(Debug)]
pub struct SseReader {
    intake: Intake,
    /// Has seen all of the open block but the rest of the last chunk.
    boundary: Boundary,
    /// Whether a block was read, and with it the place where a byte order mark may stand.
    started: bool,
}

impl SseReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(limits: SseLimits) -> Self {
        Self { intake: Intake::new(limits), boundary: Boundary::default(), started: false }
    }

    /// Takes the next chunk in. What was not yet read of the chunk before is kept, at the cost of a copy.
    ///
    /// # Errors
    /// [`SseError::StreamTooLarge`]; the chunk is not taken in then, and what came before it can still be read.
    /// [`SseError::EventTooLarge`] after [`next_item`](Self::next_item) has said so.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), SseError> {
        self.intake.push(chunk)
    }

    /// The next whole block, or `None` until more is pushed.
    ///
    /// # Errors
    /// [`SseError::EventTooLarge`], from the first time on for good.
    pub fn next_item(&mut self) -> Result<Option<SseItem>, SseError> {
        self.intake.check()?;
        let end = self.boundary.find(self.intake.rest());
        Ok(self.intake.take(end)?.map(|raw| self.item(raw, SseEnding::Whole)))
    }

    /// To be called at the end of the stream, until it gives `None`: the blocks not yet read, and then an event
    /// that the stream's end left without a blank line. An unfinished block without data is dropped.
    ///
    /// # Errors
    /// As [`next_item`](Self::next_item).
    pub fn finish(&mut self) -> Result<Option<SseItem>, SseError> {
        if let Some(item) = self.next_item()? {
            return Ok(Some(item));
        }
        let Some(raw) = self.intake.take_open() else { return Ok(None) };
        let ending = self.boundary.ending();
        self.boundary = Boundary::default();
        let item = self.item(raw, ending);
        let whole = ending == SseEnding::Whole || matches!(item, SseItem::Event(_));
        Ok(whole.then_some(item))
    }

    /// How many bytes were pushed, a refused chunk included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.intake.total_bytes()
    }

    fn item(&mut self, raw: Bytes, ending: SseEnding) -> SseItem {
        let marked = !self.started && raw.starts_with(BYTE_ORDER_MARK);
        self.started = true;
        let fields = fields::parse(&raw, if marked { BYTE_ORDER_MARK.len() } else { 0 });
        match fields.data {
            Some(data) => SseItem::Event(SseEvent { raw, data, name: fields.name, ending }),
            None => SseItem::Comment(raw),
        }
    }
}

impl Default for SseReader {
    fn default() -> Self {
        Self::new(SseLimits::default())
    }
}
