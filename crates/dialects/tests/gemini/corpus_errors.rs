//! Every recorded error is read, cleaned and classified; errors for clients.

use std::time::Duration;

use bytes::BytesMut;
use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerForm, ClientCodec, ClientError, ProviderCodec, StreamFraming};
use switchyard_dialects::error::RetryHints;
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_domain::chat::{ChatEvent, Delta};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{self, Exchange};

use crate::score::Score;
use crate::tools::{FORM, events_of};

/// A wrong key is 400 here.
fn expected_kind(exchange: &Exchange) -> FaultKind {
    let is_key = exchange.response.body.contains("API_KEY_INVALID");
    match exchange.response.status {
        400 if is_key => FaultKind::AuthFailed,
        429 => FaultKind::Throttled,
        _ => FaultKind::Rejected,
    }
}

fn check(exchange: &Exchange) -> Result<(), String> {
    let status = exchange.response.status;
    let fault = Gemini::GOOGLE.fault(status, &exchange.answer(), RetryHints::default(), None);
    if fault.kind != expected_kind(exchange) || fault.code != Some(status.to_string()) {
        return Err(format!("kind {:?}, code {:?}", fault.kind, fault.code));
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (raw, told) = (words(exchange.expected.message.as_deref().unwrap()), words(&fault.message));
    // A long message ends early, and what looks like a key is gone.
    let same =
        raw.iter().zip(&told).all(|(raw, word)| raw == word || word == "…" || word.contains("[redacted]"));
    if same && !told.is_empty() { Ok(()) } else { Err(format!("message {told:?} for {raw:?}")) }
}

#[test]
fn every_recorded_error_answer_is_classified_and_keeps_its_message() {
    let mut score = Score::default();
    for exchange in corpus::of("gemini").unwrap() {
        if exchange.response.status >= 400 {
            score.note(exchange.provider(), &exchange.id, check(&exchange));
            assert!(Gemini::GOOGLE.decode(&exchange.answer()).is_err(), "taken for an answer");
        }
    }
    score.settle("errors", 11, &[]);
}

#[test]
fn how_long_to_wait_is_read_from_the_body_unless_a_header_says_it() {
    let exchanges = corpus::of("gemini").unwrap();
    let throttled =
        exchanges.iter().find(|exchange| exchange.id == "google-generatecontent-49fd2fb525").unwrap();
    let wait = |hints| Gemini::GOOGLE.fault(429, &throttled.answer(), hints, None).retry_after;
    assert_eq!(wait(RetryHints::default()), Some(Duration::from_secs(48)));
    let header = RetryHints { retry_after: Some(Duration::from_secs(3)), should_retry: None };
    assert_eq!(wait(header), Some(Duration::from_secs(3)));
    for (delay, expected) in [
        ("0.25s", Some(Duration::from_millis(250))),
        ("-1s", None),
        ("1e40s", None),
        ("NaNs", None),
        ("soon", None),
    ] {
        let body = json!([{"error": {"code": 429, "details": [{}, {"retryDelay": delay}]}}]).to_string();
        let fault = Gemini::GOOGLE.fault(429, body.as_bytes(), RetryHints::default(), None);
        assert_eq!(fault.retry_after, expected, "{delay}");
    }
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let mut reader = Gemini::GOOGLE.reader(1);
    let mut out = Vec::new();
    let said = br#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    reader.event(None, said, &mut out).unwrap();
    let error = br#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let error = reader.event(None, error, &mut out).unwrap_err();
    assert_eq!((error.status, error.kind.as_deref()), (Some(503), Some("UNAVAILABLE")));
    assert!(!reader.is_finished());
    let list = br#"[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#;
    assert!(Gemini::GOOGLE.decode(list).unwrap_err().to_string().contains('m'));
}

const ERROR: ClientError<'static> = ClientError {
    status: 429,
    message: "slow \"down\"",
    kind: "rate_limit_error",
    param: Some("contents[0]"),
    code: Some("rate_limit_exceeded"),
    request_id: Some("req-1"),
};

#[test]
fn clients_get_googles_shape_and_words() {
    let body: Value = serde_json::from_slice(&GeminiClient.error(&ERROR)).unwrap();
    let expected = json!({"error": {
        "code": 429,
        "message": "slow \"down\"",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "rate_limit_exceeded", "domain": "switchyard"},
            {"@type": "type.googleapis.com/google.rpc.BadRequest",
             "fieldViolations": [{"field": "contents[0]", "description": "slow \"down\""}]},
            {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "req-1"},
        ],
    }});
    assert_eq!(body, expected);
    for (status, word) in [
        (400, "INVALID_ARGUMENT"),
        (401, "UNAUTHENTICATED"),
        (402, "FAILED_PRECONDITION"),
        (403, "PERMISSION_DENIED"),
        (404, "NOT_FOUND"),
        (405, "UNIMPLEMENTED"),
        (408, "DEADLINE_EXCEEDED"),
        (409, "ABORTED"),
        (413, "INVALID_ARGUMENT"),
        (422, "INVALID_ARGUMENT"),
        (500, "INTERNAL"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
    ] {
        let error = ClientError { status, param: None, code: None, request_id: None, ..ERROR };
        let body: Value = serde_json::from_slice(&GeminiClient.error(&error)).unwrap();
        assert_eq!(body["error"]["status"], word, "{status}");
        assert!(body["error"].get("details").is_none());
    }
}

#[test]
fn a_stream_that_fails_ends_with_the_error_in_either_framing() {
    let text = ChatEvent::Delta { choice: 0, delta: Delta::Text("a".to_owned()) };
    for (framing, events) in [
        (StreamFraming::Sse, vec![]),
        (StreamFraming::Sse, vec![text.clone()]),
        (StreamFraming::JsonArray, vec![]),
        (StreamFraming::JsonArray, vec![text]),
    ] {
        let mut writer = GeminiClient.writer(&AnswerForm { framing, ..FORM });
        let mut out = BytesMut::new();
        events.iter().for_each(|event| writer.event(event, &mut out));
        writer.fail(&ERROR, &mut out);
        let pieces: Vec<Value> = match framing {
            StreamFraming::JsonArray => serde_json::from_slice(&out).unwrap(),
            StreamFraming::Sse => {
                assert!(out.ends_with(&GeminiClient.verbatim_failure(&ERROR)));
                events_of(&out).iter().map(|data| serde_json::from_slice(data).unwrap()).collect()
            }
        };
        assert_eq!(pieces.len(), events.len() + 1);
        assert_eq!(pieces.last().unwrap()["error"]["code"], 429);
        assert!(pieces.iter().all(|piece| piece["candidates"][0].get("finishReason").is_none()));
    }
}
