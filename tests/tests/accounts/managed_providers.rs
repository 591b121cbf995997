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
    a_new_name_leaves_a_provider_what_it_was_said_to_be,
    the_documented_surface_changes_what_is_at_the_version_that_is_meant,
    a_provider_serves_calls_as_soon_as_it_is_made_and_none_once_it_is_off,
    a_key_for_all_of_a_provider_follows_what_is_named_so_and_not_the_provider,
    a_removal_that_is_forced_leaves_routes_that_go_on,
    what_is_wrong_with_a_provider_is_told,
    whoever_sends_back_what_was_shown_changes_nothing_that_people_lent,
    a_change_beside_a_move_never_takes_the_next_hosts_key_back,
    a_list_of_models_leaves_none_out_that_routes_name,
    a_node_of_an_unhealthy_provider_is_not_selected,
    shared_keys_are_changed_at_the_version_that_was_read,
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

async fn a_new_name_leaves_a_provider_what_it_was_said_to_be(app: TestApp) {
    let admin = admin(&app).await;
    let vendor = async |name: &str| listed(&admin, name).await["vendor"].as_str().unwrap().to_owned();
    for (name, kind, new_name) in [
        ("claude", "anthropic", "main"),
        ("my gemini", "gemini", "second"),
        ("google prod", "openai", "prod"),
        ("third", "openai", "google third"),
    ] {
        let id = made(&admin, json!({"name": name, "vendor": kind, "api_key": KEY})).await["id"].clone();
        let renamed = patch(&admin, &format!("/api/providers/{id}"), None, json!({"name": new_name})).await;
        assert_eq!(renamed.status, 200, "{}", renamed.text);
        assert_eq!(vendor(new_name).await, kind);
    }
    // An address that is said again is none that it goes to.
    let url = "http://127.0.0.1:1/v1";
    let body = json!({"name": "google corp", "vendor": "openai", "base_url": url, "api_key": KEY});
    let id = made(&admin, body).await["id"].clone();
    let whole = json!({"name": "corp", "base_url": url, "is_active": true});
    assert_eq!(patch(&admin, &format!("/api/providers/{id}"), None, whole).await.status, 200);
    assert_eq!(vendor("corp").await, "openai");
}

