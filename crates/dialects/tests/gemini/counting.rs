//! `countTokens` and embeddings against what was recorded.

use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, AnswerFault};
use switchyard_dialects::gemini::Gemini;
use switchyard_dialects::gemini::count_tokens::{self, CountedTokens};
use switchyard_dialects::gemini::embeddings::{self, EmbeddingAnswer, EmbeddingRequest};
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

fn recorded(operation: &str) -> Vec<Exchange> {
    let exchanges = corpus::of("gemini").unwrap().into_iter();
    exchanges.filter(|exchange| exchange.operation == operation).collect()
}

fn body_of(exchange: &Exchange) -> &str {
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

#[test]
fn every_recorded_embedding_is_read_and_written_again() {
    let mut read = 0;
    for (operation, batch) in [(embeddings::BATCH, true), (embeddings::ONE, false)] {
        for exchange in recorded(operation) {
            let model = exchange.model.as_deref().unwrap();
            let address = Address { model: Some(model), stream: None };
            let request =
                embeddings::read_request(body_of(&exchange).to_owned().into(), address, batch, &LIMITS)
                    .unwrap();
            assert_eq!(request.texts.len(), 1);
            let written = if batch {
                embeddings::write_batch(&request, model)
            } else {
                embeddings::write_one(&request, &request.texts[0])
            };
            let written: Value = serde_json::from_slice(&written).unwrap();
            assert_eq!(written, serde_json::from_str::<Value>(body_of(&exchange)).unwrap());
            let answer = embeddings::read_answer(&exchange.answer());
            if exchange.response.status >= 400 {
                assert!(matches!(answer, Err(AnswerFault::Error(_))));
                continue;
            }
            let answer = answer.unwrap();
            // As they are spelled.
            assert!(exchange.response.body.contains(answer.vectors[0].as_str()));
            assert_eq!(embeddings::read_answer(&embeddings::write_answer(&answer, batch)), Ok(answer));
            read += 1;
        }
    }
    assert_eq!(read, 2);
}

#[test]
fn a_batch_wants_one_thing_of_one_model() {
    let address = Address { model: Some("models/m"), stream: None };
    let read =
        |body: Value, batch| embeddings::read_request(body.to_string().into(), address, batch, &LIMITS);
    let one = |text: &str| json!({"model": "models/m", "content": {"parts": [{"text": text}]}, "output_dimensionality": 8, "taskType": "T"});
    let expected = EmbeddingRequest {
        model: "m".to_owned(),
        texts: vec!["a".to_owned(), "b".to_owned()],
        dimensions: Some(8),
        task_type: Some("T".to_owned()),
    };
    assert_eq!(read(json!({"requests": [one("a"), one("b")]}), true), Ok(expected.clone()));
    let written = embeddings::write_batch(&expected, "m");
    assert_eq!(embeddings::read_request(written, address, true, &LIMITS), Ok(expected));
    let mut other = one("b");
    other["model"] = json!("models/n");
    let mut longer = one("b");
    longer["output_dimensionality"] = json!(9);
    let mut picture = one("b");
    picture["content"]["parts"] = json!([{"inlineData": {}}]);
    for (body, batch, param) in [
        (json!({"requests": [one("a"), other]}), true, "requests[1].model"),
        (json!({"requests": [one("a"), longer]}), true, "requests[1]"),
        (json!({"requests": [picture]}), true, "requests[0].content.parts"),
        (json!({"requests": []}), true, "requests"),
        (json!({}), true, "requests"),
        (json!({}), false, "content"),
        (json!({"content": {}}), false, "content.parts"),
        (
            json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 0}),
            false,
            "outputDimensionality",
        ),
    ] {
        assert_eq!(read(body, batch).unwrap_err().param.as_deref(), Some(param));
    }
}

#[test]
fn answers_of_embeddings_are_told_from_others() {
    for body in ["{}", r#"{"embeddings":[]}"#, r#"{"embeddings":[{"values":7}]}"#, r#"{"embedding":{}}"#] {
        assert_eq!(embeddings::read_answer(body.as_bytes()), Err(AnswerFault::NoChoices), "{body}");
    }
    let answer = EmbeddingAnswer {
        vectors: vec![switchyard_domain::chat::Json::parse("[0.10, -1e-3]").unwrap()],
        input_tokens: Some(4),
    };
    assert_eq!(
        embeddings::write_answer(&answer, false),
        r#"{"embedding":{"values":[0.10, -1e-3]},"usageMetadata":{"promptTokenCount":4}}"#
    );
    assert_eq!(
        embeddings::write_answer(&answer, true),
        r#"{"embeddings":[{"values":[0.10, -1e-3]}],"usageMetadata":{"promptTokenCount":4}}"#
    );
}
