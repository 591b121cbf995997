//! Errors: every recorded one is read, cleaned and classified; those for clients have OpenAI's form.

use bytes::BytesMut;
use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerFault, ClientCodec, ClientError, ProviderCodec};
use switchyard_dialects::error::{RetryHints, classify};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{self, Exchange};

use crate::corpus_answers::{DIALECT, decode_whole, events_of};
use crate::rewriting::FORM;
use crate::score::Score;
use crate::shape;

fn check(exchange: &Exchange) -> Result<(), String> {
    let (status, body) = (exchange.response.status, exchange.response.body.as_bytes());
    let fault = OpenAiResponses::PLAIN.fault(status, body, RetryHints::default(), None);
    let expected = match exchange.id.as_str() {
        // A wrong key.
        "xai-responses-03354a21a5" => FaultKind::AuthFailed,
        _ if status == 401 => FaultKind::AuthFailed,
        _ => FaultKind::Rejected,
    };
    if fault.kind != expected {
        return Err(format!("kind {:?}", fault.kind));
    }
    let raw = exchange.expected.message.as_deref().unwrap_or_default();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (raw_words, words) = (words(raw), words(&fault.message));
    let same = raw_words.len() == words.len()
        && raw_words.iter().zip(&words).all(|(raw, word)| raw == word || word.contains("[redacted]"));
    let recorded: Value = serde_json::from_slice(body).unwrap();
    let code = recorded["error"]["code"].as_str().or(recorded["code"].as_str()).map(str::to_owned);
    if fault.code != code {
        return Err(format!("code {:?}", fault.code));
    }
    if same { Ok(()) } else { Err(format!("message {:?} for {raw:?}", fault.message)) }
}

#[test]
fn every_recorded_error_answer_is_classified_and_keeps_its_message_and_code() {
    let mut score = Score::default();
    for exchange in corpus::of(DIALECT).unwrap().iter().filter(|one| one.response.status >= 400) {
        assert!(decode_whole(exchange.response.body.as_bytes()).is_err());
        score.note(exchange.provider(), &exchange.id, check(exchange));
    }
    score.settle("errors", 12, &[]);
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let exchanges = corpus::of(DIALECT).unwrap();
    let mut seen = 0;
    for exchange in exchanges.iter().filter(|exchange| exchange.expected.midstream) {
        let mut reader = OpenAiResponses::PLAIN.reader(1);
        let mut out = Vec::new();
        let events = events_of(&exchange.response.body);
        let error = events
            .iter()
            .find_map(|(name, data)| reader.event(name.as_deref(), data, &mut out).err())
            .unwrap();
        seen += 1;
        assert_eq!(Some(&error.message), exchange.expected.message.as_ref());
        assert_eq!(error.code.as_deref(), Some("insufficient_quota"));
        assert_eq!(classify(200, &error), FaultKind::QuotaExhausted);
        assert!(!reader.is_finished());
        assert_eq!(out.len(), 1, "it had begun");
    }
    assert_eq!(seen, 1);
}

fn error_of(data: &Value, name: &str) -> switchyard_dialects::error::ProviderError {
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    reader.event(Some(name.as_bytes()), data.to_string().as_bytes(), &mut Vec::new()).unwrap_err()
}

#[test]
fn errors_of_streams_are_read_in_every_shape() {
    let flat = json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": null, "sequence_number": 1});
    let inner = json!({"type": "error", "error": {"code": "rate_limit_exceeded", "message": "slow"}});
    let bare = json!({"error": {"code": "rate_limit_exceeded", "message": "slow"}});
    let failed = json!({"type": "response.failed", "response": {"id": "resp_1", "status": "failed",
        "error": {"code": "rate_limit_exceeded", "message": "slow"}}});
    for (data, name) in [(flat, "error"), (inner, "error"), (bare, "x"), (failed, "response.failed")] {
        let error = error_of(&data, name);
        assert_eq!(
            (error.message.as_str(), error.code.as_deref()),
            ("slow", Some("rate_limit_exceeded")),
            "{data}"
        );
        assert_eq!(classify(200, &error), FaultKind::Throttled, "{data}");
    }
    let wordless = json!({"type": "response.failed", "response": {"status": "failed", "error": null}});
    assert_eq!(classify(200, &error_of(&wordless, "response.failed")), FaultKind::ServerError);
}

