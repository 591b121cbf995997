//! Providers as administrators manage them, over both surfaces: at once, beside a configuration file, and what calls see of it.

use crate::scene::{ADMIN, JsonBody, bearer, builder, on_both_databases, send};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchyard::orchestrator::health_checks::HealthCheckSettings;
use switchyard_domain::limits::Limits;
use switchyard_harness::{Answer, TestApp, TestClient};

on_both_databases! {
    of_two_administrators_who_change_a_provider_at_once_one_is_told_to_read_it_again,
    what_the_file_declares_is_not_changed_here_and_can_be_tested,
    the_vendor_is_told_by_name_and_address_on_the_documented_surface,
    a_provider_serves_calls_as_soon_as_it_is_made_and_none_once_it_is_off,
    a_key_for_all_of_a_provider_follows_what_is_named_so_and_not_the_provider,
    a_removal_that_is_forced_leaves_routes_that_go_on,
    what_is_wrong_with_a_provider_is_told,
}

const KEY: &str = "sk-managed-0123456789abcdef";

async fn admin(app: &TestApp) -> TestClient {
    app.client(&bearer(app, ADMIN).await)
}

async fn patch(client: &TestClient, path: &str, version: Option<&str>, body: Value) -> Answer {
    let request = client.request("PATCH", path).json_body(&body);
    send(version.iter().fold(request, |request, version| request.header("if-match", *version))).await
}

async fn delete(client: &TestClient, path: &str) -> Answer {
    send(client.request("DELETE", path)).await
}

