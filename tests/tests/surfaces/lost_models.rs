//! Models that go while routes name them: what is stored then comes back from its export and from its backup, into an empty database.

use crate::restoring::server;
use crate::scene::token;
use serde_json::{Value, json};
use std::path::Path;
use switchyard::Store;
use switchyard_domain::declared::Declared;
use switchyard_domain::meta::Writer;
use switchyard_harness::TestApp;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Simulator;

/// A provider of these models, and a route, as a document says them.
fn document(models: &[&str]) -> Value {
    let models: Vec<Value> = models.iter().map(|model| json!({"model": model})).collect();
    json!({
        "providers": [{"name": "declared", "vendor": "openai", "api_key": "sk-0123456789abcdef", "models": models}],
        "routes": [{"name": "files", "targets": [{"provider": "declared", "model": "new"}]}],
    })
}

/// How a model goes.
#[derive(Clone, Copy, Debug)]
enum Going {
    /// The server's own file lists it no more.
    WithTheFile,
    /// A document that is applied lists it no more.
    WithADocument,
    /// Somebody removes it by force.
    ByForce,
}

async fn apply_file(app: &TestApp, document: &Value) -> Vec<String> {
    let declared: Declared = serde_json::from_value(document.clone()).unwrap();
    let use_case = app.embedded().administration().declared();
    use_case.apply_file(declared, false, &Writer::FILE).await.unwrap().losses
}

/// Takes the model `old` away from a provider, to which a route of an administrator's leads.
async fn without_the_model(app: &TestApp, admin: &str, going: Going) {
    let client = app.client(admin);
    let told = "route mine: the provider `declared` no longer lists `old`";
    let (both, less) = (document(&["old", "new"]), document(&["new"]));
    let provider = match going {
        Going::WithTheFile => {
            apply_file(app, &both).await;
            "declared"
        }
        Going::WithADocument => {
            assert_eq!(client.send("POST", "/api/v1/apply", &both).await.status, 200);
            "declared"
        }
        Going::ByForce => {
            let body = json!({"name": "team", "vendor": "openai", "api_key": "sk-0123456789abcdef", "models": [{"model": "old"}, {"model": "new"}]});
            assert_eq!(client.send("POST", "/api/v1/providers", &body).await.status, 201);
            "team"
        }
    };
    let targets =
        json!([{"provider": provider, "models": ["old", "new"]}, {"provider": provider, "model": "old"}]);
    let mine = client.send("POST", "/api/v1/routes", &json!({"name": "mine", "targets": targets})).await;
    assert_eq!(mine.status, 201, "{}", mine.text);
    match going {
        Going::WithTheFile => assert_eq!(apply_file(app, &less).await, [told]),
        Going::WithADocument => {
            let planned = client.send("POST", "/api/v1/plan", &less).await.json();
            let objects = planned["objects"].as_array().unwrap();
            let mine = objects.iter().find(|object| object["name"] == "mine").unwrap();
            assert_eq!((&mine["step"], &mine["owner"]), (&json!("change"), &json!("api")), "{mine}");
            assert_eq!(mine["reason"], json!("the provider `declared` no longer lists `old`"));
            assert_eq!(
                client.send("POST", "/api/v1/apply", &less).await.json()["objects"],
                planned["objects"]
            );
        }
        Going::ByForce => {
            let listed = client.get("/api/v1/providers").await.json();
            let team =
                listed["items"].as_array().unwrap().iter().find(|one| one["name"] == "team").unwrap().clone();
            let path = format!("/api/v1/providers/{}/models/old", team["id"]);
            assert_eq!(client.send("DELETE", &path, &json!({})).await.status, 409);
            assert_eq!(client.send("DELETE", &format!("{path}?force=true"), &json!({})).await.status, 204);
        }
    }
    let route = client.get(&format!("/api/v1/routes/{}", mine.json()["id"])).await.json();
    let named: Vec<&Value> =
        route["targets"].as_array().unwrap().iter().map(|target| &target["models"]).collect();
    assert_eq!(named, [&json!(["new"])], "{going:?}: {route}");
}

async fn comes_back(new: impl Fn() -> Store, going: Going) {
    let (folder, openai) = (tempfile::tempdir().unwrap(), Simulator::builder().start().unwrap());
    let before = server(new(), folder.path(), &openai).await;
    let admin = token(&before).await;
    without_the_model(&before, &admin, going).await;
    let client = before.client(&admin);
    let dry = client.post("/api/v1/restore?dry_run=true", "").await;
    assert_eq!(dry.status, 200, "{going:?}: {}", dry.text);
    let restored = client.post("/api/admin/providers/restore", "").await;
    assert_eq!(restored.status, 200, "{going:?}: {}", restored.text);
    let (export, yaml) =
        (client.get("/api/v1/export").await.text, client.get("/api/v1/export?format=yaml").await.text);
    before.stop().await;
    is_restored(new(), folder.path(), &openai, &export).await;
    is_imported(new(), &openai, ("application/json", &export), &export).await;
    is_imported(new(), &openai, ("application/yaml", &yaml), &export).await;
}

async fn is_restored(empty: Store, folder: &Path, openai: &Simulator, export: &str) {
    let after = server(empty, folder, openai).await;
    let admin = token(&after).await;
    let client = after.client(&admin);
    let answer = client.post("/api/v1/restore", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(client.get("/api/v1/export").await.text, export);
    after.stop().await;
}

async fn is_imported(empty: Store, openai: &Simulator, (media_type, text): (&str, &str), export: &str) {
    let folder = tempfile::tempdir().unwrap();
    let after = server(empty, folder.path(), openai).await;
    let admin = token(&after).await;
    let client = after.client(&admin);
    let request = client.request("POST", "/api/v1/apply").header("content-type", media_type);
    let answer = request.body(text.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{media_type}: {}", answer.text().await.unwrap());
    assert_eq!(client.get("/api/v1/export").await.text, export);
    after.stop().await;
}

async fn on_both(going: Going) {
    comes_back(|| Store::SqliteMemory, going).await;
    let Some(postgres) = PrivatePostgres::shared() else { return };
    comes_back(|| Store::Postgres(postgres.create_database().into()), going).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_the_file_lists_no_more_leaves_a_configuration_that_comes_back() {
    on_both(Going::WithTheFile).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_a_document_lists_no_more_leaves_a_configuration_that_comes_back() {
    on_both(Going::WithADocument).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_removed_by_force_leaves_a_configuration_that_comes_back() {
    on_both(Going::ByForce).await;
}
