//! What a provider's codec reads, beside what the official SDKs make of the same bytes.

#[path = "../openai_chat/differing.rs"]
mod differing;
mod same;

use differing::difference;
pub(crate) use same::same;
use serde_json::Value;
use switchyard_dialects::codec::{ProviderCodec, Taken};
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::framing::{FrameItem, FrameLimits, FrameReader};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Collector, LossReport};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::Exchange;

/// The names and the data of the events of a stream that comes in pieces of this size.
pub(crate) fn events_of(
    codec: &dyn ProviderCodec,
    bytes: &[u8],
    piece: usize,
) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    let mut reader = FrameReader::new(codec.framing(), FrameLimits::default());
    let mut events = Vec::new();
    let mut take = |item| {
        if let FrameItem::Event(event) = item {
            events.push((event.name.map(|name| name.to_vec()), event.data.to_vec()));
        }
    };
    for piece in bytes.chunks(piece) {
        reader.push(piece.to_vec().into()).unwrap();
        while let Some(item) = reader.next_item().unwrap() {
            take(item);
        }
    }
    while let Some(item) = reader.finish().unwrap() {
        take(item);
    }
    events
}

/// The events of a stream that comes in pieces of this size, all of which must be understood.
pub(crate) fn decode_stream(
    codec: &dyn ProviderCodec,
    bytes: &[u8],
    piece: usize,
) -> Result<Vec<ChatEvent>, String> {
    let mut reader = codec.reader(1);
    let mut events = Vec::new();
    let mut is_done = false;
    for (name, data) in events_of(codec, bytes, piece) {
        let before = events.len();
        let taken = reader.event(name.as_deref(), &data, &mut events).map_err(|error| error.to_string())?;
        let is_ping = name.as_deref() == Some(b"ping");
        if taken == Taken::Malformed || taken == Taken::Unknown && !is_ping {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
        // Choices that were left open end with the last word.
        let is_end = |event: &ChatEvent| matches!(event, ChatEvent::Finished { .. });
        if taken == Taken::Done && !events.iter().skip(before).all(is_end) {
            return Err("something was said after the end".to_owned());
        }
        is_done |= taken == Taken::Done;
    }
    reader.finish(&mut events);
    if is_done || reader.is_finished() { Ok(events) } else { Err("it has no end".to_owned()) }
}

pub(crate) fn collect(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

pub(crate) fn decode(codec: &dyn ProviderCodec, exchange: &Exchange) -> Result<ChatAnswer, String> {
    if exchange.stream {
        return decode_stream(codec, &exchange.answer(), usize::MAX).map(collect);
    }
    codec.decode(&exchange.answer()).map(|decoded| decoded.collect()).map_err(|fault| fault.to_string())
}

/// Whether an error answer is the right kind of fault and says what the provider said.
pub(crate) fn check_error(codec: &dyn ProviderCodec, exchange: &Exchange) -> Result<(), String> {
    let fault = codec.fault(exchange.response.status, &exchange.answer(), RetryHints::default(), None);
    let kind = match exchange.response.status {
        401 | 403 => FaultKind::AuthFailed,
        429 => FaultKind::Throttled,
        500.. => FaultKind::ServerError,
        _ => FaultKind::Rejected,
    };
    same("kind", &fault.kind, &kind)?;
    same("status", &fault.status, &exchange.expected.status)?;
    let raw = exchange.expected.message.as_deref().unwrap_or_default();
    // Keys that were echoed are gone; all else stands as it was.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (raw_words, words) = (words(raw), words(&fault.message));
    let same = raw_words.len() == words.len()
        && raw_words.iter().zip(&words).all(|(raw, word)| raw == word || word.contains("[redacted]"));
    if !same {
        return Err(format!("message {:?} for {raw:?}", fault.message));
    }
    if codec.decode(&exchange.answer()).is_ok() {
        return Err("it was taken for an answer".to_owned());
    }
    Ok(())
}

/// The members that were lost, with the first letter of how.
pub(crate) fn lost(losses: &LossReport) -> Vec<String> {
    losses
        .losses
        .iter()
        .map(|loss| {
            format!("{}:{}", if format!("{:?}", loss.kind) == "Dropped" { "-" } else { "~" }, loss.member)
        })
        .collect()
}

/// How a recorded body is read into the canonical form.
pub(crate) type Reading = fn(&Value) -> ChatRequest;

/// Whether a recorded body is what we would have written of it, both said in one way (`normalised`) where it may be said in two.
pub(crate) fn rewrite(
    codec: &dyn ProviderCodec,
    exchange: &Exchange,
    (canonical, normalised): (Reading, fn(Value) -> Value),
) -> Result<(), String> {
    let recorded: Value = serde_json::from_str(exchange.request.as_ref().unwrap().get()).unwrap();
    let request = canonical(&recorded);
    let model = exchange.model.as_deref().filter(|_| request.model.is_empty()).unwrap_or(&request.model);
    let mut losses = LossReport::default();
    let encoded = codec.encode(&request, model, codec.dialect(), &mut losses);
    let encoded = encoded.map_err(|error| error.to_string())?;
    if !losses.is_empty() {
        return Err(format!("lost {losses}"));
    }
    let written: Value = serde_json::from_slice(&encoded).unwrap();
    difference("", &normalised(written), &normalised(recorded)).map_or(Ok(()), Err)
}

/// How many streams these are, which say the same wherever they are cut.
pub(crate) fn count_cut<'e>(
    codec: &dyn ProviderCodec,
    streams: impl Iterator<Item = &'e Exchange>,
    pieces: [usize; 3],
) -> usize {
    let mut seen = 0;
    for exchange in streams {
        let whole = decode_stream(codec, &exchange.answer(), usize::MAX).unwrap();
        for piece in pieces {
            assert_eq!(decode_stream(codec, &exchange.answer(), piece).unwrap(), whole, "{}", exchange.id);
        }
        seen += 1;
    }
    seen
}
