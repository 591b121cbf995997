//! Vectors from one vendor's words into another's.

use crate::canned::{Canned, Ends};
use crate::scene::{ALONE, Call, FAULTY, Heard, Scene, heard};
use serde_json::{Value, json};
use switchyard::orchestrator::principal::Principal;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;
use switchyard_http::offline::OfflineCall;

const ONE: &str = "embedContent";
const SEVERAL: &str = "batchEmbedContents";

/// Asks in Google's words, with Google's own header.
async fn ask_google(scene: &Scene, model: &str, action: &str, body: impl Into<String>) -> Heard {
    let anonymous = scene.app.anonymous();
    let request = anonymous.request("POST", &format!("/v1beta/models/{model}:{action}"));
    let request = request.header("x-goog-api-key", scene.client.key());
    heard(request.header("content-type", "application/json").body(body.into())).await
}

fn google_status(heard: &Heard) -> (u16, String) {
    let body = heard.json();
    assert_eq!(body["error"]["code"], json!(heard.status), "not Google's shape: {body}");
    (heard.status, body["error"]["status"].as_str().unwrap_or_default().to_owned())
}

fn batch(model: &str, texts: &[&str]) -> Value {
    let one = |text: &&str| json!({"model": format!("models/{model}"), "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    json!({"requests": texts.iter().map(one).collect::<Vec<_>>()})
}

#[tokio::test]
async fn openai_s_clients_get_the_vectors_of_every_vendor_as_if_they_were_openai_s() {
    let body = json!({"model": ALONE, "input": ["one two", "three"], "dimensions": 4, "input_type": "query"});
    let packed = {
        let mut packed = body.clone();
        packed["encoding_format"] = json!("base64");
        packed["user"] = json!("ana");
        packed
    };
    let plain = Scene::start().await;
    let expected = plain.ask(Call::Embeddings, &body).await.json();
    let expected_packed = plain.ask(Call::Embeddings, &packed).await.json();
    for (vendor, path, purpose, word) in [
        ("gemini", "/models/faulty:batchEmbedContents", "/requests/1/taskType", "RETRIEVAL_QUERY"),
        ("cohere", "/embed", "/input_type", "search_query"),
        ("ollama_native", "/api/embed", "", ""),
    ] {
        let scene = Scene::of(Scene::builder().vendor(vendor)).await;
        let heard = scene.ask(Call::Embeddings, &body).await;
        assert_eq!(heard.status, 200, "{vendor}: {}", heard.text());
        let sent = scene.only_call();
        assert!(sent.path.ends_with(path), "{vendor}: {}", sent.path);
        let losses = if purpose.is_empty() {
            "input_type"
        } else {
            assert_eq!(sent.json.pointer(purpose), Some(&json!(word)), "{vendor}");
            ""
        };
        let answer = heard.json();
        assert_eq!((&answer["data"], &answer["usage"]), (&expected["data"], &expected["usage"]), "{vendor}");
        assert_eq!(heard.header("x-switchyard-dropped"), losses, "{vendor}");
        let event = scene.only_event(&heard).await;
        assert_eq!((event.usage.input, event.usage.output), (3, 0), "{vendor}");
        assert_eq!((event.usage_source, event.outcome), (UsageSource::Provider, Outcome::Complete));
        assert_eq!(event.dialect, "openai-embeddings", "{vendor}");
        let heard = scene.ask(Call::Embeddings, &packed).await;
        assert_eq!(heard.json()["data"], expected_packed["data"], "{vendor}");
        assert!(heard.header("x-switchyard-dropped").contains("user"), "{vendor}");
        scene.script("usage=missing");
        let heard = scene.ask(Call::Embeddings, &body).await;
        let event = scene.only_event(&heard).await;
        assert!(matches!(event.usage_source, UsageSource::Counted | UsageSource::Estimated), "{event:?}");
        assert!(event.usage.input >= 2, "{vendor}: {event:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_carried_is_refused_under_strictness_and_tokens_always() {
    for vendor in ["gemini", "cohere", "ollama_native"] {
        let scene = Scene::of(Scene::builder().vendor(vendor)).await;
        let body = json!({"model": ALONE, "input": "one", "user": "ana"});
        let strict = scene.client.request("POST", Call::Embeddings.path());
        let strict = strict.header("x-switchyard-strict", "true").header("content-type", "application/json");
        let refused = heard(strict.body(body.to_string())).await;
        assert_eq!((refused.status, refused.error_code().as_str()), (400, "unsupported_feature"), "{vendor}");
        let tokens = scene.ask(Call::Embeddings, &json!({"model": ALONE, "input": [1, 2]})).await;
        assert_eq!((tokens.status, tokens.error_code().as_str()), (400, "unsupported_feature"), "{vendor}");
        assert_eq!(tokens.json()["error"]["param"], "input", "{vendor}");
        assert!(scene.app.simulator().calls().is_empty(), "{vendor}");
    }
}

#[tokio::test]
async fn google_s_clients_reach_google_byte_for_byte_save_for_the_model() {
    let scene = Scene::of(Scene::builder().vendor("gemini")).await;
    let one = |model: &str| {
        format!(
            "{{ \"x_own\":[1.0,1e2], \"model\" : \"models/{model}\",\"content\":{{\"parts\":[{{\"text\":\"caf\\u00e9\"}}]}} }}"
        )
    };
    for (action, body, expected) in [
        (ONE, one(ALONE), one(ALONE).replace(&format!(" \"model\" : \"models/{ALONE}\","), "")),
        (
            SEVERAL,
            format!("{{\"requests\":[{}, {}]}}", one(ALONE), one(ALONE)),
            format!("{{\"requests\":[{}, {}]}}", one(FAULTY), one(FAULTY)),
        ),
    ] {
        let heard = ask_google(&scene, ALONE, action, body).await;
        assert_eq!(heard.status, 200, "{action}: {}", heard.text());
        let call = scene.app.simulator().calls().pop().unwrap();
        assert!(call.path.ends_with(&format!("/models/{FAULTY}:{action}")), "{}", call.path);
        let squeezed = |text: &str| text.replace(' ', "");
        assert_eq!(squeezed(&String::from_utf8_lossy(&call.body)), squeezed(&expected), "{action}");
        if action == SEVERAL {
            assert_eq!(String::from_utf8_lossy(&call.body), expected);
        }
        assert_eq!(heard.body.len() as u64, call.bytes_sent, "{action}: the answer is the provider's");
        let event = scene.only_event(&heard).await;
        let dialect = if action == ONE { "gemini-embed-content" } else { "gemini-embeddings" };
        assert_eq!((event.dialect.as_str(), event.usage_source), (dialect, UsageSource::Provider));
        assert_eq!(event.usage.input, if action == ONE { 1 } else { 2 });
    }
}

#[tokio::test]
async fn google_s_clients_get_the_vectors_of_openai_in_the_shape_that_they_asked_for() {
    let scene = Scene::start().await;
    let body = json!({"model": ALONE, "input": ["one two", "three"], "dimensions": 4});
    let expected = scene.ask(Call::Embeddings, &body).await.json();
    let several = ask_google(&scene, ALONE, SEVERAL, batch(ALONE, &["one two", "three"]).to_string()).await;
    assert_eq!(several.status, 200, "{}", several.text());
    let vectors = several.json();
    for at in 0..2 {
        assert_eq!(vectors["embeddings"][at]["values"], expected["data"][at]["embedding"]);
    }
    assert_eq!(vectors["usageMetadata"]["promptTokenCount"], 3);
    let one = json!({"content": {"parts": [{"text": "one two"}]}, "outputDimensionality": 4, "taskType": "RETRIEVAL_DOCUMENT", "title": "t"});
    let alone = ask_google(&scene, ALONE, ONE, one.to_string()).await;
    assert_eq!(alone.json()["embedding"]["values"], expected["data"][0]["embedding"], "{}", alone.text());
    assert_eq!(alone.header("x-switchyard-dropped"), "taskType,title");
    assert_eq!(scene.only_event(&alone).await.dropped.as_deref(), Some("taskType,title"));
}

#[tokio::test]
async fn google_s_clients_are_told_errors_in_google_s_words() {
    let scene = Scene::start().await;
    let good = || batch(ALONE, &["a"]).to_string();
    let unknown = ask_google(&scene, "nobody", SEVERAL, batch("nobody", &["a"]).to_string()).await;
    assert_eq!(google_status(&unknown), (404, "NOT_FOUND".to_owned()));
    for (action, body) in [(SEVERAL, "{}"), (ONE, "{}"), (SEVERAL, "{"), (ONE, "[]")] {
        let bad = ask_google(&scene, ALONE, action, body).await;
        assert_eq!(google_status(&bad), (400, "INVALID_ARGUMENT".to_owned()), "{action} {body}");
    }
    let other = ask_google(&scene, ALONE, SEVERAL, batch("upstream/healthy", &["a"]).to_string()).await;
    assert_eq!(google_status(&other), (400, "INVALID_ARGUMENT".to_owned()));
    let anonymous = scene.app.anonymous().request("POST", &format!("/v1/models/{ALONE}:{SEVERAL}"));
    let anonymous = heard(anonymous.header("content-type", "application/json").body(good())).await;
    assert_eq!(google_status(&anonymous), (401, "UNAUTHENTICATED".to_owned()));
    assert!(scene.app.simulator().calls().is_empty());
    scene.script("html");
    assert_eq!(
        google_status(
            &ask_google(&scene, ALONE, ONE, json!({"content": {"parts": [{"text": "a"}]}}).to_string()).await
        )
        .0,
        502
    );
    scene.script("status=429");
    assert_eq!(google_status(&ask_google(&scene, ALONE, SEVERAL, good()).await).0, 429);
}

#[tokio::test]
async fn vertex_makes_one_vector_in_a_call_and_no_more() {
    let scene = Scene::start().await;
    let base = format!("{}/projects/p/locations/global", scene.app.simulator().base_url());
    scene.app.add_provider("cloud", "vertex", &base, &["gemini-embedding-2"]).await;
    let model = "cloud/gemini-embedding-2";
    let heard = scene.ask(Call::Embeddings, &json!({"model": model, "input": "one two"})).await;
    assert_eq!(heard.status, 200, "{}", heard.text());
    assert_eq!(heard.json()["usage"]["prompt_tokens"], 2);
    let sent = scene.only_call();
    assert!(
        sent.path.ends_with("/locations/global/publishers/google/models/gemini-embedding-2:embedContent"),
        "{}",
        sent.path
    );
    let alone = ask_google(&scene, model, SEVERAL, batch(model, &["one two"]).to_string()).await;
    assert_eq!(alone.json()["embeddings"].as_array().map(Vec::len), Some(1), "{}", alone.text());
    let many = scene.ask(Call::Embeddings, &json!({"model": model, "input": ["one", "two"]})).await;
    assert_eq!((many.status, many.error_code().as_str()), (400, "unsupported_feature"));
    assert_eq!(many.json()["error"]["param"], "input");
}

#[tokio::test]
async fn vectors_of_megabytes_pass_through_in_google_s_words_too() {
    let scene = Scene::of(Scene::builder().vendor("gemini")).await;
    let texts: Vec<String> = (0..500).map(|at| format!("text number {at}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut body = batch(ALONE, &texts);
    body["requests"][0]["outputDimensionality"] = json!(600);
    let heard = ask_google(&scene, ALONE, SEVERAL, body.to_string()).await;
    assert!(heard.body.len() > 2_000_000 && heard.whole, "{}", heard.body.len());
    assert_eq!(heard.json()["embeddings"].as_array().unwrap().len(), 500);
    let event = scene.only_event(&heard).await;
    assert_eq!((event.usage.input, event.usage_source), (1_500, UsageSource::Provider));
}

#[tokio::test]
async fn a_dry_run_knows_both_of_google_s_dialects_by_name() {
    let scene = Scene::of(Scene::builder().vendor("gemini")).await;
    let explainer = scene.app.embedded().administration().explainer().await.unwrap();
    for (dialect, action, body) in [
        ("gemini-embeddings", SEVERAL, batch(ALONE, &["a"])),
        ("gemini-embed-content", ONE, json!({"content": {"parts": [{"text": "a"}]}})),
    ] {
        let call = OfflineCall {
            dialect: dialect.to_owned(),
            model: Some(ALONE.to_owned()),
            ..OfflineCall::default()
        };
        let call = call.read(body.to_string()).unwrap();
        let explained = explainer.explain(&Principal::Program, call.as_ref()).unwrap();
        let shown = explained.targets[0].request.as_ref().unwrap();
        assert!(shown.url.ends_with(&format!("models/{FAULTY}:{action}")), "{}", shown.url);
    }
    assert!(scene.app.simulator().calls().is_empty());
}

#[tokio::test]
async fn vectors_that_belong_to_no_text_or_to_another_are_no_answer_and_are_billed() {
    let openai = |vectors: &[(u64, &str)]| {
        let one = |(index, vector): &(u64, &str)| format!(r#"{{"index":{index},"embedding":{vector}}}"#);
        let data: Vec<String> = vectors.iter().map(one).collect();
        format!(r#"{{"data":[{}],"usage":{{"prompt_tokens":3,"total_tokens":3}}}}"#, data.join(","))
    };
    let three = batch("canned/m", &["a", "b", "c"]).to_string();
    for (answer, asked) in [
        (openai(&[(0, "[1]"), (2, "[3]")]), three.clone()),
        (openai(&[(0, "[1]"), (0, "[2]"), (2, "[3]")]), three.clone()),
        (openai(&[(0, "[1]"), (1, "[]"), (2, "[3]")]), three.clone()),
        (openai(&[(0, "[1]"), (1, "\"\""), (2, "[3]")]), three),
    ] {
        let scene = Scene::start().await;
        let canned = Canned::saying(&scene, "openai", "application/json", &answer, Ends::Well).await;
        let heard = ask_google(&scene, "canned/m", SEVERAL, asked).await;
        assert_eq!(google_status(&heard).0, 502, "{answer}: {}", heard.text());
        let event = scene.only_event(&heard).await;
        assert_eq!((event.outcome, event.usage.input, canned.asked()), (Outcome::Failed, 3, 1), "{answer}");
    }
    for values in ["[1]", "[]"] {
        let scene = Scene::start().await;
        let answer = format!(r#"{{"embeddings":[{{"values":{values}}}]}}"#);
        Canned::saying(&scene, "gemini", "application/json", &answer, Ends::Well).await;
        let inputs = if values == "[1]" { json!(["a", "b"]) } else { json!("a") };
        let body = json!({"model": "canned/m", "input": inputs, "encoding_format": "base64"});
        let heard = scene.ask(Call::Embeddings, &body).await;
        assert_eq!(
            (heard.status, heard.error_code().as_str()),
            (502, "upstream_invalid_response"),
            "{values}"
        );
    }
}

#[tokio::test]
async fn vectors_in_another_order_than_their_texts_are_put_into_it() {
    let scene = Scene::start().await;
    let answer = r#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}"#;
    Canned::saying(&scene, "openai", "application/json", answer, Ends::Well).await;
    let heard = ask_google(&scene, "canned/m", SEVERAL, batch("canned/m", &["a", "b"]).to_string()).await;
    assert_eq!(heard.json()["embeddings"], json!([{"values": [1]}, {"values": [2]}]));
}
