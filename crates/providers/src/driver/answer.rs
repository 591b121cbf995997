//! Judging a success: what kind of answer it is, and whether it is one at all.

use super::stream::{self, Form, Reading};
use super::unfinished::{self, Unfinished};
use super::{faults, flat, tally};
use crate::transport::{BodyReader, InboundResponse, TransportFault, TransportSettings};
use crate::vendors::HttpFacts;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::once;
use http::{HeaderMap, header};
use switchyard_dialects::openai_chat::answer::{AnswerFault, decode};
use switchyard_dialects::openai_chat::stream::{Taken, peek};
use switchyard_dialects::sse::repair_utf8;
use switchyard_domain::chat::{ChatEvent, Collector};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::{AnswerBody, AttemptContext, Carriage, Frame, Payload, Prepared};

const MAX_WHOLE: usize = TransportSettings::MAX_COLLECTED_BODY;

/// A success that is being judged.
pub(super) struct Success<'a> {
    pub(super) facts: &'static HttpFacts,
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
        let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
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
                let reading = Reading::new(body, form, self.facts.usage_rule, &self.context.received);
                Ok(AnswerBody::Stream(Box::pin(stream::begin(reading)).await?))
            }
            (false, ContentKind::Events) => {
                let mut reading =
                    Reading::new(body, Form::Canonical, self.facts.usage_rule, &self.context.received);
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
        let peeked = peek(None, body, self.facts.usage_rule, &mut parts.output_text);
        let peeked = match peeked {
            Ok(peeked) => peeked,
            Err(_) => {
                parts.began = false;
                return Err(faults::of_error_body(body, headers, self.context, self.now));
            }
        };
        match peeked.taken {
            Taken::Chunk if !peeked.choices.is_empty() => {
                tally::look(&mut parts, &peeked);
                parts.finished = true;
                if parts.output_text.is_empty() {
                    // Some put an empty `delta` beside the `message` of a whole answer, for which the look, made for
                    // streams, leaves the message out (`perplexity-chat_completions-126ddc2c3d`, 2026).
                    let answer = decode(body, self.facts.usage_rule);
                    tally::events(&mut parts, answer.as_ref().map_or(&[], |answer| &answer.events));
                }
                Ok(true)
            }
            Taken::Chunk | Taken::Unknown => Ok(false),
            Taken::Malformed | Taken::Done => {
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
        Ok(unfinished.finish())
    }

    fn not_json(&self, body: &[u8]) -> ProviderFault {
        unfinished::note(body, &self.context.received);
        faults::invalid("the provider's answer is not a JSON object")
    }

    /// The events that a body stands for.
    fn events(&self, body: &[u8], headers: &HeaderMap) -> Result<Vec<ChatEvent>, ProviderFault> {
        let (events, corrected) = match decode(body, self.facts.usage_rule) {
            Ok(answer) => (answer.events, answer.usage_corrected),
            Err(AnswerFault::Error(_)) => {
                self.context.received.lock().began = false;
                return Err(faults::of_error_body(body, headers, self.context, self.now));
            }
            Err(AnswerFault::NotJson) => return Err(self.not_json(body)),
            Err(AnswerFault::NoChoices) => {
                let flat = Some(body).filter(|_| self.facts.answers_flat).and_then(flat::decode);
                (flat.ok_or_else(|| faults::invalid("the provider's answer has no choices"))?, false)
            }
        };
        let mut parts = self.context.received.lock();
        tally::events(&mut parts, &events);
        parts.usage_corrected = corrected;
        parts.finished = true;
        Ok(events)
    }
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
