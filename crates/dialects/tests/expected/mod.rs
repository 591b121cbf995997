//! What a provider's codec reads, beside what the official SDKs make of the same bytes.

use serde_json::{Value, json};
use switchyard_dialects::codec::{ProviderCodec, Taken};
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::framing::{FrameItem, FrameLimits, FrameReader};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, Choice, Collector, FinishReason, LossReport, Part, ToolCall,
};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{Exchange, ExpectedCall, ExpectedChoice};

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
    let mut reader = codec.reader();
    let mut events = Vec::new();
    for (name, data) in events_of(codec, bytes, piece) {
        let before = events.len();
        let taken = reader.event(name.as_deref(), &data, &mut events).map_err(|error| error.to_string())?;
        if taken == Taken::Malformed || taken == Taken::Unknown {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
        if taken == Taken::Done && events.len() > before {
            return Err("something was said after the end".to_owned());
        }
    }
    reader.finish(&mut events);
    if reader.is_finished() { Ok(events) } else { Err("it has no end".to_owned()) }
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

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, expected {expected:?}")) }
}

fn joined(choice: &Choice, pick: fn(&Part) -> Option<&str>) -> String {
    choice.parts.iter().filter_map(pick).collect()
}

fn compare_call(got: &ToolCall, expected: &ExpectedCall) -> Result<(), String> {
    same("name", &got.name, &expected.name)?;
    match &expected.id {
        Some(id) => same("id", &got.id, id)?,
        None if got.id.is_empty() => return Err("a call without an id".to_owned()),
        None => {}
    }
    let parsed = serde_json::from_str::<Value>(&got.arguments);
    let cut = json!({"__unparsed__": got.arguments});
    let empty = got.arguments.trim().is_empty() && expected.arguments == json!({});
    if parsed.as_ref().ok() == Some(&expected.arguments) || cut == expected.arguments || empty {
        return Ok(());
    }
    Err(format!("arguments: got {:?}, expected {}", got.arguments, expected.arguments))
}

fn compare_choice(got: &Choice, expected: &ExpectedChoice) -> Result<(), String> {
    let text = joined(got, |part| if let Part::Text { text } = part { Some(text) } else { None });
    same("text", &text, &expected.text)?;
    let reasoning =
        joined(got, |part| if let Part::Reasoning(reasoning) = part { Some(&reasoning.text) } else { None });
    if let Some(expected) = expected.reasoning.as_ref().filter(|expected| !expected.is_empty()) {
        same("reasoning", &reasoning, expected)?;
    }
    let refusal = joined(got, |part| if let Part::Refusal { text } = part { Some(text) } else { None });
    same("refusal", &refusal, &expected.refusal.clone().unwrap_or_default())?;
    let calls: Vec<_> = got.tool_calls().collect();
    same("number of calls", &calls.len(), &expected.tool_calls.len())?;
    for (got, expected) in calls.iter().zip(&expected.tool_calls) {
        compare_call(got, expected)?;
    }
    let word = got.finish.as_ref().map(|reason| {
        let word = match reason {
            FinishReason::Stop | FinishReason::StopSequence(_) => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::ContentFilter => "content_filter",
            FinishReason::Error => "error",
            FinishReason::Other(word) => word,
        };
        word.to_owned()
    });
    if expected.finish_accept.contains(&word) {
        return Ok(());
    }
    Err(format!("finish: got {word:?}, expected one of {:?}", expected.finish_accept))
}

/// All but the usage.
pub(crate) fn compare_choices(got: &ChatAnswer, exchange: &Exchange) -> Result<(), String> {
    same("number of choices", &got.choices.len(), &exchange.expected.choices.len())?;
    for (got, expected) in got.choices.iter().zip(&exchange.expected.choices) {
        compare_choice(got, expected)?;
    }
    Ok(())
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

/// The first place where two values differ. Numbers are the same if they mean the same.
pub(crate) fn difference(path: &str, got: &Value, expected: &Value) -> Option<String> {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            let names = got.keys().chain(expected.keys());
            names.into_iter().find_map(|name| {
                let null = Value::Null;
                let pair = (got.get(name).unwrap_or(&null), expected.get(name).unwrap_or(&null));
                difference(&format!("{path}.{name}"), pair.0, pair.1)
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{path}[{index}]"), a, b))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ => (got != expected).then(|| format!("{path}: got {got}, expected {expected}")),
    }
}
