//! Calls one by one: who sees which, page by page, and what is told of each.

use crate::looks::{CALL, Looks, MODEL, seen};
use serde_json::{Value, json};
use switchyard_harness::{TestClient, on_both_databases};

on_both_databases! {
    from crate::looks::start_on;
    members_list_and_find_their_own_calls_and_auditors_all,
    a_request_id_that_two_people_chose_shows_each_their_own_call,
    what_can_not_be_listed_is_a_422_and_a_page_is_never_longer_than_a_hundred,
}

const REQUESTS: &str = "/api/v1/requests";

async fn all_pages(client: &TestClient, query: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = seen(client, &format!("{REQUESTS}?limit=2{query}{after}")).await;
        let found = page["items"].as_array().unwrap().clone();
        assert!(found.len() <= 2);
        items.extend(found);
        let Some(next) = page["next"].as_str() else { return items };
        after = format!("&after={next}");
    }
}

fn models(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["requested_model"].as_str().unwrap()).collect()
}

async fn members_list_and_find_their_own_calls_and_auditors_all(looks: Looks) {
    let (key_id, key) = looks.key_of(&looks.ana, "ana-key").await;
    let first = looks.call(&key, MODEL).await;
    looks.call(&looks.bob, MODEL).await;
    let second = looks.call(&looks.ana, "fallback").await;
    looks.call(&looks.ana, MODEL).await;
    for client in [&looks.admin, &looks.auditor] {
        let all = all_pages(client, "").await;
        assert_eq!(models(&all), [MODEL, "fallback", MODEL, MODEL], "the newest first");
    }
    let own = all_pages(&looks.ana, "").await;
    assert_eq!(models(&own), [MODEL, "fallback", MODEL]);
    assert!(own.iter().all(|item| item["user"] == json!(looks.ana_id)), "{own:?}");
    assert_eq!(own[2]["request_id"], first.request_id());
    assert_eq!((&own[2]["virtual_key"], &own[0]["virtual_key"]), (&json!(key_id), &Value::Null));

    for (query, expected) in [
        (format!("&key={key_id}"), 1),
        ("&route=fallback".to_owned(), 1),
        ("&model=priced".to_owned(), 4),
        ("&model=broken".to_owned(), 0),
        ("&provider=upstream&status=complete".to_owned(), 4),
        ("&status=failed".to_owned(), 0),
        (format!("&request_id={}", second.request_id()), 1),
        (format!("&user={}", looks.ana_id), 3),
        ("&from=2999-01-01".to_owned(), 0),
        ("&to=2001-01-01".to_owned(), 0),
        ("&include_simulated=false".to_owned(), 4),
    ] {
        assert_eq!(all_pages(&looks.admin, &query).await.len(), expected, "{query}");
    }
    assert!(all_pages(&looks.bob, &format!("&user={}", looks.ana_id)).await.is_empty());
    assert!(all_pages(&looks.bob, &format!("&key={key_id}")).await.is_empty());

    let id = own[1]["id"].as_str().unwrap();
    let foreign = looks.bob.get(&format!("{REQUESTS}/{id}")).await;
    let unknown = looks.bob.get(&format!("{REQUESTS}/0192f0c1-0000-7000-8000-000000000000")).await;
    assert_eq!((foreign.status, unknown.status), (404, 404));
    assert_eq!(foreign.json()["message"], unknown.json()["message"], "another's is as if it were not there");
    assert_eq!(looks.bob.get(&format!("{REQUESTS}/{}", second.request_id())).await.status, 404);
    for client in [&looks.ana, &looks.admin, &looks.auditor] {
        assert_eq!(seen(client, &format!("{REQUESTS}/{id}")).await["request_id"], second.request_id());
    }
    a_call_tells_its_attempts(&seen(&looks.ana, &format!("{REQUESTS}/{}", second.request_id())).await);
}

fn a_call_tells_its_attempts(call: &Value) {
    let summary = ["requested_model", "route", "provider", "model", "status", "attempts_made", "cost_usd"];
    let told: Vec<&Value> = summary.iter().map(|member| &call[*member]).collect();
    let expected = ["fallback", "fallback", "upstream", "priced", "complete"].map(|text| json!(text));
    assert_eq!(told[..5], expected.iter().collect::<Vec<_>>(), "{call}");
    assert_eq!((told[5], told[6]), (&json!(2), &json!(CALL)), "{call}");
    let attempts = call["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (&attempts[0]["model"], &attempts[0]["http_status"], &attempts[0]["cost_usd"]),
        (&json!("broken"), &json!(503), &Value::Null)
    );
    assert_eq!(attempts[0]["price"]["source"], "unknown");
    let answered = &attempts[1];
    assert_eq!(answered["cost_usd"], CALL);
    assert_eq!(answered["tokens"]["output"], 10);
    assert_eq!((&answered["usage_source"], &answered["credential"]), (&json!("provider"), &json!("shared")));
    let price = &answered["price"];
    assert_eq!(price["source"], "override", "{price}");
    assert!(price["version"].as_str().unwrap().starts_with("override:upstream@"), "{price}");
    let line = json!({"kind": "output", "tokens": 10, "price_usd_per_million": "1000.000000000"});
    assert!(price["lines"].as_array().unwrap().contains(&line), "{price}");
    assert!(!call.to_string().contains("\"hi\""), "no content: {call}");
}

async fn a_request_id_that_two_people_chose_shows_each_their_own_call(looks: Looks) {
    let body = json!({"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    for client in [&looks.ana, &looks.bob] {
        let headers = [("x-request-id", "chosen-0001")];
        let answer = client.post_with("/v1/chat/completions", &headers, body.clone()).await;
        assert_eq!((answer.status, answer.request_id()), (200, "chosen-0001"), "{}", answer.text);
    }
    assert!(looks.app.embedded().flush_usage().await);
    let path = format!("{REQUESTS}/chosen-0001");
    assert_eq!(seen(&looks.ana, &path).await["user"], json!(looks.ana_id));
    assert_ne!(seen(&looks.bob, &path).await["user"], json!(looks.ana_id));
    assert_eq!(all_pages(&looks.admin, "&request_id=chosen-0001").await.len(), 2);
}

async fn what_can_not_be_listed_is_a_422_and_a_page_is_never_longer_than_a_hundred(looks: Looks) {
    for (query, field) in [
        ("limit=x", "query"),
        ("limit=-1", "query"),
        ("after=7", "after"),
        ("after=' OR 1=1 --", "after"),
        ("status=good", "status"),
        ("from=soon", "from"),
        ("key=ci", "query"),
        ("key=1&key=2", "query"),
        ("colour=red", "query"),
    ] {
        let answer = looks.ana.get(&format!("{REQUESTS}?{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
        assert!(answer.json()["details"][field].is_array(), "{query}: {}", answer.text);
    }
    for limit in ["0", "4000000000"] {
        assert_eq!(looks.ana.get(&format!("{REQUESTS}?limit={limit}")).await.status, 200);
    }
    for id in ["x", "%00", "..%2f..", &"y".repeat(300)] {
        assert_eq!(looks.ana.get(&format!("{REQUESTS}/{id}")).await.status, 404, "{id}");
    }
}
