//! Embeddings from one dialect to another, by way of the canonical form.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{
    Address, EmbeddingClient, EmbeddingCodec, MemberRule, OperationClient, OperationCodec,
};
use switchyard_dialects::openai_operations::{OpenAiEmbeddings, OpenAiEmbeddingsClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{EmbeddingInput, EmbeddingRequest, EmbeddingTask, Vector, VectorForm};
use switchyard_testkit::corpus;

fn decoded(body: &Value) -> EmbeddingRequest {
    let checked = OpenAiEmbeddingsClient
        .check(Bytes::from(body.to_string()), Address::default(), &RequestLimits::default())
        .unwrap();
    OpenAiEmbeddingsClient.decode(&checked.document, Address::default()).unwrap()
}

fn encoded(codec: &OpenAiEmbeddings, request: &EmbeddingRequest, source: Dialect) -> (Value, LossReport) {
    let mut losses = LossReport::default();
    let body = codec.encode(request, "up", source, &mut losses).unwrap();
    (serde_json::from_slice(&body).unwrap(), losses)
}

#[test]
fn a_request_comes_back_from_its_canonical_form() {
    for input in [json!("café"), json!(["a", "b"]), json!([1, 2, 3]), json!([[1, 2], [3]]), json!(["a", [7]])]
    {
        let body = json!({"model": "m", "input": input, "dimensions": 256, "encoding_format": "base64", "user": "u", "x": [1.0]});
        let request = decoded(&body);
        let (sent, losses) = encoded(&OpenAiEmbeddings::PLAIN, &request, Dialect::OPENAI_EMBEDDINGS);
        let mut expected = body.clone();
        expected["model"] = json!("up");
        // One input and a list of one mean the same.
        if !input.is_array() || input[0].is_number() {
            expected["input"] = json!([input]);
        }
        assert_eq!(sent, expected);
        assert!(losses.is_empty(), "{losses}");
    }
    assert_eq!(decoded(&json!({"model": "m", "input": [1, 2]})).inputs, [EmbeddingInput::Tokens(vec![1, 2])]);
}

#[test]
fn what_has_no_like_is_told_and_what_a_vendor_calls_otherwise_is_renamed() {
    let codec = OpenAiEmbeddings {
        members: &[MemberRule::Rename { from: "dimensions", to: "output_dimension" }],
        ..OpenAiEmbeddings::PLAIN
    };
    let request = EmbeddingRequest {
        task: Some(EmbeddingTask::Query),
        ..decoded(&json!({"model": "m", "input": "a", "dimensions": 8, "x": 1}))
    };
    let (sent, losses) = encoded(&codec, &request, Dialect::GEMINI_EMBEDDINGS);
    assert_eq!(
        sent,
        json!({"model": "up", "input": ["a"], "output_dimension": 8, "encoding_format": "float"})
    );
    assert_eq!(losses.to_string(), "taskType,x");
    assert_eq!(codec.departures(), ["Embeddings: `dimensions` is sent as `output_dimension`."]);
}

#[test]
fn what_vectors_are_for_is_understood_in_the_words_of_several_vendors() {
    for (word, task) in [
        ("search_query", EmbeddingTask::Query),
        ("query", EmbeddingTask::Query),
        ("passage", EmbeddingTask::Document),
        ("search_document", EmbeddingTask::Document),
        ("classification", EmbeddingTask::Classification),
        ("clustering", EmbeddingTask::Clustering),
        ("image", EmbeddingTask::Other("image".to_owned())),
    ] {
        let request = decoded(&json!({"model": "m", "input": "a", "input_type": word}));
        assert_eq!((request.task, request.extensions), (Some(task), vec![]), "{word}");
    }
    assert_eq!(decoded(&json!({"model": "m", "input": "a", "input_type": null})).task, None);
}

/// An answer's vectors, whatever they were written as, are written exactly as the client wants them.
#[test]
fn recorded_vectors_are_written_in_either_form_without_losing_a_bit() {
    let mut vectors = 0;
    for exchange in corpus::of("openai-embeddings").unwrap() {
        // Perplexity packs eight bits a number, which is another form.
        if exchange.response.status != 200 || exchange.id.starts_with("perplexity") {
            continue;
        }
        let answer = OpenAiEmbeddings::PLAIN.decode(exchange.response.body.as_bytes()).unwrap();
        let said: Value = serde_json::from_str(&exchange.response.body).unwrap();
        for form in [VectorForm::Floats, VectorForm::Base64] {
            let request = EmbeddingRequest { form: Some(form), ..EmbeddingRequest::default() };
            let written = OpenAiEmbeddingsClient.encode(&answer, &request, "m").unwrap();
            let again = OpenAiEmbeddings::PLAIN.decode(&written).unwrap();
            assert_eq!(again.usage, answer.usage, "{}", exchange.id);
            for (one, other) in again.embeddings.iter().zip(&answer.embeddings) {
                assert_eq!(one.index, other.index);
                assert_eq!(
                    one.vector.to_le_bytes().unwrap(),
                    other.vector.to_le_bytes().unwrap(),
                    "{}",
                    exchange.id
                );
            }
            let written: Value = serde_json::from_slice(&written).unwrap();
            let embedding = &written["data"][0]["embedding"];
            assert_eq!(embedding.is_array(), form == VectorForm::Floats, "{}", exchange.id);
            if said["data"][0]["embedding"].is_array() == embedding.is_array() {
                assert_eq!(embedding, &said["data"][0]["embedding"], "{}: it was in this form", exchange.id);
            }
            assert_eq!(written["usage"]["prompt_tokens"], said["usage"]["prompt_tokens"]);
            vectors += again.embeddings.len();
        }
    }
    assert!(vectors >= 10, "{vectors}");
}

#[test]
fn a_vector_that_is_none_is_no_answer() {
    for embedding in [json!("AAA="), json!("not base64"), json!(null), json!({"a": 1})] {
        let body = json!({"data": [{"embedding": embedding}]}).to_string();
        assert!(OpenAiEmbeddings::PLAIN.decode(body.as_bytes()).is_err(), "{body}");
    }
    let written = json!({"data": [{"embedding": ["a"]}]}).to_string();
    let answer = OpenAiEmbeddings::PLAIN.decode(written.as_bytes()).unwrap();
    assert!(matches!(answer.embeddings[0].vector, Vector::Written(_)));
    let request = EmbeddingRequest { form: Some(VectorForm::Base64), ..EmbeddingRequest::default() };
    assert!(OpenAiEmbeddingsClient.encode(&answer, &request, "m").is_err());
}
