//! `countTokens` against what was recorded.

use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, AnswerFault};
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::gemini::count_tokens::{self, CountedTokens};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_testkit::corpus::{self, Exchange};

use crate::corpus_requests::normalised;
use crate::tools::facts_of;

const LIMITS: RequestLimits = RequestLimits {
    scan: switchyard_dialects::scan::ScanLimits { max_depth: 128, max_members: 10_000, max_values: 500_000 },
    max_body_bytes: 10 * 1024 * 1024,
    max_messages: 2048,
    max_tool_bytes: 1024 * 1024,
};

pub(crate) fn recorded(operation: &str) -> Vec<Exchange> {
    let exchanges = corpus::of("gemini").unwrap().into_iter();
    exchanges.filter(|exchange| exchange.operation == operation).collect()
}

pub(crate) fn body_of(exchange: &Exchange) -> &str {
    exchange.request.as_ref().unwrap().get()
}

#[test]
fn every_recorded_question_for_a_count_is_read_and_written_again() {
    let exchanges = recorded("countTokens");
    assert_eq!(exchanges.len(), 4);
    for exchange in &exchanges {
        let address = Address { model: exchange.model.as_deref(), stream: None };
        let checked = count_tokens::check(body_of(exchange).to_owned().into(), address, &LIMITS).unwrap();
        assert_eq!(Some(checked.facts.model.as_str()), exchange.model.as_deref());
        let request = count_tokens::decode(&checked.document, address).unwrap();
        let facts = facts_of(exchange.provider());
        let mut losses = LossReport::default();
        let model = exchange.model.as_deref().unwrap();
        let body = count_tokens::encode(&facts, &request, model, Dialect::GEMINI, &mut losses).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let sent: Value = serde_json::from_str(body_of(exchange)).unwrap();
        let mut whole = sent.get("generateContentRequest").unwrap_or(&sent).clone();
        let body = if facts.vertex {
            body
        } else {
            whole["model"] = json!(format!("models/{model}"));
            body["generateContentRequest"].clone()
        };
        assert_eq!(normalised(&body), normalised(&whole), "{}", exchange.id);
        assert!(losses.is_empty());
    }
}

#[test]
fn every_recorded_count_is_read() {
    for exchange in recorded("countTokens") {
        let read = count_tokens::read(&exchange.answer());
        if exchange.response.status >= 400 {
            assert!(matches!(read, Err(AnswerFault::Error(_))));
            continue;
        }
        let counted = read.unwrap();
        let said: Value = serde_json::from_str(&exchange.response.body).unwrap();
        assert_eq!(Some(counted.total), said["totalTokens"].as_u64());
        assert_eq!(count_tokens::read(&count_tokens::write(counted)), Ok(counted));
    }
    let counted = CountedTokens { total: 7, cached: 3 };
    assert_eq!(count_tokens::write(counted), r#"{"totalTokens":7,"cachedContentTokenCount":3}"#);
    assert_eq!(count_tokens::read(b"{}"), Err(AnswerFault::NoChoices));
    assert_eq!(count_tokens::read(b"x"), Err(AnswerFault::NotJson));
}

#[test]
fn a_question_for_a_count_is_judged_like_a_request() {
    let address = Address { model: Some("m"), stream: Some(true) };
    let refused = |body: &str| {
        count_tokens::check(body.to_owned().into(), address, &LIMITS).unwrap_err().param.unwrap()
    };
    assert_eq!(refused("{}"), "contents");
    assert_eq!(refused(r#"{"generateContentRequest":7}"#), "generateContentRequest");
    assert_eq!(
        refused(r#"{"generate_content_request":{"contents":[{"parts":[{"text":7}]}]}}"#),
        "generateContentRequest.contents[0].parts[0].text"
    );
    let good = r#"{"contents":[{"parts":[{"text":"a"}]}]}"#;
    let checked = count_tokens::check(good.into(), address, &LIMITS).unwrap();
    assert!(!checked.facts.stream);
    assert_eq!(Gemini::VERTEX.path("m", count_tokens::OPERATION), "publishers/google/models/m:countTokens");
}
