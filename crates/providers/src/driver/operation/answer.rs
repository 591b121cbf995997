//! Judging a success: what kind of answer it is, and whether it is one to what was asked.

use super::passing::{self, Passing};
use crate::driver::answer::{begins_as_json, is_json, is_web_page, media_type, web_page, whole};
use crate::driver::request;
use crate::driver::stream::{self, Reading, Sink};
use crate::driver::{faults, tally, unfinished};
use crate::transport::{BodyReader, InboundResponse};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::once;
use http::HeaderMap;
use switchyard_dialects::codec::{AnswerFault, Framing, Look, OperationCodec, Passage, Unstreamed};
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::framing::{FrameLimits, FrameReader};
use switchyard_dialects::sse::repair_utf8;
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::{AnswerBody, AttemptContext, Carriage, Frame, Payload, Prepared};

/// A picture is one event.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// An answer that is being judged.
pub(super) struct Reception<'a> {
    pub(super) codec: &'static dyn OperationCodec,
    pub(super) prepared: &'a Prepared,
    pub(super) context: &'a AttemptContext,
    pub(super) headers: &'a HeaderMap,
    pub(super) now: Timestamp,
}

/// The body of an answer and its media type, where that is not the dialect's own.
type Received = (AnswerBody, Option<String>);

/// The answer, once its first content is there.
pub(in crate::driver) async fn receive(
    codec: &'static dyn OperationCodec,
    response: InboundResponse,
    prepared: &Prepared,
    context: &AttemptContext,
    now: Timestamp,
) -> Result<Received, ProviderFault> {
    if !response.status.is_success() {
        return Err(faults::of_error(&judge(codec), response, context, now).await);
    }
    let InboundResponse { headers, body, .. } = response;
    let reception = Reception { codec, prepared, context, headers: &headers, now };
    reception.receive(body).await
}

