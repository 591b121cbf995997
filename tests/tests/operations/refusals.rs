//! What is refused before anything is sent.

use crate::scene::{ALONE, Call, Scene, heard, request};
use serde_json::json;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_harness::TestApp;

/// A failover route over these models of these providers.
pub(crate) async fn add_route(app: &TestApp, name: &str, targets: &[(&str, &str)]) {
    let target = |((provider, model), priority): (&(&str, &str), u32)| DeclaredTarget {
        priority,
        ..DeclaredTarget::new(Name::new(*provider).unwrap(), (*model).to_owned())
    };
    let route = DeclaredRoute {
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        targets: targets.iter().zip(0..).map(target).collect(),
        ..DeclaredRoute::new(Name::new(name).unwrap())
    };
    app.embedded().routes().add(&route, &Writer::API).await.unwrap();
}

#[tokio::test]
async fn calls_without_a_key_or_with_a_wrong_one_are_401_before_their_body_is_read() {
    let scene = Scene::start().await;
    for call in Call::ALL {
        for client in [scene.app.anonymous(), scene.app.client("sy-nobody")] {
            let answer = heard(request(&client, call, call.body(ALONE))).await;
            assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"), "{call:?}");
        }
    }
    assert!(scene.app.simulator().calls().is_empty());
}

#[tokio::test]
async fn models_that_are_unknown_or_not_allowed_are_told_as_for_chats() {
    let scene = Scene::start().await;
    let only = scene.app.client_with("only", Limits::NONE, Some(vec!["upstream/healthy".to_owned()])).await;
    for call in Call::ALL {
        let unknown = scene.call(call, "nobody").await;
        assert_eq!((unknown.status, unknown.error_code().as_str()), (404, "model_not_found"), "{call:?}");
        let denied = heard(request(&only, call, call.body(ALONE))).await;
        assert_eq!((denied.status, denied.error_code().as_str()), (403, "model_not_allowed"), "{call:?}");
    }
    assert!(scene.app.simulator().calls().is_empty());
}

#[tokio::test]
async fn limits_hold_over_all_operations_together() {
    let scene = Scene::start().await;
    let client = scene.app.client_with("few", Limits { rpm: Some(3), ..Limits::NONE }, None).await;
    let mut statuses = Vec::new();
    for call in Call::ALL {
        statuses.push(heard(request(&client, call, call.body(ALONE))).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429]);
}

#[tokio::test]
async fn bodies_of_another_kind_are_415() {
    let scene = Scene::start().await;
    for call in Call::ALL {
        let kinds = if call == Call::Transcriptions {
            ["application/json", "multipart/form-data", "multipart/mixed; boundary=a"]
        } else {
            ["text/plain", "multipart/form-data; boundary=a", "application/json; charset=utf-16"]
        };
        for kind in kinds {
            let request = scene.client.request("POST", call.path()).header("content-type", kind);
            let answer = heard(request.body(call.body(ALONE))).await;
            assert_eq!(
                (answer.status, answer.error_code().as_str()),
                (415, "unsupported_media_type"),
                "{call:?} {kind}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_are_413_and_get_are_405() {
    let scene = Scene::of(Scene::builder().server(|config| {
        config.limits.body_bytes = 20_000;
        config.limits.form_bytes = 20_000;
    }))
    .await;
    for call in Call::ALL {
        let large = vec![b' '; 20_001];
        let answer = scene.send(call, large).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (413, "payload_too_large"), "{call:?}");
        assert_eq!(scene.call(call, ALONE).await.status, 200, "{call:?}: what fits passes");
        let answer = heard(scene.client.request("GET", call.path())).await;
        assert_eq!((answer.status, answer.error_code().as_str()), (405, "method_not_allowed"), "{call:?}");
        assert_eq!(answer.header("allow"), "POST");
    }
}

#[tokio::test]
async fn members_that_no_provider_could_mean_to_accept_are_400_with_their_name() {
    let scene = Scene::start().await;
    let model = ALONE;
    for (call, body, param) in [
        (Call::Embeddings, json!({"input": "x"}), "model"),
        (Call::Embeddings, json!({"model": model}), "input"),
        (Call::Embeddings, json!({"model": model, "input": null}), "input"),
        (Call::Embeddings, json!({"model": model, "input": ""}), "input"),
        (Call::Embeddings, json!({"model": model, "input": []}), "input"),
        (Call::Embeddings, json!({"model": model, "input": ["a", ""]}), "input[1]"),
        (Call::Embeddings, json!({"model": model, "input": ["a", 1]}), "input[1]"),
        (Call::Embeddings, json!({"model": model, "input": [[1, 2], [-1]]}), "input[1]"),
        (Call::Embeddings, json!({"model": model, "input": "x", "dimensions": 0}), "dimensions"),
        (Call::Embeddings, json!({"model": model, "input": "x", "encoding_format": 1}), "encoding_format"),
        (Call::Embeddings, json!({"model": model, "input": "x", "api_base": "http://evil"}), "api_base"),
        (Call::Completions, json!({"model": model}), "prompt"),
        (Call::Completions, json!({"model": model, "prompt": {"a": 1}}), "prompt"),
        (Call::Completions, json!({"model": model, "prompt": "x", "n": 0}), "n"),
        (Call::Completions, json!({"model": model, "prompt": "x", "temperature": 3}), "temperature"),
        (Call::Completions, json!({"model": model, "prompt": "x", "stream": "yes"}), "stream"),
        (Call::Completions, json!({"model": model, "prompt": "x", "stream_options": {}}), "stream_options"),
        (Call::Moderations, json!({"model": model}), "input"),
        (Call::Moderations, json!({"model": model, "input": [{"text": "x"}]}), "input[0].type"),
        (Call::Images, json!({"model": model, "prompt": 7}), "prompt"),
        (Call::Images, json!({"model": model, "prompt": "x", "n": 1000}), "n"),
        (Call::Speech, json!({"model": model, "input": ""}), "input"),
        (Call::Speech, json!({"model": model, "input": "x", "voice": 1}), "voice"),
        (Call::Speech, json!({"model": model, "input": "x", "speed": 9}), "speed"),
        (Call::Speech, json!({"model": {"a": 1}, "input": "x"}), "model"),
    ] {
        let answer = scene.ask(call, &body).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (400, "invalid_request"),
            "{call:?} {body}"
        );
        assert_eq!(answer.json()["error"]["param"], param, "{call:?} {body}");
    }
    for call in Call::ALL.into_iter().filter(|call| *call != Call::Transcriptions) {
        for bad in ["", "{", "[]", r#"{"model":"a","model":"b"}"#, "{\"model\":\"\\ud800\"}"] {
            let answer = scene.send(call, bad.as_bytes().to_vec()).await;
            assert_eq!(answer.status, 400, "{call:?} {bad}: {}", answer.text());
        }
    }
    assert!(scene.app.simulator().calls().is_empty());
}