async fn made(client: &TestClient, body: Value) -> Value {
    let answer = client.post("/api/v1/providers", body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

/// The provider of a name, as the canonical list has it.
async fn listed(client: &TestClient, name: &str) -> Value {
    let page = client.get("/api/v1/providers?limit=100").await.json();
    let items = page["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["name"] == name).unwrap_or(Value::Null)
}

async fn of_two_administrators_who_change_a_provider_at_once_one_is_told_to_read_it_again(app: TestApp) {
    let (one, other) = (admin(&app).await, admin(&app).await);
    let provider = made(&one, json!({"name": "shared", "vendor": "openai", "api_key": KEY})).await;
    let path = format!("/api/v1/providers/{}", provider["id"]);
    let version = format!("\"{}\"", provider["version"]);
    let (first, second) = futures_util::join!(
        patch(&one, &path, Some(&version), json!({"is_enabled": false})),
        patch(&other, &path, Some(&version), json!({"api_key": "sk-other-0123456789abcd"})),
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
    let (winner, loser) = if first.status == 200 { (&first, &second) } else { (&second, &first) };
    assert_eq!(loser.json()["error"], "conflict", "{}", loser.text);
    let stored = one.get(&path).await.json();
    assert_eq!(stored["version"], winner.json()["version"], "nothing of the loser's was written");
    assert_eq!(stored["credential"]["hint"], winner.json()["credential"]["hint"]);
    assert_eq!(stored["is_enabled"], winner.json()["is_enabled"]);
}

async fn what_the_file_declares_is_not_changed_here_and_can_be_tested(app: TestApp) {
    let admin = admin(&app).await;
    let declared = listed(&admin, "upstream").await;
    assert_eq!(declared["owner"], "file", "{declared}");
    let id = &declared["id"];
    let (canonical, documented) = (format!("/api/v1/providers/{id}"), format!("/api/providers/{id}"));
    let put = admin.request("PUT", &format!("{canonical}/models/x")).json_body(&json!({}));
    for refused in [
        patch(&admin, &canonical, None, json!({"is_enabled": false})).await,
        patch(&admin, &documented, None, json!({"is_active": false})).await,
        delete(&admin, &format!("{canonical}?force=true")).await,
        delete(&admin, &documented).await,
        send(put).await,
    ] {
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("configuration file"), "{}", refused.text);
    }
    assert_eq!(listed(&admin, "upstream").await["version"], declared["version"]);
    let tested = admin.post(&format!("{canonical}/test"), "").await;
    assert_eq!((tested.status, &tested.json()["status"]), (200, &json!("online")), "{}", tested.text);
}

async fn the_vendor_is_told_by_name_and_address_on_the_documented_surface(app: TestApp) {
    let admin = admin(&app).await;
    let vendor = async |name: &str| listed(&admin, name).await["vendor"].as_str().unwrap().to_owned();
    for (name, url, expected) in [
        ("My Claude", "http://127.0.0.1:1/v1", "anthropic"),
        ("Gemini Pro", "http://127.0.0.1:1", "gemini"),
        ("east", "https://api.anthropic.com", "anthropic"),
        ("west", "https://generativelanguage.googleapis.com/v1beta", "gemini"),
        ("plain", "http://127.0.0.1:1/v1", "openai_compatible"),
    ] {
        let body = json!({"name": name, "base_url": url, "api_key": KEY, "models": ["m"]});
        let answer = admin.post("/api/providers", body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(vendor(name).await, expected, "{name}");
    }
    let id = listed(&admin, "plain").await["id"].clone();
    let path = format!("/api/providers/{id}");
    let renamed = patch(&admin, &path, None, json!({"name": "plain claude"})).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    assert_eq!(vendor("plain claude").await, "anthropic");
    assert_eq!(renamed.json()["api_key_masked"], "sk-man***...***cdef", "its key went along");
    // What somebody said it is stays while nothing that tells it changes.
    let said =
        patch(&admin, &format!("/api/v1/providers/{id}"), None, json!({"vendor": "groq", "name": "g"})).await;
    assert_eq!(said.status, 200, "{}", said.text);
    patch(&admin, &path, None, json!({"models": ["m", "n"]})).await;
    assert_eq!(vendor("g").await, "groq");
}

async fn a_provider_serves_calls_as_soon_as_it_is_made_and_none_once_it_is_off(app: TestApp) {
    let admin = admin(&app).await;
    let client = app.client_with_key("ci").await;
    let url = app.simulator().base_url();
    let body = json!({"name": "fresh", "base_url": url, "api_key": KEY, "models": ["gpt-sim"]});
    let made = admin.post("/api/providers", body.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains(KEY), "{}", made.text);
    assert_eq!(client.ask("fresh/gpt-sim", "hi").await.status, 200);
    let path = format!("/api/providers/{}", made.json()["id"]);
    assert_eq!(patch(&admin, &path, None, json!({"is_active": false})).await.status, 200);
    assert_ne!(client.ask("fresh/gpt-sim", "hi").await.status, 200);
    assert_eq!(patch(&admin, &path, None, json!({"is_active": true})).await.status, 200);
    assert_eq!(client.ask("fresh/gpt-sim", "hi").await.status, 200);
    assert_eq!(delete(&admin, &path).await.status, 204);
    assert_eq!(client.ask("fresh/gpt-sim", "hi").await.status, 404);
}

async fn a_key_for_all_of_a_provider_follows_what_is_named_so_and_not_the_provider(app: TestApp) {
    let admin = admin(&app).await;
    let url = app.simulator().base_url();
    let body = json!({"name": "team", "vendor": "openai_compatible", "base_url": url, "models": [{"model": "gpt-sim"}]});
    let provider = made(&admin, body).await;
    let client = app.client_with("ci", Limits::NONE, Some(vec!["team/*".to_owned()])).await;
    assert_eq!(client.ask("team/gpt-sim", "hi").await.status, 200);
    let path = format!("/api/v1/providers/{}", provider["id"]);
    assert_eq!(patch(&admin, &path, None, json!({"name": "crew"})).await.status, 200);
    assert_ne!(client.ask("crew/gpt-sim", "hi").await.status, 200, "the key names another");
    assert_eq!(patch(&admin, &path, None, json!({"name": "team"})).await.status, 200);
    assert_eq!(client.ask("team/gpt-sim", "hi").await.status, 200);
}

async fn a_removal_that_is_forced_leaves_routes_that_go_on(app: TestApp) {
    let admin = admin(&app).await;
    // The route `gpt-4` comes with the product, over openai and mistral.
    for name in ["openai", "mistral"] {
        let id = listed(&admin, name).await["id"].clone();
        let path = format!("/api/v1/providers/{id}");
        let refused = delete(&admin, &path).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("gpt-4"), "{}", refused.text);
        assert_eq!(delete(&admin, &format!("{path}?force=1")).await.status, 422);
        assert_eq!(delete(&admin, &format!("{path}?force=true")).await.status, 204);
        assert_eq!(admin.get(&path).await.status, 404);
    }
    let entries = admin.get("/api/v1/audit?limit=2").await;
    assert!(entries.text.contains("routes_changed"), "{}", entries.text);
}

async fn what_is_wrong_with_a_provider_is_told(app: TestApp) {
    let admin = admin(&app).await;
    let provider = made(&admin, json!({"name": "locked", "vendor": "openai"})).await;
    let tested = admin.post(&format!("/api/v1/providers/{}/test", provider["id"]), "").await;
    let said = tested.json();
    assert_eq!((tested.status, &said["status"]), (200, &json!("error")), "{}", tested.text);
    assert!(said["detail"].is_string(), "{}", tested.text);
    let documented = admin.post(&format!("/api/providers/{}/test", provider["id"]), "").await;
    assert_eq!(
        (documented.status, &documented.json()["status"]),
        (200, &json!("error")),
        "{}",
        documented.text
    );
    let discovered = admin.post(&format!("/api/v1/providers/{}/discover", provider["id"]), "").await;
    assert_eq!(discovered.status, 502, "{}", discovered.text);
}

/// A provider that lists no models while it is told to fail.
fn fickle() -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let fails = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&fails);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if !matches!(stream.read(&mut request), Ok(read) if read > 0) {
                continue;
            }
            let (status, body) = if told.load(Ordering::SeqCst) {
                ("500 X", "{}")
            } else {
                ("200 OK", r#"{"data":[{"id":"m"}]}"#)
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _gone = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, fails)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_its_checks_is_unhealthy_until_one_succeeds() {
    let settings = HealthCheckSettings {
        interval: Duration::from_millis(100),
        timeout: Duration::from_secs(1),
        ..HealthCheckSettings::default()
    };
    let app = builder().health_checks(settings).start().await;
    let admin = admin(&app).await;
    let (url, fails) = fickle();
    let body = json!({"name": "fickle", "base_url": url, "api_key": KEY, "models": ["m"]});
    let made = admin.post("/api/providers", body.to_string()).await.json();
    let path = format!("/api/providers/{}", made["id"]);
    let until = async |is_healthy: bool| {
        for _ in 0..100 {
            let seen = admin.get(&path).await.json();
            if seen["is_healthy"] == is_healthy {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it is not {is_healthy} in five seconds");
    };
    let seen = until(false).await;
    assert_eq!(seen["status"], "degraded");
    assert!(seen["consecutive_failures"].as_u64().unwrap() >= 3, "{seen}");
    let canonical = listed(&admin, "fickle").await;
    assert_eq!(canonical["version"], 2, "a check is no change: {canonical}");
    assert_eq!(canonical["health"]["status_code"], 500);
    let entries = admin.get("/api/v1/audit?limit=5").await;
    assert!(entries.text.contains(r#""actor":"health""#), "{}", entries.text);
    fails.store(false, Ordering::SeqCst);
    let seen = until(true).await;
    assert_eq!((&seen["status"], &seen["consecutive_failures"]), (&json!("online"), &json!(0)));
    // An administrator's word holds until a check finds otherwise, which is soon.
    fails.store(true, Ordering::SeqCst);
    let stated = patch(&admin, &format!("{path}/health"), None, json!({"is_healthy": true})).await;
    assert_eq!(stated.status, 200, "{}", stated.text);
    app.stop().await;
}
