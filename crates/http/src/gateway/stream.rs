use super::error::{Door, GatewayError};
use super::reply::AnswerNames;
use actix_http::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use switchyard_dialects::openai_chat::stream::StreamEncoder;
use switchyard_dialects::codec::AnswerForm;
use switchyard_dialects::sse::DONE;
use switchyard_domain::chat::ChatEvent;
use switchyard_orchestrator::chat::ReplyStream;
use switchyard_ports::provider::Frame;

/// A streamed answer on its way to the client. Pieces that came in the client's dialect go out as they are, without a
/// copy. Dropping it cancels the call.
pub(super) struct EventStream {
    frames: Option<ReplyStream>,
    names: AnswerNames,
    include_usage: bool,
    encoder: Option<Box<StreamEncoder>>,
    out: BytesMut,
}

impl EventStream {
    /// Of these frames; `include_usage` as the client asked.
    pub(super) fn new(frames: ReplyStream, names: AnswerNames, include_usage: bool) -> Self {
        Self { frames: Some(frames), names, include_usage, encoder: None, out: BytesMut::new() }
    }

    /// The chunks of these events; nothing where they have none.
    fn encoded(&mut self, events: &[ChatEvent]) -> Bytes {
        let Self { encoder, names, out, .. } = self;
        let form = StreamForm { answer: names.form(), include_usage: self.include_usage };
        let encoder = encoder.get_or_insert_with(|| Box::new(StreamEncoder::new(&form)));
        for event in events {
            encoder.event(event, out);
        }
        out.split().freeze()
    }

    /// The end of an answer that is whole and recorded.
    fn ending(&mut self) -> Bytes {
        let Some(encoder) = &mut self.encoder else { return DONE };
        encoder.finish(&mut self.out);
        self.out.extend_from_slice(&DONE);
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
                Some(Ok(Frame::Verbatim(bytes))) => bytes,
                Some(Ok(Frame::Events(events))) => this.encoded(&events),
                Some(Err(error)) => {
                    this.frames = None;
                    // Without a terminator, so that nobody takes the answer for a whole one.
                    GatewayError::of_call(error, Door::V1).into_event()
                }
                None => {
                    this.frames = None;
                    this.ending()
                }
            };
            // An empty piece would be the end in the framing of HTTP.
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(piece)));
            }
        }
    }
}
