//! Streams and answers that were not recorded.

use serde_json::{Value, json};
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::{AnswerFault, ProviderCodec, Taken};
use switchyard_dialects::error::{RetryHints, classify};
use switchyard_domain::chat::{CitationSource, FinishReason, MediaSource, Part, Signature, TokenUsage};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::aws_frames::{encode_event, encode_exception};

use crate::expected::{collect, decode_stream, events_of};

fn stream_of(events: &[(&str, Value)]) -> Vec<u8> {
    events
        .iter()
        .flat_map(|(name, payload)| encode_event(name, payload.to_string().as_bytes()).to_vec())
        .collect()
}

fn delta(index: u32, delta: &Value) -> (&'static str, Value) {
    ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "abc"}))
}

fn start(index: u32, start: &Value) -> (&'static str, Value) {
    ("contentBlockStart", json!({"contentBlockIndex": index, "start": start}))
}

fn stop(index: u32) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn usage() -> Value {
    json!({"inputTokens": 5, "outputTokens": 2, "totalTokens": 107, "cacheReadInputTokens": 60, "cacheReadInputTokenCount": 60,
        "cacheWriteInputTokenCount": 40, "cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}]})
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    let citation = json!({"title": "T", "sourceContent": [{"text": "so"}, {"text": "urce"}],
        "location": {"documentPage": {"documentIndex": 2, "start": 1, "end": 2}}});
    let page = json!({"location": {"web": {"url": "https://e.org", "domain": "e.org"}}});
    let search = json!({"source": "https://s.org", "title": "S", "location": {"searchResultLocation": {"searchResultIndex": 0}}});
    let call = |id: &str| json!({"toolUseId": id, "name": "f"});
    let with = |mut call: Value, input: Value| {
        call["input"] = input;
        call
    };
    let fields = json!({"stop_sequence": "END"});
    let whole = json!({"stopReason": "tool_use", "usage": usage(), "metrics": {"latencyMs": 1},
        "additionalModelResponseFields": fields,
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm, so", "signature": "sig=="}}},
            {"reasoningContent": {"redactedContent": "UkVE"}},
            {"text": "é "},
            {"citationsContent": {"content": [{"text": "cited"}], "citations": [citation, page, search]}},
            {"toolUse": with(call("c1"), json!({"a": 1}))},
            {"toolUse": with(call("c2"), json!({}))},
            {"toolUse": with(call("c3"), json!({}))},
            {"image": {"format": "png", "source": {"bytes": "QUJD"}}}]}}});
    let stream = stream_of(&[
        ("messageStart", json!({"role": "assistant", "p": "x"})),
        delta(0, &json!({"reasoningContent": {"text": "hm, "}})),
        delta(0, &json!({"reasoningContent": {"text": "so"}})),
        delta(0, &json!({"reasoningContent": {"signature": "sig"}})),
        delta(0, &json!({"reasoningContent": {"signature": "=="}})),
        stop(0),
        delta(1, &json!({"reasoningContent": {"redactedContent": "UkVE"}})),
        stop(1),
        delta(2, &json!({"text": "é "})),
        stop(2),
        delta(3, &json!({"citation": citation})),
        delta(3, &json!({"citation": page})),
        delta(3, &json!({"text": "ci"})),
        delta(3, &json!({"text": "ted"})),
        delta(3, &json!({"citation": search})),
        stop(3),
        start(4, &json!({"toolUse": call("c1")})),
        start(5, &json!({"toolUse": call("c2")})),
        delta(4, &json!({"toolUse": {"input": "{\"a\""}})),
        delta(5, &json!({"toolUse": {"input": "{}"}})),
        delta(4, &json!({"toolUse": {"input": ":1}"}})),
        stop(4),
        stop(5),
        start(6, &json!({"toolUse": call("c3")})),
        delta(6, &json!({"toolUse": {"input": ""}})),
        stop(6),
        start(7, &json!({"image": {"format": "png"}})),
        delta(7, &json!({"image": {"source": {"bytes": "QUJD"}}})),
        stop(7),
        ("messageStop", json!({"stopReason": "tool_use", "additionalModelResponseFields": fields})),
        ("metadata", json!({"usage": usage(), "metrics": {"latencyMs": 1}})),
    ]);
    let mut streamed = collect(decode_stream(&BedrockConverse, &stream, 11).unwrap());
    let mut decoded = BedrockConverse.decode(whole.to_string().as_bytes()).unwrap().collect();
    for answer in [&mut streamed, &mut decoded] {
        answer.extensions.sort_by(|a, b| a.0.cmp(&b.0));
    }
    assert_eq!(streamed, decoded);
    let choice = &streamed.choices[0];
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    let Part::Reasoning(thought) = &choice.parts[0] else { panic!("no thought") };
    let proof = Signature::new(Signature::ANTHROPIC, "sig==");
    assert_eq!((thought.text.as_str(), thought.signature.as_ref()), ("hm, so", Some(&proof)));
    let source = MediaSource::Inline { media_type: "image/png".to_owned(), base64: "QUJD".to_owned() };
    assert_eq!(choice.parts.last(), Some(&Part::Image { source, detail: None }));
    let sources: Vec<_> = choice.citations.iter().map(|citation| (&citation.source, citation.span)).collect();
    let url = |url: &str, title: Option<&str>| CitationSource::Url {
        url: url.to_owned(),
        title: title.map(str::to_owned),
    };
    let expected = [
        CitationSource::Document { index: Some(2), title: Some("T".to_owned()) },
        url("https://e.org", None),
        url("https://s.org", Some("S")),
    ];
    assert_eq!(sources, expected.each_ref().map(|source| (source, Some((2, 7)))));
    assert_eq!(choice.citations[0].quote.as_deref(), Some("source"));
    let counted = TokenUsage {
        input: 105,
        cached_input: 60,
        cache_write: 10,
        cache_write_1h: 30,
        output: 2,
        ..TokenUsage::default()
    };
    assert_eq!(streamed.usage, Some(counted));
}

