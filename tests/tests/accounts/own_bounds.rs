//! How much of the server somebody may fill who does not administer it.

use crate::scene::{ADMIN, JsonBody, bearer, builder, open_settings, register, send, start};
use serde_json::{Value, json};
use switchyard::Store;
use switchyard::orchestrator::accounts::AccountSettings;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{Answer, TestApp, TestAppBuilder, TestClient};

const KEYS: &str = "/api/v1/virtual-keys";

async fn make(client: &TestClient, body: Value) -> Answer {
    client.post(KEYS, body.to_string()).await
}

fn with_two_keys_each() -> TestAppBuilder {
    builder().accounts(AccountSettings { most_keys: 2, ..open_settings() })
}

async fn two_keys_and_no_more(app: &TestApp) {
    let ana = register(app, "ana").await["user"]["id"].as_i64().unwrap();
    register(app, "bob").await;
    let (of_ana, of_bob) = (app.client(&bearer(app, "ana").await), app.client(&bearer(app, "bob").await));
    let admin = app.client(&bearer(app, ADMIN).await);
    let names: Vec<Value> = (0..6).map(|number| json!({"name": format!("k{number}")})).collect();
    let answers = futures_util::future::join_all(names.iter().map(|body| make(&of_ana, body.clone()))).await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 2, "of six at once");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!((refused.status, &refused.json()["error"]), (409, &json!("conflict")), "{}", refused.text);
    assert!(refused.text.contains("2 virtual keys at most"), "{}", refused.text);
    assert_eq!(make(&of_bob, json!({"name": "bobs"})).await.status, 201, "nobody else is counted");
    assert_eq!(make(&admin, json!({"name": "third", "user": ana})).await.status, 201, "an administrator may");
    let id = made[0].json()["id"].clone();
    assert_eq!(send(of_ana.request("DELETE", &format!("{KEYS}/{id}"))).await.status, 204);
    assert_eq!(make(&of_ana, json!({"name": "later"})).await.status, 409, "there are two of hers still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_so_many_keys_and_no_more() {
    two_keys_and_no_more(&with_two_keys_each().start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_so_many_keys_and_no_more_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    let app = with_two_keys_each().store(Store::Postgres(server.create_database().into())).start().await;
    two_keys_and_no_more(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_list_is_bounded_in_its_entries_and_as_a_whole() {
    let app = start().await;
    let admin = app.client(&bearer(&app, ADMIN).await);
    let longest = "m".repeat(100 + 1 + 256);
    for (models, status) in [
        (vec![longest.clone()], 201),
        (vec![format!("{longest}m")], 422),
        (vec!["m".repeat(2_000_000)], 422),
        (vec!["m".repeat(64); 1_000], 201),
        (vec!["m".repeat(64); 1_001], 422),
        (vec!["m".repeat(66); 1_000], 422),
    ] {
        let what = (models.len(), models[0].len());
        let answer =
            make(&admin, json!({"name": format!("k-{}-{}", what.0, what.1), "models": models})).await;
        assert_eq!(answer.status, status, "{what:?}: {}", &answer.text[..answer.text.len().min(200)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_writes_of_configuration_are_throttled_and_an_administrators_are_not() {
    let app = start().await;
    register(&app, "ana").await;
    let (of_ana, admin) = (app.client(&bearer(&app, "ana").await), app.client(&bearer(&app, ADMIN).await));
    for (client, wanted) in [(&of_ana, 429), (&admin, 200)] {
        let key = make(client, json!({"name": format!("k{wanted}")})).await.json();
        let path = format!("{KEYS}/{}", key["id"]);
        let mut last = None;
        for number in 0..130 {
            let tags = json!({"tags": [format!("t{number}")]});
            last = Some(send(client.request("PATCH", &path).json_body(&tags)).await);
        }
        let last = last.unwrap();
        assert_eq!(last.status, wanted, "{}", last.text);
        assert_eq!(last.headers.contains_key("retry-after"), wanted == 429);
    }
    assert_eq!(of_ana.get(KEYS).await.status, 200, "reading is not writing");
}
