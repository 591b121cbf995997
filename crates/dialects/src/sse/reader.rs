use bytes::{Bytes, BytesMut};

use super::boundary::Boundary;
use super::{SseEnding, SseError, SseEvent, SseItem, SseLimits, fields};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a stream chunk by chunk.
///
/// [`push`](Self::push) a chunk, take items with [`next_item`](Self::next_item) until there is none, and so on;
/// at the end of the stream take what [`finish`](Self::finish) has. Items do not depend on where the chunks were cut.
/// An event that lies within one chunk shares that chunk's memory; one that was cut is copied once.
#[derive(Debug)]
pub struct SseReader {
    limits: SseLimits,
    boundary: Boundary,
    /// The beginning of the open block, from chunks before. All of it has been seen by `boundary`.
    open: BytesMut,
    /// The rest of the last chunk. None of it has been seen by `boundary`.
    rest: Bytes,
    total: u64,
    /// Whether a block was read, and with it the place where a byte order mark may stand.
    started: bool,
    failed: Option<SseError>,
}

impl SseReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(limits: SseLimits) -> Self {
        Self {
            limits,
            boundary: Boundary::default(),
            open: BytesMut::new(),
            rest: Bytes::new(),
            total: 0,
            started: false,
            failed: None,
        }
    }

    /// Takes the next chunk in. What was not yet read of the chunk before is kept, at the cost of a copy.
    ///
    /// # Errors
    /// [`SseError::StreamTooLarge`]; the chunk is not taken in then, and what came before it can still be read.
    /// [`SseError::EventTooLarge`] after [`next_item`](Self::next_item) has said so.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.total = self.total.saturating_add(chunk.len() as u64);
        if self.total > self.limits.max_total_bytes {
            return Err(SseError::StreamTooLarge { limit: self.limits.max_total_bytes });
        }
        if self.rest.is_empty() {
            self.rest = chunk;
        } else {
            let unread = std::mem::take(&mut self.rest);
            let mut both = unread.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
            both.extend_from_slice(&chunk);
            self.rest = both.freeze();
        }
        Ok(())
    }

    /// The next whole block, or `None` until more is pushed.
    ///
    /// # Errors
    /// [`SseError::EventTooLarge`], from the first time on for good.
    pub fn next_item(&mut self) -> Result<Option<SseItem>, SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let end = self.boundary.find(&self.rest);
        let length = self.open.len() + end.unwrap_or(self.rest.len());
        if length > self.limits.max_event_bytes {
            let error = SseError::EventTooLarge { limit: self.limits.max_event_bytes };
            self.failed = Some(error);
            self.open = BytesMut::new();
            self.rest = Bytes::new();
            return Err(error);
        }
        let Some(end) = end else {
            self.open.extend_from_slice(&self.rest);
            self.rest = Bytes::new();
            return Ok(None);
        };
        let tail = self.rest.split_to(end);
        let raw = if self.open.is_empty() {
            tail
        } else {
            self.open.extend_from_slice(&tail);
            self.open.split().freeze()
        };
        Ok(Some(self.item(raw, SseEnding::BlankLine)))
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
        if self.open.is_empty() {
            return Ok(None);
        }
        let ending = self.boundary.ending();
        self.boundary = Boundary::default();
        let raw = self.open.split().freeze();
        let item = self.item(raw, ending);
        let whole = ending == SseEnding::BlankLine || matches!(item, SseItem::Event(_));
        Ok(whole.then_some(item))
    }

    /// How many bytes were pushed, a refused chunk included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total
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
