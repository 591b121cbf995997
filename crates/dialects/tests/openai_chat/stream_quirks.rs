//! Streams as providers send them that are not OpenAI, or not well.

use rstest::rstest;
use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerFault, StreamReader, Taken};
use switchyard_dialects::openai_chat::stream::{StreamDecoder, peek};
use switchyard_dialects::openai_chat::{UsageRule, answer};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, FinishReason, Part, Signature, ToolCallKind};

use crate::corpus_answers::collect;

/// A chunk of one choice.
fn chunk(delta: &Value, finish: &Value) -> Value {
    json!({"id": "a", "object": "chat.completion.chunk", "created": 7, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

fn said(delta: &Value) -> Value {
    chunk(delta, &Value::Null)
}

fn read(chunks: &[Value]) -> ChatAnswer {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let mut events = Vec::new();
    for chunk in chunks {
        let taken = decoder.event(None, chunk.to_string().as_bytes(), &mut events).unwrap();
        assert_eq!(taken, Taken::Chunk, "{chunk}");
    }
    decoder.finish(&mut events);
    collect(events)
}

fn calls(answer: &ChatAnswer) -> Vec<(String, String, String)> {
    let calls = answer.choices[0].tool_calls();
    calls.map(|call| (call.id.clone(), call.name.clone(), call.arguments.clone())).collect()
}

fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), arguments.to_owned())
}

#[test]
fn calls_without_a_number_are_told_apart_by_their_ids() {
    let answer = read(&[
        said(&json!({"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": "{\"a\""}}]})),
        said(&json!({"tool_calls": [{"function": {"arguments": ":1}"}}]})),
        said(&json!({"tool_calls": [{"id": "y", "function": {"name": "g", "arguments": "{}"}}]})),
        said(&json!({"tool_calls": [{"id": "x", "function": {"arguments": " "}}]})),
    ]);
    assert_eq!(calls(&answer), [call("x", "f", "{\"a\":1} "), call("y", "g", "{}")]);
}

#[test]
fn whole_calls_with_neither_number_nor_id_are_calls_each() {
    let whole = |name: &str| json!({"type": "function", "function": {"name": name, "arguments": {"n": 1}}});
    let answer = read(&[said(&json!({"tool_calls": [whole("f"), whole("f")]}))]);
    assert_eq!(calls(&answer), [call("", "f", "{\"n\":1}"), call("", "f", "{\"n\":1}")]);
}

#[test]
fn whole_calls_that_all_have_the_number_0_are_calls_each() {
    let whole = |id: &str| json!({"index": 0, "id": id, "function": {"name": "f", "arguments": "{}"}});
    let answer =
        read(&[said(&json!({"tool_calls": [whole("x")]})), said(&json!({"tool_calls": [whole("y")]}))]);
    assert_eq!(calls(&answer), [call("x", "f", "{}"), call("y", "f", "{}")]);
}

#[test]
fn an_id_or_a_name_that_is_repeated_in_every_piece_begins_no_new_call() {
    let piece = |arguments: &str| {
        let function = json!({"name": "f", "arguments": arguments});
        said(&json!({"tool_calls": [{"index": 0, "id": "x", "function": function}]}))
    };
    assert_eq!(calls(&read(&[piece("{"), piece("}")])), [call("x", "f", "{}")]);
    let random = |id: &str, arguments: &str| {
        let function = json!({"name": null, "arguments": arguments});
        said(&json!({"tool_calls": [{"index": 0, "id": id, "function": function}]}))
    };
    let answer = read(&[piece("{"), random("y", "}"), random("", " ")]);
    assert_eq!(calls(&answer), [call("x", "f", "{} ")]);
}

