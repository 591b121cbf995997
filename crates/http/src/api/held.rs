//! An answer that keeps the place of whoever asked for it until its last piece goes.

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use switchyard_orchestrator::places::Place;

/// How much is written at once: of an answer whose reader is slow, no more than this leaves before it is read.
const PIECE: usize = 16 * 1024;

/// A whole answer, and the place that it takes.
pub(super) struct Held {
    rest: Bytes,
    place: Option<Place>,
}

impl Held {
    pub(super) fn new(answer: impl Into<Bytes>, place: Place) -> Self {
        Self { rest: answer.into(), place: Some(place) }
    }
}

impl MessageBody for Held {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = self.rest.len().min(PIECE);
        let next = self.rest.split_to(piece);
        // Whoever has read all of it finds their place free.
        if self.rest.is_empty() {
            self.place = None;
        }
        Poll::Ready((piece > 0).then_some(Ok(next)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_domain::ids::UserId;
    use switchyard_orchestrator::places::{Places, PlacesTaken};

    #[test]
    fn an_answer_goes_in_pieces_and_holds_its_place_until_the_last_one_goes() {
        let places = Places::new(2, 1);
        let answer: Vec<u8> = (0..3 * PIECE + 1).map(|at| at as u8).collect();
        let mut held = Held::new(answer.clone(), places.take(UserId(1)).unwrap());
        assert_eq!(held.size(), BodySize::Sized(answer.len() as u64));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut written = Vec::new();
        let mut longest = 0;
        while let Poll::Ready(Some(Ok(piece))) = Pin::new(&mut held).poll_next(&mut context) {
            longest = longest.max(piece.len());
            written.extend_from_slice(&piece);
            let is_last = written.len() == answer.len();
            assert_eq!(places.take(UserId(1)).err(), (!is_last).then_some(PlacesTaken::Own));
        }
        assert_eq!((written, longest), (answer.clone(), PIECE));
        drop(Held::new(answer, places.take(UserId(1)).unwrap()));
        assert!(places.take(UserId(1)).is_ok(), "a client that leaves takes none");
    }
}