#[test]
fn every_reason_to_end_is_told() {
    let reason = |word: &str, fields: Value| {
        let body = json!({"output": {"message": {"content": [{"text": "x"}]}}, "stopReason": word,
            "additionalModelResponseFields": fields});
        let answer = BedrockConverse.decode(body.to_string().as_bytes()).unwrap().collect();
        answer.choices[0].finish.clone().unwrap()
    };
    for (word, expected) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("guardrail_intervened", FinishReason::ContentFilter),
        ("content_filtered", FinishReason::ContentFilter),
        ("malformed_model_output", FinishReason::Error),
        ("malformed_tool_use", FinishReason::Error),
        ("new_word", FinishReason::Other("new_word".to_owned())),
    ] {
        assert_eq!(reason(word, json!(null)), expected, "{word}");
    }
    let met = FinishReason::StopSequence("END".to_owned());
    assert_eq!(reason("stop_sequence", json!({"stop_sequence": "END"})), met);
    assert_eq!(reason("end_turn", json!({"stop_sequence": null})), FinishReason::Stop);
}

#[test]
fn exceptions_in_the_middle_of_a_stream_are_errors_of_their_kind() {
    for (name, payload, kind, status) in [
        ("throttlingException", json!({"message": "m"}), FaultKind::Throttled, Some(429)),
        ("modelStreamErrorException", json!({"message": "m"}), FaultKind::ServerError, Some(424)),
        (
            "modelStreamErrorException",
            json!({"message": "m", "originalStatusCode": 429}),
            FaultKind::Throttled,
            Some(429),
        ),
        ("validationException", json!({"message": "m"}), FaultKind::Rejected, Some(400)),
        ("internalServerException", json!({"message": "m"}), FaultKind::ServerError, Some(500)),
        ("serviceUnavailableException", json!({"Message": "m"}), FaultKind::ServerError, Some(503)),
        ("modelTimeoutException", json!({"message": "m"}), FaultKind::Transient, Some(408)),
        ("quiteNewException", json!({"message": "m"}), FaultKind::ServerError, None),
    ] {
        let mut bytes =
            stream_of(&[("messageStart", json!({"role": "assistant"})), delta(0, &json!({"text": "a"}))]);
        bytes.extend_from_slice(&encode_exception(name, payload.to_string().as_bytes()));
        let mut reader = BedrockConverse.reader(1);
        let mut out = Vec::new();
        let error = events_of(&BedrockConverse, &bytes, 9)
            .iter()
            .find_map(|(name, data)| reader.event(name.as_deref(), data, &mut out).err())
            .unwrap();
        assert_eq!((error.message.as_str(), error.kind.as_deref(), error.status), ("m", Some(name), status));
        assert_eq!(classify(200, &error), kind, "{name}");
        assert!(!reader.is_finished() && out.len() == 2, "{name}");
    }
}

#[test]
fn failures_without_words_and_of_the_protocol_are_errors_too() {
    let mut reader = BedrockConverse.reader(1);
    let mut out = Vec::new();
    let error = reader.event(Some(b"throttlingException"), b"", &mut out).unwrap_err();
    assert_eq!((classify(200, &error), error.message.is_empty()), (FaultKind::Throttled, false));
    let data = br#"{"error":{"code":"InternalFailure","message":"it broke"}}"#;
    let error = reader.event(Some(b"error"), data, &mut out).unwrap_err();
    assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("InternalFailure"), "it broke"));
    assert_eq!(classify(200, &error), FaultKind::ServerError);
}

