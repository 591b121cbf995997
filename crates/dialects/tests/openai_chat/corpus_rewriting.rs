//! What the decoders read, the encoders write so that it reads the same again.

use bytes::BytesMut;
use serde_json::Value;
use switchyard_dialects::codec::{AnswerForm, StreamFraming, StreamWriter};
use switchyard_dialects::openai_chat::stream::StreamEncoder;
use switchyard_dialects::openai_chat::{UsageRule, answer};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Delta, Json, Part, ToolCallKind};
use switchyard_testkit::corpus;

use crate::corpus_answers::{collect, decode, decode_stream, events_of};
use crate::score::Score;

pub(crate) const FORM: AnswerForm<'_> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "fallback-model",
    fallback_created: 1_700_000_000,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};

/// The exchanges that were answered with success.
pub(crate) fn answered() -> Vec<corpus::Exchange> {
    let mut exchanges = corpus::openai_chat().unwrap();
    exchanges.retain(|exchange| exchange.response.status == 200);
    exchanges
}

/// What an encoder fills in, filled in.
fn completed(mut answer: ChatAnswer) -> ChatAnswer {
    if answer.id.is_empty() {
        answer.id = format!("chatcmpl-{}", FORM.fallback_id);
    }
    answer.created = Some(answer.created.unwrap_or(FORM.fallback_created));
    for choice in &mut answer.choices {
        // Pieces of log probabilities are compared as what they are joined to.
        choice.logprobs.truncate(0);
        for (_, value) in &mut choice.extensions {
            // A stream's events have no line ends in them.
            *value = Json::parse(value.as_str().replace(['\n', '\r'], " ")).unwrap();
        }
        // The order among the extensions of a choice depends on where they stand.
        choice.extensions.sort_by(|a, b| a.0.cmp(&b.0));
        // What was said in turns is said kind by kind in this dialect.
        choice.parts.sort_by_key(|part| match part {
            Part::Reasoning(_) => 0,
            Part::Text { .. } => 1,
            Part::Refusal { .. } => 2,
            _ => 3,
        });
    }
    for (_, value) in &mut answer.extensions {
        *value = Json::parse(value.as_str().replace(['\n', '\r'], " ")).unwrap();
    }
    answer.extensions.sort_by(|a, b| a.0.cmp(&b.0));
    answer
}

fn same(got: ChatAnswer, expected: ChatAnswer) -> Result<(), String> {
    let (mut got, expected) = (completed(got), completed(expected));
    for (choice, expected) in got.choices.iter_mut().zip(&expected.choices) {
        for (part, expected) in choice.parts.iter_mut().zip(&expected.parts) {
            // A call that came without an id gets one.
            if let (Part::ToolCall(call), Part::ToolCall(expected)) = (part, expected)
                && expected.id.is_empty()
                && expected.kind == ToolCallKind::Function
            {
                assert!(call.id.starts_with("call_"));
                call.id.clear();
            }
        }
    }
    if got == expected { Ok(()) } else { Err(format!("got {got:#?}, expected {expected:#?}")) }
}

