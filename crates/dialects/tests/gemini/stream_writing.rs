//! Streams for clients: what the official libraries rely on.

use serde_json::{Value, json};
use switchyard_dialects::codec::{ClientCodec, StreamFraming};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_domain::chat::{
    ChatEvent, Citation, CitationSource, Delta, FinishReason, Json, Part, Reasoning, Signature, TokenUsage,
    ToolCallKind,
};

use crate::tools::{FORM, collect, decode, events_of, read_stream, write_stream};

fn delta(delta: Delta) -> ChatEvent {
    ChatEvent::Delta { choice: 0, delta }
}

fn started() -> ChatEvent {
    ChatEvent::Started { id: "r".to_owned(), model: "m".to_owned(), created: None, extensions: Vec::new() }
}

fn pieces(events: &[ChatEvent]) -> Vec<Value> {
    let sse = write_stream(events, StreamFraming::Sse);
    let text = String::from_utf8(sse.clone()).unwrap();
    // The libraries read single lines that begin so, and blank lines between them.
    assert!(
        text.split("\n\n")
            .filter(|event| !event.is_empty())
            .all(|event| { event.starts_with("data: {") && !event.contains(['\n', '\r']) })
    );
    let pieces: Vec<Value> =
        events_of(&sse).iter().map(|data| serde_json::from_slice(data).unwrap()).collect();
    let list: Vec<Value> = serde_json::from_slice(&write_stream(events, StreamFraming::JsonArray)).unwrap();
    assert_eq!(list, pieces);
    pieces
}

