//! Embeddings against what was recorded, and from one dialect to another.

use bytes::Bytes;
use serde_json::{Value, json};
use switchyard_dialects::codec::{
    Address, AnswerFault, EmbeddingClient, EmbeddingCodec, OperationClient, OperationCodec, Passage,
};
use switchyard_dialects::gemini::embeddings::{GeminiEmbeddings, GeminiEmbeddingsClient, Texts};
use switchyard_dialects::openai_operations::{OpenAiEmbeddings, OpenAiEmbeddingsClient};
use switchyard_dialects::request::{CheckedRequest, RequestError, RequestLimits};
use switchyard_dialects::skim::Skimmer;
use switchyard_domain::chat::{Dialect, LossReport, TokenUsage};
use switchyard_domain::embedding::{EmbeddingInput, EmbeddingRequest, EmbeddingTask};
use switchyard_domain::fault::FaultKind;

use crate::counting::{body_of, recorded};

const ADDRESS: Address<'_> = Address { model: Some("models/m"), stream: None };
const SEVERAL: GeminiEmbeddingsClient = GeminiEmbeddingsClient { texts: Texts::Several };
const ONE: GeminiEmbeddingsClient = GeminiEmbeddingsClient { texts: Texts::One };

/// The recorded operations, as they were spoken.
const SPOKEN: [(&str, GeminiEmbeddings); 2] =
    [("batchEmbedContents", GeminiEmbeddings::GOOGLE), ("embedContent", GeminiEmbeddings::VERTEX_ONE)];

fn checked(client: GeminiEmbeddingsClient, body: &Value) -> Result<CheckedRequest, RequestError> {
    client.check(Bytes::from(body.to_string()), ADDRESS, &RequestLimits::default())
}

fn decoded(client: GeminiEmbeddingsClient, body: &Value) -> Result<EmbeddingRequest, RequestError> {
    client.decode(&checked(client, body)?.document, ADDRESS)
}

fn encoded(
    codec: GeminiEmbeddings,
    request: &EmbeddingRequest,
    source: Dialect,
) -> Result<(Value, String), String> {
    let mut losses = LossReport::default();
    let body = codec.encode(request, "up", source, &mut losses).map_err(|error| error.message)?;
    Ok((serde_json::from_slice(&body).unwrap(), losses.to_string()))
}

#[test]
fn what_is_asked_for_is_what_was_recorded_both_ways() {
    let mut requests = 0;
    for (operation, codec) in SPOKEN {
        for exchange in recorded(operation) {
            let model = exchange.model.as_deref().unwrap();
            let address = Address { model: Some(model), stream: None };
            let client = GeminiEmbeddingsClient { texts: codec.texts };
            let body = Bytes::from(body_of(&exchange).to_owned());
            let said: Value = serde_json::from_slice(&body).unwrap();
            let checked = client.check(body.clone(), address, &RequestLimits::default()).unwrap();
            assert_eq!((checked.facts.model.as_str(), checked.facts.max_output_tokens), (model, Some(0)));
            assert!(checked.facts.prompt_text_bytes >= 10, "{}", exchange.id);
            let request = client.decode(&checked.document, address).unwrap();
            let mut losses = LossReport::default();
            let written = codec.encode(&request, model, client.dialect(), &mut losses).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), said, "{}", exchange.id);
            // As it came: the model is the same.
            let adapted = codec.adapt(&body, &checked.members, model, &checked.facts, &mut losses).unwrap();
            assert_eq!(adapted, body, "{}", exchange.id);
            assert!(losses.is_empty(), "{}: {losses}", exchange.id);
            let end = codec.endpoint(model);
            assert!(exchange.path.as_deref().unwrap().ends_with(&end), "{}: {end}", exchange.id);
            requests += 1;
        }
    }
    assert_eq!(requests, 5);
}

