//! P15: what ends somebody's rights in one process ends them in every other process over the same database within a second.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "what takes real time is measured and shown"
)]

use crate::scene::{ADMIN, JsonBody, bearer, builder, register, send};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use switchyard::Store;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{TestApp, TestClient};

/// How long the other process may take.
const WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_rights_in_one_process_ends_them_in_the_other_within_a_second_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::SqliteFile(folder.path().join("switchyard.db"));
    for line in all(&store, folder.path()).await {
        println!("{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_rights_in_one_process_ends_them_in_the_other_within_a_second_on_postgresql() {
    let Some(postgres) = PrivatePostgres::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::Postgres(postgres.create_database().into());
    for line in all(&store, folder.path()).await {
        println!("{line}");
    }
}

/// Does each of it, and says how long the other process took.
async fn all(store: &Store, secrets: &Path) -> Vec<String> {
    let start = || builder().store(store.clone()).secrets_in(secrets).start();
    let (here, there) = (start().await, start().await);
    let admin = here.client(&bearer(&here, ADMIN).await);
    let mut took = Vec::new();

    register(&here, "ana").await;
    let anas = there.client(&bearer(&here, "ana").await);
    until(&anas, "/api/profile", 200).await;
    logged_out(&here, &anas).await;
    took.push(line("a logout", until(&anas, "/api/profile", 401).await));

    let ben = register(&here, "ben").await["user"]["id"].as_i64().unwrap();
    let bens = there.client(&bearer(&here, "ben").await);
    until(&bens, "/api/profile", 200).await;
    changed(&admin, ben, json!({"is_active": false})).await;
    took.push(line("a disabled account", until(&bens, "/api/profile", 401).await));

    let cyd = register(&here, "cyd").await["user"]["id"].as_i64().unwrap();
    changed(&admin, cyd, json!({"role": "auditor"})).await;
    let token = bearer(&here, "cyd").await;
    let cyds = there.client(&token);
    assert_eq!(until_is(&cyds, "/api/v1/users", |status| status == 200).await.0, 200);
    changed(&admin, cyd, json!({"role": "member"})).await;
    let (status, elapsed) = until_is(&cyds, "/api/v1/users", |status| status != 200).await;
    assert!([401, 403].contains(&status), "{status}");
    took.push(line("a role that was taken away", elapsed));

    let made = admin.post("/api/v1/virtual-keys", json!({"name": "ci"}).to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let key = there.client(made["key"].as_str().unwrap());
    assert_eq!(until_is(&key, "/v1/models", |status| status == 200).await.0, 200);
    let path = format!("/api/v1/virtual-keys/{}", made["id"]);
    let revoked = send(admin.request("DELETE", &path)).await;
    assert!([200, 204].contains(&revoked.status), "{}", revoked.text);
    took.push(line("a revoked key", until(&key, "/v1/models", 401).await));

    took
}

async fn logged_out(app: &TestApp, elsewhere: &TestClient) {
    let answer = app.client(elsewhere.key()).post("/api/v1/auth/logout", "{}").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn changed(admin: &TestClient, id: i64, change: serde_json::Value) {
    let answer = send(admin.request("PATCH", &format!("/api/v1/users/{id}")).json_body(&change)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Asks until this is the status, and says how long that took.
async fn until(client: &TestClient, path: &str, status: u16) -> Duration {
    until_is(client, path, |answered| answered == status).await.1
}

async fn until_is(client: &TestClient, path: &str, is_done: impl Fn(u16) -> bool) -> (u16, Duration) {
    let began = Instant::now();
    loop {
        let status = client.get(path).await.status;
        assert!(began.elapsed() < WITHIN, "{path} still answers {status}");
        if is_done(status) {
            return (status, began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn line(what: &str, took: Duration) -> String {
    format!("{what} counts in the other process after {took:?}")
}