#[test]
fn every_recorded_answer_survives_being_written_as_a_whole() {
    let mut score = Score::default();
    for exchange in answered() {
        let Ok(answer) = decode(&exchange) else { continue };
        let body = answer::encode(&answer, &FORM);
        let again = answer::decode(&body, UsageRule::default()).unwrap().collect();
        let outcome = same(again.clone(), answer).and_then(|()| {
            let twice = answer::encode(&again, &FORM);
            if twice == body { Ok(()) } else { Err("the second writing differs from the first".to_owned()) }
        });
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("answers written whole", 723, &[]);
}

fn write_stream(events: &[ChatEvent]) -> String {
    let mut encoder = StreamEncoder::new(&FORM);
    let mut out = BytesMut::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    encoder.finish(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn every_recorded_answer_survives_being_written_as_a_stream() {
    let mut score = Score::default();
    for exchange in answered() {
        let body = &exchange.response.body;
        let events = if exchange.stream {
            decode_stream(body)
        } else {
            answer::decode(body.as_bytes(), UsageRule::default())
                .map(|decoded| decoded.events)
                .map_err(|fault| fault.to_string())
        };
        let Ok(events) = events else { continue };
        let written = write_stream(&events);
        let again = decode_stream(&written).map(collect);
        let outcome = again.and_then(|again| same(again, collect(events)));
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("answers written as streams", 723, &[]);
}

#[test]
fn a_stream_collected_is_the_whole_answer_written_as_a_stream_and_collected() {
    for exchange in answered().iter().filter(|exchange| exchange.stream) {
        let Ok(answer) = decode(exchange) else { continue };
        let whole = answer::encode(&answer, &FORM);
        let events = answer::decode(&whole, UsageRule::default()).unwrap().events;
        let streamed = collect(decode_stream(&write_stream(&events)).unwrap());
        assert_eq!(completed(streamed), completed(answer), "{}", exchange.id);
    }
}

#[test]
fn written_streams_have_the_grammar_that_clients_rely_on() {
    for exchange in answered().iter().filter(|exchange| exchange.stream) {
        let Ok(events) = decode_stream(&exchange.response.body) else { continue };
        let mut written = events_of(&write_stream(&events));
        assert_eq!(written.pop().unwrap().1, b"[DONE]", "{}", exchange.id);
        let chunks: Vec<Value> =
            written.iter().map(|(_, data)| serde_json::from_slice(data).unwrap()).collect();
        let mut met = Vec::new();
        for chunk in &chunks {
            assert_eq!(chunk["object"], "chat.completion.chunk");
            assert_eq!((&chunk["id"], &chunk["model"]), (&chunks[0]["id"], &chunks[0]["model"]));
            for choice in chunk["choices"].as_array().unwrap() {
                let first = !met.contains(&choice["index"]);
                assert_eq!(first, choice["delta"].get("role").is_some(), "{}", exchange.id);
                if first {
                    met.push(choice["index"].clone());
                }
                let ends = !choice["finish_reason"].is_null();
                assert!(!ends || choice["delta"].as_object().unwrap().is_empty());
            }
        }
        let usages = chunks.iter().filter(|chunk| !chunk["usage"].is_null()).count();
        let counted = events.iter().any(|event| matches!(event, ChatEvent::Usage(_)));
        assert_eq!(usages, usize::from(counted));
        assert!(!counted || chunks.last().unwrap()["choices"].as_array().unwrap().is_empty());
    }
}

#[test]
fn log_probabilities_of_a_stream_are_joined_in_the_whole_answer() {
    let mut seen = 0;
    for exchange in corpus::openai_chat().unwrap().iter().filter(|exchange| exchange.has("logprobs_out")) {
        let answer = decode(exchange).unwrap();
        let pieces = answer.choices[0].logprobs.clone();
        if pieces.len() < 2 {
            continue;
        }
        seen += 1;
        let tokens = |json: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            value["content"].as_array().cloned().unwrap_or_default()
        };
        let expected: Vec<Value> = pieces.iter().flat_map(|piece| tokens(piece.as_str())).collect();
        let body: Value = serde_json::from_slice(&answer::encode(&answer, &FORM)).unwrap();
        assert_eq!(body["choices"][0]["logprobs"]["content"].as_array().unwrap(), &expected);
    }
    assert!(seen > 0);
}

#[test]
fn a_client_of_the_first_form_of_function_calling_gets_its_form_from_a_provider_of_the_new_one() {
    let exchanges = corpus::openai_chat().unwrap();
    let exchange = exchanges.iter().find(|exchange| exchange.stream && exchange.has("tool_calls")).unwrap();
    let events = decode_stream(&exchange.response.body).unwrap();
    let request = ChatRequest { legacy_functions: true, ..ChatRequest::default() };
    let form = AnswerForm { request: Some(&request), include_usage: false, ..FORM };
    let mut encoder = StreamEncoder::new(&form);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| encoder.event(event, &mut out));
    encoder.finish(&mut out);
    let streamed = collect(decode_stream(str::from_utf8(&out).unwrap()).unwrap());
    let call = streamed.choices[0].tool_calls().next().unwrap();
    let expected = exchange.expected.choices[0].tool_calls.first().unwrap();
    assert_eq!((call.kind, &call.name), (ToolCallKind::LegacyFunction, &expected.name));
    assert_eq!(serde_json::from_str::<Value>(&call.arguments).unwrap(), expected.arguments);
    let body: Value = serde_json::from_slice(&answer::encode(&collect(events), &form)).unwrap();
    assert_eq!(body["choices"][0]["finish_reason"], "function_call");
    assert_eq!(body["choices"][0]["message"]["function_call"]["name"], expected.name.as_str());
}

#[test]
fn a_value_with_line_ends_in_it_does_not_break_the_event() {
    let value = Json::parse("{\n  \"a\": [\r\n 1]\n}").unwrap();
    let events =
        [ChatEvent::Delta { choice: 0, delta: Delta::Extension { name: "audio".to_owned(), value } }];
    let written = write_stream(&events);
    let last = written.trim_end().rsplit("\n\n").nth(1).unwrap();
    assert!(!last.contains('\n') && last.contains("\"a\": [   1]"), "{last}");
}

#[test]
fn what_is_told_beside_the_choices_at_last_makes_no_choice_of_its_own() {
    let value = Json::parse("\"priority\"").unwrap();
    let beside = ChatEvent::Extension { name: "service_tier".to_owned(), value };
    let events = [ChatEvent::Delta { choice: 1, delta: Delta::Text("Hello".to_owned()) }, beside.clone()];
    let read = collect(decode_stream(&write_stream(&events)).unwrap());
    let choices: Vec<_> = read.choices.iter().map(|choice| (choice.index, choice.text())).collect();
    assert_eq!(choices, [(1, "Hello".to_owned())]);
    assert!(read.extensions.iter().any(|(name, _)| name == "service_tier"), "{:?}", read.extensions);

    let alone = write_stream(&[beside]);
    assert_eq!(alone.matches("data: {").count(), 1, "{alone}");
    assert!(alone.contains(r#""service_tier":"priority""#), "{alone}");
}
