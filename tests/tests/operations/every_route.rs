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
    ("GET", "/api/v1/virtual-keys/self", "/api/v1/virtual-keys/self"),
];

/// What follows the colon of a path of Google's, for each thing that reaches a provider there.
const ACTIONS: &[&str] = &["generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents"];

/// Bodies that ask the route at this path for something, and the paths where it is no pattern: one for each of its actions.
fn asked(path: &str) -> Vec<(String, Value)> {
    let said = json!([{"role": "user", "content": "hi"}]);
    let body = match path {
        "/v1/chat/completions" | "/chat/completions" => json!({"model": ALONE, "messages": said}),
        "/v1/messages" => json!({"model": ALONE, "messages": said, "max_tokens": 20}),
        "/v1/messages/count_tokens" => json!({"model": ALONE, "messages": said}),
        "/v1/responses" => json!({"model": ALONE, "input": "hi"}),
        "/v1beta/models/{call:.*}" | "/v1/models/{id:.*}" => {
            let base = path.split_once("/{").map_or(path, |(base, _)| base);
            let of = |action: &&str| (format!("{base}/{ALONE}:{action}"), of_google(action));
            return ACTIONS.iter().map(of).collect();
        }
        _ => return Vec::new(),
    };
    vec![(path.to_owned(), body)]
}

fn of_google(action: &str) -> Value {
    let content = json!({"role": "user", "parts": [{"text": "hi"}]});
    match action {
        "embedContent" => json!({"content": content}),
        "batchEmbedContents" => json!({"requests": [{"content": content}]}),
        _ => json!({"contents": [content]}),
    }
}

/// Good calls of a route. A route that is new belongs here, or among those that call nobody.
pub(crate) fn examples(client: &TestClient, endpoint: &Endpoint) -> Vec<reqwest::RequestBuilder> {
    if let Some(call) = Call::ALL.into_iter().find(|call| call.path() == endpoint.path) {
        return vec![crate::scene::request(client, call, call.body(ALONE))];
    }
    let asked = asked(endpoint.path);
    assert!(
        !asked.is_empty(),
        "{} {} has no example of a call: add one, so that its record is proved",
        endpoint.method,
        endpoint.path
    );
    let request = |(path, body): (String, Value)| {
        let request = client.request(endpoint.method, &path);
        request.header("content-type", "application/json").body(body.to_string())
    };
    asked.into_iter().map(request).collect()
}

/// Asks a route that calls nobody.
async fn ask(client: &TestClient, method: &'static str, path: &str) -> u16 {
    let request = client.request(method, path);
    let request = match asked(path).first().filter(|_| method == "POST") {
        Some((_, body)) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    request.send().await.unwrap().status().as_u16()
}

/// The routes that a virtual key opens.
pub(crate) fn behind_a_key() -> impl Iterator<Item = Endpoint> {
    let is_gateway = |endpoint: &Endpoint| matches!(endpoint.access, Access::Gateway | Access::VirtualKey);
    table().into_iter().filter(is_gateway)
}

/// The method and a path of a route that calls no provider.
pub(crate) fn calls_nobody(endpoint: &Endpoint) -> Option<(&'static str, &'static str)> {
    let is_this =
        |(method, path, _): &&(&str, &str, &str)| (*method, *path) == (endpoint.method, endpoint.path);
    NO_CALLS.iter().find(is_this).map(|(method, _, path)| (*method, *path))
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
    for endpoint in behind_a_key() {
        if let Some((method, path)) = calls_nobody(&endpoint) {
            let before = (app.simulator().calls().len(), rows(&app).await);
            assert_eq!(ask(&client, method, path).await, 200, "{path}");
            assert_eq!((app.simulator().calls().len(), rows(&app).await), before, "{path} made a call");
            continue;
        }
        for example in examples(&client, &endpoint) {
            let before = (app.simulator().calls().len(), rows(&app).await);
            let answer = crate::scene::heard(example).await;
            assert_eq!((answer.status, answer.whole), (200, true), "{}: {}", endpoint.path, answer.text());
            let events = app.events_of(answer.header("x-request-id")).await;
            assert_eq!(events.len(), 1, "{}: {events:?}", endpoint.path);
            let event = &events[0];
            assert!(event.is_final && event.is_billed() && event.key.is_some(), "{}", endpoint.path);
            let after = (app.simulator().calls().len(), rows(&app).await);
            assert_eq!(after, (before.0 + 1, before.1 + 1), "{}", endpoint.path);
            proved += 1;
        }
    }
    assert!(proved >= 18, "{proved}");
    let check = app.embedded().usage().verify().await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
    assert_eq!(check.entries, proved, "each call has one entry in the ledger");
}
