//! Lists come in pages: of fifty, unless another number is asked for, and never of more than a hundred.

use crate::scene::{ADMIN, bearer, on_both_databases, register};
use serde_json::{Value, json};
use switchyard_harness::{TestApp, TestClient};

on_both_databases! {
    a_list_is_paged_by_fifty_and_a_page_is_never_longer_than_a_hundred,
    the_log_of_calls_has_ten_unless_more_are_asked_for,
}

/// More than two pages, and more than the longest.
const MANY: usize = 103;
/// More than a page; nobody has more than a hundred.
const MANY_SESSIONS: usize = 70;

async fn page(client: &TestClient, path: &str, query: &str) -> (Vec<Value>, Option<String>) {
    let answer = client.get(&format!("{path}?{query}")).await;
    assert_eq!(answer.status, 200, "{path} {query}: {}", answer.text);
    let said = answer.json();
    let next = said["next"].as_str().map(str::to_owned);
    assert!(next.is_some() || said["next"].is_null(), "{said}");
    (said["items"].as_array().unwrap().clone(), next)
}

async fn a_list_is_paged_by_fifty_and_a_page_is_never_longer_than_a_hundred(app: TestApp) {
    let token = bearer(&app, ADMIN).await;
    let admin = app.client(&token);
    let mut key = String::new();
    for number in 0..MANY {
        register(&app, &format!("person.{number}")).await;
        if number < MANY_SESSIONS {
            bearer(&app, ADMIN).await;
        }
        let made =
            admin.post("/api/v1/virtual-keys", json!({"name": format!("k{number}")}).to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["key"].as_str().unwrap().clone_into(&mut key);
    }
    let caller = app.client(&key);
    for _ in 0..MANY {
        assert_eq!(caller.ask("gpt-sim", "hi").await.status, 200);
    }
    assert!(app.embedded().flush_usage().await);
    for path in
        ["users", "virtual-keys", "requests", "audit", "sessions"].map(|list| format!("/api/v1/{list}"))
    {
        let (usual, next) = page(&admin, &path, "").await;
        assert_eq!((usual.len(), next.is_some()), (50, true), "{path}");
        let is_of_sessions = path.ends_with("sessions");
        let there = if is_of_sessions { MANY_SESSIONS + 1 } else { MANY };
        for most in ["limit=100", "limit=101", "limit=4000000000"] {
            let (longest, next) = page(&admin, &path, most).await;
            let expected = if is_of_sessions { (there, false) } else { (100, true) };
            assert_eq!((longest.len(), next.is_some()), expected, "{path} {most}");
            assert_eq!(longest[..50], usual, "{path}: the same order");
        }
        let (mut seen, mut query) = (Vec::new(), "limit=40".to_owned());
        loop {
            let (items, next) = page(&admin, &path, &query).await;
            assert!(items.len() <= 40, "{path}");
            seen.extend(items.into_iter().map(|item| item["id"].to_string()));
            let Some(next) = next else { break };
            query = format!("limit=40&after={next}");
        }
        let all = seen.len();
        assert!(all >= there, "{path}: {all}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all, "{path}: nothing comes twice");
    }
}

async fn the_log_of_calls_has_ten_unless_more_are_asked_for(app: TestApp) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let caller = app.client_with_key("ci").await;
    for _ in 0..12 {
        assert_eq!(caller.ask("gpt-sim", "hi").await.status, 200);
    }
    assert!(app.embedded().flush_usage().await);
    for (query, expected) in [("", 10), ("?limit=3", 3), ("?limit=12", 12), ("?limit=1000", 12)] {
        let said = admin.get(&format!("/api/logs{query}")).await.json();
        assert_eq!(said["logs"].as_array().unwrap().len(), expected, "{query}: {said}");
    }
}
