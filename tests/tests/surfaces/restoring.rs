//! Restoring the backup over HTTP, where the provider is asked with the key that it had.

use crate::scene::{OPENAI_KEY, Scene, on_both};
use serde_json::{Value, json};
use switchyard::orchestrator::admin::ProviderRequest;
use switchyard_domain::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_harness::Answer;

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
