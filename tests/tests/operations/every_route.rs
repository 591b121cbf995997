//! Whatever reaches a provider leaves one row in the ledger.

use crate::scene::{ALONE, Call};
use serde_json::json;
use switchyard_domain::usage::{GroupBy, UsageFilter};
use switchyard_harness::{TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

/// Routes behind a key that call nobody.
const NO_CALLS: &[(&str, &str)] = &[("GET", "/v1/models"), ("GET", "/v1/models/{id:.*}")];

/// A good call of a route. A route that is new belongs here, or among those that call nobody.
fn example(client: &TestClient, endpoint: &Endpoint) -> reqwest::RequestBuilder {
    if let Some(call) = Call::ALL.into_iter().find(|call| call.path() == endpoint.path) {
        return crate::scene::request(client, call, call.body(ALONE));
    }
    let body = match endpoint.path {
        "/v1/chat/completions" | "/chat/completions" => {
            json!({"model": ALONE, "messages": [{"role": "user", "content": "hi"}]})
        }
        path => panic!(
            "{} {path} has no example of a call: add one, so that its record is proved",
            endpoint.method
        ),
    };
    let request = client.request(endpoint.method, endpoint.path);
    request.header("content-type", "application/json").body(body.to_string())
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
        if NO_CALLS.contains(&(endpoint.method, endpoint.path)) {
            let path = endpoint.path.replace("{id:.*}", ALONE);
            assert_eq!(client.get(&path).await.status, 200, "{path}");
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
    assert!(proved >= 8, "{proved}");
    let check = app.embedded().usage().verify().await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
    assert_eq!(check.entries, proved, "each call has one entry in the ledger");
}
