//! Going back to a version of a route over HTTP: to what it led to then, whatever that is called by now, and to nothing else.

use crate::scene::{Scene, on_both};
use serde_json::{Value, json};
use switchyard_harness::Answer;

/// An administrator, and the ids of what they made.
struct Work<'a> {
    scene: &'a Scene,
    admin: String,
}

impl Work<'_> {
    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.scene.app.client(&self.admin).send(method, path, &body).await
    }

    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    async fn id(&self, path: &str, body: Value) -> i64 {
        self.done("POST", path, body).await["id"].as_i64().unwrap()
    }

    async fn provider(&self, name: &str) -> i64 {
        let body = json!({"name": name, "vendor": "openai", "models": [{"model": "gpt-sim"}]});
        self.id("/api/v1/providers", body).await
    }

    async fn back_to_the_first(&self, route: i64) -> Answer {
        self.send("POST", &format!("/api/v1/routes/{route}/rollback"), json!({"version": 1})).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_goes_back_to_the_provider_and_the_fallback_that_it_had_whatever_they_are_called_by_now() {
    on_both(async |scene| {
        let work = Work { admin: scene.admin().await, scene: &scene };
        let (account, other) = (work.provider("acct").await, work.provider("other").await);
        let spare = work.id("/api/v1/routes", json!({"name": "spare", "targets": []})).await;
        let target = |provider: &str| json!([{"provider": provider, "model": "gpt-sim"}]);
        let body = json!({"name": "fast", "fallback": "spare", "targets": target("acct")});
        let route = work.id("/api/v1/routes", body).await;
        let one = format!("/api/v1/routes/{route}");
        work.done("PATCH", &one, json!({"fallback": null, "targets": target("other")})).await;
        // Both names are others' now.
        work.done("PATCH", &format!("/api/v1/providers/{account}"), json!({"name": "renamed"})).await;
        work.done("PATCH", &format!("/api/v1/providers/{other}"), json!({"name": "acct"})).await;
        work.done("PATCH", &format!("/api/v1/routes/{spare}"), json!({"name": "spare-of-then"})).await;
        work.id("/api/v1/routes", json!({"name": "spare", "targets": []})).await;
        let answer = work.back_to_the_first(route).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let now = work.done("GET", &one, json!({})).await;
        assert_eq!(now["targets"][0]["provider"], "renamed", "{now}");
        assert_eq!(now["fallback"], "spare-of-then", "{now}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_does_not_go_back_to_a_provider_that_only_has_the_name_of_one_that_is_gone() {
    on_both(async |scene| {
        let work = Work { admin: scene.admin().await, scene: &scene };
        let account = work.provider("acct").await;
        let spare = work.id("/api/v1/routes", json!({"name": "spare", "targets": []})).await;
        let to_account = json!([{"provider": "acct", "model": "gpt-sim"}]);
        let led = work.id("/api/v1/routes", json!({"name": "led", "targets": to_account})).await;
        let fell =
            work.id("/api/v1/routes", json!({"name": "fell", "fallback": "spare", "targets": []})).await;
        work.done("PATCH", &format!("/api/v1/routes/{led}"), json!({"targets": []})).await;
        work.done("PATCH", &format!("/api/v1/routes/{fell}"), json!({"fallback": null})).await;
        work.done("DELETE", &format!("/api/v1/providers/{account}"), json!({})).await;
        work.done("DELETE", &format!("/api/v1/routes/{spare}"), json!({})).await;
        work.provider("acct").await;
        work.id("/api/v1/routes", json!({"name": "spare", "targets": []})).await;
        for (route, said) in [(led, "the provider that was called `acct` is gone"), (fell, "`spare` is gone")]
        {
            let answer = work.back_to_the_first(route).await;
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert!(answer.text.contains(said), "{}", answer.text);
            let now = work.done("GET", &format!("/api/v1/routes/{route}"), json!({})).await;
            assert_eq!((&now["targets"], &now["fallback"]), (&json!([]), &Value::Null), "{now}");
        }
    })
    .await;
}
