use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessages;
use switchyard_dialects::codec::{ProviderCodec, Taken};
use switchyard_dialects::sse::{SseItem, SseLimits, SseReader};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Collector, Part};
use switchyard_testkit::corpus::{self, Exchange};

pub(crate) const CODEC: AnthropicMessages = AnthropicMessages::PLAIN;

/// The exchanges in which an answer was asked for.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let mut exchanges = corpus::of("anthropic-messages").unwrap();
    exchanges.retain(|exchange| exchange.operation == "messages");
    exchanges
}

/// The events of a stream, with their names.
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
    let mut reader = CODEC.reader(1);
    let mut events = Vec::new();
    for (name, data) in events_of(body) {
        let taken = reader.event(name.as_deref(), &data, &mut events).map_err(|error| error.to_string())?;
        let is_ping = name.as_deref() == Some(b"ping");
        if taken == Taken::Malformed || (taken == Taken::Unknown && !is_ping) {
            return Err(format!("{taken:?}: {}", String::from_utf8_lossy(&data)));
        }
    }
    reader.finish(&mut events);
    if reader.is_finished() { Ok(events) } else { Err("does not end".to_owned()) }
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
    let decoded = CODEC.decode(exchange.response.body.as_bytes());
    decoded.map(|decoded| decoded.collect()).map_err(|fault| fault.to_string())
}

/// What the vendor's blocks are, whole, as they stand in a recorded answer or as its stream builds them.
fn blocks_of(exchange: &Exchange) -> Vec<Value> {
    if !exchange.stream {
        let body: Value = serde_json::from_str(&exchange.response.body).unwrap();
        return body["content"].as_array().unwrap().clone();
    }
    let mut blocks: Vec<Value> = Vec::new();
    let mut inputs: Vec<String> = Vec::new();
    for (_, data) in events_of(&exchange.response.body) {
        let event: Value = serde_json::from_slice(&data).unwrap();
        if event["type"] == "message_stop" {
            break;
        }
        if event["type"] == "content_block_start" {
            blocks.push(event["content_block"].clone());
            inputs.push(String::new());
        }
        let delta = &event["delta"];
        match (blocks.last_mut(), delta["type"].as_str()) {
            (Some(block), Some("signature_delta")) => block["signature"] = delta["signature"].clone(),
            (Some(block), Some("thinking_delta")) => {
                let text =
                    format!("{}{}", block["thinking"].as_str().unwrap(), delta["thinking"].as_str().unwrap());
                block["thinking"] = json!(text);
            }
            (Some(block), Some("input_json_delta")) => {
                let input = inputs.last_mut().unwrap();
                input.push_str(delta["partial_json"].as_str().unwrap());
                if let Ok(whole) = serde_json::from_str(input) {
                    block["input"] = whole;
                }
            }
            (Some(block), Some("citations_delta")) => {
                if !block["citations"].is_array() {
                    block["citations"] = json!([]);
                }
                block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
            }
            _ => {}
        }
    }
    blocks
}

#[test]
fn proofs_of_thinking_and_the_vendors_own_blocks_come_through_as_they_are_and_in_order() {
    let (mut proofs, mut natives, mut cited) = (0, 0, 0);
    for exchange in exchanges().iter().filter(|exchange| exchange.expected.ok == Some(true)) {
        let answer = decode(exchange).unwrap();
        let parts = &answer.choices[0].parts;
        let blocks = blocks_of(exchange);
        let word = |block: &Value, name: &str| block[name].as_str().unwrap_or_default().to_owned();
        let expected: Vec<_> = blocks
            .iter()
            .filter(|block| block["type"].as_str().unwrap().contains("thinking"))
            .map(|block| (word(block, "thinking"), word(block, "signature") + &word(block, "data")))
            .collect();
        let got: Vec<_> = parts
            .iter()
            .filter_map(|part| if let Part::Reasoning(reasoning) = part { Some(reasoning) } else { None })
            .map(|reasoning| {
                let proof = reasoning.signature.clone();
                assert!(proof.as_ref().is_none_or(|proof| proof.issuer == "anthropic"));
                (reasoning.text.clone(), proof.map(|proof| proof.value).unwrap_or_default())
            })
            .collect();
        assert_eq!(got, expected, "{}", exchange.id);
        proofs += got.iter().filter(|(_, proof)| !proof.is_empty()).count();
        let usual = ["text", "thinking", "redacted_thinking", "tool_use"];
        let expected: Vec<Value> = blocks
            .iter()
            .filter(|block| !usual.contains(&block["type"].as_str().unwrap()))
            .cloned()
            .collect();
        let got: Vec<Value> = parts
            .iter()
            .filter_map(|part| if let Part::Native { json, .. } = part { Some(json) } else { None })
            .map(|json| serde_json::from_str(json.as_str()).unwrap())
            .collect();
        assert_eq!(got, expected, "{}", exchange.id);
        natives += got.len();
        let expected: Vec<&Value> =
            blocks.iter().filter_map(|block| block["citations"].as_array()).flatten().collect();
        let got = &answer.choices[0].citations;
        assert_eq!(got.len(), expected.len(), "{}", exchange.id);
        for (got, expected) in got.iter().zip(expected) {
            let native = &got.native.as_ref().unwrap().1;
            assert_eq!(&serde_json::from_str::<Value>(native.as_str()).unwrap(), expected);
            let (start, end) = got.span.unwrap();
            assert!(start < end && end as usize <= answer.text().chars().count());
            cited += 1;
        }
    }
    println!("proofs {proofs}, blocks of the vendor's own {natives}, citations {cited}");
    assert!(proofs > 25 && natives > 90 && cited > 15);
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    for exchange in exchanges().iter().filter(|exchange| !exchange.stream && exchange.response.status == 200)
    {
        let whole: Value = serde_json::from_str(&exchange.response.body).unwrap();
        let streamed = collect(decode_stream(&as_stream(&whole)).unwrap());
        let mut decoded = decode(exchange).unwrap();
        decoded.extensions.sort_by(|a, b| a.0.cmp(&b.0));
        let mut streamed = streamed;
        streamed.extensions.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(readable(streamed), readable(decoded), "{}", exchange.id);
    }
}

