//! Calls that are answered whole, and calls that fail.

use crate::wire::{ask, call, chat, post};
use crate::world::{KEY, LIMITED_KEY, World};
use switchyard_domain::usage::Outcome;

const ANSWER: &str =
    r#"{ "id":"x1", "choices":[{"index":0,"message":{"role":"assistant","content":"hé"}}] }"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_the_clients_dialect_passes_byte_for_byte() {
    let world = World::start().await;
    let response = ask(world.address, call("team", "")).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), ANSWER);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("x-switchyard-target"), Some("acme/say"));
    assert_eq!(response.header("x-switchyard-attempts"), Some("1"));
    assert_eq!(response.header("x-switchyard-cost"), Some("7000"), "7 tokens at 1000 nano-USD");
    assert_eq!(response.header("request-id"), Some("up-1"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-switchyard-dropped"), None);
    let recorded = world.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(Some(recorded[0].request_id.as_str()), response.header("x-request-id"));
    assert_eq!(recorded[0].outcome, Outcome::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_another_form_is_written_in_the_clients() {
    let world = World::start().await;
    let response = ask(world.address, call("canon", "")).await;
    let answer = response.json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "acme/canon");
    assert_eq!(answer["choices"][0]["message"]["content"], "hé");
    assert_eq!(answer["created"], 1_795_161_600, "the clock's");
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_is_told_and_refused_to_those_who_are_strict() {
    let world = World::start().await;
    let told = ask(world.address, call("lossy", "")).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("x-switchyard-dropped"), Some("logit_bias,messages[0].content[1]"));
    let strict = format!("x-api-key: {KEY}\r\nx-switchyard-strict: true\r\n");
    let refused = ask(world.address, post("/v1/chat/completions", &strict, &chat("lossy", ""))).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "unsupported_feature"));
    assert_eq!(refused.json()["error"]["param"], "logit_bias");
    let typo = format!("x-api-key: {KEY}\r\nx-switchyard-strict: yes\r\n");
    assert_eq!(ask(world.address, post("/v1/chat/completions", &typo, &chat("lossy", ""))).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_their_status_and_code() {
    let world = World::start().await;
    for (model, status, code, kind) in [
        ("nil", 404, "model_not_found", "not_found_error"),
        ("say", 400, "model_ambiguous", "invalid_request_error"),
        ("reject", 422, "too_hot", "invalid_request_error"),
        ("throttle", 429, "rate_limit_exceeded", "rate_limit_error"),
        ("down", 502, "upstream_error", "server_error"),
        ("panic", 500, "internal_error", "server_error"),
    ] {
        let response = ask(world.address, call(model, "")).await;
        assert_eq!((response.status, response.code().as_str()), (status, code), "{model}");
        let error = &response.json()["error"];
        assert_eq!(error["type"], kind, "{model}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{model}");
        assert!(error.get("param").is_some(), "{model}: SDKs read it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_request_keeps_the_providers_words() {
    let world = World::start().await;
    let error = ask(world.address, call("reject", "")).await.json()["error"].clone();
    assert_eq!(error["param"], "temperature");
    assert_eq!(error["message"], "it is too hot");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_wait_is_told_how_long() {
    let world = World::start().await;
    let limited = format!("x-api-key: {LIMITED_KEY}\r\n");
    let ours = ask(world.address, post("/v1/chat/completions", &limited, &chat("team", ""))).await;
    assert_eq!((ours.status, ours.code().as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(ours.header("retry-after"), Some("13"), "rounded up");
    assert_eq!(ours.header("retry-after-ms"), Some("12300"));
    let theirs = ask(world.address, call("throttle", "")).await;
    assert_eq!(theirs.header("retry-after"), Some("60"), "an hour would park the client");
    world.set_recordable(false);
    let storage = ask(world.address, call("team", "")).await;
    assert_eq!((storage.status, storage.code().as_str()), (503, "storage_unavailable"));
    assert_eq!(storage.header("retry-after"), Some("5"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_is_a_bad_request_at_the_bare_address() {
    let world = World::start().await;
    let key = format!("authorization: Bearer {KEY}\r\n");
    let unknown = ask(world.address, post("/chat/completions", &key, &chat("nil", ""))).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (400, "model_not_found"));
    let known = ask(world.address, post("/chat/completions", &key, &chat("team", ""))).await;
    assert_eq!(known.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bare_address_adds_the_cost_to_an_answer_whose_other_bytes_stay() {
    let world = World::start().await;
    let key = format!("authorization: Bearer {KEY}\r\n");
    let answer = ask(world.address, post("/chat/completions", &key, &chat("team", ""))).await;
    let (kept, end) = ANSWER.rsplit_once(']').unwrap();
    let cost = r#""cost":{"inputTokens":3,"outputTokens":4,"inputCost":0.000003000,"outputCost":0.000004000,"totalCost":0.000007000}"#;
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#;
    assert_eq!((answer.status, answer.text()), (200, format!("{kept}],{cost},{usage}{end}").as_str()));
    let v1 = ask(world.address, post("/v1/chat/completions", &key, &chat("team", ""))).await;
    assert_eq!((v1.status, v1.text()), (200, ANSWER), "nothing is added elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys_out_of_shape_are_refused_and_unknown_headers_ignored() {
    let world = World::start().await;
    for (key, status) in
        [("", 400), (&"k".repeat(256), 400), ("schl\u{fc}ssel", 400), (&"k".repeat(255), 200), ("a b", 400)]
    {
        let headers = format!("x-api-key: {KEY}\r\nidempotency-key: {key}\r\n");
        let response = ask(world.address, post("/v1/chat/completions", &headers, &chat("team", ""))).await;
        assert_eq!(response.status, status, "{key}");
    }
    let headers = format!(
        "x-api-key: {KEY}\r\nx-portkey-custom-host: evil.example\r\nx-litellm-x: 1\r\nopenai-organization: o\r\n\
         x-http-method-override: DELETE\r\nx-original-url: /metrics\r\n"
    );
    let response = ask(world.address, post("/v1/chat/completions", &headers, &chat("team", ""))).await;
    assert_eq!(response.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_any_length_and_script_is_answered_and_not_echoed_at_length() {
    let world = World::start().await;
    for model in ["../x", "%00", "{{7*7}}", "' OR 1=1", "a\\r\\nset-cookie: x=1"] {
        let response = ask(world.address, call(model, "")).await;
        assert!(matches!(response.status, 400 | 404), "{model}: {}", response.status);
        assert_eq!(response.header("set-cookie"), None);
    }
    let long = ask(world.address, call(&"m".repeat(100_000), "")).await;
    assert!(matches!(long.status, 400 | 404));
    assert!(long.text().len() < 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_another_dialect_are_written_as_the_client_asked_for_them() {
    let world = World::start().await;
    let key = format!("authorization: Bearer {KEY}\r\n");
    let vectors = async |members: &str| {
        let body = format!(r#"{{"model":"acme/say","input":["a","b"]{members}}}"#);
        let response = ask(world.address, post("/v1/embeddings", &key, &body)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("content-type"), Some("application/json"));
        response.text().to_owned()
    };
    let rest = r#""model":"acme/say","usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let written = |one: &str, other: &str| {
        let vector =
            |index, vector| format!(r#"{{"object":"embedding","index":{index},"embedding":{vector}}}"#);
        format!(r#"{{"object":"list","data":[{},{}],{rest}"#, vector(0, one), vector(1, other))
    };
    assert_eq!(vectors("").await, written("[0.1,-1.5]", "[16777216,0]"));
    assert_eq!(
        vectors(r#","encoding_format":"base64""#).await,
        written("\"zczMPQAAwL8=\"", "\"AACASwAAAAA=\"")
    );
    let refused =
        ask(world.address, post("/v1/moderations", &key, r#"{"model":"acme/say","input":"x"}"#)).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "unsupported_feature"));
    assert_eq!(world.recorded().len(), 2, "what was never sent is not recorded");
}
