//! Calls whose targets are all at limits of their own, as dry runs foretell them.

use crate::scene::{ADMIN, bearer, builder};
use serde_json::{Value, json};
use switchyard::declared::DeclaredModel;
use switchyard_domain::limits::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_which_no_target_has_room_is_explained_by_the_limit() {
    let limits = Limits { rpd: Some(1), ..Limits::NONE };
    let model = DeclaredModel { model: "daily".to_owned(), limits, ..DeclaredModel::default() };
    let app = builder().model(model).route("one", ["daily"]).start().await;
    let admin = app.client(&bearer(&app, ADMIN).await);
    let caller = app.client_with_key("ci").await;
    let body = json!({"body": {"model": "one", "messages": [{"role": "user", "content": "hi"}]}}).to_string();
    let explained = async || -> Value { admin.post("/api/v1/explain", body.clone()).await.json() };
    assert_eq!(explained().await["decided_by"], "only");
    assert_eq!(caller.ask("one", "hi").await.status, 200);
    let shown = explained().await;
    assert_eq!((&shown["decided_by"], &shown["targets"]), (&json!("limit_spent"), &json!([])), "{shown}");
    assert_eq!(shown["skipped"][0]["reason"], "limit_spent", "{shown}");
    assert_eq!(caller.ask("one", "hi").await.status, 429, "as it was foretold");
}
