//! Every recorded error is read, cleaned and classified.

use switchyard_dialects::codec::{AnswerFault, ProviderCodec};
use switchyard_dialects::error::{RetryHints, classify};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus;

use crate::corpus_answers::{CODEC, exchanges};
use crate::score::Score;

#[test]
fn every_recorded_error_answer_is_classified_and_keeps_its_message() {
    let mut score = Score::default();
    for exchange in corpus::of("anthropic-messages").unwrap() {
        let status = exchange.response.status;
        if status < 400 {
            continue;
        }
        let body = exchange.response.body.as_bytes();
        let fault = CODEC.fault(status, body, RetryHints::default(), Some("test-key"));
        let expected = if status == 401 { FaultKind::AuthFailed } else { FaultKind::Rejected };
        let message = exchange.expected.message.clone();
        let outcome = if fault.kind != expected {
            Err(format!("kind {:?}", fault.kind))
        } else if message.as_ref().is_some_and(|message| *message != fault.message) {
            Err(format!("message {:?}", fault.message))
        } else {
            Ok(())
        };
        score.note(exchange.provider(), &exchange.id, outcome);
    }
    score.settle("errors", 13, &[]);
}

#[test]
fn an_error_is_never_taken_for_an_answer() {
    for exchange in exchanges().iter().filter(|exchange| exchange.response.status >= 400) {
        let decoded = CODEC.decode(exchange.response.body.as_bytes());
        assert!(matches!(decoded, Err(AnswerFault::Error(_))), "{decoded:?}");
    }
    assert_eq!(CODEC.decode(b"<html>"), Err(AnswerFault::NotJson));
    assert_eq!(CODEC.decode(b"{\"type\":\"message\",\"content\":[]}"), Err(AnswerFault::NoChoices));
}

#[test]
fn an_error_in_the_middle_of_a_stream_ends_it_with_its_kind() {
    for (word, expected) in [
        ("overloaded_error", FaultKind::ServerError),
        ("rate_limit_error", FaultKind::Throttled),
        ("authentication_error", FaultKind::AuthFailed),
        ("invalid_request_error", FaultKind::Rejected),
        ("billing_error", FaultKind::QuotaExhausted),
    ] {
        let mut reader = CODEC.reader(1);
        let mut out = Vec::new();
        let start = br#"{"type":"message_start","message":{"id":"m","model":"c","content":[]}}"#;
        reader.event(Some(b"message_start"), start, &mut out).unwrap();
        let data = format!(r#"{{"type":"error","error":{{"type":"{word}","message":"Overloaded"}}}}"#);
        let error = reader.event(Some(b"error"), data.as_bytes(), &mut out).unwrap_err();
        assert_eq!((error.message.as_str(), error.kind.as_deref()), ("Overloaded", Some(word)));
        assert_eq!(classify(200, &error), expected);
        assert!(!reader.is_finished() && out.len() == 1);
    }
    let error = CODEC.reader(1).event(Some(b"error"), b"upstream is gone", &mut Vec::new()).unwrap_err();
    assert_eq!(error.message, "upstream is gone");
}
