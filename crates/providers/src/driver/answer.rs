//! Judging a success: what kind of answer it is, and whether it is one at all.

use super::stream::{self, Form, Reading, Sink};
use super::unfinished::{self, Unfinished};
use super::{faults, tally};
use crate::transport::{BodyReader, InboundResponse, TransportFault, TransportSettings};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::once;
use http::{HeaderMap, header};
use std::borrow::Cow;
use switchyard_dialects::codec::{AnswerFault, Billed, Framing, ProviderCodec};
use switchyard_dialects::framing::{FrameLimits, FrameReader};
use switchyard_dialects::sse::repair_utf8;
use switchyard_domain::chat::{ChatEvent, Collector};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::{AnswerBody, AttemptContext, Carriage, Frame, Payload, Prepared, Received};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) const MAX_WHOLE: usize = TransportSettings::MAX_COLLECTED_BODY;

/// What begins with more blanks than this is read as a stream.
const MAX_BLANK: usize = 4 * 1024;

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
        match media_type(headers).as_ref() {
            "application/json" => Self::Json,
            "text/event-stream" => Self::Events,
            page if is_web_page(page) => Self::Html,
            json if is_json(json) => Self::Json,
            _ => Self::Unsaid,
        }
    }
}

impl Success<'_> {
    /// The answer, once its first content is there.
    pub(super) async fn receive(&self, response: InboundResponse) -> Result<AnswerBody, ProviderFault> {
        let InboundResponse { headers, body, .. } = response;
        let kind = ContentKind::of(&headers);
        if kind == ContentKind::Html {
            return Err(web_page());
        }
        self.context.received.lock().began = true;
        let (mut body, mut kind) = (body, kind);
        let may_be_json = self.prepared.stream && self.codec.framing() == Framing::Sse;
        if kind == ContentKind::Unsaid && may_be_json && begins_as_json(&mut body).await? {
            kind = ContentKind::Json;
        }
        let asked = usize::try_from(self.prepared.body.length()).unwrap_or(usize::MAX);
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
                let sink = Sink::new(form, self.codec, self.prepared.pieces);
                let reading =
                    Reading::new(body, self.frames(u64::MAX), sink, self.codec, self.context, asked);
                Ok(AnswerBody::Stream(Box::pin(stream::begin(reading)).await?))
            }
            (false, ContentKind::Events) => {
                let sink = Sink::new(Form::Canonical, self.codec, self.prepared.pieces);
                let frames = self.frames(MAX_WHOLE as u64);
                let reading = Reading::new(body, frames, sink, self.codec, self.context, asked);
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

    /// Notes what a body says and leaves it as it is; `false` if it has no choices, or none that says anything.
    fn look(&self, body: &[u8], headers: &HeaderMap) -> Result<bool, ProviderFault> {
        let mut parts = self.context.received.lock();
        match self.codec.glance(body, &mut parts.output_text) {
            Ok(look) if !look.has_content => Ok(false),
            Ok(mut look) => {
                tally::look(&mut parts, &mut look);
                parts.finished = true;
                Ok(true)
            }
            Err(AnswerFault::NoChoices) => Ok(false),
            Err(fault) => {
                drop(parts);
                Err(self.no_answer(&fault, body, headers))
            }
        }
    }

    /// What parts the events of a stream, of so many bytes at most.
    fn frames(&self, most: u64) -> FrameReader {
        let max_event_bytes = self.codec.max_event_bytes();
        let limits = FrameLimits::default();
        let max_total_bytes = limits.max_total_bytes.min(most);
        FrameReader::new(self.codec.framing(), FrameLimits { max_event_bytes, max_total_bytes })
    }

    async fn whole(&self, body: BodyReader) -> Result<Bytes, ProviderFault> {
        whole(body, self.codec, &self.context.received).await
    }

    /// What it means that a body is no answer. What it shows of one all the same is noted.
    fn no_answer(&self, fault: &AnswerFault, body: &[u8], headers: &HeaderMap) -> ProviderFault {
        unfinished::note(self.codec, body, &self.context.received);
        match fault {
            AnswerFault::Error(_) => {
                tally::refused(&mut self.context.received.lock());
                let judge = |status, body: &[u8], hints, secret: Option<&str>| {
                    self.codec.fault(status, body, hints, secret)
                };
                faults::of_error_body(&judge, body, headers, self.context, self.now)
            }
            AnswerFault::NotJson => faults::invalid("the provider's answer is not a JSON object"),
            AnswerFault::NoChoices => faults::invalid("the provider's answer has no choices"),
        }
    }

    /// The events that a body stands for.
    fn events(&self, body: &[u8], headers: &HeaderMap) -> Result<Vec<ChatEvent>, ProviderFault> {
        let answer = self.codec.decode(body).map_err(|fault| self.no_answer(&fault, body, headers))?;
        let mut parts = self.context.received.lock();
        tally::events(&mut parts, &answer.events, answer.usage_corrected);
        if !answer.events.iter().any(ChatEvent::is_content) {
            return Err(faults::invalid("the provider's answer says nothing, and not why it ended"));
        }
        parts.finished = true;
        Ok(answer.events)
    }
}

/// The whole body. If its end does not come, or nobody waits for it any more, what came of it is noted.
pub(super) async fn whole(
    mut body: BodyReader,
    codec: &dyn Billed,
    received: &Received,
) -> Result<Bytes, ProviderFault> {
    let of_transport = |fault| faults::of_transport(&fault);
    let Some(first) = body.next_chunk().await.map_err(of_transport)? else { return Ok(Bytes::new()) };
    body.content_arrived();
    let mut unfinished = Unfinished::new(codec, received, first);
    while let Some(piece) = body.next_chunk().await.map_err(of_transport)? {
        if unfinished.len().saturating_add(piece.len()) > MAX_WHOLE {
            return Err(of_transport(TransportFault::BodyTooLarge { limit: MAX_WHOLE }));
        }
        unfinished.push(&piece);
    }
    Ok(without_bom(unfinished.finish()))
}

/// The media type that headers name, lower case, without its parameters; empty where they name none.
pub(super) fn media_type(headers: &HeaderMap) -> Cow<'_, str> {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(kind.to_ascii_lowercase())
    } else {
        Cow::Borrowed(kind)
    }
}

/// Whether a media type is one of web pages.
pub(super) fn is_web_page(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// Whether a media type is JSON, or says that it is.
pub(super) fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// What a web page means in the place of an answer.
pub(super) fn web_page() -> ProviderFault {
    faults::invalid("a web page came instead of an answer; check the provider's base URL")
}

/// Whether a body that does not say what it is begins as JSON does. No event of a stream begins so.
pub(super) async fn begins_as_json(body: &mut BodyReader) -> Result<bool, ProviderFault> {
    let mut least = 1;
    loop {
        let begun = body.look_ahead(least).await.map_err(|fault| faults::of_transport(&fault))?;
        let text = begun.strip_prefix(BOM).unwrap_or(begun).trim_ascii_start();
        let says_nothing = text.is_empty() || BOM.starts_with(begun);
        if !says_nothing || begun.len() < least || least > MAX_BLANK {
            return Ok(matches!(text.first(), Some(b'{' | b'[')));
        }
        least = begun.len() + 1;
    }
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
