//! What is wrong with a body is told by its member, wherever it stands, on both surfaces and in documents.

use crate::scene::{Scene, Setting};
use serde_json::{Value, json};
use switchyard::Store;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_body_is_told_by_its_member_wherever_it_stands() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let client = scene.app.client(&scene.admin().await);
    let canonical = "/api/v1/routes";
    for (body, member) in [
        (r#"{"name": "r", "mode": null, "targets": []}"#, "mode"),
        (r#"{"name": "r", "mode": "some", "targets": []}"#, "mode"),
        (r#"{"name": 7, "targets": []}"#, "name"),
        (r#"{"name": "r", "targets": {}}"#, "targets"),
        (r#"{"name": "r", "targets": [{"provider": "p", "model": "m", "weight": -1}]}"#, "targets[0].weight"),
        (r#"{"name": "r", "targets": [{"model": "m"}]}"#, "targets[0].provider"),
        (r#"{"name": "r", "targets": [{"provider": "p", "limits": {"rpm": "x"}}]}"#, "targets[0].limits.rpm"),
        (r#"{"name": "r", "targets": [{"provider": "p", "colour": 1}]}"#, "targets[0].colour"),
    ] {
        let answer = client.post(canonical, body).await;
        let said = answer.json();
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        let members: Vec<&String> = said["details"].as_object().unwrap().keys().collect();
        assert_eq!(members, [member], "{body}: {}", answer.text);
    }
    for (body, steps) in [
        (r#"{"name": "r", "mode": null, "nodes": []}"#, json!(["body", "mode"])),
        (
            r#"{"name": "r", "mode": "multi", "nodes": [{"models": []}]}"#,
            json!(["body", "nodes", 0, "api_id"]),
        ),
    ] {
        let answer = client.post("/api/model-routes", body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert_eq!(answer.json()["detail"][0]["loc"], steps, "{body}: {}", answer.text);
    }
    let broken = client.post(canonical, r#"{"name": "r", "mode": some}"#).await;
    assert_eq!(broken.status, 400, "{}", broken.text);
    let deep =
        format!(r#"{{"name": "r", "targets": [], "config": {{"a": {}{}}}}}"#, "[".repeat(32), "]".repeat(32));
    let answer = client.post(canonical, deep).await;
    assert_eq!(
        (answer.status, answer.json()["details"]["config"].is_array()),
        (422, true),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_document_is_told_with_the_reason_and_the_place_and_no_value() {
    let scene = Scene::start(Setting::Secure, Store::SqliteMemory).await;
    let client = scene.app.client(&scene.admin().await);
    let send = async |media_type: &str, body: &str| {
        let request = client.request("POST", "/api/v1/plan").header("content-type", media_type);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for (media_type, body, said) in [
        (
            "application/yaml",
            "providers:\n  - name: a\n    vendro: openai\n",
            "`vendro`: there is no such field",
        ),
        ("application/yaml", "providers:\n  - {name: a, vendor: openai, api_keys: sk-canary-1}\n", "must be"),
        (
            "application/yaml",
            "routes:\n  - {name: a, mode: sk-canary-2, targets: []}\n",
            "`auto`, `specific`, `multi`",
        ),
        (
            "application/json",
            r#"{"routes": [{"name": "a", "targets": [{"provider": "p", "model": "m", "weight": "sk-canary"}]}]}"#,
            "routes[0].targets[0].weight",
        ),
        (
            "application/json",
            r#"{"providers": [{"name": "a", "vendor": "openai", "owner": "cli:\u0000"}]}"#,
            "providers[0].owner",
        ),
    ] {
        let (status, text) = send(media_type, body).await;
        assert_eq!(status, 422, "{body}: {text}");
        assert!(text.contains(said) && text.contains("line "), "{body}: {text}");
        assert!(!text.contains("canary"), "{body}: {text}");
    }
    // The product's own words for a target of several models and of all are taken.
    let listed: Value = client.get("/api/v1/export").await.json();
    assert_eq!(listed["whole"], true, "{listed}");
}
