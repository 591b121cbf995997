//! What the tests of this dialect have in common.

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use switchyard_dialects::codec::{
    Address, AnswerForm, ClientCodec, ProviderCodec, StreamFraming, StreamReader, Taken,
};
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::request::{RequestError, RequestLimits};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_dialects::sse::{SseItem, SseLimits, SseReader};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Collector, Dialect, LossReport};

pub(crate) const FORM: AnswerForm<'static> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "model",
    fallback_created: 1,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};

pub(crate) const ADDRESS: Address<'static> = Address { model: Some("models/m"), stream: None };

pub(crate) fn facts_of(provider: &str) -> Gemini {
    if provider == "vertex" { Gemini::VERTEX } else { Gemini::GOOGLE }
}

pub(crate) fn read(body: &[u8]) -> ChatRequest {
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).unwrap();
    GeminiClient.decode(&document, ADDRESS).unwrap()
}

pub(crate) fn checked(body: &str) -> Result<ChatRequest, RequestError> {
    let checked = GeminiClient.check(body.to_owned().into(), ADDRESS, &RequestLimits::default())?;
    GeminiClient.decode(&checked.document, ADDRESS)
}

/// The bytes for a provider, as a value too, and what was lost.
pub(crate) fn written(
    facts: &Gemini,
    request: &ChatRequest,
    model: &str,
    source: Dialect,
) -> (Bytes, Value, LossReport) {
    let mut losses = LossReport::default();
    let body = facts.encode(request, model, source, &mut losses).unwrap();
    let value = serde_json::from_slice(&body).unwrap();
    (body, value, losses)
}

/// The members that were lost.
pub(crate) fn lost(losses: &LossReport) -> Vec<&str> {
    losses.losses.iter().map(|loss| loss.member.as_str()).collect()
}

/// The data of the events of a stream.
pub(crate) fn events_of(body: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = SseReader::new(SseLimits::default());
    reader.push(body.to_vec().into()).unwrap();
    let mut events = Vec::new();
    while let Some(item) = reader.finish().unwrap() {
        if let SseItem::Event(event) = item {
            events.push(event.data.to_vec());
        }
    }
    events
}

/// Reads a stream and says whether it came to its end.
pub(crate) fn read_stream(body: &[u8]) -> Result<(Vec<ChatEvent>, bool), String> {
    let mut reader: Box<dyn StreamReader> = Gemini::GOOGLE.reader(1);
    let mut events = Vec::new();
    for data in events_of(body) {
        let taken = reader.event(None, &data, &mut events).map_err(|error| error.to_string())?;
        if taken != Taken::Chunk {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
    }
    reader.finish(&mut events);
    Ok((events, reader.is_finished()))
}

pub(crate) fn collect(events: impl IntoIterator<Item = ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

/// A stream as a client gets it.
pub(crate) fn write_stream(events: &[ChatEvent], framing: StreamFraming) -> Vec<u8> {
    let mut writer = GeminiClient.writer(&AnswerForm { framing, ..FORM });
    let mut out = BytesMut::new();
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    out.to_vec()
}

pub(crate) fn decode(body: &[u8]) -> ChatAnswer {
    Gemini::GOOGLE.decode(body).unwrap().collect()
}
