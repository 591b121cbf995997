//! Recorded answers mean what the official SDKs make of them, whole and in pieces.

use serde_json::{Value, json};
use switchyard_dialects::codec::{DecodedAnswer, ProviderCodec, Taken};
use switchyard_dialects::openai_responses::OpenAiResponses;
use switchyard_dialects::sse::{SseItem, SseLimits, SseReader};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Collector, Json, Part, ToolCallKind};
use switchyard_testkit::corpus::{self, Exchange};

use crate::same::same;
use crate::score::Score;

pub(crate) const DIALECT: &str = "openai-responses";

/// The data of the events of a recorded stream, with their names.
pub(crate) fn events_of(body: &str) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    let mut reader = SseReader::new(SseLimits::default());
    reader.push(body.as_bytes().to_vec().into()).unwrap();
    let mut events = Vec::new();
    while let Some(item) = reader.finish().unwrap() {
        if let SseItem::Event(event) = item {
            events.push((event.name.map(|name| name.to_vec()), event.data.to_vec()));
        }
    }
    events
}

pub(crate) fn decode_stream(body: &str) -> Result<Vec<ChatEvent>, String> {
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    let mut events = Vec::new();
    for (name, data) in events_of(body) {
        let taken = reader.event(name.as_deref(), &data, &mut events).map_err(|error| error.to_string())?;
        if taken == Taken::Malformed || taken == Taken::Unknown {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
    }
    reader.finish(&mut events);
    if reader.is_finished() { Ok(events) } else { Err("did not finish".to_owned()) }
}

pub(crate) fn decode_whole(body: &[u8]) -> Result<DecodedAnswer, String> {
    OpenAiResponses::PLAIN.decode(body).map_err(|fault| fault.to_string())
}

pub(crate) fn collect(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

pub(crate) fn decode(exchange: &Exchange) -> Result<ChatAnswer, String> {
    if exchange.stream {
        return decode_stream(&exchange.response.body).map(collect);
    }
    decode_whole(exchange.response.body.as_bytes()).map(DecodedAnswer::collect)
}

#[test]
fn a_call_of_a_custom_tool_is_read_though_the_sdks_reading_left_it_out() {
    let exchanges = corpus::of(DIALECT).unwrap();
    let exchange = exchanges.iter().find(|exchange| exchange.id == "openai-responses-d58ae87b9b").unwrap();
    let answer = decode(exchange).unwrap();
    let Part::ToolCall(call) = &answer.choices[0].parts[0] else { panic!("no call") };
    assert_eq!(call.kind, ToolCallKind::Custom);
    assert_eq!((call.id.as_str(), call.name.as_str()), ("call_custom_sql_001", "write_sql"));
    assert_eq!(call.arguments, "SELECT * FROM users WHERE age > 25");
}

/// The answer that the last event of a stream has in it, whole.
fn whole_of_stream(body: &str) -> Option<String> {
    events_of(body).iter().rev().find_map(|(_, data)| {
        let event: Value = serde_json::from_slice(data).ok()?;
        let kind = event["type"].as_str()?;
        ["response.completed", "response.incomplete"].contains(&kind).then(|| event["response"].to_string())
    })
}

/// An answer without what OpenAI itself gives differently at the end: it encrypts anew, and rounds log probabilities otherwise.
fn comparable(answer: ChatAnswer) -> ChatAnswer {
    let mut answer = crate::canonical(answer);
    for choice in &mut answer.choices {
        let tokens = |piece: &Json| {
            let piece: Value = serde_json::from_str(piece.as_str()).unwrap();
            let tokens: Vec<Value> =
                piece["content"].as_array().unwrap().iter().map(|token| token["token"].clone()).collect();
            Json::parse(Value::from(tokens).to_string()).unwrap()
        };
        choice.logprobs = choice.logprobs.iter().map(tokens).collect();
        for part in &mut choice.parts {
            if let Part::Reasoning(reasoning) = part
                && let Some(signature) = &mut reasoning.signature
            {
                let mut item: Value = serde_json::from_str(&signature.value).unwrap();
                if let Some(encrypted) = item.get_mut("encrypted_content") {
                    assert!(encrypted.as_str().is_none_or(|text| !text.is_empty()));
                    *encrypted = json!("...");
                }
                signature.value = item.to_string();
            }
        }
    }
    answer
}

#[test]
fn a_stream_says_what_the_whole_answer_at_its_end_says() {
    let mut score = Score::default();
    for exchange in
        corpus::of(DIALECT).unwrap().iter().filter(|one| one.stream && one.expected.ok == Some(true))
    {
        let whole = decode_whole(whole_of_stream(&exchange.response.body).unwrap().as_bytes()).unwrap();
        let streamed = decode(exchange).unwrap();
        let outcome = same("answer", &comparable(streamed), &comparable(whole.collect()));
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    let known = [
        ("azure-responses-fa8bfe9b04", "four streams in one body, each with its own end"),
        ("openai-responses-9fd9b70b21", "its items end in another order than they stand in"),
        ("openai-responses-b7e2b186ce", "OpenAI signs the program anew at the end"),
    ];
    score.settle("streams", 129, &known);
}
