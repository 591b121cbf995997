//! A request's body on its way out.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use switchyard_ports::request_body::RequestBody;

/// Gives the pieces as they are, so that nothing is copied between here and the socket.
pub(super) struct Outgoing {
    body: RequestBody,
    next: usize,
    left: u64,
}

impl Outgoing {
    pub(super) fn new(body: RequestBody) -> Self {
        Self { left: body.len() as u64, body, next: 0 }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let piece = this.body.pieces().get(this.next).filter(|_| this.left > 0).cloned();
        this.next += 1;
        Poll::Ready(piece.map(|piece| {
            this.left -= piece.len() as u64;
            Ok(Frame::data(piece))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
