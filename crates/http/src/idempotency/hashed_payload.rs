use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// A body that is hashed while somebody reads it, in whatever way that does.
pub(super) struct HashedPayload {
    payload: Payload,
    content: Content,
}

/// What was read of a body so far.
#[derive(Clone)]
pub(super) struct Content(Rc<RefCell<Sha256>>);

impl HashedPayload {
    /// The payload, read through this, and what will have been read of it.
    pub(super) fn over(payload: Payload) -> (Payload, Content) {
        let content = Content(Rc::default());
        let hashed = Self { payload, content: content.clone() };
        (Payload::Stream { payload: Box::pin(hashed) }, content)
    }
}

impl Content {
    /// The digest of what was read.
    pub(super) fn digest(&self) -> [u8; 32] {
        self.0.borrow().clone().finalize().into()
    }
}

impl Stream for HashedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let piece = ready!(Pin::new(&mut this.payload).poll_next(cx));
        if let Some(Ok(piece)) = &piece {
            this.content.0.borrow_mut().update(piece);
        }
        Poll::Ready(piece)
    }
}
