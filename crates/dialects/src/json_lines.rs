//! Lines of JSON: a bounded incremental reader.
//!
//! Nothing here knows JSON: a line is an event, whatever it says.

use bytes::Bytes;

use crate::framing::{FrameEnding, FrameError, FrameEvent, FrameItem, FrameLimits, Intake};

/// Reads a stream of lines. Lines end with LF or CR LF; one of nothing but white space is no event.
#[derive(Debug)]
pub struct LineReader {
    intake: Intake,
}

impl LineReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(limits: FrameLimits) -> Self {
        Self { intake: Intake::new(limits) }
    }

    /// Takes the next piece in.
    ///
    /// # Errors
    /// See [`FrameReader::push`](crate::framing::FrameReader::push).
    pub fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        self.intake.push(piece)
    }

    /// The next whole line, or `None` until more is pushed.
    ///
    /// # Errors
    /// [`FrameError::EventTooLarge`], from the first time on for good.
    pub fn next_item(&mut self) -> Result<Option<FrameItem>, FrameError> {
        self.intake.check()?;
        let end = memchr::memchr(b'\n', self.intake.rest()).map(|at| at + 1);
        Ok(self.intake.take(end)?.map(|raw| item(raw, FrameEnding::Whole)))
    }

    /// To be called at the end of the stream, until it gives `None`: the lines not yet read, and then one that the stream's
    /// end left without an end.
    ///
    /// # Errors
    /// As [`next_item`](Self::next_item).
    pub fn finish(&mut self) -> Result<Option<FrameItem>, FrameError> {
        if let Some(item) = self.next_item()? {
            return Ok(Some(item));
        }
        Ok(self.intake.take_open().map(|raw| item(raw, FrameEnding::Cut)))
    }

    /// How many bytes were pushed, a refused piece included.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.intake.total_bytes()
    }
}

fn item(raw: Bytes, ending: FrameEnding) -> FrameItem {
    let line = raw.strip_suffix(b"\n").unwrap_or(&raw);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return FrameItem::Comment(raw);
    }
    let data = raw.slice(..line.len());
    FrameItem::Event(FrameEvent { raw, data, name: None, ending })
}
