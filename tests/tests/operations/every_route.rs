//! Whatever reaches a provider leaves one row in the ledger.

use crate::scene::{ALONE, Call};
use serde_json::{Value, json};
use switchyard_domain::usage::{GroupBy, UsageFilter};
use switchyard_harness::{TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

/// Routes behind a key that call nobody, and a path of each.
const NO_CALLS: &[(&str, &str, &str)] = &[
    ("GET", "/v1/models", "/v1/models"),
    ("GET", "/v1/models/{id:.*}", "/v1/models/upstream/faulty"),
    ("GET", "/v1beta/models", "/v1beta/models"),
    ("GET", "/v1beta/models/{call:.*}", "/v1beta/models/upstream/faulty"),
    ("POST", "/v1/messages/count_tokens", "/v1/messages/count_tokens"),
];

/// A body that asks the route at this path for something, and the path where it is no pattern.
fn asked(path: &str) -> Option<(String, Value)> {
    let said = json!([{"role": "user", "content": "hi"}]);
    let generate = || json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let body = match path {
        "/v1/chat/completions" | "/chat/completions" => json!({"model": ALONE, "messages": said}),
        "/v1/messages" => json!({"model": ALONE, "messages": said, "max_tokens": 20}),
        "/v1/messages/count_tokens" => json!({"model": ALONE, "messages": said}),
        "/v1/responses" => json!({"model": ALONE, "input": "hi"}),
        "/v1beta/models/{call:.*}" | "/v1/models/{id:.*}" => generate(),
        _ => return None,
    };
    let base =
        path.split_once("/{").map_or(path.to_owned(), |(base, _)| format!("{base}/{ALONE}:generateContent"));
    Some((base, body))
}

/// A good call of a route. A route that is new belongs here, or among those that call nobody.
fn example(client: &TestClient, endpoint: &Endpoint) -> reqwest::RequestBuilder {
    if let Some(call) = Call::ALL.into_iter().find(|call| call.path() == endpoint.path) {
        return crate::scene::request(client, call, call.body(ALONE));
    }
    let Some((path, body)) = asked(endpoint.path) else {
        panic!(
            "{} {} has no example of a call: add one, so that its record is proved",
            endpoint.method, endpoint.path
        )
    };
    let request = client.request(endpoint.method, &path);
    request.header("content-type", "application/json").body(body.to_string())
}

/// Asks a route that calls nobody.
async fn ask(client: &TestClient, method: &'static str, path: &str) -> u16 {
    let request = client.request(method, path);
    let request = match asked(path).filter(|_| method == "POST") {
        Some((_, body)) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    request.send().await.unwrap().status().as_u16()
}

async fn rows(app: &TestApp) -> u64 {
    assert!(app.embedded().flush_usage().await, "the journal does not drain");
    let report = app.embedded().usage().report(UsageFilter::default(), GroupBy::Model).await.unwrap();
    report.iter().map(|row| row.sums.attempts).sum()
}

#[tokio::test]
async fn every_route_that_reaches_a_provider_leaves_exactly_one_row_in_the_ledger() {
    let app = TestApp::builder().models(["faulty"]).start().await;
    let client = app.client_with_key("ci").await;
    let mut proved = 0;
    let is_gateway = |endpoint: &&Endpoint| matches!(endpoint.access, Access::Gateway | Access::VirtualKey);
    for endpoint in table().iter().filter(is_gateway) {
        let before = (app.simulator().calls().len(), rows(&app).await);
        let is_this =
            |(method, path, _): &&(&str, &str, &str)| (*method, *path) == (endpoint.method, endpoint.path);
        if let Some((method, _, path)) = NO_CALLS.iter().find(is_this) {
            assert_eq!(ask(&client, method, path).await, 200, "{path}");
            assert_eq!((app.simulator().calls().len(), rows(&app).await), before, "{path} made a call");
            continue;
        }
        let answer = crate::scene::heard(example(&client, endpoint)).await;
        assert_eq!((answer.status, answer.whole), (200, true), "{}: {}", endpoint.path, answer.text());
        let events = app.events_of(answer.header("x-request-id")).await;
        assert_eq!(events.len(), 1, "{}: {events:?}", endpoint.path);
        assert!(events[0].is_final && events[0].is_billed() && events[0].key.is_some(), "{}", endpoint.path);
        let after = (app.simulator().calls().len(), rows(&app).await);
        assert_eq!(after, (before.0 + 1, before.1 + 1), "{}", endpoint.path);
        proved += 1;
    }
    assert!(proved >= 12, "{proved}");
    let check = app.embedded().usage().verify().await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
    assert_eq!(check.entries, proved, "each call has one entry in the ledger");
}