#[test]
fn a_name_that_comes_late_or_never_loses_no_arguments() {
    let piece = |name: &str, arguments: &str| {
        said(
            &json!({"tool_calls": [{"index": 3, "id": "x", "function": {"name": name, "arguments": arguments}}]}),
        )
    };
    assert_eq!(calls(&read(&[piece("", "{"), piece("f", "}")])), [call("x", "f", "{}")]);
    assert_eq!(calls(&read(&[piece("", "{}")])), [call("x", "", "{}")]);
    let ended = [piece("", "{}"), chunk(&json!({}), &json!("tool_calls"))];
    assert_eq!(calls(&read(&ended)), [call("x", "", "{}")]);
}

#[test]
fn the_first_form_of_function_calling_is_one_call_in_pieces() {
    let answer = read(&[
        said(&json!({"function_call": {"name": "f", "arguments": ""}})),
        said(&json!({"function_call": {"arguments": "{}"}})),
        chunk(&json!({}), &json!("function_call")),
    ]);
    assert_eq!(calls(&answer), [call("", "f", "{}")]);
    assert_eq!(answer.choices[0].tool_calls().next().unwrap().kind, ToolCallKind::LegacyFunction);
    assert_eq!(answer.choices[0].finish, Some(FinishReason::ToolCalls));
}

#[test]
fn a_proof_beside_a_call_is_kept_with_it() {
    let extra = json!({"google": {"thought_signature": "proof"}});
    let function = json!({"name": "f", "arguments": "{}"});
    let answer = read(&[said(
        &json!({"tool_calls": [{"index": 0, "id": "x", "function": function, "extra_content": extra}]}),
    )]);
    let signature = answer.choices[0].tool_calls().next().unwrap().signature.clone();
    assert_eq!(signature, Some(Signature::new(Signature::GOOGLE, "proof")));
}

#[test]
fn content_in_the_chunk_that_ends_the_choice_counts() {
    let answer = read(&[chunk(&json!({"content": "all"}), &json!("stop"))]);
    assert_eq!((answer.text().as_str(), &answer.choices[0].finish), ("all", &Some(FinishReason::Stop)));
}

#[test]
fn thoughts_and_texts_in_lists_and_strings_make_one_reasoning_and_one_text() {
    let answer = read(&[
        said(&json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]})),
        said(&json!({"content": [{"type": "thinking", "thinking": "m"}, {"type": "text", "text": "a"}]})),
        said(&json!({"content": "b"})),
    ]);
    let [Part::Reasoning(reasoning), Part::Text { text }] = answer.choices[0].parts.as_slice() else {
        panic!("{answer:?}")
    };
    assert_eq!((reasoning.text.as_str(), text.as_str()), ("hmm", "ab"));
}

#[test]
fn interleaved_choices_are_kept_apart() {
    let piece = |index: u32, text: &str| json!({"id": "a", "model": "m", "choices": [{"index": index, "delta": {"content": text}}]});
    let answer = read(&[piece(1, "x"), piece(0, "a"), piece(1, "y"), piece(0, "b")]);
    let texts: Vec<_> = answer.choices.iter().map(|choice| (choice.index, choice.text())).collect();
    assert_eq!(texts, [(0, "ab".to_owned()), (1, "xy".to_owned())]);
}

