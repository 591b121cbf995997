//! Judging a success: what kind of answer it is, and whether it is one at all.

use super::stream::{self, Form, Reading};
use super::unfinished::{self, Unfinished};
use super::{faults, tally};
use crate::transport::{BodyReader, InboundResponse, TransportFault, TransportSettings};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::once;
use http::{HeaderMap, header};
use switchyard_dialects::codec::{AnswerFault, Framing, ProviderCodec};
use switchyard_dialects::sse::repair_utf8;
use switchyard_domain::chat::{ChatEvent, Collector};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::{AnswerBody, AttemptContext, Carriage, Frame, Payload, Prepared};

const BOM: &[u8] = b"\xef\xbb\xbf";

const MAX_WHOLE: usize = TransportSettings::MAX_COLLECTED_BODY;

/// A success that is being judged.
pub(super) struct Success<'a> {
    pub(super) codec: &'static dyn ProviderCodec,
    pub(super) prepared: &'a Prepared,
    pub(super) context: &'a AttemptContext,
    pub(super) now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentKind {
    Events,
    Json,
    Html,
    /// Some vendors say nothing, or `application/octet-stream`.
    Unsaid,
}

impl ContentKind {
    fn of(headers: &HeaderMap) -> Self {
        let value = headers.get(header::CONTENT_TYPE);
        // What most send, at once.
        if value.is_some_and(|value| value == "application/json") {
            return Self::Json;
        }
        let text = value.and_then(|value| value.to_str().ok());
        let text = text.unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        if is("application/json") {
            Self::Json
        } else if is("text/event-stream") {
            Self::Events
        } else if is("text/html") || is("application/xhtml+xml") {
            Self::Html
        } else if kind.to_ascii_lowercase().ends_with("+json") {
            Self::Json
        } else {
            Self::Unsaid
        }
    }
}

