use super::cost::PricedStream;
use super::error::{Door, GatewayError};
use super::reply::AnswerNames;
use crate::idempotency::StreamFate;
use actix_http::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use switchyard_dialects::codec::StreamWriter;
use switchyard_domain::chat::ChatEvent;
use switchyard_orchestrator::chat::{ReplyPiece, ReplyStream};
use switchyard_orchestrator::error::CallError;
use switchyard_ports::provider::Frame;

/// A streamed answer on its way to the client. Pieces that came in the client's dialect go out as they are, without a
/// copy. Dropping it cancels the call.
pub(super) struct EventStream {
    frames: Option<ReplyStream>,
    names: AnswerNames,
    writer: Option<Box<dyn StreamWriter>>,
    out: BytesMut,
    /// Of an answer that says what it cost.
    priced: Option<PricedStream>,
    fate: StreamFate,
}

impl EventStream {
    /// Of these frames.
    pub(super) fn new(frames: ReplyStream, names: AnswerNames, fate: StreamFate) -> Self {
        let priced = names.tells_cost.then(|| PricedStream::new(names.include_usage));
        Self { frames: Some(frames), names, writer: None, out: BytesMut::new(), priced, fate }
    }

    /// The frames of these events; nothing where they have none.
    fn encoded(&mut self, events: &[ChatEvent]) -> Bytes {
        let Self { writer, names, out, .. } = self;
        let writer = writer.get_or_insert_with(|| names.codec.writer(&names.form()));
        for event in events {
            writer.event(event, out);
        }
        out.split().freeze()
    }

    /// The end of an answer that is whole and recorded.
    fn ending(&mut self) -> Bytes {
        let Some(writer) = &mut self.writer else { return self.names.codec.verbatim_end() };
        writer.finish(&mut self.out);
        self.out.split().freeze()
    }

    /// The end of an answer that broke off, so that nobody takes it for a whole one.
    fn failure(&mut self, error: CallError) -> Bytes {
        self.fate.broke_off();
        let error = GatewayError::of_call(error, Door::V1);
        let told = error.told(Some(&self.names.id));
        let Some(writer) = &mut self.writer else { return self.names.codec.verbatim_failure(&told) };
        writer.fail(&told, &mut self.out);
        self.out.split().freeze()
    }
}

impl MessageBody for EventStream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            let Some(frames) = &mut this.frames else { return Poll::Ready(None) };
            let piece = match ready!(frames.poll_next_unpin(cx)) {
                Some(Ok(ReplyPiece::Frame(Frame::Verbatim(bytes) | Frame::Closing(bytes)))) => bytes,
                Some(Ok(ReplyPiece::Frame(Frame::Events(events)))) => this.encoded(&events),
                Some(Ok(ReplyPiece::Settled(bill))) => {
                    if let Some(priced) = &mut this.priced {
                        priced.settled(bill);
                    }
                    continue;
                }
                Some(Err(error)) => {
                    this.frames = None;
                    this.failure(error)
                }
                None => {
                    this.frames = None;
                    this.ending()
                }
            };
            let piece = match &mut this.priced {
                Some(priced) => priced.pass(piece),
                None => piece,
            };
            // An empty piece would be the end in the framing of HTTP.
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(piece)));
            }
        }
    }
}
