//! Restoring the backup over HTTP, where the provider is asked with the key that it had.

use crate::scene::{ADMIN, OPENAI_KEY, Scene, on_both, token};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use switchyard::Store;
use switchyard::orchestrator::admin::ProviderRequest;
use switchyard_domain::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Simulator;
use switchyard_harness::{Answer, TestApp};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A provider that takes one key only, and a route over it.
async fn furnish(scene: &Scene) {
    let request = ProviderRequest {
        name: name("kept"),
        vendor: "openai".to_owned(),
        base_url: None,
        api_key: Some(OPENAI_KEY.into()),
        models: vec![DeclaredModel { model: "gpt-sim".to_owned(), ..DeclaredModel::default() }],
        is_enabled: true,
    };
    scene.app.embedded().providers().add(request, &Writer::API).await.unwrap();
    let route = DeclaredRoute {
        targets: vec![DeclaredTarget::new(name("kept"), "gpt-sim")],
        ..DeclaredRoute::new(name("keeping"))
    };
    scene.app.embedded().routes().add(&route, &Writer::API).await.unwrap();
}

async fn remove(scene: &Scene) {
    scene.app.embedded().routes().remove(&name("keeping"), &Writer::API).await.unwrap();
    scene.app.embedded().providers().remove(&name("kept"), &Writer::API).await.unwrap();
}

fn backup(scene: &Scene) -> String {
    std::fs::read_to_string(&scene.backup).unwrap()
}