#[test]
fn the_answer_has_the_name_of_the_first_chunk_that_speaks_of_it() {
    let preface = json!({"id": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": [1]});
    let answer = read(&[preface, said(&json!({"content": "x"}))]);
    assert_eq!((answer.id.as_str(), answer.model.as_str(), answer.created), ("a", "m", Some(7)));
    assert_eq!(answer.extensions[0].0, "prompt_filter_results");
}

#[test]
fn running_totals_replace_each_other() {
    let counted = |output: u64| {
        let mut chunk = said(&json!({"content": "x"}));
        chunk["usage"] = json!({"prompt_tokens": 5, "completion_tokens": output});
        chunk
    };
    assert_eq!(read(&[counted(1), counted(2), counted(3)]).usage.unwrap().output, 3);
}

#[test]
fn absurd_counts_are_reported_with_the_stream() {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let data = r#"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":2}}"#;
    assert!(!decoder.usage_corrected());
    decoder.event(None, data.as_bytes(), &mut Vec::new()).unwrap();
    assert!(decoder.usage_corrected());
    let peeked = peek(None, data.as_bytes(), UsageRule::default(), &mut String::new()).unwrap();
    assert!(peeked.is_closing_usage && peeked.usage.unwrap().corrected);
}

#[test]
fn after_the_end_nothing_counts() {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let mut events = Vec::new();
    let text = chunk(&json!({"content": "x"}), &json!("stop")).to_string();
    assert_eq!(decoder.event(None, text.as_bytes(), &mut events), Ok(Taken::Chunk));
    assert!(decoder.is_finished() && !decoder.is_done());
    assert_eq!(decoder.event(None, b" [DONE] ", &mut events), Ok(Taken::Done));
    let before = events.len();
    for data in [text.as_bytes(), b"[DONE]", b"{", br#"{"error":"late"}"#] {
        assert_eq!(decoder.event(None, data, &mut events), Ok(Taken::Done));
    }
    assert!(decoder.is_done());
    assert_eq!(events.len(), before);
}

#[rstest]
#[case(r#"{"error":{"message":"boom"}}"#)]
#[case(r#"{"error":"boom"}"#)]
#[case(r#"{"object":"error","message":"boom","code":"1"}"#)]
#[case(r#"{"type":"error","error":{"type":"overloaded_error","message":"boom"}}"#)]
#[case(r#"{"detail":"boom"}"#)]
#[case(r#"{"id":"a","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"boom"}}"#)]
#[case(r#"{"id":"a","choices":[{"index":0,"delta":{"content":""},"error":{"message":"boom","code":502}}]}"#)]
fn an_error_in_the_stream_is_one_in_every_shape(#[case] data: &str) {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let decoded = decoder.event(None, data.as_bytes(), &mut Vec::new()).unwrap_err();
    let mut output = String::new();
    let peeked = peek(None, data.as_bytes(), UsageRule::default(), &mut output).unwrap_err();
    assert_eq!((decoded.message.as_str(), &peeked), ("boom", &decoded));
    assert!(output.is_empty());
}

#[rstest]
#[case(r#"{"message":"boom"}"#, "boom")]
#[case("boom", "boom")]
#[case(r#"{"choices":[{"delta":{"content":"x"}}]}"#, "the provider gave no reason")]
fn an_event_that_is_called_an_error_is_one_whatever_it_says(#[case] data: &str, #[case] message: &str) {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let decoded = decoder.event(Some(b"error"), data.as_bytes(), &mut Vec::new()).unwrap_err();
    let peeked = peek(Some(b"error"), data.as_bytes(), UsageRule::default(), &mut String::new()).unwrap_err();
    assert_eq!((decoded.message.as_str(), &peeked), (message, &decoded));
}

#[rstest]
#[case("{\"choices\":", Taken::Malformed)]
#[case("<html>", Taken::Malformed)]
#[case("[]", Taken::Malformed)]
#[case("7", Taken::Malformed)]
#[case("", Taken::Malformed)]
#[case(r#"{"type":"ping"}"#, Taken::Unknown)]
#[case(r#"{"choices":"none"}"#, Taken::Unknown)]
#[case(r#"{"choices":[],"error":null}"#, Taken::Chunk)]
#[case(r#"{"choices":[],"error":""}"#, Taken::Chunk)]
#[case(r#"{"choices":null}"#, Taken::Chunk)]
#[case(r#"{"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#, Taken::Chunk)]
#[case(
    r#"{"choices":[7,null,{"delta":null},{"delta":7},{"delta":{"tool_calls":7,"content":7}}]}"#,
    Taken::Chunk
)]
fn what_is_no_chunk_is_told_from_what_is(#[case] data: &str, #[case] expected: Taken) {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    assert_eq!(decoder.event(None, data.as_bytes(), &mut Vec::new()), Ok(expected));
    let mut output = String::new();
    let peeked = peek(None, data.as_bytes(), UsageRule::default(), &mut output).unwrap();
    assert_eq!(peeked.taken, expected);
    assert!(!peeked.has_content && output.is_empty());
}

