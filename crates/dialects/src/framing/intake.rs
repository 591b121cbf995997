use bytes::{Bytes, BytesMut};

use super::{FrameError, FrameLimits};

/// The bytes of a stream on their way into events, within bounds. An event that lies within one piece shares that piece's
/// memory; one that was cut is copied once.
#[derive(Debug)]
pub(crate) struct Intake {
    limits: FrameLimits,
    /// The beginning of the open event, from pieces before.
    open: BytesMut,
    /// The rest of the last piece, in which nobody has looked for the event's end.
    rest: Bytes,
    total: u64,
    failed: Option<FrameError>,
}

impl Intake {
    pub(crate) fn new(limits: FrameLimits) -> Self {
        Self { limits, open: BytesMut::new(), rest: Bytes::new(), total: 0, failed: None }
    }

    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), FrameError> {
        self.check()?;
        self.total = self.total.saturating_add(piece.len() as u64);
        if self.total > self.limits.max_total_bytes {
            return Err(FrameError::StreamTooLarge { limit: self.limits.max_total_bytes });
        }
        if self.rest.is_empty() {
            self.rest = piece;
        } else {
            let unread = std::mem::take(&mut self.rest);
            let mut both = unread.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
            both.extend_from_slice(&piece);
            self.rest = both.freeze();
        }
        Ok(())
    }

    /// Says again why the stream was given up, if it was.
    pub(crate) fn check(&self) -> Result<(), FrameError> {
        self.failed.map_or(Ok(()), Err)
    }

    /// Gives the stream up.
    pub(crate) fn fail(&mut self, error: FrameError) -> FrameError {
        self.failed = Some(error);
        self.open = BytesMut::new();
        self.rest = Bytes::new();
        error
    }

    /// The beginning of the open event, from pieces before.
    pub(crate) fn open(&self) -> &[u8] {
        &self.open
    }

    /// What follows it.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// The most bytes of an event.
    pub(crate) fn max_event_bytes(&self) -> usize {
        self.limits.max_event_bytes
    }

    /// The open event, which ends at the offset `end` of the rest; `None` where the whole rest belongs to it and it goes on.
    pub(crate) fn take(&mut self, end: Option<usize>) -> Result<Option<Bytes>, FrameError> {
        let end_or_all = end.unwrap_or(self.rest.len()).min(self.rest.len());
        if self.open.len() + end_or_all > self.limits.max_event_bytes {
            return Err(self.fail(FrameError::EventTooLarge { limit: self.limits.max_event_bytes }));
        }
        let tail = self.rest.split_to(end_or_all);
        if end.is_some() && self.open.is_empty() {
            return Ok(Some(tail));
        }
        self.open.extend_from_slice(&tail);
        Ok(end.map(|_| self.open.split().freeze()))
    }

    /// What is left of an event when the stream has ended.
    pub(crate) fn take_open(&mut self) -> Option<Bytes> {
        (!self.open.is_empty()).then(|| self.open.split().freeze())
    }

    /// How many bytes were pushed, a refused piece included.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.total
    }
}
