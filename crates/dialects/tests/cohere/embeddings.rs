//! Vectors, against what was recorded.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{
    Address, AnswerFault, EmbeddingClient, EmbeddingCodec, OperationClient, OperationCodec,
};
use switchyard_dialects::cohere::CohereEmbeddings;
use switchyard_dialects::error::fault;
use switchyard_dialects::openai_operations::OpenAiEmbeddingsClient;
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{EmbeddingInput, EmbeddingRequest, EmbeddingTask};
use switchyard_domain::fault::FaultKind;
use switchyard_testkit::corpus;

fn encoded(request: &EmbeddingRequest, model: &str) -> (Value, String) {
    let mut losses = LossReport::default();
    let body = CohereEmbeddings.encode(request, model, Dialect::OPENAI_EMBEDDINGS, &mut losses).unwrap();
    (serde_json::from_slice(&body).unwrap(), losses.to_string())
}

#[test]
fn what_is_asked_for_is_what_was_recorded() {
    let mut requests = 0;
    for exchange in corpus::of("cohere-embed").unwrap() {
        let mut said: Value = serde_json::from_str(exchange.request.as_ref().unwrap().get()).unwrap();
        let members = said.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        // A setting of the recorder's, which no other vendor has.
        members.remove("truncate");
        let body = json!({"model": "m", "input": said["texts"], "input_type": said["input_type"]});
        let checked = OpenAiEmbeddingsClient.check(
            Bytes::from(body.to_string()),
            Address::default(),
            &RequestLimits::default(),
        );
        let request = OpenAiEmbeddingsClient.decode(&checked.unwrap().document, Address::default()).unwrap();
        let (sent, losses) = encoded(&request, said["model"].as_str().unwrap());
        assert_eq!((sent, losses.as_str()), (said, ""), "{}", exchange.id);
        assert!(exchange.path.unwrap().ends_with(&format!("/{}", CohereEmbeddings.endpoint("m"))));
        requests += 1;
    }
    assert_eq!(requests, 3);
}

#[test]
fn every_recorded_answer_gives_its_vectors_and_what_is_billed() {
    let mut vectors = 0;
    for exchange in corpus::of("cohere-embed").unwrap() {
        let body = exchange.answer();
        if exchange.response.status >= 400 {
            let fault = fault(exchange.response.status, &body, Default::default(), None);
            assert_eq!(fault.kind, FaultKind::Rejected, "{fault}");
            assert!(fault.message.contains("not found"), "{fault}");
            continue;
        }
        let said: Value = serde_json::from_slice(&body).unwrap();
        let answer = CohereEmbeddings.decode(&body).unwrap();
        let input = said["meta"]["billed_units"]["input_tokens"].as_u64().unwrap();
        assert_eq!(answer.usage.unwrap().input, input, "{}", exchange.id);
        let look = CohereEmbeddings.glance(&body, &mut String::new()).unwrap();
        assert_eq!((look.usage, look.finished), (answer.usage, true));
        let lists = said["embeddings"]["float"].as_array().unwrap();
        assert_eq!(answer.embeddings.len(), lists.len());
        for (one, list) in answer.embeddings.iter().zip(lists) {
            assert_eq!(serde_json::from_str::<Value>(&one.vector.json()).unwrap(), *list, "{}", exchange.id);
            vectors += 1;
        }
    }
    assert_eq!(vectors, 3);
}

#[test]
fn what_has_no_like_is_told_and_tokens_are_refused() {
    let request = EmbeddingRequest {
        inputs: vec![EmbeddingInput::Text("a".to_owned())],
        dimensions: Some(256),
        user: Some("u".to_owned()),
        task: Some(EmbeddingTask::Similarity),
        ..EmbeddingRequest::default()
    };
    let expected = json!({"model": "up", "texts": ["a"], "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 256});
    assert_eq!(encoded(&request, "up"), (expected, "input_type,user".to_owned()));
    for (task, word) in [
        (Some(EmbeddingTask::Query), "search_query"),
        (Some(EmbeddingTask::Document), "search_document"),
        (Some(EmbeddingTask::Clustering), "clustering"),
        (Some(EmbeddingTask::Classification), "classification"),
        (None, "search_document"),
    ] {
        let (sent, losses) = encoded(&EmbeddingRequest { task, user: None, ..request.clone() }, "up");
        assert_eq!((&sent["input_type"], losses.as_str()), (&json!(word), ""));
    }
    let tokens = EmbeddingRequest { inputs: vec![EmbeddingInput::Tokens(vec![1])], ..request };
    let refused =
        CohereEmbeddings.encode(&tokens, "up", Dialect::OPENAI_EMBEDDINGS, &mut LossReport::default());
    assert_eq!(refused.unwrap_err().param.as_deref(), Some("input"));
}

#[test]
fn what_is_no_answer_is_told() {
    let decode = |body: &str| CohereEmbeddings.decode(body.as_bytes());
    for body in [
        "{}",
        r#"{"embeddings":[[1]]}"#,
        r#"{"embeddings":{"int8":[[1]]}}"#,
        r#"{"embeddings":{"float":[1]}}"#,
    ] {
        assert_eq!(decode(body), Err(AnswerFault::NoChoices), "{body}");
    }
    assert_eq!(decode("<html>"), Err(AnswerFault::NotJson));
    assert_eq!(decode(r#"{"embeddings":{"float":[[1]]}}"#).unwrap().usage, None);
}