#[test]
fn error_answers_of_every_status_are_told_apart() {
    for (status, kind) in [
        (400, FaultKind::Rejected),
        (403, FaultKind::AuthFailed),
        (404, FaultKind::Rejected),
        (408, FaultKind::Transient),
        (424, FaultKind::ServerError),
        (429, FaultKind::Throttled),
        (500, FaultKind::ServerError),
        (503, FaultKind::ServerError),
    ] {
        let fault = BedrockConverse.fault(status, br#"{"Message":"m"}"#, RetryHints::default(), None);
        assert_eq!((fault.kind, fault.message.as_str()), (kind, "m"), "{status}");
    }
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(BedrockConverse.decode(b"<html>"), Err(AnswerFault::NotJson));
    assert_eq!(BedrockConverse.decode(br#"{"output":{}}"#), Err(AnswerFault::NoChoices));
    let error = BedrockConverse.decode(br#"{"message":"m"}"#).unwrap_err();
    assert!(matches!(error, AnswerFault::Error(error) if error.message == "m"));
}

#[test]
fn the_stop_ends_it_the_count_closes_it_and_nothing_counts_after_that() {
    let mut reader = BedrockConverse.reader(1);
    let mut out = Vec::new();
    let mut take = |name: &str, data: Value| {
        let taken = reader.event(Some(name.as_bytes()), data.to_string().as_bytes(), &mut out).unwrap();
        (taken, reader.is_finished())
    };
    assert_eq!(take("messageStart", json!({})), (Taken::Chunk, false));
    assert_eq!(take("ping", json!({})), (Taken::Unknown, false));
    assert_eq!(take("contentBlockDelta", json!([])), (Taken::Malformed, false));
    assert_eq!(take("messageStop", json!({"stopReason": "end_turn"})), (Taken::Chunk, true));
    assert_eq!(take("metadata", json!({"usage": usage()})), (Taken::Chunk, true));
    assert_eq!(take("metadata", json!({"usage": usage()})), (Taken::Done, true));
    assert_eq!(out.len(), 3);
}

#[test]
fn a_stream_without_ends_of_blocks_gives_what_it_held_back() {
    let stream = stream_of(&[
        delta(0, &json!({"reasoningContent": {"text": "hm"}})),
        delta(0, &json!({"reasoningContent": {"signature": "s"}})),
        start(1, &json!({"toolUse": {"toolUseId": "c", "name": "x", "type": "server_tool_use"}})),
        delta(1, &json!({"toolUse": {"input": "{\"cut"}})),
        ("messageStop", json!({"stopReason": "max_tokens"})),
    ]);
    let answer = collect(decode_stream(&BedrockConverse, &stream, 64).unwrap());
    let Part::Reasoning(thought) = &answer.choices[0].parts[0] else { panic!("no thought") };
    assert_eq!(thought.signature.as_ref().map(|proof| proof.value.as_str()), Some("s"));
    let Part::Native { json, .. } = &answer.choices[0].parts[1] else { panic!("no tool") };
    let block: Value = serde_json::from_str(json.as_str()).unwrap();
    let expected = json!({"toolUseId": "c", "name": "x", "type": "server_tool_use", "input": "{\"cut"});
    assert_eq!(block["toolUse"], expected);
}

#[test]
fn absurd_counts_are_corrected_and_told() {
    for (counts, corrected) in [
        (json!({"inputTokens": -1, "outputTokens": 1}), true),
        (json!({"inputTokens": 1.5, "outputTokens": 1}), true),
        (json!({"inputTokens": 1}), true),
        (json!({"inputTokens": 1, "outputTokens": 1, "cacheReadInputTokens": 1e12}), true),
        (json!({"inputTokens": 1, "outputTokens": 1}), false),
    ] {
        let body = json!({"output": {"message": {"content": []}}, "stopReason": "end_turn", "usage": counts});
        let decoded = BedrockConverse.decode(body.to_string().as_bytes()).unwrap();
        assert_eq!(decoded.usage_corrected, corrected, "{counts}");
    }
}

#[test]
fn a_message_that_stops_without_a_reason_has_ended_all_the_same() {
    let stream = stream_of(&[
        ("messageStart", json!({"role": "assistant"})),
        delta(0, &json!({"text": "hi"})),
        ("messageStop", json!({"p": "abc"})),
    ]);
    let answer = collect(decode_stream(&BedrockConverse, &stream, 7).unwrap());
    assert_eq!((answer.text().as_str(), &answer.choices[0].finish), ("hi", &Some(FinishReason::Stop)));
}
