//! Streams and answers that were not recorded.

use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerFault, ProviderCodec, Taken};
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::error::{ProviderError, classify};
use switchyard_dialects::sse::encode_event;
use switchyard_domain::chat::{CitationSource, FinishReason, TokenUsage};
use switchyard_domain::fault::FaultKind;

use crate::expected::{collect, decode_stream};

fn stream_of(events: &[Value]) -> Vec<u8> {
    let mut stream: Vec<u8> = events
        .iter()
        .flat_map(|event| encode_event(event["type"].as_str(), event.to_string().as_bytes()).to_vec())
        .collect();
    stream.extend_from_slice(b"data: [DONE]\n\n");
    stream
}

fn message(kind: &str, index: u32, message: &Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": message}})
}

fn end(delta: &Value) -> Value {
    json!({"type": "message-end", "delta": delta})
}

fn usage() -> Value {
    json!({"billed_units": {"input_tokens": 5, "output_tokens": 2}, "tokens": {"input_tokens": 500, "output_tokens": 20}})
}

fn failure_of(delta: &Value) -> ProviderError {
    let mut reader = Cohere.reader(1);
    let data = end(delta).to_string();
    let error = reader.event(Some(b"message-end"), data.as_bytes(), &mut Vec::new()).unwrap_err();
    assert!(!reader.is_finished());
    error
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    let source = |id: &str, text: &str| json!({"type": "document", "id": id, "document": {"id": id, "text": text, "title": "T"}});
    let citation = json!({"start": 1, "end": 3, "text": "és", "content_index": 1, "type": "TEXT_CONTENT",
        "sources": [source("document-0", "q"), source("other", "r")]});
    let of_thought = json!({"start": 0, "end": 1, "text": "h", "type": "THINKING_CONTENT", "sources":
        [{"type": "tool", "id": "f:0", "tool_output": {"a": 1}}]});
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let fragment = |arguments: &str| json!({"function": {"arguments": arguments}});
    let whole = json!({"id": "a", "finish_reason": "TOOL_CALL", "usage": usage(), "message": {
        "role": "assistant", "tool_plan": "first", "citations": [citation, of_thought],
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yés"}],
        "tool_calls": [call("c1", "{\"a\":1}"), call("c2", "")]}});
    let stream = stream_of(&[
        json!({"type": "message-start", "id": "a", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": ""}}}),
        message("tool-plan-delta", 0, &json!({"tool_plan": "fir"})),
        message("tool-plan-delta", 0, &json!({"tool_plan": "st"})),
        message("content-start", 0, &json!({"content": {"type": "thinking", "thinking": ""}})),
        message("content-delta", 0, &json!({"content": {"thinking": "hm"}})),
        json!({"type": "content-end", "index": 0}),
        message("content-start", 1, &json!({"content": {"type": "text", "text": "y"}})),
        message("content-delta", 1, &json!({"content": {"text": "és"}})),
        json!({"type": "content-end", "index": 1}),
        message("tool-call-start", 0, &json!({"tool_calls": call("c1", "")})),
        message("tool-call-delta", 0, &json!({"tool_calls": fragment("{\"a\"")})),
        message("tool-call-start", 1, &json!({"tool_calls": [call("c2", "")]})),
        message("tool-call-delta", 0, &json!({"tool_calls": fragment(":1}")})),
        json!({"type": "tool-call-end", "index": 0}),
        message("citation-start", 0, &json!({"citations": citation})),
        json!({"type": "citation-end", "index": 0}),
        message("citation-start", 1, &json!({"citations": [of_thought]})),
        end(&json!({"finish_reason": "TOOL_CALL", "usage": usage()})),
    ]);
    let streamed = collect(decode_stream(&Cohere, &stream, 7).unwrap());
    let decoded = Cohere.decode(whole.to_string().as_bytes()).unwrap().collect();
    assert_eq!(streamed, decoded);
    let choice = &streamed.choices[0];
    let found: Vec<_> = choice.citations.iter().map(|citation| (&citation.source, citation.span)).collect();
    let document = |index, title: &str| CitationSource::Document { index, title: Some(title.to_owned()) };
    let expected = [
        (document(Some(0), "T"), Some((1, 3))),
        (document(None, "T"), Some((1, 3))),
        (document(None, "f:0"), None),
    ];
    assert_eq!(found, expected.each_ref().map(|(source, span)| (source, *span)));
    assert_eq!(choice.citations[0].quote.as_deref(), Some("q"));
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    assert_eq!(streamed.usage, Some(TokenUsage { input: 5, output: 2, ..TokenUsage::default() }));
}

#[test]
fn a_call_without_arguments_has_an_empty_object_however_it_comes() {
    let call = |arguments: &str| json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let arguments = |pieces: &[&str], ends: bool| {
        let mut events = vec![message("tool-call-start", 0, &json!({"tool_calls": call(pieces[0])}))];
        events.extend(
            pieces[1..]
                .iter()
                .map(|piece| message("tool-call-delta", 0, &json!({"tool_calls": call(piece)}))),
        );
        events.extend(ends.then(|| json!({"type": "tool-call-end", "index": 0})));
        events.push(message("tool-call-start", 1, &json!({"tool_calls": call("{}")})));
        events.push(message("tool-call-delta", 0, &json!({"tool_calls": call("")})));
        events.push(end(&json!({"finish_reason": "TOOL_CALL"})));
        let answer = collect(decode_stream(&Cohere, &stream_of(&events), 64).unwrap());
        let calls: Vec<String> = answer.choices[0].tool_calls().map(|call| call.arguments.clone()).collect();
        calls[0].clone()
    };
    for ends in [true, false] {
        assert_eq!(arguments(&["null"], ends), "{}");
        assert_eq!(arguments(&["", "nu", "ll"], ends), "{}");
        assert_eq!(arguments(&["n", "ull "], ends), "null ");
        assert_eq!(arguments(&["nu"], ends), "nu");
        assert_eq!(arguments(&["{\"a\":", "null", "}"], ends), "{\"a\":null}");
        assert_eq!(arguments(&["", ""], ends), "");
    }
    let whole = json!({"id": "a", "finish_reason": "TOOL_CALL", "message": {"tool_calls": [call("null"), call("null")]}});
    let answer = Cohere.decode(whole.to_string().as_bytes()).unwrap().collect();
    assert!(answer.choices[0].tool_calls().all(|call| call.arguments == "{}"));
}

#[test]
fn a_citation_of_a_later_text_counts_from_the_texts_beginning() {
    let whole = json!({"id": "a", "finish_reason": "COMPLETE", "message": {
        "content": [{"type": "text", "text": "één "}, {"type": "text", "text": "two"}],
        "citations": [{"start": 0, "end": 3, "text": "two", "content_index": 1,
            "sources": [{"type": "document", "id": "d", "document": {"url": "https://e.org", "title": "E"}}]}]}});
    let answer = Cohere.decode(whole.to_string().as_bytes()).unwrap().collect();
    let citation = &answer.choices[0].citations[0];
    assert_eq!(citation.span, Some((4, 7)));
    let page = CitationSource::Url { url: "https://e.org".to_owned(), title: Some("E".to_owned()) };
    assert_eq!(citation.source, page);
}

#[test]
fn every_reason_to_end_is_told() {
    let reason = |word: &str, calls: Value| {
        let body =
            json!({"id": "a", "finish_reason": word, "message": {"content": "x", "tool_calls": calls}});
        Cohere.decode(body.to_string().as_bytes()).unwrap().collect().choices[0].finish.clone().unwrap()
    };
    let call = json!([{"id": "c", "function": {"name": "f", "arguments": "{}"}}]);
    assert_eq!(reason("COMPLETE", json!(null)), FinishReason::Stop);
    assert_eq!(reason("STOP_SEQUENCE", json!([])), FinishReason::Stop);
    assert_eq!(reason("complete", call.clone()), FinishReason::ToolCalls);
    assert_eq!(reason("MAX_TOKENS", call), FinishReason::Length);
    assert_eq!(reason("ERROR_TOXIC", json!(null)), FinishReason::ContentFilter);
    assert_eq!(reason("NEW_WORD", json!(null)), FinishReason::Other("NEW_WORD".to_owned()));
}

#[test]
fn an_end_in_failure_is_an_error_with_or_without_a_text() {
    let error = failure_of(&json!({"finish_reason": "ERROR", "error": "internal", "usage": {}}));
    assert_eq!((error.message.as_str(), classify(200, &error)), ("internal", FaultKind::ServerError));
    let error = failure_of(&json!({"finish_reason": "TIMEOUT"}));
    assert_eq!(error.kind.as_deref(), Some("TIMEOUT"));
    assert_eq!(classify(200, &error), FaultKind::ServerError);
    let error = failure_of(&json!({"error": "odd"}));
    assert_eq!(error.message, "odd");
    let whole = json!({"id": "a", "finish_reason": "ERROR", "message": {"content": []}});
    let fault = Cohere.decode(whole.to_string().as_bytes()).unwrap_err();
    assert!(matches!(fault, AnswerFault::Error(error) if error.kind.as_deref() == Some("ERROR")));
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(Cohere.decode(b"\n<html>"), Err(AnswerFault::NotJson));
    assert_eq!(Cohere.decode(br#"{"id":"a"}"#), Err(AnswerFault::NoChoices));
    let error = Cohere.decode(br#"{"id":"a","message":"too many tokens"}"#).unwrap_err();
    assert!(matches!(error, AnswerFault::Error(error) if error.message == "too many tokens"));
}

#[test]
fn notices_are_passed_over_and_nothing_counts_after_the_end() {
    let mut reader = Cohere.reader(1);
    let mut out = Vec::new();
    let mut take =
        |name: Option<&str>, data: &str| reader.event(name.map(str::as_bytes), data.as_bytes(), &mut out);
    assert_eq!(take(Some("debug"), r#"{"type":"debug","prompt":"x"}"#), Ok(Taken::Unknown));
    assert_eq!(take(None, r#"{"x":1}"#), Ok(Taken::Unknown));
    assert_eq!(take(None, "x"), Ok(Taken::Malformed));
    // The type may stand in the event's name alone.
    assert_eq!(take(Some("message-start"), r#"{"id":"a"}"#), Ok(Taken::Chunk));
    assert_eq!(
        take(None, r#"{"type":"tool-call-delta","index":9,"delta":{"message":{"tool_calls":{}}}}"#),
        Ok(Taken::Chunk)
    );
    assert!(take(Some("error"), r#"{"message":"m"}"#).is_err());
    let end = end(&json!({"finish_reason": "COMPLETE", "usage": usage()})).to_string();
    assert_eq!(take(None, &end), Ok(Taken::Chunk));
    assert_eq!(take(None, &end), Ok(Taken::Done));
    assert_eq!(take(None, "[DONE]"), Ok(Taken::Done));
    assert!(reader.is_finished());
    assert_eq!(out.len(), 3);
}

#[test]
fn what_is_not_billed_apart_is_what_was_read_and_absurd_counts_are_told() {
    for (counts, usage, corrected) in [
        (
            json!({"tokens": {"input_tokens": 9, "output_tokens": 3}, "cached_tokens": 4}),
            TokenUsage { input: 9, cached_input: 4, output: 3, ..TokenUsage::default() },
            false,
        ),
        (
            json!({"billed_units": {"search_units": 1}, "tokens": {"input_tokens": 9.0, "output_tokens": 3}}),
            TokenUsage { input: 9, output: 3, ..TokenUsage::default() },
            false,
        ),
        (
            json!({"billed_units": {"input_tokens": -1, "output_tokens": 1}}),
            TokenUsage { output: 1, ..TokenUsage::default() },
            true,
        ),
        (
            json!({"billed_units": {"input_tokens": 2}}),
            TokenUsage { input: 2, ..TokenUsage::default() },
            true,
        ),
    ] {
        let body =
            json!({"id": "a", "finish_reason": "COMPLETE", "message": {"content": "x"}, "usage": counts});
        let decoded = Cohere.decode(body.to_string().as_bytes()).unwrap();
        assert_eq!(decoded.usage_corrected, corrected, "{counts}");
        assert_eq!(decoded.collect().usage, Some(usage), "{counts}");
    }
    let body = json!({"id": "a", "finish_reason": "COMPLETE", "message": {"content": "x"}, "usage": {}});
    assert_eq!(Cohere.decode(body.to_string().as_bytes()).unwrap().collect().usage, None);
}

#[test]
fn log_probabilities_are_given_in_openais_form() {
    let body = json!({"id": "a", "finish_reason": "COMPLETE", "message": {"content": "ab"}, "logprobs": [
        {"text": "a", "token_ids": [1], "logprobs": [-0.5]}, {"text": "b", "token_ids": [2, 3], "logprobs": [-1, -0.25]}]});
    let answer = Cohere.decode(body.to_string().as_bytes()).unwrap().collect();
    let expected = concat!(
        r#"{"content":[{"token":"a","logprob":-0.5,"bytes":null,"top_logprobs":[]},"#,
        r#"{"token":"b","logprob":-1.25,"bytes":null,"top_logprobs":[]}]}"#
    );
    assert_eq!(answer.choices[0].logprobs[0].as_str(), expected);
}

#[test]
fn an_empty_word_for_the_end_is_no_end() {
    let body = json!({"id": "i", "finish_reason": "",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}});
    let answer = Cohere.decode(body.to_string().as_bytes()).unwrap().collect();
    assert_eq!((answer.text().as_str(), &answer.choices[0].finish), ("hi", &None));
}
