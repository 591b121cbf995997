//! What a document declares, over HTTP: guarded while it declares it, switched off or not, and anybody's once it leaves it out.

use crate::scene::{OPENAI_KEY, Scene, on_both};
use serde_json::{Value, json};
use switchyard_harness::Answer;

/// A provider and a route over it, both switched off.
fn declared_off() -> Value {
    json!({
        "providers": [{"name": "declared", "vendor": "openai", "api_keys": [OPENAI_KEY], "enabled": false,
            "models": [{"model": "gpt-sim"}]}],
        "routes": [{"name": "declaring", "enabled": false, "targets": [{"provider": "declared", "model": "gpt-sim"}]}],
    })
}

/// The ids of both.
async fn ids(scene: &Scene, admin: &str) -> (i64, i64) {
    let of = async |path: &str, name: &str| {
        let listed = scene.app.client(admin).get(path).await;
        let (members, kind) = (listed.json(), path.rsplit('/').next().unwrap());
        let all = members[kind].as_array().or(members["items"].as_array()).or(members.as_array());
        let all = all.unwrap_or_else(|| panic!("{}", listed.text)).clone();
        all.iter().find(|one| one["name"] == name).unwrap()["id"].as_i64().unwrap()
    };
    (of("/api/v1/providers", "declared").await, of("/api/v1/routes", "declaring").await)
}

fn is_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 409, "{what}: {}", answer.text);
    assert!(answer.text.contains("declared in the configuration file"), "{what}: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_document_declares_switched_off_is_refused_to_others_until_it_leaves_it_out() {
    on_both(async |scene| {
        let admin = scene.admin().await;
        let client = scene.app.client(&admin);
        let applied = client.send("POST", "/api/v1/apply", &declared_off()).await;
        assert_eq!(applied.status, 200, "{}", applied.text);
        let (provider, route) = ids(&scene, &admin).await;
        for (method, path, body) in [
            ("DELETE", format!("/api/v1/providers/{provider}?force=true"), json!({})),
            ("PATCH", format!("/api/v1/providers/{provider}"), json!({"is_enabled": true})),
            (
                "POST",
                format!("/api/v1/providers/{provider}/credentials"),
                json!({"api_key": "sk-more-0123456789"}),
            ),
            ("DELETE", format!("/api/providers/{provider}"), json!({})),
            ("DELETE", format!("/api/v1/routes/{route}"), json!({})),
            ("PATCH", format!("/api/v1/routes/{route}"), json!({"is_active": true})),
            ("DELETE", format!("/api/model-routes/{route}"), json!({})),
        ] {
            is_refused(&client.send(method, &path, &body).await, &format!("{method} {path}"));
        }
        let settled = client.send("POST", "/api/v1/plan", &declared_off()).await.json();
        assert_eq!(settled["unchanged"], 2, "nothing of it was changed: {settled}");
        let left_out = client.send("POST", "/api/v1/apply", &json!({})).await;
        assert_eq!(left_out.status, 200, "{}", left_out.text);
        let on = client.send("PATCH", &format!("/api/v1/routes/{route}"), &json!({"is_active": true})).await;
        assert_eq!((on.status, &on.json()["owner"]), (200, &json!("api")), "{}", on.text);
        let again = client.send("POST", "/api/v1/apply", &json!({})).await.json();
        assert_eq!((&again["change"], &again["disable"]), (&json!(0), &json!(0)), "{again}");
        for path in [format!("/api/v1/routes/{route}"), format!("/api/v1/providers/{provider}")] {
            let gone = client.send("DELETE", &path, &json!({})).await;
            assert!((200..300).contains(&gone.status), "{path}: {}", gone.text);
        }
    })
    .await;
}
