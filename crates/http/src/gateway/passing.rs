use super::dialects::OPENAI_CHAT;
use super::error::{Door, GatewayError};
use crate::idempotency::StreamFate;
use actix_http::body::{BodySize, MessageBody};
use bytes::Bytes;
use futures_util::StreamExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use switchyard_orchestrator::chat::{ReplyPiece, ReplyStream};
use switchyard_orchestrator::error::CallError;
use switchyard_ports::provider::Frame;

/// A provider's own bytes on their way to the client. Dropping it cancels the call.
pub(super) struct PassingBody {
    frames: Option<ReplyStream>,
    ending: Ending,
}

/// How an answer ends.
enum Ending {
    /// As an event stream does: with these bytes, or with an event that tells what went wrong.
    Events { end: Bytes, id: String, fate: StreamFate },
    /// By itself. Of one that broke off the client learns because the connection does too.
    Bare,
}

/// An answer that is no event stream broke off.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(super) struct BrokenOff;

impl PassingBody {
    /// Of an event stream, which `end` ends.
    pub(super) fn events(frames: ReplyStream, end: Bytes, request_id: &str, fate: StreamFate) -> Self {
        Self { frames: Some(frames), ending: Ending::Events { end, id: request_id.to_owned(), fate } }
    }

    /// Of any other bytes.
    pub(super) fn bytes(frames: ReplyStream) -> Self {
        Self { frames: Some(frames), ending: Ending::Bare }
    }

    fn end(&mut self) -> Bytes {
        match &mut self.ending {
            Ending::Events { end, .. } => std::mem::take(end),
            Ending::Bare => Bytes::new(),
        }
    }

    fn failure(&self, error: CallError) -> Result<Bytes, BrokenOff> {
        match &self.ending {
            Ending::Events { id, fate, .. } => {
                fate.broke_off();
                Ok(OPENAI_CHAT.verbatim_failure(&GatewayError::of_call(error, Door::V1).told(Some(id))))
            }
            Ending::Bare => Err(BrokenOff),
        }
    }
}

impl MessageBody for PassingBody {
    type Error = BrokenOff;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            let Some(frames) = &mut this.frames else { return Poll::Ready(None) };
            let piece = match ready!(frames.poll_next_unpin(cx)) {
                Some(Ok(ReplyPiece::Frame(Frame::Verbatim(bytes) | Frame::Closing(bytes)))) => Ok(bytes),
                // No provider gives events of a chat to another call; and what it cost is not told here.
                Some(Ok(ReplyPiece::Frame(Frame::Events(_)) | ReplyPiece::Settled(_))) => Ok(Bytes::new()),
                Some(Err(error)) => {
                    this.frames = None;
                    this.failure(error)
                }
                None => {
                    this.frames = None;
                    Ok(this.end())
                }
            };
            // An empty piece would be the end in the framing of HTTP.
            if !piece.as_ref().is_ok_and(Bytes::is_empty) {
                return Poll::Ready(Some(piece));
            }
        }
    }
}