#[test]
fn a_stream_is_small_answers_and_one_that_ends_it() {
    let usage = TokenUsage { input: 3, output: 2, ..TokenUsage::default() };
    let events = [
        started(),
        delta(Delta::Text("Hel".to_owned())),
        delta(Delta::Text("lo\n".to_owned())),
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
        ChatEvent::Usage(usage),
    ];
    let said = |text: &str| {
        json!({"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}],
               "modelVersion": "m", "responseId": "r"})
    };
    let mut last = said("");
    last["candidates"][0]["finishReason"] = json!("STOP");
    last["usageMetadata"] = json!({"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5});
    assert_eq!(pieces(&events), [said("Hel"), said("lo\n"), last]);
}

#[test]
fn a_call_goes_out_whole_and_in_its_order() {
    let call = |index, id: &str, name: &str| {
        delta(Delta::ToolCall {
            index,
            id: id.to_owned(),
            name: name.to_owned(),
            kind: ToolCallKind::Function,
        })
    };
    let arguments = |index, text: &str| delta(Delta::Arguments { index, fragment: text.to_owned() });
    let events = [
        started(),
        call(0, "c1", "f"),
        arguments(0, "{\"a\""),
        call(1, "", "g"),
        arguments(0, ":1}"),
        arguments(1, "{\"cut"),
        delta(Delta::ToolCallSignature { index: 0, signature: Signature::new("google", "c2ln") }),
        ChatEvent::Finished { choice: 0, reason: FinishReason::ToolCalls },
    ];
    let pieces = pieces(&events);
    let part = |at: usize| pieces[at]["candidates"][0]["content"]["parts"][0].clone();
    assert_eq!(
        part(0),
        json!({"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"})
    );
    // Cut arguments go as a text, as the member must be an object.
    assert_eq!(part(1), json!({"functionCall": {"name": "g", "args": {"input": "{\"cut"}}}));
    assert_eq!(pieces[2]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(pieces.len(), 3);
}

#[test]
fn proofs_of_every_maker_reach_the_client_and_are_read_again() {
    let foreign = Signature::new("anthropic", "EqQB+/==");
    let events = [
        started(),
        delta(Delta::Reasoning("hm".to_owned())),
        delta(Delta::ReasoningSignature(foreign.clone())),
        delta(Delta::RedactedReasoning(foreign.clone())),
        delta(Delta::Text("a".to_owned())),
        delta(Delta::Signature(Signature::new("google", "c2ln"))),
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
    ];
    let pieces = pieces(&events);
    for piece in &pieces {
        let proof = &piece["candidates"][0]["content"]["parts"][0]["thoughtSignature"];
        // Libraries decode it as base64.
        let good =
            |proof: &str| proof.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        assert!(proof.is_null() || proof.as_str().is_some_and(good), "{proof}");
    }
    let (again, finished) = read_stream(&write_stream(&events, StreamFraming::Sse)).unwrap();
    assert!(finished);
    let parts = collect(again).choices.remove(0).parts;
    let block = |text: &str, redacted| {
        Part::Reasoning(Reasoning { text: text.to_owned(), signature: Some(foreign.clone()), redacted })
    };
    let google = Part::Signature(Signature::new("google", "c2ln"));
    assert_eq!(parts, [block("hm", false), block("", true), Part::Text { text: "a".to_owned() }, google]);
}

#[test]
fn an_empty_answer_and_several_choices_end_each_with_a_reason() {
    let events = [
        started(),
        ChatEvent::Delta { choice: 1, delta: Delta::Text("b".to_owned()) },
        ChatEvent::Finished { choice: 0, reason: FinishReason::Length },
        ChatEvent::Finished { choice: 1, reason: FinishReason::ContentFilter },
    ];
    let pieces = pieces(&events);
    let last = &pieces.last().unwrap()["candidates"];
    assert_eq!((&last[0]["index"], &last[0]["finishReason"]), (&json!(0), &json!("MAX_TOKENS")));
    assert_eq!((&last[1]["index"], &last[1]["finishReason"]), (&json!(1), &json!("SAFETY")));
    assert_eq!(decode(&write_stream(&events, StreamFraming::JsonArray)), collect(events));
}

#[test]
fn sources_from_elsewhere_come_at_the_end_by_bytes() {
    let citation = |url: &str, span| {
        let source = CitationSource::Url { url: url.to_owned(), title: Some("T".to_owned()) };
        Citation { source, quote: None, span, native: None }
    };
    let citations = [
        citation("https://a.org", Some((1, 3))),
        citation("https://b.org", None),
        citation("https://a.org", Some((0, 1))),
    ];
    let mut events = vec![started(), delta(Delta::Text("äö".to_owned())), delta(Delta::Text("x".to_owned()))];
    events.extend(citations.iter().map(|citation| delta(Delta::Citation(citation.clone()))));
    events.push(ChatEvent::Finished { choice: 0, reason: FinishReason::Stop });
    let pieces = pieces(&events);
    let metadata = &pieces.last().unwrap()["candidates"][0]["groundingMetadata"];
    assert_eq!(metadata["groundingChunks"].as_array().unwrap().len(), 2);
    assert_eq!(
        metadata["groundingSupports"],
        json!([{"segment": {"startIndex": 2, "endIndex": 5}, "groundingChunkIndices": [0]},
               {"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]}])
    );
    let again = decode(&write_stream(&events, StreamFraming::JsonArray));
    let spans: Vec<_> = again.choices[0].citations.iter().map(|citation| citation.span).collect();
    assert_eq!(spans, [Some((1, 3)), Some((0, 1)), None]);
}

#[test]
fn a_member_that_means_something_else_here_is_not_written() {
    let json = |text: &str| Json::parse(text).unwrap();
    let events = [
        ChatEvent::Started {
            id: String::new(),
            model: String::new(),
            created: None,
            extensions: vec![
                ("error".to_owned(), json("1")),
                ("service_tier".to_owned(), json("\"default\"")),
            ],
        },
        delta(Delta::Extension { name: "content".to_owned(), value: json("7") }),
        delta(Delta::Extension { name: "list".to_owned(), value: json("[1,\n2]") }),
        delta(Delta::Extension { name: "list".to_owned(), value: json("[3]") }),
        delta(Delta::Text("a".to_owned())),
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
        ChatEvent::Usage(TokenUsage::default()),
    ];
    let pieces = pieces(&events);
    assert!(pieces.iter().all(|piece| piece.get("error").is_none() && piece.get("service_tier").is_none()));
    let last = pieces.last().unwrap();
    assert_eq!(last["usageMetadata"]["serviceTier"], "standard");
    assert_eq!(last["candidates"][0]["list"], json!([1, 2, 3]));
    assert!(last["candidates"][0]["content"].is_object());
    assert_eq!((&last["responseId"], &last["modelVersion"]), (&json!("fallback"), &json!("model")));
}

#[test]
fn a_stream_in_which_nothing_was_said_is_well_formed() {
    assert_eq!(pieces(&[]).len(), 1);
    assert_eq!(pieces(&[started()])[0].get("candidates"), None);
}

#[test]
fn a_refusal_ends_as_one_that_was_filtered_streamed_or_whole() {
    let events = [
        started(),
        delta(Delta::Refusal("I can't ".to_owned())),
        delta(Delta::Refusal("help.".to_owned())),
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
    ];
    let pieces = pieces(&events);
    assert_eq!(pieces[0]["candidates"][0]["content"]["parts"][0]["text"], "I can't ");
    assert_eq!(pieces.last().unwrap()["candidates"][0]["finishReason"], "SAFETY");
    let whole = GeminiClient.encode(&collect(events.to_vec()), &FORM);
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(whole["candidates"][0]["content"]["parts"], json!([{"text": "I can't help."}]));
    assert_eq!(whole["candidates"][0]["finishReason"], "SAFETY");
}
