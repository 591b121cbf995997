//! Streams and answers that were not recorded.

use serde_json::json;
use switchyard_dialects::codec::{AnswerFault, ProviderCodec, Taken};
use switchyard_dialects::error::classify;
use switchyard_dialects::ollama::Ollama;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, Part, TokenUsage};
use switchyard_domain::fault::FaultKind;

use crate::expected::{collect, decode_stream};

fn finish_of(body: &serde_json::Value) -> Option<FinishReason> {
    Ollama.decode(body.to_string().as_bytes()).unwrap().collect().choices[0].finish.clone()
}

#[test]
fn a_stream_says_the_same_as_the_whole_answer() {
    let call = json!({"function": {"name": "f", "arguments": {"a": [1.0]}}});
    let end = json!({"done_reason": "stop", "done": true, "prompt_eval_count": 7, "eval_count": 3, "total_duration": 9});
    let line = |message: serde_json::Value, rest: &serde_json::Value| {
        let mut line = json!({"model": "m", "created_at": "2026-08-04T19:58:39.6Z", "message": message});
        line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line
    };
    let whole = line(
        json!({"role": "assistant", "thinking": "hm, so", "content": "yes é", "tool_calls": [call, call]}),
        &end,
    );
    let open = json!({"done": false});
    let lines = [
        line(json!({"role": "assistant", "thinking": "hm, ", "content": ""}), &open),
        line(json!({"role": "assistant", "thinking": "so"}), &open),
        line(json!({"content": "yes "}), &open),
        line(json!({"content": "é"}), &open),
        line(json!({"content": "", "tool_calls": [call]}), &open),
        line(json!({"tool_calls": [call]}), &open),
        line(json!({"content": ""}), &end),
    ];
    let stream: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let streamed = collect(decode_stream(&Ollama, stream.as_bytes(), 5).unwrap());
    let decoded = Ollama.decode(whole.to_string().as_bytes()).unwrap().collect();
    assert_eq!(streamed, decoded);
    assert_eq!(streamed.choices[0].finish, Some(FinishReason::ToolCalls));
    assert_eq!(streamed.extensions[0].0, "total_duration");
    let ids: Vec<_> = streamed.choices[0].tool_calls().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_20260804T1958396Z_0_0", "call_20260804T1958396Z_0_1"]);
    let arguments: Vec<_> = streamed.choices[0].tool_calls().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, [r#"{"a":[1.0]}"#; 2]);
    assert_eq!(streamed.usage, Some(TokenUsage { input: 7, output: 3, ..TokenUsage::default() }));
}

#[test]
fn every_reason_to_end_is_told() {
    let body = |word: &str| json!({"message": {"content": "x"}, "done": true, "done_reason": word});
    assert_eq!(finish_of(&body("stop")), Some(FinishReason::Stop));
    assert_eq!(finish_of(&body("length")), Some(FinishReason::Length));
    assert_eq!(finish_of(&body("load")), Some(FinishReason::Other("load".to_owned())));
    assert_eq!(finish_of(&json!({"message": {"content": "x"}, "done": true})), Some(FinishReason::Stop));
    assert_eq!(finish_of(&json!({"message": {"content": "x"}, "done": false})), None);
    let cut = json!({"message": {"tool_calls": [{"function": {"name": "f"}}]}, "done": true, "done_reason": "length"});
    assert_eq!(finish_of(&cut), Some(FinishReason::Length));
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let mut reader = Ollama.reader(1);
    let mut out = Vec::new();
    let line = br#"{"message":{"content":"a"},"done":false}"#;
    assert_eq!(reader.event(None, line, &mut out), Ok(Taken::Chunk));
    let error =
        reader.event(None, br#"{"error":"model runner has unexpectedly stopped"}"#, &mut out).unwrap_err();
    assert_eq!(error.message, "model runner has unexpectedly stopped");
    assert_eq!(classify(200, &error), FaultKind::ServerError);
    assert!(!reader.is_finished());
    assert!(out.contains(&ChatEvent::Delta { choice: 0, delta: Delta::Text("a".to_owned()) }));
}

#[test]
fn what_is_no_answer_is_told_apart() {
    assert_eq!(Ollama.decode(b"<html>"), Err(AnswerFault::NotJson));
    assert_eq!(Ollama.decode(br#"{"models":[]}"#), Err(AnswerFault::NoChoices));
    let Err(AnswerFault::Error(error)) = Ollama.decode(br#"{"error":"no such model"}"#) else {
        panic!("no error")
    };
    assert_eq!(error.message, "no such model");
}

#[test]
fn after_the_end_nothing_counts_and_notices_are_passed_over() {
    let mut reader = Ollama.reader(1);
    let mut out = Vec::new();
    assert_eq!(reader.event(None, br#"{"status":"pulling"}"#, &mut out), Ok(Taken::Unknown));
    assert_eq!(reader.event(None, b"pulling", &mut out), Ok(Taken::Malformed));
    assert!(!reader.is_finished());
    let end = br#"{"message":{"content":"x"},"done":true,"done_reason":"stop"}"#;
    assert_eq!(reader.event(None, end, &mut out), Ok(Taken::Chunk));
    assert!(reader.is_finished());
    let before = out.clone();
    assert_eq!(reader.event(None, end, &mut out), Ok(Taken::Done));
    assert_eq!(reader.event(None, br#"{"error":"late"}"#, &mut out), Ok(Taken::Done));
    reader.finish(&mut out);
    assert_eq!(out, before);
}

#[test]
fn absurd_counts_are_corrected_and_told() {
    for (counts, corrected) in [
        (r#""prompt_eval_count":5,"eval_count":-1"#, true),
        (r#""prompt_eval_count":1e99,"eval_count":1"#, true),
        (r#""prompt_eval_count":5.5,"eval_count":1"#, true),
        (r#""prompt_eval_count":5"#, true),
        (r#""prompt_eval_count":5,"eval_count":2"#, false),
    ] {
        let body = format!(r#"{{"message":{{"content":"x"}},"done":true,{counts}}}"#);
        let decoded = Ollama.decode(body.as_bytes()).unwrap();
        assert_eq!(decoded.usage_corrected, corrected, "{counts}");
        let usage = decoded.collect().usage.unwrap();
        assert!(usage.input <= u32::MAX.into() && usage.output <= u32::MAX.into(), "{counts}");
    }
    // An answer of nothing: the zero is left out.
    let body = br#"{"message":{"content":""},"done":true,"done_reason":"load","prompt_eval_count":5}"#;
    assert!(!Ollama.decode(body).unwrap().usage_corrected);
}

#[test]
fn log_probabilities_are_given_in_openais_form() {
    let body = br#"{"message":{"content":"a"},"done":true,"logprobs":
        [{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1.25}]},{"token":"c","logprob":-2}]}"#;
    let answer = Ollama.decode(body).unwrap().collect();
    let expected = concat!(
        r#"{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1.25,"bytes":null}]},"#,
        r#"{"token":"c","logprob":-2,"bytes":null,"top_logprobs":[]}]}"#
    );
    assert_eq!(answer.choices[0].logprobs[0].as_str(), expected);
}

#[test]
fn half_a_character_and_odd_calls_do_no_harm() {
    let body = br#"{"message":{"content":"a\ud83d","tool_calls":[7,{"function":{"name":"f","arguments":"{\"a\":1}"}},{}]},"done":true}"#;
    let answer = Ollama.decode(body).unwrap().collect();
    assert_eq!(answer.text(), "a\u{fffd}");
    let calls: Vec<_> = answer.choices[0].tool_calls().collect();
    assert_eq!((calls.len(), calls[0].arguments.as_str()), (1, r#"{"a":1}"#));
    assert!(matches!(answer.choices[0].parts[1], Part::ToolCall(_)));
}