async fn ask(scene: &Scene, admin: &str) -> Answer {
    scene.app.client(admin).ask("keeping", "hi").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_was_deleted_is_restored_with_its_key() {
    on_both(async |scene| {
        let admin = scene.admin().await;
        furnish(&scene).await;
        assert_eq!(ask(&scene, &admin).await.status, 200);
        let good = backup(&scene);
        assert!(!good.contains(OPENAI_KEY) && good.contains("\"kept\""), "{good}");
        remove(&scene).await;
        assert!(!backup(&scene).contains("\"kept\""), "it was rewritten when the provider went");
        assert_eq!(ask(&scene, &admin).await.status, 404);
        std::fs::write(&scene.backup, &good).unwrap();
        let client = scene.app.client(&admin);
        let planned = client.post("/api/v1/restore?dry_run=true", "").await.json();
        assert_eq!((&planned["plan"]["create"], &planned["dry_run"]), (&json!(2), &json!(true)), "{planned}");
        assert_eq!(ask(&scene, &admin).await.status, 404, "it was only planned");
        let answer = client.post("/api/admin/providers/restore", "").await;
        let written: Value = serde_json::from_str(&good).unwrap();
        let count = |kind: &str| written[kind].as_array().unwrap().len();
        let (providers, routes) = (count("providers"), count("routes"));
        let expected = json!({
            "restored": providers + routes,
            "detail": format!("Restored {providers} providers and {routes} routes"),
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(ask(&scene, &admin).await.status, 200, "the provider takes its key");
        assert!(backup(&scene).contains("\"kept\""), "it was rewritten with what was restored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_missing_or_was_changed_changes_nothing() {
    on_both(async |scene| {
        let admin = scene.admin().await;
        furnish(&scene).await;
        let good = backup(&scene);
        remove(&scene).await;
        let client = scene.app.client(&admin);
        let before = client.get("/api/v1/export").await.text;
        for (what, text, status) in [
            ("missing", None, 404),
            ("cut", Some(good[..good.len() / 2].to_owned()), 400),
            ("no JSON", Some("no JSON".to_owned()), 400),
            ("changed", Some(good.replace("gpt-sim", "gpt-sly")), 400),
            ("twice", Some(good.replacen("\"providers\": [", "\"providers\": [], \"providers\": [", 1)), 400),
            ("newer", Some(good.replace("\"version\": 1,", "\"version\": 9,")), 409),
            ("foreign", Some(foreign(&good)), 409),
        ] {
            match text {
                Some(text) => std::fs::write(&scene.backup, text).unwrap(),
                None => std::fs::remove_file(&scene.backup).unwrap(),
            }
            let answer = client.post("/api/admin/providers/restore", "").await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            assert!(answer.json()["detail"].is_string(), "{what}: {}", answer.text);
            assert!(!answer.text.contains(OPENAI_KEY), "{what}");
            assert_eq!(client.post("/api/v1/restore", "").await.status, status, "{what}");
            assert_eq!(client.get("/api/v1/export").await.text, before, "{what}");
        }
    })
    .await;
}

/// The same as if it was sealed under a key that nobody has.
fn foreign(good: &str) -> String {
    let written: Value = serde_json::from_str(good).unwrap();
    let seal = written["seal"].as_str().unwrap();
    let key = seal.split('.').nth(1).unwrap();
    good.replace(&format!("v1.{key}."), "v1.00000000.")
}

/// Sends what changes or tests something, and shows that the backup was rewritten by the time of the answer. Sealed texts are never the
/// same twice, so that a file that was rewritten differs.
async fn rewrites(scene: &Scene, admin: &str, method: &str, path: &str, body: Value) -> Answer {
    let before = backup(scene);
    let answer = scene.app.client(admin).send(method, path, &body).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
    assert_ne!(backup(scene), before, "{method} {path} left the backup as it was");
    assert!(!backup(scene).contains(OPENAI_KEY), "{method} {path}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_and_every_test_rewrites_the_backup_whichever_surface_made_it() {
    on_both(async |scene| {
        let admin = scene.admin().await;
        let (scene, admin) = (&scene, admin.as_str());
        let upstream = scene.openai.base_url();
        let step = async |method: &str, path: String, body: Value| {
            rewrites(scene, admin, method, &path, body).await
        };
        let id = |answer: &Answer| answer.json()["id"].as_i64().unwrap();
        // The document of the management of providers.
        let body = json!({"name": "managed", "base_url": upstream, "api_key": OPENAI_KEY, "models": ["gpt-sim"]});
        let provider = id(&step("POST", "/api/providers".into(), body).await);
        let one = format!("/api/providers/{provider}");
        step("POST", format!("{one}/test"), json!({})).await;
        step("PATCH", format!("{one}/health"), json!({"is_healthy": true})).await;
        step("PATCH", format!("{one}/health"), json!({"is_healthy": false})).await;
        step("PATCH", one.clone(), json!({"is_active": false})).await;
        let body = json!({"name": "managed-route", "mode": "auto", "nodes": [{"api_id": provider}]});
        let route = id(&step("POST", "/api/model-routes".into(), body).await);
        step("PATCH", format!("/api/model-routes/{route}"), json!({"is_active": false})).await;
        step("DELETE", format!("/api/model-routes/{route}"), json!({})).await;
        step("DELETE", one, json!({})).await;
        // The canonical API.
        let body = json!({"name": "team", "vendor": "openai", "base_url": upstream, "api_key": OPENAI_KEY, "models": [{"model": "gpt-sim"}]});
        let provider = id(&step("POST", "/api/v1/providers".into(), body).await);
        let one = format!("/api/v1/providers/{provider}");
        step("POST", format!("{one}/test"), json!({})).await;
        step("POST", format!("{one}/discover"), json!({})).await;
        step("PATCH", one.clone(), json!({"is_enabled": false})).await;
        step("PUT", format!("{one}/models/other"), json!({"capabilities": {"tools": true}})).await;
        step("DELETE", format!("{one}/models/other"), json!({})).await;
        let body = json!({"name": "team-route", "targets": [{"provider": "team", "model": "gpt-sim"}]});
        let route = id(&step("POST", "/api/v1/routes".into(), body).await);
        let of_route = format!("/api/v1/routes/{route}");
        step("PATCH", of_route.clone(), json!({"strategy": "weighted"})).await;
        step("POST", format!("{of_route}/rollback"), json!({"version": 1})).await;
        step("DELETE", of_route, json!({})).await;
        step("DELETE", one, json!({})).await;
        let body = json!({"providers": [{"name": "declared", "vendor": "openai", "base_url": upstream,
            "api_key": OPENAI_KEY, "models": [{"model": "gpt-sim"}]}]});
        step("POST", "/api/v1/apply".into(), body).await;
        step("POST", "/api/v1/backup".into(), json!({})).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_has_the_members_of_its_document_and_tells_what_a_test_found() {
    on_both(async |scene| {
        let admin = scene.admin().await;
        furnish(&scene).await;
        let kept = scene.app.embedded().providers().find(&name("kept")).await.unwrap();
        let asked = scene.app.client(&admin).post(&format!("/api/providers/{}/test", kept.id), "").await;
        assert_eq!(asked.json()["status"], "online", "{}", asked.text);
        let written: Value = serde_json::from_str(&backup(&scene)).unwrap();
        let named = |kind: &str, name: &str| {
            written[kind].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
        };
        let provider = named("providers", "kept");
        assert_eq!(provider["models"], json!(["gpt-sim"]));
        assert_eq!((&provider["is_active"], &provider["status"]), (&json!(true), &json!("online")));
        assert!(provider["latency_ms"].is_number() && provider["base_url"].is_null(), "{provider}");
        assert!(provider["api_key_encrypted"].as_str().unwrap().starts_with("v1."), "{provider}");
        for time in ["last_tested_at", "created_at", "updated_at"] {
            let text = provider[time].as_str().unwrap();
            assert!(switchyard_domain::time::Timestamp::parse(text).is_ok(), "{time}: {text}");
        }
        let route = named("routes", "keeping");
        let node = json!({"api_name": "kept", "models": ["gpt-sim"], "strategy": "failover", "priority": 0, "metadata": {}});
        assert_eq!((&route["nodes"], &route["mode"]), (&json!([node]), &json!("multi")));
        assert_eq!((&route["config"], &route["is_active"]), (&json!({}), &json!(true)));
        assert!(route["created_at"].is_string() && route["updated_at"].is_string());
        assert!(written["generated_at"].is_string());
    })
    .await;
}

/// A server with an administrator over these secrets and this backup, whose OpenAI is the simulator.
pub(crate) async fn server(store: Store, folder: &Path, openai: &Simulator) -> TestApp {
    let builder = TestApp::builder().store(store).secrets_in(folder.join("secrets"));
    let builder = builder.backup_file(&folder.join("config_backup.json")).administrator(ADMIN);
    builder.vendor_base_url("openai", &openai.base_url()).start().await
}

/// The keys that the simulator was called with, each once.
fn keys_seen(openai: &Simulator) -> BTreeSet<String> {
    let chats = openai.calls().into_iter().filter(|call| call.path.ends_with("/chat/completions"));
    let key = |(name, value): &(String, String)| (name == "authorization").then(|| value.clone());
    chats.filter_map(|call| call.headers.iter().find_map(key)).collect()
}

async fn restored_into_an_empty_database(lost: Store, empty: Store) {
    let (folder, openai) = (tempfile::tempdir().unwrap(), Simulator::builder().start().unwrap());
    let keys = ["sk-first-0123456789", "sk-second-0123456789", "sk-third-0123456789"];
    let before = server(lost, folder.path(), &openai).await;
    let request = ProviderRequest {
        name: name("kept"),
        vendor: "openai".to_owned(),
        base_url: None,
        api_key: Some(keys[0].into()),
        models: vec![DeclaredModel { model: "gpt-sim".to_owned(), ..DeclaredModel::default() }],
        is_enabled: true,
    };
    before.embedded().providers().add(request, &Writer::API).await.unwrap();
    let shared = before.embedded().administration().shared_credentials();
    for key in &keys[1..] {
        shared.add(&name("kept"), &(*key).into(), &Writer::API).await.unwrap();
    }
    let written = std::fs::read_to_string(folder.path().join("config_backup.json")).unwrap();
    assert!(keys.iter().all(|key| !written.contains(key)), "{written}");
    before.stop().await;
    let after = server(empty, folder.path(), &openai).await;
    let admin = token(&after).await;
    let client = after.client(&admin);
    assert_eq!(client.ask("kept/gpt-sim", "hi").await.status, 404, "the database is another one");
    let answer = client.post("/api/v1/restore", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for _ in 0..6 {
        assert_eq!(client.ask("kept/gpt-sim", "hi").await.status, 200);
    }
    assert_eq!(keys_seen(&openai), keys.map(|key| format!("Bearer {key}")).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn into_an_empty_database_every_original_key_comes_back_and_is_seen_by_the_provider() {
    restored_into_an_empty_database(Store::SqliteMemory, Store::SqliteMemory).await;
    let Some(postgres) = PrivatePostgres::shared() else { return };
    let new = || Store::Postgres(postgres.create_database().into());
    restored_into_an_empty_database(new(), new()).await;
    restored_into_an_empty_database(Store::SqliteMemory, new()).await;
}
