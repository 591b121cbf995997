//! What goes well.

use super::attempt::{PATIENT, Scene, ask};
use super::subject::Subject;
use crate::call::WireCall;
use serde_json::{Value, json};
use switchyard_domain::chat::{FinishReason, Part};
use switchyard_ports::provider::{Frame, Payload};

/// See the name.
pub async fn a_stream_goes_on_byte_for_byte_and_is_recorded(subject: Subject) {
    let scene = Scene::new(subject);
    let outcome = scene.stream("usage=unasked&tokens=20").await.whole();
    let call = &scene.upstream.take_calls()[0];
    assert_eq!(outcome.status, 200);
    assert_eq!(outcome.text(), call.text_sent);
    let closing = |frame: &Frame| matches!(frame, Frame::Closing(_));
    let last = outcome.frames.iter().position(closing).unwrap_or(outcome.frames.len() - 1);
    assert_eq!(last, outcome.frames.len() - 1, "what closes comes last");
    let received = &outcome.received;
    assert!(received.began && received.finished && !received.usage_corrected);
    assert_eq!(received.output_text, call.text_sent);
    assert_eq!(received.served_model.as_deref(), Some("m"));
    let usage = received.usage.unwrap();
    assert_eq!((usage.input, usage.output), (call.billed.prompt, call.billed.completion));
}

/// See the name.
pub async fn the_count_at_the_end_is_seen_by_those_who_ask(subject: Subject) {
    let scene = Scene::new(subject);
    let outcome = scene.stream("usage=unasked&tokens=20").await.whole();
    let bytes = String::from_utf8(outcome.bytes().to_vec()).unwrap();
    assert!(!bytes.contains("[DONE]"), "the surface writes the end");
    assert!(bytes.starts_with("data: {") && bytes.ends_with("}\n\n"), "{bytes}");
    assert!(outcome.chunks().iter().all(|chunk| !chunk["choices"].as_array().unwrap().is_empty()));

    let mut asking = ask(true);
    asking["stream_options"] = json!({"include_usage": true});
    let outcome = scene.attempt("usage=unasked", &asking).await.whole();
    let last = outcome.chunks().pop().unwrap();
    assert_eq!(last["choices"], json!([]), "a client that asked sees the closing chunk");
    assert_eq!(last["usage"]["completion_tokens"], 12);
}

/// See the name.
pub async fn a_buffered_answer_goes_on_byte_for_byte_and_is_recorded(subject: Subject) {
    let scene = Scene::new(subject);
    let outcome = scene.buffered("tokens=20").await.whole();
    let call = &scene.upstream.calls()[0];
    assert_eq!(outcome.text(), call.text_sent);
    assert_eq!(outcome.bytes().len() as u64, call.bytes_sent);
    let received = &outcome.received;
    assert!(received.began && received.finished);
    assert_eq!(received.output_text, call.text_sent);
    assert_eq!(received.served_model.as_deref(), Some("m"));
    let usage = received.usage.unwrap();
    assert_eq!((usage.input, usage.output), (call.billed.prompt, call.billed.completion));
}

/// See the name.
pub async fn a_call_in_canonical_form_is_answered_in_it(subject: Subject) {
    let scene = Scene::new(subject);
    for stream in [true, false] {
        let call = WireCall::json(&ask(stream)).without_wire();
        let outcome = scene.run(&call, "usage=unasked&reasoning=2", PATIENT).await.whole();
        let sent = scene.upstream.take_calls().remove(0);
        let answer = outcome.answer();
        assert_eq!(answer.text(), sent.text_sent, "{stream}");
        assert_eq!(answer.choices[0].finish, Some(FinishReason::Stop));
        assert_eq!(answer.usage.map(|usage| usage.output), Some(sent.billed.completion));
        assert!(matches!(answer.choices[0].parts[0], Part::Reasoning(_)), "{answer:?}");
        assert!(outcome.received.finished && outcome.received.output_text.ends_with(&sent.text_sent));
        assert!(outcome.frames.iter().all(|frame| matches!(frame, Frame::Events(_))));
    }
}

fn with_tools(stream: bool) -> Value {
    let mut body = ask(stream);
    body["tools"] = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    body
}

/// See the name.
pub async fn tools_are_called_streamed_and_buffered(subject: Subject) {
    let scene = Scene::new(subject);
    for stream in [true, false] {
        let outcome = scene.attempt("calls=2&usage=unasked", &with_tools(stream)).await.whole();
        if subject.client().is_some() {
            let bytes = String::from_utf8(outcome.bytes().to_vec()).unwrap();
            assert!(bytes.contains("call_sim") && bytes.contains("get_weather"), "{bytes}");
        }
        let text = &outcome.received.output_text;
        assert_eq!(text.matches("get_weather").count(), 2, "{text}");
        assert!(text.contains("city"), "{text}");

        let call = WireCall::json(&with_tools(stream)).without_wire();
        let answer = scene.run(&call, "calls=2", PATIENT).await.whole().answer();
        let calls: Vec<_> = answer.choices[0].tool_calls().collect();
        assert_eq!(calls.len(), 2);
        for call in calls {
            assert_eq!(call.name, "get_weather");
            assert!(serde_json::from_str::<Value>(&call.arguments).unwrap().get("city").is_some());
        }
        assert_eq!(answer.choices[0].finish, Some(FinishReason::ToolCalls));
    }
}

/// See the name.
pub async fn refusals_and_reasoning_are_content(subject: Subject) {
    let scene = Scene::new(subject);
    let refusal = scene.stream("refusal").await.whole();
    assert_eq!(refusal.received.output_text, scene.text_sent());
    let reasoning = scene.stream("reasoning=5&cut_after=3").await;
    assert!(reasoning.received.output_text.split_whitespace().count() >= 3, "{reasoning:?}");
}

/// See the name.
pub async fn several_choices_come_interleaved(subject: Subject) {
    let scene = Scene::new(subject);
    let mut body = ask(true);
    body["n"] = json!(2);
    let outcome = scene.attempt("tokens=5&usage=unasked", &body).await.whole();
    let of = |index: u64| -> String {
        let chunks = outcome.chunks();
        let mine = chunks.iter().filter(|chunk| chunk["choices"][0]["index"] == index);
        mine.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
    };
    assert_eq!(of(0), scene.text_sent());
    assert_eq!(of(1).split_whitespace().count(), 5);
    assert_ne!(of(0), of(1));
    assert!(outcome.received.finished);
    assert_eq!(outcome.received.usage.unwrap().output, 10);

    body["stream"] = json!(false);
    let outcome = scene.attempt("tokens=5", &body).await.whole();
    let answer: Value = serde_json::from_slice(&outcome.bytes()).unwrap();
    assert_eq!(answer["choices"].as_array().unwrap().len(), 2);
    assert!(matches!(outcome.payload, Some(Payload::Verbatim(_))));
}