impl Success<'_> {
    /// The answer, once its first content is there.
    pub(super) async fn receive(&self, response: InboundResponse) -> Result<AnswerBody, ProviderFault> {
        let InboundResponse { headers, body, .. } = response;
        let kind = ContentKind::of(&headers);
        if kind == ContentKind::Html {
            return Err(faults::invalid(
                "a web page came instead of an answer; check the provider's base URL",
            ));
        }
        self.context.received.lock().began = true;
        let (mut body, mut kind) = (body, kind);
        let may_be_json = self.prepared.stream && self.codec.framing() == Framing::Sse;
        if kind == ContentKind::Unsaid && may_be_json && begins_as_json(&mut body).await? {
            kind = ContentKind::Json;
        }
        let asked = self.prepared.body.len();
        match (self.prepared.stream, kind) {
            (true, ContentKind::Json) => {
                let events = self.events(&self.whole(body).await?, &headers)?;
                Ok(AnswerBody::Stream(once(async { Ok(Frame::Events(events)) }).boxed()))
            }
            (true, _) => {
                let form = match self.prepared.carriage {
                    Carriage::Verbatim => Form::Verbatim { hide_usage: self.prepared.hide_usage_chunk },
                    Carriage::Canonical => Form::Canonical,
                };
                let reading = Reading::new(body, form, self.codec, self.context, asked);
                Ok(AnswerBody::Stream(Box::pin(stream::begin(reading)).await?))
            }
            (false, ContentKind::Events) => {
                let mut reading = Reading::new(body, Form::Canonical, self.codec, self.context, asked);
                reading.limit(MAX_WHOLE as u64);
                let collected = Box::pin(stream::collect(reading)).await;
                collected.map(Payload::Canonical).map(AnswerBody::Buffered)
            }
            (false, _) => {
                let body = self.whole(body).await?;
                self.payload(body, &headers).map(AnswerBody::Buffered)
            }
        }
    }

    fn payload(&self, body: Bytes, headers: &HeaderMap) -> Result<Payload, ProviderFault> {
        if self.prepared.carriage == Carriage::Verbatim && self.look(&body, headers)? {
            return Ok(Payload::Verbatim(repair_utf8(&body).unwrap_or(body)));
        }
        let mut collector = Collector::default();
        collector.extend(self.events(&body, headers)?);
        Ok(Payload::Canonical(collector.finish()))
    }

    /// Notes what a body says and leaves it as it is; `false` if it has no choices.
    fn look(&self, body: &[u8], headers: &HeaderMap) -> Result<bool, ProviderFault> {
        let mut parts = self.context.received.lock();
        match self.codec.glance(body, &mut parts.output_text) {
            Ok(mut look) => {
                tally::look(&mut parts, &mut look);
                parts.finished = true;
                Ok(true)
            }
            Err(AnswerFault::NoChoices) => Ok(false),
            Err(AnswerFault::Error(_)) => {
                parts.began = false;
                Err(faults::of_error_body(self.codec, body, headers, self.context, self.now))
            }
            Err(AnswerFault::NotJson) => {
                drop(parts);
                Err(self.not_json(body))
            }
        }
    }

    /// The whole body. If its end does not come, or nobody waits for it any more, what came of its text is noted.
    async fn whole(&self, mut body: BodyReader) -> Result<Bytes, ProviderFault> {
        let of_transport = |fault| faults::of_transport(&fault);
        let Some(first) = body.next_chunk().await.map_err(of_transport)? else { return Ok(Bytes::new()) };
        body.content_arrived();
        let mut unfinished = Unfinished::new(&self.context.received, first);
        while let Some(piece) = body.next_chunk().await.map_err(of_transport)? {
            if unfinished.len().saturating_add(piece.len()) > MAX_WHOLE {
                return Err(of_transport(TransportFault::BodyTooLarge { limit: MAX_WHOLE }));
            }
            unfinished.push(&piece);
        }
        Ok(without_bom(unfinished.finish()))
    }

    fn not_json(&self, body: &[u8]) -> ProviderFault {
        unfinished::note(body, &self.context.received);
        faults::invalid("the provider's answer is not a JSON object")
    }

    /// The events that a body stands for.
    fn events(&self, body: &[u8], headers: &HeaderMap) -> Result<Vec<ChatEvent>, ProviderFault> {
        let answer = match self.codec.decode(body) {
            Ok(answer) => answer,
            Err(AnswerFault::Error(_)) => {
                self.context.received.lock().began = false;
                return Err(faults::of_error_body(self.codec, body, headers, self.context, self.now));
            }
            Err(AnswerFault::NotJson) => return Err(self.not_json(body)),
            Err(AnswerFault::NoChoices) => {
                return Err(faults::invalid("the provider's answer has no choices"));
            }
        };
        let mut parts = self.context.received.lock();
        tally::events(&mut parts, &answer.events);
        parts.usage_corrected = answer.usage_corrected;
        parts.finished = true;
        Ok(answer.events)
    }
}

/// Whether a body that does not say what it is begins as JSON does. No event of a stream begins so.
async fn begins_as_json(body: &mut BodyReader) -> Result<bool, ProviderFault> {
    let first = body.first_chunk().await.map_err(|fault| faults::of_transport(&fault))?;
    let text = first.strip_prefix(BOM).unwrap_or(first);
    Ok(matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')))
}

/// Without a byte order mark: JSON has none, but some servers write one.
fn without_bom(body: Bytes) -> Bytes {
    if body.starts_with(BOM) { body.slice(BOM.len()..) } else { body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_content_is_read_in_any_spelling() {
        for (value, kind) in [
            ("text/event-stream", ContentKind::Events),
            ("Text/Event-Stream; charset=utf-8", ContentKind::Events),
            ("application/json;charset=utf-8", ContentKind::Json),
            ("application/problem+json", ContentKind::Json),
            ("text/html", ContentKind::Html),
            ("application/octet-stream", ContentKind::Unsaid),
        ] {
            let headers = [(header::CONTENT_TYPE, value.parse().unwrap())].into_iter().collect();
            assert_eq!(ContentKind::of(&headers), kind, "{value}");
        }
        assert_eq!(ContentKind::of(&HeaderMap::new()), ContentKind::Unsaid);
    }
}