#[test]
fn half_characters_become_the_replacement_character() {
    let escaped = br#"{"choices":[{"delta":{"content":"a\ud83d"}}]}"#.as_slice();
    let raw = b"{\"choices\":[{\"delta\":{\"content\":\"a\xf0\x9f\"}}]}".as_slice();
    for data in [escaped, raw] {
        let (mut events, mut output) = (Vec::new(), String::new());
        StreamDecoder::new(UsageRule::default(), 1).event(None, data, &mut events).unwrap();
        assert_eq!(collect(events).text(), "a\u{fffd}");
        let peeked = peek(None, data, UsageRule::default(), &mut output).unwrap();
        assert!(peeked.has_content);
        assert_eq!(output, "a\u{fffd}");
    }
}

#[test]
fn a_broken_event_leaves_no_text_behind() {
    let mut output = "kept".to_owned();
    let data = br#"{"choices":[{"delta":{"content":"lost"}}]"#;
    assert_eq!(peek(None, data, UsageRule::default(), &mut output).unwrap().taken, Taken::Malformed);
    assert_eq!(output, "kept");
}

#[test]
fn of_lists_of_choices_the_last_one_counts_for_the_look_as_for_the_reader() {
    let list = r#""choices":[{"delta":{"content":"first"},"finish_reason":"stop"}]"#;
    for (last, taken) in [("0", Taken::Unknown), ("[]", Taken::Chunk)] {
        let data = format!(r#"{{{list},"choices":{last}}}"#);
        let mut output = "kept".to_owned();
        let peeked = peek(None, data.as_bytes(), UsageRule::default(), &mut output).unwrap();
        assert_eq!((peeked.taken, peeked.has_content, output.as_str()), (taken, false, "kept"), "{data}");
        assert!(peeked.choices.is_empty() && peeked.finished.is_empty(), "{data}");
        let mut events = Vec::new();
        let read = StreamDecoder::new(UsageRule::default(), 1).event(None, data.as_bytes(), &mut events);
        assert_eq!(read, Ok(taken), "{data}");
        let body = data.replace("delta", "message");
        let decoded = answer::decode(body.as_bytes(), UsageRule::default()).map(|answer| answer.events);
        assert_eq!(decoded, Err(AnswerFault::NoChoices), "{body}");
    }
}

#[test]
fn members_beside_the_choices_are_told_when_they_come_or_change() {
    let mut first = said(&json!({"content": "x"}));
    first["system_fingerprint"] = json!("fp");
    let mut second = first.clone();
    second["citations"] = json!(["u"]);
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let mut events = Vec::new();
    for chunk in [&first, &first, &second, &second] {
        decoder.event(None, chunk.to_string().as_bytes(), &mut events).unwrap();
    }
    let told = events.iter().filter(|event| matches!(event, ChatEvent::Extension { .. })).count();
    assert_eq!(told, 1);
    let names: Vec<_> = collect(events).extensions.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["system_fingerprint", "citations"]);
}

#[test]
fn a_choice_that_is_left_open_by_the_last_word_ends_there_for_what_it_did() {
    let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
    let mut events = Vec::new();
    let call = json!({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}]});
    let mut second = said(&json!({"content": "so"}));
    second["choices"][0]["index"] = json!(1);
    for chunk in [said(&call), second] {
        decoder.event(None, chunk.to_string().as_bytes(), &mut events).unwrap();
    }
    assert!(!decoder.is_finished());
    assert_eq!(decoder.event(None, b"[DONE]", &mut events), Ok(Taken::Done));
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Finished { choice, reason } => Some((*choice, reason.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [(0, FinishReason::ToolCalls), (1, FinishReason::Stop)]);
}
