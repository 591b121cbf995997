//! A request's body on its way out.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use hyper::body::{Body, Frame, SizeHint};
use switchyard_ports::request_body::{Pieces, RequestBody};

/// Gives the pieces as they are, so that nothing is copied between here and the socket. Its length is known, so that the
/// upstream can refuse at once what is too large for it.
pub(super) struct Outgoing {
    source: Source,
    left: u64,
}

enum Source {
    Held { pieces: Pieces, next: usize },
    Read(BoxStream<'static, io::Result<Bytes>>),
}

impl Outgoing {
    pub(super) fn new(body: RequestBody) -> Self {
        let left = body.length();
        let source = match body {
            RequestBody::Held(pieces) => Source::Held { pieces, next: 0 },
            RequestBody::Upload(edited) => Source::Read(edited.read()),
        };
        Self { source, left }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut this.source {
            Source::Held { pieces, next } => {
                let piece = pieces.as_slice().get(*next).cloned();
                *next += 1;
                piece.map(Ok)
            }
            Source::Read(stream) => std::task::ready!(stream.poll_next_unpin(cx)),
        };
        Poll::Ready(piece.map(|piece| {
            let piece = piece?;
            this.left = this.left.saturating_sub(piece.len() as u64);
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