/// With JSON as values: a stream built by a test spells it otherwise.
fn readable(answer: ChatAnswer) -> (ChatAnswer, Vec<Value>) {
    let mut answer = answer;
    let mut values = Vec::new();
    let mut take = |json: &mut switchyard_domain::chat::Json| {
        values.push(serde_json::from_str(json.as_str()).unwrap());
        *json = switchyard_domain::chat::Json::parse("null").unwrap();
    };
    answer.extensions.iter_mut().for_each(|(_, json)| take(json));
    for choice in &mut answer.choices {
        choice.extensions.iter_mut().for_each(|(_, json)| take(json));
        for citation in &mut choice.citations {
            take(&mut citation.native.as_mut().unwrap().1);
        }
        for part in &mut choice.parts {
            match part {
                Part::Native { json, .. } => take(json),
                Part::ToolCall(call) => {
                    let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
                    call.arguments = arguments.to_string();
                }
                _ => {}
            }
        }
    }
    (answer, values)
}

/// A whole answer as the vendor would have streamed it, in pieces of a few characters.
fn as_stream(whole: &Value) -> String {
    let mut out = String::new();
    let mut push = |event: Value| {
        out.push_str(&format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    };
    let mut message = whole.clone();
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    push(json!({"type": "message_start", "message": message}));
    for (index, block) in whole["content"].as_array().unwrap().iter().enumerate() {
        let mut start = block.clone();
        let mut deltas = Vec::new();
        let mut pieces = |text: &str, kind: &str, name: &str| {
            let chars: Vec<char> = text.chars().collect();
            deltas.extend(chars.chunks(7).map(|piece| {
                let piece: String = piece.iter().collect();
                let mut delta = json!({"type": kind});
                delta[name] = json!(piece);
                delta
            }));
        };
        match block["type"].as_str().unwrap() {
            "text" => {
                pieces(block["text"].as_str().unwrap(), "text_delta", "text");
                start["text"] = json!("");
                start["citations"] = json!([]);
                let citations = block["citations"].as_array().cloned().unwrap_or_default();
                let citations =
                    citations.iter().map(|each| json!({"type": "citations_delta", "citation": each}));
                deltas.extend(citations);
            }
            "thinking" => {
                pieces(block["thinking"].as_str().unwrap(), "thinking_delta", "thinking");
                start["thinking"] = json!("");
                start["signature"] = json!("");
                deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
            }
            "tool_use" | "server_tool_use" => {
                if block["input"] != json!({}) {
                    pieces(&block["input"].to_string(), "input_json_delta", "partial_json");
                }
                start["input"] = json!({});
            }
            _ => {}
        }
        push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        push(json!({"type": "ping"}));
        deltas
            .into_iter()
            .for_each(|delta| push(json!({"type": "content_block_delta", "index": index, "delta": delta})));
        push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({
        "stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"],
        "stop_details": whole["stop_details"],
    });
    push(json!({"type": "message_delta", "delta": delta, "usage": whole["usage"]}));
    push(json!({"type": "message_stop"}));
    out
}
