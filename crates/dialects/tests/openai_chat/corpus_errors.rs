//! Every recorded error is read, cleaned and classified.

use switchyard_dialects::codec::AnswerFault;
use switchyard_dialects::codec::StreamReader;
use switchyard_dialects::error::{RetryHints, classify, fault};
use switchyard_dialects::openai_chat::stream::StreamDecoder;
use switchyard_dialects::openai_chat::{UsageRule, answer};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus::{self, Exchange};

use crate::corpus_answers::events_of;
use crate::score::Score;

fn expected_kind(exchange: &Exchange) -> FaultKind {
    match exchange.response.status {
        401 | 403 => FaultKind::AuthFailed,
        429 => FaultKind::Throttled,
        500.. => FaultKind::ServerError,
        _ => FaultKind::Rejected,
    }
}

fn check(exchange: &Exchange) -> Result<(), String> {
    let fault =
        fault(exchange.response.status, exchange.response.body.as_bytes(), RetryHints::default(), None);
    if fault.kind != expected_kind(exchange) {
        return Err(format!("kind {:?}", fault.kind));
    }
    let raw = exchange.expected.message.as_deref().unwrap_or_default();
    // Keys that were echoed are gone; all else stands as it was.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (raw_words, words) = (words(raw), words(&fault.message));
    let same = raw_words.len() == words.len()
        && raw_words.iter().zip(&words).all(|(raw, word)| raw == word || word.contains("[redacted]"));
    if same { Ok(()) } else { Err(format!("message {:?} for {raw:?}", fault.message)) }
}

#[test]
fn every_recorded_error_answer_is_classified_and_keeps_its_message() {
    let mut score = Score::default();
    for exchange in corpus::openai_chat().unwrap() {
        if exchange.response.status >= 400 {
            score.note(exchange.provider(), &exchange.id, check(&exchange));
        }
    }
    score.settle("errors", 41, &[]);
}

#[test]
fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let exchanges = corpus::openai_chat().unwrap();
    let mut seen = 0;
    for exchange in exchanges.iter().filter(|exchange| exchange.expected.midstream) {
        let mut decoder = StreamDecoder::new(UsageRule::default(), 1);
        let mut out = Vec::new();
        let error = events_of(&exchange.response.body)
            .iter()
            .find_map(|(name, data)| decoder.event(name.as_deref(), data, &mut out).err())
            .unwrap();
        seen += 1;
        assert_eq!(Some(&error.message), exchange.expected.message.as_ref());
        assert_eq!(classify(200, &error), FaultKind::Rejected);
        assert!(!out.is_empty());
    }
    assert_eq!(seen, 1);
}

#[test]
fn an_error_in_the_place_of_an_answer_is_an_error() {
    let exchanges = corpus::openai_chat().unwrap();
    let blocked =
        exchanges.iter().find(|exchange| exchange.id == "azure-chat_completions-0399f2a207").unwrap();
    let Err(AnswerFault::Error(error)) =
        answer::decode(blocked.response.body.as_bytes(), UsageRule::default())
    else {
        panic!("not an error")
    };
    assert_eq!(error.code.as_deref(), Some("content_filter"));
    assert_eq!(classify(200, &error), FaultKind::Rejected);
}

#[test]
fn an_error_body_is_never_taken_for_an_answer() {
    for exchange in corpus::openai_chat().unwrap().iter().filter(|exchange| exchange.response.status >= 400) {
        assert!(answer::decode(exchange.response.body.as_bytes(), UsageRule::default()).is_err());
    }
}