#[test]
fn every_recorded_answer_gives_its_vectors_and_counts_in_either_shape() {
    let (mut vectors, mut counts) = (0, 0);
    for (operation, codec) in SPOKEN {
        for exchange in recorded(operation) {
            let body = exchange.answer();
            if exchange.response.status >= 400 {
                assert!(matches!(codec.decode(&body), Err(AnswerFault::Error(_))));
                let fault = codec.fault(exchange.response.status, &body, Default::default(), None);
                assert_eq!(fault.kind, FaultKind::Rejected, "{fault}");
                continue;
            }
            let answer = codec.decode(&body).unwrap();
            let said: Value = serde_json::from_slice(&body).unwrap();
            let lists = said["embeddings"].as_array().cloned().unwrap_or(vec![said["embedding"].clone()]);
            assert_eq!(answer.embeddings.len(), lists.len());
            for (one, list) in answer.embeddings.iter().zip(&lists) {
                // As they are spelled.
                assert!(exchange.response.body.contains(&one.vector.json()), "{}", exchange.id);
                assert_eq!(serde_json::from_str::<Value>(&one.vector.json()).unwrap(), list["values"]);
                vectors += 1;
            }
            let told = said["usageMetadata"]["promptTokenCount"].as_u64();
            assert_eq!(answer.usage, told.map(|input| TokenUsage { input, ..TokenUsage::default() }));
            counts += usize::from(told.is_some());
            let Passage::Skimmed(list) = codec.passage() else { panic!("it is held") };
            let mut skimmer = Skimmer::new(list);
            body.chunks(11).for_each(|piece| skimmer.push(piece).unwrap());
            let look = codec.glance_skimmed(&skimmer.finish().unwrap()).unwrap();
            assert_eq!((look.usage, look.finished), (answer.usage, true), "{}", exchange.id);
            let client = GeminiEmbeddingsClient { texts: codec.texts };
            let again = client.encode(&answer, &EmbeddingRequest::default(), "m").unwrap();
            assert_eq!(codec.decode(&again).unwrap(), answer, "{}", exchange.id);
        }
    }
    assert_eq!((vectors, counts), (5, 2));
}

#[test]
fn a_batch_goes_on_as_it_is_but_for_its_models() {
    let body = Bytes::from_static(
        b"{ \"model\":\"models/m\",\"requests\" : [ {\"content\":{\"parts\":{\"text\":\"a\"}}, \"model\" : \"models/m\" },\n \
          {\"x\":[1.0,{\"model\":1}],\"model\":\"m\",\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA==\"}}]}} ] }",
    );
    let checked = SEVERAL.check(body.clone(), ADDRESS, &RequestLimits::default()).unwrap();
    assert_eq!((checked.facts.images, checked.facts.model.as_str()), (1, "m"));
    let mut losses = LossReport::default();
    let sent =
        GeminiEmbeddings::GOOGLE.adapt(&body, &checked.members, "up", &checked.facts, &mut losses).unwrap();
    let expected = String::from_utf8(body.to_vec()).unwrap();
    let expected = expected
        .replacen("\"model\":\"models/m\",\"requests\"", "\"requests\"", 1)
        .replacen("\"model\" : \"models/m\"", "\"model\" : \"models/up\"", 1)
        .replacen("\"model\":\"m\"", "\"model\":\"models/up\"", 1);
    assert_eq!(String::from_utf8(sent.to_vec()).unwrap(), expected);
}

#[test]
fn openai_s_words_become_google_s_and_what_has_no_like_is_told() {
    let body = json!({"model": "m", "input": ["a", "b"], "dimensions": 256, "encoding_format": "base64",
        "input_type": "query", "user": "u", "x": 1});
    let checked = OpenAiEmbeddingsClient
        .check(Bytes::from(body.to_string()), Address::default(), &RequestLimits::default())
        .unwrap();
    let request = OpenAiEmbeddingsClient.decode(&checked.document, Address::default()).unwrap();
    let one = |text: &str| json!({"model": "models/up", "content": {"parts": [{"text": text}]}, "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 256});
    let (sent, losses) = encoded(GeminiEmbeddings::GOOGLE, &request, Dialect::OPENAI_EMBEDDINGS).unwrap();
    assert_eq!((sent, losses.as_str()), (json!({"requests": [one("a"), one("b")]}), "user,x"));
    let odd = EmbeddingRequest { task: Some(EmbeddingTask::Other("image".to_owned())), ..request.clone() };
    let (_, losses) = encoded(GeminiEmbeddings::GOOGLE, &odd, Dialect::OPENAI_EMBEDDINGS).unwrap();
    assert_eq!(losses, "input_type,user,x");
    let many = encoded(GeminiEmbeddings::VERTEX_ONE, &request, Dialect::OPENAI_EMBEDDINGS).unwrap_err();
    assert!(many.contains("one text"), "{many}");
    let tokens = EmbeddingRequest { inputs: vec![EmbeddingInput::Tokens(vec![1])], ..request };
    let refused = encoded(GeminiEmbeddings::GOOGLE, &tokens, Dialect::OPENAI_EMBEDDINGS).unwrap_err();
    assert!(refused.contains("tokens"), "{refused}");
}

#[test]
fn google_s_words_become_openai_s_and_its_answer_comes_in_the_shape_that_was_asked_for() {
    let one = |text: &str| json!({"content": {"parts": [{"text": text}, {"text": "!"}]}, "output_dimensionality": 8, "taskType": "RETRIEVAL_DOCUMENT", "title": "t"});
    for (client, body, inputs, title) in [
        (ONE, one("a"), json!(["a!"]), "title"),
        (SEVERAL, json!({"requests": [one("a"), one("b")]}), json!(["a!", "b!"]), "requests[0].title"),
    ] {
        let request = decoded(client, &body).unwrap();
        assert_eq!((request.model.as_str(), request.dimensions), ("m", Some(8)));
        let mut losses = LossReport::default();
        let sent = OpenAiEmbeddings::PLAIN.encode(&request, "up", client.dialect(), &mut losses).unwrap();
        let expected = json!({"model": "up", "input": inputs, "dimensions": 8, "encoding_format": "float"});
        assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), expected);
        assert!(losses.to_string().starts_with(&format!("taskType,{title}")), "{losses}");
    }
    let answer = json!({"data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": "AACAPw=="}], "usage": {"prompt_tokens": 3, "total_tokens": 3}});
    let answer = OpenAiEmbeddings::PLAIN.decode(answer.to_string().as_bytes()).unwrap();
    let request = EmbeddingRequest::default();
    assert_eq!(
        SEVERAL.encode(&answer, &request, "m").unwrap(),
        r#"{"embeddings":[{"values":[1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}"#
    );
    assert_eq!(ONE.encode(&answer, &request, "m"), Err(AnswerFault::NoChoices), "which of them?");
}

