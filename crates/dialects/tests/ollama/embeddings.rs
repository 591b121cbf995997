//! Vectors, as the server's documents describe them.

use serde_json::{Value, json};
use switchyard_dialects::codec::{AnswerFault, EmbeddingCodec, OperationCodec};
use switchyard_dialects::ollama::OllamaEmbeddings;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::embedding::{EmbeddingInput, EmbeddingRequest, EmbeddingTask};

#[test]
fn a_request_is_written_and_what_has_no_like_is_told() {
    let request = EmbeddingRequest {
        inputs: vec![EmbeddingInput::Text("a".to_owned()), EmbeddingInput::Text("b".to_owned())],
        dimensions: Some(8),
        user: Some("u".to_owned()),
        task: Some(EmbeddingTask::Query),
        ..EmbeddingRequest::default()
    };
    let mut losses = LossReport::default();
    let sent = OllamaEmbeddings.encode(&request, "up", Dialect::GEMINI_EMBEDDINGS, &mut losses).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent, json!({"model": "up", "input": ["a", "b"], "dimensions": 8}));
    assert_eq!(losses.to_string(), "taskType,user");
    assert_eq!(OllamaEmbeddings.endpoint("up"), "api/embed");
    let tokens = EmbeddingRequest { inputs: vec![EmbeddingInput::Tokens(vec![1])], ..request };
    let refused = OllamaEmbeddings.encode(&tokens, "up", Dialect::OPENAI_EMBEDDINGS, &mut losses);
    assert_eq!(refused.unwrap_err().param.as_deref(), Some("input"));
}

#[test]
fn an_answer_gives_its_vectors_and_its_count_where_it_has_one() {
    let body = r#"{"model":"all-minilm","embeddings":[[0.010, -1e-3],[2]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":8}"#;
    let answer = OllamaEmbeddings.decode(body.as_bytes()).unwrap();
    assert_eq!((answer.model.as_str(), answer.usage.unwrap().input), ("all-minilm", 8));
    let vectors: Vec<(u64, String)> =
        answer.embeddings.iter().map(|one| (one.index, one.vector.json())).collect();
    assert_eq!(vectors, [(0, "[0.010, -1e-3]".to_owned()), (1, "[2]".to_owned())]);
    let look = OllamaEmbeddings.glance(body.as_bytes(), &mut String::new()).unwrap();
    assert_eq!((look.usage, look.model.as_deref()), (answer.usage, Some("all-minilm")));
    let silent = OllamaEmbeddings.decode(br#"{"embeddings":[[1]]}"#).unwrap();
    assert_eq!((silent.usage, silent.model.as_str()), (None, ""));
    assert!(matches!(OllamaEmbeddings.decode(br#"{"error":"no such model"}"#), Err(AnswerFault::Error(_))));
    assert_eq!(OllamaEmbeddings.decode(br#"{"embeddings":[1]}"#), Err(AnswerFault::NoChoices));
}
