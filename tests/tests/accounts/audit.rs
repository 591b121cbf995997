//! What people did, to those who administer or audit; and sealing anew.

use crate::scene::{ADMIN, bearer, builder, register, start};
use serde_json::{Value, json};
use switchyard::Store;
use switchyard_harness::{TestApp, TestClient};
use switchyard_testkit::postgres::PrivatePostgres;

async fn servers() -> Vec<TestApp> {
    let mut servers = vec![start().await];
    if let Some(postgres) = PrivatePostgres::shared() {
        let store = Store::Postgres(postgres.create_database().into());
        servers.push(builder().store(store).start().await);
    }
    servers
}

async fn admin(app: &TestApp) -> TestClient {
    app.client(&bearer(app, ADMIN).await)
}

async fn page(client: &TestClient, query: &str) -> Value {
    let answer = client.get(&format!("/api/v1/audit?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_from_the_newest_entry_to_the_first_and_leave_none_out() {
    for app in servers().await {
        for name in ["ana", "bob", "cyd"] {
            register(&app, name).await;
        }
        let admin = admin(&app).await;
        let whole = page(&admin, "limit=100").await;
        let all = whole["items"].as_array().unwrap();
        assert!(all.len() > 4 && whole["next"].is_null(), "{whole}");
        let (mut ids, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = page(&admin, &query).await;
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= 2, "{page}");
            ids.extend(items.iter().map(|item| item["id"].as_i64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            query = format!("limit=2&after={next}");
        }
        let last = i64::try_from(all.len()).unwrap();
        assert_eq!(ids, (1..=last).rev().collect::<Vec<_>>());
        let entry = &all[0];
        assert_eq!(
            (&entry["actor"], &entry["action"], &entry["outcome"]),
            (&json!(ADMIN), &json!("sign_in"), &json!("done"))
        );
        assert!(entry["at"].as_str().unwrap().ends_with('Z') && entry["details"].is_object(), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_name_an_actor_an_action_an_object_and_times() {
    for app in servers().await {
        register(&app, "ana").await;
        let admin = admin(&app).await;
        let of = async |query: &str| page(&admin, query).await["items"].as_array().unwrap().clone();
        let signed_in = of(&format!("actor={ADMIN}&action=sign_in")).await;
        assert!(!signed_in.is_empty());
        assert!(signed_in.iter().all(|entry| entry["actor"] == ADMIN && entry["action"] == "sign_in"));
        let object = signed_in[0]["object"].as_str().unwrap();
        assert!(of(&format!("object={object}")).await.iter().all(|entry| entry["object"] == object));
        assert!(of("actor=nobody").await.is_empty());
        assert!(of("to=2001-01-01T00:00:00Z").await.is_empty());
        assert!(!of("from=2001-01-01T00:00:00Z").await.is_empty());
        for bad in ["action=nothing", "from=yesterday", "limit=x", "after=x", "who=ana", "actor=a&actor=b"] {
            let answer = admin.get(&format!("/api/v1/audit?{bad}")).await;
            assert_eq!((answer.status, &answer.json()["error"]), (422, &json!("validation_error")), "{bad}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_anew_tells_what_it_did_and_leaves_its_entries() {
    for app in servers().await {
        let admin = admin(&app).await;
        let stored =
            admin.post("/api/v1/keys", json!({"mistral": "sk-canary-0123456789abcdef"}).to_string()).await;
        assert_eq!(stored.status, 200, "{}", stored.text);
        let bare = crate::scene::send(admin.request("POST", "/api/v1/rekey")).await;
        assert_eq!(bare.status, 200, "no body is needed: {}", bare.text);
        let answer = admin.post("/api/v1/rekey", json!({"new": false}).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let report = answer.json();
        assert_eq!(
            (&report["resealed"], &report["unreadable"], &report["retired"]),
            (&json!(0), &json!(0), &json!([]))
        );
        let keys = report["keys"].as_array().unwrap();
        assert_eq!((keys.len(), &keys[0]["key"]), (1, &report["active"]), "{report}");
        assert!(keys[0]["sealed"].as_u64().unwrap() >= 2, "the provider's and one's own: {report}");
        let steps = page(&admin, "action=rekey").await;
        let steps: Vec<&Value> =
            steps["items"].as_array().unwrap().iter().map(|entry| &entry["details"]["step"]).collect();
        assert_eq!(steps, ["done", "began", "done", "began"], "two were asked for");
        for bad in [json!({}), json!({"new": 1}), json!({"new": true, "key": "x"})] {
            assert_eq!(admin.post("/api/v1/rekey", bad.to_string()).await.status, 422, "{bad}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_over_and_over_fills_no_more_than_some_entries() {
    for app in servers().await {
        register(&app, "mallory").await;
        let (mallory, admin) = (app.client(&bearer(&app, "mallory").await), admin(&app).await);
        for _ in 0..50 {
            let answers = [mallory.get("/api/v1/users").await, mallory.get("/api/v1/audit").await];
            assert!(answers.iter().all(|answer| answer.status == 403), "each is refused all the same");
        }
        let refused = page(&admin, "limit=100&action=access&actor=mallory").await;
        let of = |object: &str| {
            let items = refused["items"].as_array().unwrap();
            items.iter().filter(|item| item["object"] == object).cloned().collect::<Vec<_>>()
        };
        for object in ["GET /api/v1/users", "GET /api/v1/audit"] {
            let entries = of(object);
            assert_eq!(entries.len(), 3, "{entries:?}");
            assert!(entries[0]["details"]["more"].is_string(), "the last one says that there may be more");
            assert!(entries[1]["details"]["more"].is_null(), "{entries:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zero_byte_in_a_name_is_an_answer_and_no_outage() {
    for app in servers().await {
        for (path, name) in [
            ("/api/v1/auth/login", "ab\u{0}c"),
            ("/api/auth/login", "ab\u{0}c"),
            ("/api/v1/auth/login", "\u{0}"),
            ("/api/auth/login", "ana\r\n\u{0}"),
        ] {
            let body = json!({"username": name, "password": "xxxxxxxx"}).to_string();
            let answer = app.anonymous().post(path, body).await;
            assert_eq!(answer.status, 401, "{path} {name:?}: {}", answer.text);
        }
        let admin = admin(&app).await;
        for query in ["actor=%00", "object=a%00b", "action=%00"] {
            assert_eq!(admin.get(&format!("/api/v1/audit?{query}")).await.status, 422, "{query}");
        }
        let health = app.anonymous().get("/health").await.json();
        assert_eq!(health["database"]["connected"], json!(true), "{health}");
    }
}