#[test]
fn the_other_of_the_two_dialects_is_understood_whole() {
    let one = json!({"content": {"parts": [{"text": "a"}]}, "taskType": "QUESTION_ANSWERING", "title": "t", "autoTruncate": false});
    let batch = decoded(SEVERAL, &json!({"requests": [one]})).unwrap();
    let expected = (one.clone(), String::new());
    assert_eq!(encoded(GeminiEmbeddings::VERTEX_ONE, &batch, Dialect::GEMINI_EMBEDDINGS).unwrap(), expected);
    let alone = decoded(ONE, &one).unwrap();
    let (sent, losses) = encoded(GeminiEmbeddings::GOOGLE, &alone, Dialect::GEMINI_EMBED_CONTENT).unwrap();
    let mut expected = one;
    expected["model"] = json!("models/up");
    assert_eq!((sent, losses.as_str()), (json!({"requests": [expected]}), ""));
}

#[test]
fn what_no_provider_could_mean_to_accept_is_refused_with_its_name() {
    let one = || json!({"model": "models/m", "content": {"parts": [{"text": "b"}]}});
    let with = |name: &str, value: Value| {
        let mut changed = one();
        changed[name] = value;
        changed
    };
    let batch = |second: Value| json!({"requests": [one(), second]});
    for (client, body, param) in [
        (SEVERAL, batch(with("model", json!("models/n"))), "requests[1].model"),
        (SEVERAL, batch(with("model", json!(7))), "requests[1].model"),
        (SEVERAL, batch(with("content", json!({"parts": []}))), "requests[1].content.parts"),
        (SEVERAL, batch(with("outputDimensionality", json!(0))), "requests[1].outputDimensionality"),
        (SEVERAL, batch(with("taskType", json!(1))), "requests[1].taskType"),
        (SEVERAL, batch(with("task_type", json!("A"))), ""),
        (SEVERAL, batch(json!("b")), "requests[1]"),
        (SEVERAL, batch(json!({})), "requests[1].content"),
        (SEVERAL, json!({"requests": []}), "requests"),
        (SEVERAL, json!({"requests": "x"}), "requests"),
        (SEVERAL, json!({}), "requests"),
        (SEVERAL, json!({"requests": [one()], "api_base": "http://evil"}), "api_base"),
        (ONE, json!({}), "content"),
        (ONE, json!({"content": 7}), "content"),
        (ONE, with("model", json!("other")), "model"),
    ] {
        let refused = checked(client, &body).err().and_then(|error| error.param).unwrap_or_default();
        assert_eq!(refused, param, "{body}");
    }
    // Another model could do these.
    for (body, param) in [
        (batch(with("outputDimensionality", json!(9))), "requests[1]"),
        (batch(with("taskType", json!("CLUSTERING"))), "requests[1]"),
        (
            batch(with("content", json!({"parts": [{"inlineData": {"mimeType": "a/b", "data": "AA=="}}]}))),
            "requests[1].content.parts",
        ),
    ] {
        assert!(checked(SEVERAL, &body).is_ok(), "{body}");
        assert_eq!(decoded(SEVERAL, &body).unwrap_err().param.as_deref(), Some(param), "{body}");
    }
}

#[test]
fn answers_of_embeddings_are_told_from_others() {
    for body in ["{}", r#"{"embeddings":7}"#, r#"{"embeddings":[{"values":7}]}"#, r#"{"embedding":{}}"#] {
        for (_, codec) in SPOKEN {
            assert_eq!(codec.decode(body.as_bytes()), Err(AnswerFault::NoChoices), "{body}");
        }
    }
    let odd = r#"{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":-4}}"#;
    assert_eq!(GeminiEmbeddings::GOOGLE.decode(odd.as_bytes()).unwrap().usage, None);
    assert!(GeminiEmbeddings::GOOGLE.glance(odd.as_bytes(), &mut String::new()).unwrap().usage_corrected);
}
