//! Calls with the proof of the reasoning behind them, as clients get them.

use bytes::BytesMut;
use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerForm, StreamWriter, fit_answer, fit_events};
use switchyard_dialects::openai_chat::stream::StreamEncoder;
use switchyard_dialects::openai_chat::{OpenAiChatClient, answer};
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, ChatRequest, Collector, Delta, Dialect, Signature, ToolCallKind,
};

use crate::corpus_rewriting::FORM;

/// Two calls, each with a proof.
fn events(kind: ToolCallKind) -> Vec<ChatEvent> {
    let calls = (0..2).flat_map(|index| {
        let id = format!("call_{index}");
        [
            Delta::ToolCall { index, id, name: "f".to_owned(), kind },
            Delta::Arguments { index, fragment: "{}".to_owned() },
            Delta::ToolCallSignature { index, signature: Signature::new(Signature::GOOGLE, "proof") },
        ]
    });
    calls.map(|delta| ChatEvent::Delta { choice: 0, delta }).collect()
}

fn collected(events: Vec<ChatEvent>) -> ChatAnswer {
    let mut collector = Collector::default();
    collector.extend(events);
    collector.finish()
}

fn chunks(events: &[ChatEvent], form: &AnswerForm<'_>) -> Vec<Value> {
    let mut encoder = StreamEncoder::new(form);
    let mut out = BytesMut::new();
    events.iter().for_each(|event| encoder.event(event, &mut out));
    encoder.finish(&mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    let data = text.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// The pieces of calls.
fn pieces(chunks: &[Value]) -> Vec<Value> {
    let each = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array());
    each.flatten().cloned().collect()
}

#[test]
fn every_piece_of_a_call_has_its_function_or_its_tool() {
    for (kind, word, member) in
        [(ToolCallKind::Function, "function", "arguments"), (ToolCallKind::Custom, "custom", "input")]
    {
        let pieces = pieces(&chunks(&events(kind), &FORM));
        assert_eq!(pieces.len(), 6);
        assert!(pieces.iter().all(|piece| piece[word][member].is_string()), "{pieces:?}");
        let extra = json!({"google": {"thought_signature": "proof"}});
        assert_eq!(pieces[2], json!({"index": 0, word: {member: ""}, "extra_content": extra}));
    }
}

#[test]
fn clients_of_the_first_form_of_function_calling_are_told_of_what_it_has_no_room_for() {
    let request = ChatRequest { legacy_functions: true, ..ChatRequest::default() };
    let form = AnswerForm { request: Some(&request), include_usage: false, ..FORM };
    let lost = "answer.choices[0].tool_calls[0].signature,answer.choices[0].tool_calls[1]";

    let mut whole = collected(events(ToolCallKind::Function));
    let losses = fit_answer(&OpenAiChatClient, Dialect::GEMINI, Some(&request), &mut whole);
    assert_eq!(losses.to_string(), lost);
    let body: Value = serde_json::from_slice(&answer::encode(&whole, &form)).unwrap();
    let message = &body["choices"][0]["message"];
    assert_eq!(message["function_call"], json!({"name": "f", "arguments": "{}"}));
    assert_eq!(message.get("tool_calls"), None);

    let mut streamed = events(ToolCallKind::Function);
    let losses = fit_events(&OpenAiChatClient, Dialect::GEMINI, Some(&request), &mut streamed);
    assert_eq!(losses.to_string(), lost);
    assert_eq!(collected(streamed.clone()), whole);
    assert_eq!(pieces(&chunks(&streamed, &form)), [Value::Null; 0]);
    // Nor does an answer that nobody fitted hold calls in the other form.
    assert_eq!(pieces(&chunks(&events(ToolCallKind::Function), &form)), [Value::Null; 0]);
}

#[test]
fn clients_of_the_second_form_lose_no_call() {
    let request = ChatRequest::default();
    let mut whole = collected(events(ToolCallKind::Function));
    let before = whole.clone();
    let losses = fit_answer(&OpenAiChatClient, Dialect::GEMINI, Some(&request), &mut whole);
    assert_eq!((losses.to_string().as_str(), whole), ("", before));
}
