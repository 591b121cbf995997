//! Whole events on their way to the client: as one slice of the network's piece wherever they lie in it side by side.

use bytes::{Bytes, BytesMut};
use std::ops::Range;

#[derive(Debug, Default)]
pub(in crate::driver) struct Batch {
    /// The piece that the network gave last.
    piece: Bytes,
    /// What of it goes on.
    span: Range<usize>,
    /// What goes on before it and lies elsewhere.
    copied: BytesMut,
}

impl Batch {
    /// The events that follow lie in `piece`, save those that were cut.
    pub(super) fn enter(&mut self, piece: Bytes) {
        self.spill();
        self.piece = piece;
    }

    pub(super) fn push(&mut self, event: &[u8]) {
        if self.copied.is_empty()
            && let Some(at) = offset_within(&self.piece, event)
        {
            if self.span.is_empty() {
                self.span = at..at + event.len();
                return;
            }
            if self.span.end == at {
                self.span.end += event.len();
                return;
            }
        }
        self.spill();
        self.copied.extend_from_slice(event);
    }

    pub(super) fn len(&self) -> usize {
        self.copied.len() + self.span.len()
    }

    /// All that was pushed; afterwards nothing of the network's piece is held.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let piece = std::mem::take(&mut self.piece);
        let span = std::mem::take(&mut self.span);
        if !self.copied.is_empty() {
            return Some(self.copied.split().freeze());
        }
        (!span.is_empty()).then(|| piece.slice(span))
    }

    fn spill(&mut self) {
        let span = std::mem::take(&mut self.span);
        if let Some(bytes) = self.piece.get(span) {
            self.copied.extend_from_slice(bytes);
        }
    }
}

/// Where `part` lies in `whole`, if it shares its memory.
fn offset_within(whole: &[u8], part: &[u8]) -> Option<usize> {
    let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (offset + part.len() <= whole.len()).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_piece_go_on_without_a_copy() {
        let piece = Bytes::from(b"aabbcc".to_vec());
        let mut batch = Batch::default();
        batch.enter(piece.clone());
        batch.push(&piece.slice(0..2));
        batch.push(&piece.slice(2..4));
        let taken = batch.take().unwrap();
        assert_eq!(taken, "aabb");
        assert_eq!(taken.as_ptr(), piece.as_ptr());
        assert_eq!(batch.take(), None);
    }

    #[test]
    fn gaps_other_memory_and_earlier_pieces_are_joined_in_order() {
        let piece = Bytes::from(b"aabbcc".to_vec());
        let mut batch = Batch::default();
        batch.enter(piece.clone());
        batch.push(&piece.slice(0..2));
        batch.push(&piece.slice(4..6));
        assert_eq!(batch.take().unwrap(), "aacc");
        batch.enter(piece.clone());
        batch.push(b"cut");
        batch.push(&piece.slice(2..4));
        batch.enter(Bytes::from_static(b"next"));
        batch.push(b"end");
        assert_eq!(batch.len(), 8);
        assert_eq!(batch.take().unwrap(), "cutbbend");
    }

    #[test]
    fn held_slices_survive_the_next_piece() {
        let (one, two) = (Bytes::from(b"one".to_vec()), Bytes::from(b"two".to_vec()));
        let mut batch = Batch::default();
        batch.enter(one.clone());
        batch.push(&one);
        batch.enter(two.clone());
        batch.push(&two);
        assert_eq!(batch.take().unwrap(), "onetwo");
    }
}
