//! What would become of a call, asked over HTTP: the bytes that are then sent, the most that it costs, and the limits on it.

use crate::looks::{CALL, Looks, MODEL};
use crate::scene::patch;
use serde_json::{Value, json};
use std::sync::Arc;
use switchyard_domain::ids::UserId;
use switchyard_harness::{Answer, TestClient, on_both_databases};

on_both_databases! {
    from crate::looks::start_on;
    a_dry_run_shows_the_bytes_that_the_call_then_sends_to_each_target,
    a_person_has_one_call_of_a_bounded_length_explained_at_a_time,
    a_member_is_shown_their_own_limits_and_not_where_providers_stand,
    a_dry_run_is_refused_as_the_call_would_be,
    a_dry_run_speaks_every_dialect,
}

const EXPLAIN: &str = "/api/v1/explain";
/// Spelled as no serializer would.
const BODY: &str =
    r#"{ "model":"fallback", "messages":[{"role":"user","content":"h\u00efi"}],"max_tokens":10 }"#;

async fn explain(client: &TestClient, more: &str) -> Answer {
    client.post(EXPLAIN, format!(r#"{{"body":{BODY}{more}}}"#)).await
}

async fn explained(client: &TestClient, more: &str) -> Value {
    let answer = explain(client, more).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn a_dry_run_shows_the_bytes_that_the_call_then_sends_to_each_target(looks: Looks) {
    let shown = explained(&looks.admin, "").await;
    assert!(looks.app.simulator().calls().is_empty(), "nobody is called");
    assert_eq!((&shown["route"], &shown["max_output_tokens"]), (&json!("fallback"), &json!(10)));
    let targets = shown["targets"].as_array().unwrap();
    let order: Vec<&Value> = targets.iter().map(|target| &target["target"]).collect();
    assert_eq!(order, ["upstream/broken", MODEL]);
    assert_eq!(
        (&targets[1]["price_bound_usd"], &targets[0]["price_bound_usd"]),
        (&json!(CALL), &Value::Null)
    );
    let answer = looks.admin.post("/v1/chat/completions", BODY).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = looks.app.simulator().calls();
    for (call, target) in sent.iter().zip(targets) {
        let request = &target["request"];
        assert_eq!(request["body"].as_str().unwrap().as_bytes(), call.body, "to the byte");
        assert!(request["url"].as_str().unwrap().ends_with(&call.path), "{request}");
        assert!(request["headers"].get("authorization").is_none(), "{request}");
    }
    assert_eq!(sent.len(), 2);
}

async fn a_person_has_one_call_of_a_bounded_length_explained_at_a_time(looks: Looks) {
    let of_length = async |length: usize| {
        let body = format!(r#"{{"body":{BODY}}}"#);
        looks.ana.post(EXPLAIN, format!("{body}{}", " ".repeat(length - body.len()))).await.status
    };
    assert_eq!((of_length(128 * 1024).await, of_length(128 * 1024 + 1).await), (200, 413));
    let explainer = Arc::clone(&looks.app.embedded().use_cases().insight.explainer);
    let place = explainer.place(UserId(looks.ana_id)).unwrap();
    let refused = explain(&looks.ana, "").await;
    assert_eq!((refused.status, &refused.json()["error"]), (429, &json!("too_many_requests")));
    assert_eq!(explain(&looks.bob, "").await.status, 200, "others go on");
    let others: Vec<_> = (1..8).map(|person| explainer.place(UserId(1_000 + person)).unwrap()).collect();
    let refused = explain(&looks.bob, "").await;
    assert_eq!((refused.status, &refused.json()["error"]), (503, &json!("overloaded")));
    drop((place, others));
    for client in [&looks.ana, &looks.bob] {
        for _ in 0..3 {
            assert_eq!(explain(client, "").await.status, 200, "an answer that was read takes no place");
        }
    }
}

async fn a_member_is_shown_their_own_limits_and_not_where_providers_stand(looks: Looks) {
    assert_eq!(patch(&looks.app, looks.ana_id, json!({"limits": {"rpm": 7}})).await.status, 200);
    let body =
        json!({"name": "ana-key", "limits": {"tpm": 5000}, "budget": {"amount_usd": "2", "window": "month"}});
    assert_eq!(looks.ana.post("/api/v1/virtual-keys", body.to_string()).await.status, 201);
    let keys = looks.ana.get("/api/v1/virtual-keys").await.json();
    let id = &keys["items"][0]["id"];
    let shown = explained(&looks.ana, &format!(r#","virtual_key":{id}"#)).await;
    let limits = shown["limits"].as_array().unwrap();
    let scopes: Vec<&str> = limits.iter().map(|limit| limit["scope"].as_str().unwrap()).collect();
    assert_eq!(scopes, [format!("key:{id}"), format!("user:{}", looks.ana_id)]);
    assert_eq!((&limits[0]["tpm"], &limits[1]["rpm"]), (&json!(5000), &json!(7)));
    let budget = json!({"amount_usd": "2.000000000", "window": "month", "zone": "UTC"});
    assert_eq!(limits[0]["budget"], budget);
    assert!(shown["reserved_tokens"].as_u64().unwrap() > 10, "{shown}");
    let request = &shown["targets"][0]["request"];
    assert!(request.get("url").is_none() && request["body"].is_string(), "{request}");
    let target = &shown["targets"][0];
    assert_eq!((&target["route"], &target["decided_by"]), (&json!("fallback"), &json!("priority")));
    assert!(target.get("rule").is_none(), "figures are for those who administer: {target}");
    let foreign = explain(&looks.bob, &format!(r#","virtual_key":{id}"#)).await;
    assert_eq!(foreign.status, 404, "{}", foreign.text);
    let by_admin = explained(&looks.admin, &format!(r#","virtual_key":{id}"#)).await;
    assert!(by_admin["targets"][0]["request"]["url"].is_string(), "{by_admin}");
}

async fn a_dry_run_is_refused_as_the_call_would_be(looks: Looks) {
    let ask = async |body: Value| looks.ana.post(EXPLAIN, body.to_string()).await;
    let call = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let unknown = ask(json!({"body": call("nothing-like-it")})).await;
    assert_eq!(
        (unknown.status, unknown.json()["error"].as_str()),
        (404, Some("model_not_found")),
        "{}",
        unknown.text
    );
    let narrow = json!({"name": "narrow", "models": ["fallback"]}).to_string();
    let id = looks.ana.post("/api/v1/virtual-keys", narrow).await.json()["id"].clone();
    let forbidden = ask(json!({"body": call(MODEL), "virtual_key": id})).await;
    assert_eq!(forbidden.status, 403, "{}", forbidden.text);
    for (body, status) in [
        (json!({}), 422),
        (json!({"body": 7}), 422),
        (json!({"body": {"model": MODEL}}), 422),
        (json!({"body": call(MODEL), "dialect": "esperanto"}), 422),
        (json!({"body": call(MODEL), "colour": "red"}), 422),
        (json!({"body": call(MODEL), "virtual_key": 999_999}), 404),
    ] {
        let answer = ask(body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    let twice = format!(r#"{{"body":{{"model":"{MODEL}","model":"x","messages":[]}}}}"#);
    let twice = looks.ana.post(EXPLAIN, twice).await;
    assert_eq!(twice.status, 422, "{}", twice.text);
    assert!(looks.app.simulator().calls().is_empty());
}

async fn a_dry_run_speaks_every_dialect(looks: Looks) {
    let said = json!([{"role": "user", "content": "hi"}]);
    for body in [
        json!({"dialect": "anthropic-messages", "body": {"model": MODEL, "max_tokens": 10, "messages": said}}),
        json!({"dialect": "openai-responses", "body": {"model": MODEL, "input": "hi"}}),
        json!({"dialect": "gemini", "model": MODEL, "body": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}}),
    ] {
        let answer = looks.ana.post(EXPLAIN, body.to_string()).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        assert_eq!(answer.json()["targets"][0]["request"]["dialect"], "openai-chat", "{}", answer.text);
    }
}