#[test]
fn an_answer_that_failed_is_an_error_and_what_is_none_is_told() {
    let failed = json!({"object": "response", "id": "resp_1", "status": "failed", "output": [],
        "error": {"code": "server_error", "message": "broken"}});
    let fault = OpenAiResponses::PLAIN.decode(failed.to_string().as_bytes()).unwrap_err();
    let AnswerFault::Error(error) = fault else { panic!("{fault:?}") };
    assert_eq!((error.message.as_str(), error.code.as_deref()), ("broken", Some("server_error")));
    let cancelled = json!({"object": "response", "status": "cancelled", "output": []});
    assert!(matches!(
        OpenAiResponses::PLAIN.decode(cancelled.to_string().as_bytes()),
        Err(AnswerFault::Error(_))
    ));
    for body in [&b"<html>"[..], b"", b"[1]", b"{\"id\":"] {
        assert_eq!(OpenAiResponses::PLAIN.decode(body).unwrap_err(), AnswerFault::NotJson);
    }
    assert_eq!(OpenAiResponses::PLAIN.decode(b"{\"id\":1}").unwrap_err(), AnswerFault::NoChoices);
}

const ERROR: ClientError<'_> = ClientError {
    status: 502,
    message: "cut \"off\"\n",
    kind: "upstream_error",
    param: None,
    code: Some("upstream_stream_interrupted"),
    request_id: None,
};

#[test]
fn the_body_of_an_error_is_openais() {
    let body: Value = serde_json::from_slice(&OpenAiResponsesClient.error(&ERROR)).unwrap();
    let expected =
        json!({"error": {"message": ERROR.message, "type": ERROR.kind, "param": null, "code": ERROR.code}});
    assert_eq!(body, expected);
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_and_a_failed_answer() {
    let mut writer = OpenAiResponsesClient.writer(&FORM);
    let mut out = BytesMut::new();
    let text = ChatEvent::Delta { choice: 0, delta: Delta::Text("hal".to_owned()) };
    writer.event(&text, &mut out);
    writer.fail(&ERROR, &mut out);
    let body = String::from_utf8(out.to_vec()).unwrap();
    let events: Vec<Value> =
        events_of(&body).iter().map(|(_, data)| serde_json::from_slice(data).unwrap()).collect();
    let [.., error, failed] = events.as_slice() else { panic!("{body}") };
    // By the object the SDKs know that they must raise.
    assert_eq!(error["type"], "error");
    assert_eq!((&error["message"], &error["code"]), (&error["error"]["message"], &error["error"]["code"]));
    assert_eq!(error["error"]["code"], "upstream_stream_interrupted");
    assert_eq!(failed["type"], "response.failed");
    assert_eq!(failed["response"]["status"], "failed");
    assert_eq!(failed["response"]["error"]["code"], "upstream_stream_interrupted");
    assert_eq!(failed["response"]["id"], events[0]["response"]["id"]);
    let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    shape::of_response(&failed["response"]).unwrap();
    let mut reader = OpenAiResponses::PLAIN.reader(1);
    let read = events_of(&body)
        .iter()
        .find_map(|(name, data)| reader.event(name.as_deref(), data, &mut Vec::new()).err());
    assert_eq!(read.unwrap().code.as_deref(), Some("upstream_stream_interrupted"));
}

#[test]
fn a_providers_stream_that_breaks_off_ends_with_an_error() {
    let end = OpenAiResponsesClient.verbatim_failure(&ERROR);
    let body = String::from_utf8(end.to_vec()).unwrap();
    let events = events_of(&body);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0.as_deref(), Some(&b"error"[..]));
    let event: Value = serde_json::from_slice(&events[0].1).unwrap();
    assert_eq!(event["error"]["code"], "upstream_stream_interrupted");
    assert_eq!(OpenAiResponsesClient.verbatim_end(), "");
}

#[test]
fn an_answer_whose_generation_failed_says_so() {
    let finished = ChatEvent::Finished { choice: 0, reason: FinishReason::Error };
    let mut writer = OpenAiResponsesClient.writer(&FORM);
    let mut out = BytesMut::new();
    writer.event(&finished, &mut out);
    writer.finish(&mut out);
    let body = String::from_utf8(out.to_vec()).unwrap();
    let last: Value = serde_json::from_slice(&events_of(&body).last().unwrap().1).unwrap();
    assert_eq!(last["type"], "response.failed");
    assert_eq!(last["response"]["error"]["code"], "server_error");
}