impl Reception<'_> {
    async fn receive(&self, body: BodyReader) -> Result<Received, ProviderFault> {
        let media = media_type(self.headers);
        if is_web_page(&media) {
            return Err(web_page());
        }
        {
            let mut parts = self.context.received.lock();
            parts.began = true;
            parts.units = self.prepared.units;
        }
        let mut body = body;
        if self.prepared.stream && media == "text/event-stream" {
            return self.events(body).await.map(own);
        }
        let is_json = self.is_json(&media, &mut body).await?;
        let is_other = self.codec.media_types().contains(&media.as_ref());
        match self.codec.passage() {
            Passage::Raw if is_other => self.sound(body, media.into_owned()).await,
            Passage::Raw if is_json => Err(self.unasked_json(body).await),
            Passage::Whole if is_other => self.text(body).await,
            Passage::Whole if is_json => self.judged(body).await,
            Passage::Skimmed(list) if is_json => self.skimmed(body, list).await,
            _ if self.prepared.stream && is_unsaid(&media) => self.events(body).await.map(own),
            _ => Err(faults::invalid("the provider's answer is of another kind than was asked for")),
        }
    }

    /// Whether a body is JSON: as its media type says, else as it begins. Sound may begin in any way.
    async fn is_json(&self, media: &str, body: &mut BodyReader) -> Result<bool, ProviderFault> {
        if is_json(media) || self.codec.passage() == Passage::Raw || !is_unsaid(media) {
            return Ok(is_json(media));
        }
        if self.prepared.stream { begins_as_json(body).await } else { Ok(true) }
    }

    async fn sound(&self, body: BodyReader, media: String) -> Result<Received, ProviderFault> {
        let passing = Passing::raw(self, body).await?;
        Ok((passing, Some(media).filter(|_| !self.prepared.stream)))
    }

    /// A whole answer, in the form that was asked for.
    fn given(
        &self,
        answer: Unstreamed<'_>,
        body: Bytes,
        media: Option<String>,
    ) -> Result<Received, ProviderFault> {
        if !self.prepared.stream {
            return Ok((AnswerBody::Buffered(Payload::Verbatim(body)), media));
        }
        let events = self
            .codec
            .streamed(answer)
            .ok_or_else(|| faults::invalid("the provider did not stream its answer, as it was asked to"))?;
        Ok(own(AnswerBody::Stream(once(async { Ok(Frame::Closing(events)) }).boxed())))
    }

    async fn events(&self, body: BodyReader) -> Result<AnswerBody, ProviderFault> {
        let mut body = body;
        body.allow(passing::MAX_BODY);
        let (watcher, last_word) = (self.codec.watcher(self.prepared.pieces), self.codec.last_word());
        let sink = Sink::verbatim(watcher, self.prepared.hide_usage_chunk, last_word);
        let limits = FrameLimits { max_event_bytes: MAX_EVENT, max_total_bytes: passing::MAX_BODY as u64 };
        let frames = FrameReader::new(Framing::Sse, limits);
        let reading = Reading::new(body, frames, sink, self.codec, self.context, 0);
        Ok(AnswerBody::Stream(Box::pin(stream::begin(reading)).await?))
    }

    async fn judged(&self, body: BodyReader) -> Result<Received, ProviderFault> {
        let body = whole(body, self.codec, &self.context.received).await?;
        let look = {
            let mut parts = self.context.received.lock();
            self.codec.glance(&body, &mut parts.output_text)
        };
        self.note(look, &body)?;
        let body = repair_utf8(&body).unwrap_or(body);
        self.given(Unstreamed::Json(&body), body.clone(), None)
    }

    async fn text(&self, body: BodyReader) -> Result<Received, ProviderFault> {
        let body = whole(body, self.codec, &self.context.received).await?;
        {
            let mut parts = self.context.received.lock();
            parts.output_text.push_str(&String::from_utf8_lossy(&body));
            parts.finished = true;
        }
        self.given(Unstreamed::Text(&body), body.clone(), Some(self.shown_type()))
    }

    async fn skimmed(&self, body: BodyReader, list: &'static str) -> Result<Received, ProviderFault> {
        if self.prepared.carriage == Carriage::Verbatim {
            return match Passing::skimmed(self, body, list).await? {
                AnswerBody::Buffered(Payload::Verbatim(body)) => {
                    self.given(Unstreamed::Json(&body), body.clone(), None)
                }
                // Too large to be put into events: it passes as what it is.
                large => Ok((large, self.prepared.stream.then(|| request::JSON.to_owned()))),
            };
        }
        let body = whole(body, self.codec, &self.context.received).await?;
        self.note(self.codec.glance(&body, &mut String::new()), &body)?;
        let decoded = self.codec.as_embedding().map(|codec| codec.decode(&body));
        let answer = decoded.unwrap_or(Err(AnswerFault::NoChoices));
        let answer = answer.map_err(|fault| self.refused(&fault, &body))?;
        let inputs = usize::try_from(self.prepared.pieces).unwrap_or(usize::MAX);
        let aligned = answer.aligned(inputs).map_err(|_| {
            faults::invalid(
                "the provider's answer does not have one vector, with numbers in it, for each text",
            )
        });
        aligned.map(|answer| own(AnswerBody::Buffered(Payload::Embeddings(answer))))
    }

    /// Notes what a look at the answer found.
    pub(super) fn note(&self, look: Result<Look, AnswerFault>, body: &[u8]) -> Result<(), ProviderFault> {
        let mut look = look.map_err(|fault| self.refused(&fault, body))?;
        let mut parts = self.context.received.lock();
        tally::look(&mut parts, &mut look);
        parts.finished = true;
        Ok(())
    }

    /// What it means that a body is no answer.
    fn refused(&self, answer: &AnswerFault, body: &[u8]) -> ProviderFault {
        unfinished::note(self.codec, body, &self.context.received);
        match answer {
            AnswerFault::Error(_) => {
                tally::refused(&mut self.context.received.lock());
                faults::of_error_body(&judge(self.codec), body, self.headers, self.context, self.now)
            }
            AnswerFault::NotJson => faults::invalid("the provider's answer is not a JSON object"),
            AnswerFault::NoChoices => faults::invalid("the provider's answer is none to what was asked"),
        }
    }

    /// JSON where sound was asked for: an error most likely.
    async fn unasked_json(&self, body: BodyReader) -> ProviderFault {
        match whole(body, self.codec, &self.context.received).await {
            Ok(body) => match self.codec.glance(&body, &mut String::new()) {
                Err(answer @ AnswerFault::Error(_)) => self.refused(&answer, &body),
                _ => faults::invalid("the provider's answer is JSON and not what was asked for"),
            },
            Err(fault) => fault,
        }
    }

    /// The media type as the client sees it: of texts that we know to be UTF-8 with that said.
    fn shown_type(&self) -> String {
        format!("{}; charset=utf-8", media_type(self.headers))
    }
}

/// What a provider's words mean in its dialect.
fn judge(
    codec: &'static dyn OperationCodec,
) -> impl Fn(u16, &[u8], RetryHints, Option<&str>) -> ProviderFault + Sync {
    move |status, body, hints, credential| codec.fault(status, body, hints, credential)
}

fn own(body: AnswerBody) -> Received {
    (body, None)
}

/// Whether a media type says nothing of what the bytes are.
fn is_unsaid(media_type: &str) -> bool {
    matches!(media_type, "" | "application/octet-stream" | "text/plain")
}

/// Several pieces as one.
pub(super) fn joined(pieces: &[Bytes]) -> Bytes {
    match pieces {
        [only] => only.clone(),
        several => several.concat().into(),
    }
}
