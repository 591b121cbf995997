use switchyard_dialects::codec::{StreamReader, Taken};
use switchyard_dialects::openai_chat::stream::StreamDecoder;
use switchyard_dialects::openai_chat::{UsageRule, answer};
use switchyard_dialects::sse::{SseItem, SseLimits, SseReader};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Collector, ToolCallKind};
use switchyard_testkit::corpus::{self, Exchange};

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
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let mut events = Vec::new();
    for (name, data) in events_of(body) {
        let taken = decoder.event(name.as_deref(), &data, &mut events).map_err(|error| error.to_string())?;
        if taken == Taken::Malformed || taken == Taken::Unknown {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
    }
    decoder.finish(&mut events);
    Ok(events)
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
    let decoded = answer::decode(exchange.response.body.as_bytes(), UsageRule::default());
    decoded.map(|decoded| decoded.collect()).map_err(|fault| fault.to_string())
}

#[test]
fn a_call_of_a_custom_tool_is_read_though_the_sdks_tests_left_it_out() {
    let exchanges = corpus::openai_chat().unwrap();
    let exchange =
        exchanges.iter().find(|exchange| exchange.id == "openai-chat_completions-8b9a59b07d").unwrap();
    let answer = decode(exchange).unwrap();
    let calls: Vec<_> = answer.choices[0].tool_calls().collect();
    assert_eq!(calls[0].kind, ToolCallKind::Custom);
    assert!(!calls[0].name.is_empty() && !calls[0].arguments.is_empty());
}