async fn the_documented_surface_changes_what_is_at_the_version_that_is_meant(app: TestApp) {
    let admin = admin(&app).await;
    let provider = made(&admin, json!({"name": "p", "vendor": "openai", "models": [{"model": "m"}]})).await;
    let route = json!({"name": "r", "mode": "auto", "nodes": [{"api_id": provider["id"]}]});
    let route = admin.post("/api/model-routes", route.to_string()).await.json();
    for (path, change) in [
        (format!("/api/model-routes/{}", route["id"]), json!({"is_active": false})),
        (format!("/api/providers/{}", provider["id"]), json!({"is_active": false})),
    ] {
        assert_eq!(admin.get(&path).await.header("etag"), "\"1\"");
        let changed = patch(&admin, &path, Some("\"1\""), change.clone()).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{path}: {}", changed.text);
        let stale = patch(&admin, &path, Some("W/\"1\""), json!({"is_active": true})).await;
        assert_eq!(stale.status, 409, "{path}: {}", stale.text);
        assert!(stale.json()["detail"].is_string(), "{path}: {}", stale.text);
        let kept = send(admin.request("DELETE", &path).header("if-match", "\"1\"")).await;
        assert_eq!(kept.status, 409, "{path}: {}", kept.text);
        assert_eq!(admin.get(&path).await.json()["is_active"], json!(false));
        let gone = send(admin.request("DELETE", &path).header("if-match", "\"2\"")).await;
        assert_eq!(gone.status, 204, "{path}: {}", gone.text);
    }
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

async fn whoever_sends_back_what_was_shown_changes_nothing_that_people_lent(app: TestApp) {
    let admin = admin(&app).await;
    let id = listed(&admin, "openai").await["id"].clone();
    let lent = admin.post("/api/v1/keys", json!({"openai": "sk-mine-0123456789abcd"}).to_string()).await;
    assert_eq!(lent.status, 200, "{}", lent.text);
    let path = format!("/api/providers/{id}");
    let shown = admin.get(&path).await.json();
    let own = async || admin.get("/api/v1/keys").await.json()["keys"].as_array().unwrap().len();
    assert_eq!(own().await, 1);
    for body in
        [json!({"base_url": shown["base_url"]}), json!({"base_url": shown["base_url"], "is_active": false})]
    {
        let answer = patch(&admin, &path, None, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["base_url"], shown["base_url"]);
        assert_eq!(own().await, 1, "it was called there before");
    }
    assert!(listed(&admin, "openai").await["base_url"].is_null(), "it follows the settings still");
    let blank =
        json!({"name": "keyless", "base_url": app.simulator().base_url(), "api_key": " ", "models": ["m"]});
    let refused = admin.post("/api/providers", blank.to_string()).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
}

async fn a_change_beside_a_move_never_takes_the_next_hosts_key_back(app: TestApp) {
    let (one, other) = (admin(&app).await, admin(&app).await);
    for round in 0..12 {
        let first = json!({
            "name": format!("moving-{round}"), "vendor": "openai_compatible", "base_url": "http://127.0.0.1:1/v1", "api_key": KEY,
        });
        let id = made(&one, first).await["id"].clone();
        let path = format!("/api/v1/providers/{id}");
        let second = json!({"base_url": "http://127.0.0.1:2/v1", "api_key": "sk-second-0123456789-two2"});
        let (beside, moved) = futures_util::join!(
            patch(&one, &path, None, json!({"base_url": "http://127.0.0.1:1/v2"})),
            patch(&other, &path, None, second),
        );
        assert_eq!((beside.status, moved.status), (200, 200), "{} {}", beside.text, moved.text);
        let stored = one.get(&path).await.json();
        let is_back = stored["base_url"] == "http://127.0.0.1:1/v2";
        let hint = stored["credential"]["hint"].as_str().unwrap_or_default();
        assert!(!(is_back && hint.ends_with("two2")), "{stored}");
        assert!(is_back || hint.ends_with("two2"), "{stored}");
    }
}

async fn a_list_of_models_leaves_none_out_that_routes_name(app: TestApp) {
    let admin = admin(&app).await;
    let url = app.simulator().base_url();
    let body = json!({
        "name": "named", "vendor": "openai_compatible", "base_url": url, "models": [{"model": "a"}, {"model": "b"}],
    });
    let id = made(&admin, body).await["id"].clone();
    let route = json!({"name": "over", "targets": [{"provider": "named", "model": "a"}]});
    assert_eq!(admin.post("/api/v1/routes", route.to_string()).await.status, 201);
    let canonical = patch(&admin, &format!("/api/v1/providers/{id}"), None, json!({"models": []})).await;
    let documented = patch(&admin, &format!("/api/providers/{id}"), None, json!({"models": ["b"]})).await;
    assert_eq!((canonical.status, documented.status), (409, 400), "{} {}", canonical.text, documented.text);
    for refused in [canonical, documented] {
        assert!(refused.text.contains("`over`"), "{}", refused.text);
    }
    let less = patch(&admin, &format!("/api/providers/{id}"), None, json!({"models": ["a"]})).await;
    assert_eq!(less.status, 200, "{}", less.text);
}

async fn a_node_of_an_unhealthy_provider_is_not_selected(app: TestApp) {
    let admin = admin(&app).await;
    let body = json!({"name": "ill", "base_url": "http://127.0.0.1:1/v1", "api_key": KEY, "models": ["m"]});
    let made = admin.post("/api/providers", body.to_string()).await.json();
    let route = json!({"name": "over", "mode": "multi", "nodes": [{"api_id": made["id"]}]});
    let route = admin.post("/api/model-routes", route.to_string()).await.json();
    let select = async || admin.post(&format!("/api/model-routes/{}/select", route["id"]), "").await;
    assert_eq!(select().await.status, 200);
    let health = format!("/api/providers/{}/health", made["id"]);
    for (is_healthy, expected) in [(false, 400), (true, 200)] {
        assert_eq!(patch(&admin, &health, None, json!({"is_healthy": is_healthy})).await.status, 200);
        let answer = select().await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
}

async fn shared_keys_are_changed_at_the_version_that_was_read(app: TestApp) {
    let admin = admin(&app).await;
    let provider = made(&admin, json!({"name": "keyed", "vendor": "openai", "api_key": KEY})).await;
    let path = format!("/api/v1/providers/{}/credentials/1", provider["id"]);
    let put = async |version: &str, key: &str| {
        let request = admin.request("PUT", &path).header("if-match", version);
        send(request.json_body(&json!({"api_key": key}))).await.status
    };
    let now = async || format!("\"{}\"", listed(&admin, "keyed").await["version"]);
    let read = now().await;
    assert_eq!(put(&read, "sk-next-0123456789abcdef").await, 200);
    assert_eq!(put(&read, "sk-late-0123456789abcdef").await, 409);
    let remove =
        async |version: &str| send(admin.request("DELETE", &path).header("if-match", version)).await.status;
    assert_eq!(remove(&read).await, 409);
    assert_eq!(remove("nothing").await, 400);
    assert_eq!(remove(&now().await).await, 204);
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
    assert_eq!(canonical["version"], 1, "a check is no change: {canonical}");
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
