//! What a call says that decides where it goes, and what its answer says of that.

use serde_json::json;
use std::time::Duration;
use switchyard::Name;
use switchyard::declared::{DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::routing::Among;
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{Need, OnDisconnect, RouteMode, Strategy, When};
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Database, TestApp, on_both_databases};

on_both_databases! {
    tags_in_a_header_choose_a_target_and_bad_ones_are_400,
    what_a_call_needs_is_known_in_every_dialect,
    the_route_behind_answers_when_all_of_the_first_fail_and_the_answer_says_so,
    of_256_selections_at_once_each_target_gets_the_same_share_give_or_take_one,
    a_route_that_reads_on_records_what_the_provider_counted_though_the_client_left,
}

fn target(model: &str) -> DeclaredTarget {
    DeclaredTarget::new(Name::new("upstream").unwrap(), model.to_owned())
}

fn route(name: &str, targets: Vec<DeclaredTarget>) -> DeclaredRoute {
    DeclaredRoute {
        mode: RouteMode::Multi,
        failover_on: FailoverOn::Availability,
        targets: targets
            .into_iter()
            .zip(0..)
            .map(|(it, priority)| DeclaredTarget { priority, ..it })
            .collect(),
        ..DeclaredRoute::new(Name::new(name).unwrap())
    }
}

async fn add(app: &TestApp, route: &DeclaredRoute) {
    app.embedded().routes().add(route, &Writer::API).await.unwrap();
}

async fn tags_in_a_header_choose_a_target_and_bad_ones_are_400(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).start().await;
    let when = When { tags: ["batch".to_owned()].into(), ..When::default() };
    add(&app, &route("tagged", vec![DeclaredTarget { when, ..target("m1") }, target("m2")])).await;
    let client = app.client_with_key("ci").await;
    let body = json!({"model": "tagged", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let ask = async |tags: &str| {
        client.post_with("/v1/chat/completions", &[("x-switchyard-tags", tags)], body.clone()).await
    };
    let answer = ask("team:a, batch").await;
    assert_eq!(
        (answer.status, answer.header("x-switchyard-target")),
        (200, "upstream/m1"),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("x-switchyard-reason"), "priority");
    assert_eq!(ask("team:a").await.header("x-switchyard-target"), "upstream/m2");
    let answer = ask("a b").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request"));
    assert!(answer.text.contains("x-switchyard-tags"));
}

/// What a call needs is seen in every dialect.
async fn what_a_call_needs_is_known_in_every_dialect(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).start().await;
    let needs = |need: Need| When { needs: [need].into(), ..When::default() };
    for (name, need) in [("tools", Need::Tools), ("vision", Need::Vision), ("schema", Need::JsonSchema)] {
        let first = DeclaredTarget { when: needs(need), ..target("m1") };
        add(&app, &route(name, vec![first, target("m2")])).await;
    }
    let client = app.client_with_key("ci").await;
    let function = json!({"type": "object", "properties": {}});
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    let picture =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let data = format!("data:image/png;base64,{picture}");
    let hi = json!([{"role": "user", "content": "hi"}]);
    let calls = [
        (
            "tools",
            "/v1/chat/completions",
            json!({"messages": hi, "tools": [{"type": "function", "function": {"name": "f", "parameters": function}}]}),
        ),
        (
            "tools",
            "/v1/responses",
            json!({"input": "hi", "tools": [{"type": "function", "name": "f", "parameters": function}]}),
        ),
        (
            "tools",
            "/v1/messages",
            json!({"messages": hi, "max_tokens": 9, "tools": [{"name": "f", "input_schema": function}]}),
        ),
        (
            "tools",
            "/v1beta/models/{}:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": [{"name": "f", "parameters": function}]}]}),
        ),
        (
            "vision",
            "/v1/chat/completions",
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data}}]}]}),
        ),
        (
            "vision",
            "/v1/responses",
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": data}]}]}),
        ),
        (
            "vision",
            "/v1/messages",
            json!({"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture}}]}]}),
        ),
        (
            "vision",
            "/v1beta/models/{}:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": picture}}]}]}),
        ),
        (
            "schema",
            "/v1/chat/completions",
            json!({"messages": hi, "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": schema, "strict": true}}}),
        ),
        (
            "schema",
            "/v1/responses",
            json!({"input": "hi", "text": {"format": {"type": "json_schema", "name": "s", "schema": schema, "strict": true}}}),
        ),
        (
            "schema",
            "/v1/messages",
            json!({"messages": hi, "max_tokens": 9, "output_config": {"format": {"type": "json_schema", "schema": schema}}}),
        ),
        (
            "schema",
            "/v1beta/models/{}:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema}}),
        ),
    ];
    for (needed, path, body) in calls {
        for name in ["tools", "vision", "schema"] {
            let mut body = body.clone();
            if !path.contains("{}") {
                body["model"] = json!(name);
            }
            let answer = client.post(&path.replace("{}", name), body.to_string()).await;
            let expected = if name == needed { "upstream/m1" } else { "upstream/m2" };
            assert_eq!(
                (answer.status, answer.header("x-switchyard-target")),
                (200, expected),
                "{name} {path}: {}",
                answer.text
            );
        }
    }
}

async fn the_route_behind_answers_when_all_of_the_first_fail_and_the_answer_says_so(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2"]).start().await;
    add(&app, &route("behind", vec![target("m2")])).await;
    let first =
        DeclaredRoute { fallback: Some(Name::new("behind").unwrap()), ..route("first", vec![target("m1")]) };
    add(&app, &first).await;
    app.simulator().script("m1", Script::of("status=503"));
    let client = app.client_with_key("ci").await;
    let answer = client.ask("first", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "upstream/m2"));
    assert_eq!(answer.header("x-switchyard-reason"), "server_error%20at%20upstream/m1");
    let events = app.events_of(answer.request_id()).await;
    let facts: Vec<_> = events
        .iter()
        .map(|it| (it.requested_model.as_str(), it.model.as_str(), it.fault.as_deref()))
        .collect();
    assert_eq!(facts, [("first", "m1", Some("server_error")), ("first", "m2", None)]);
}

/// R9.
async fn of_256_selections_at_once_each_target_gets_the_same_share_give_or_take_one(database: Database) {
    let app = TestApp::builder().on(database).models(["m1", "m2", "m3"]).start().await;
    let even = DeclaredRoute {
        mode: RouteMode::Auto,
        strategy: Strategy::RoundRobin,
        ..route("even", vec![target("m1"), target("m2"), target("m3")])
    };
    let id = app.embedded().routes().add(&even, &Writer::API).await.unwrap();
    let routing = std::sync::Arc::clone(&app.embedded().use_cases().insight.routing);
    let next = |_| routing.select(id, None, Among::All).unwrap().model;
    let models: Vec<String> = std::thread::scope(|scope| {
        let select = || (0..64).map(next).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(select)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    for model in ["m1", "m2", "m3"] {
        let share = models.iter().filter(|chosen| *chosen == model).count();
        assert!((85..=86).contains(&share), "{model}: {share}");
    }
}

async fn a_route_that_reads_on_records_what_the_provider_counted_though_the_client_left(database: Database) {
    let app = TestApp::builder().on(database).models(["m1"]).start().await;
    for (name, on_disconnect) in [("cancels", OnDisconnect::Cancel), ("drains", OnDisconnect::Drain)] {
        add(&app, &DeclaredRoute { on_disconnect, ..route(name, vec![target("m1")]) }).await;
    }
    app.simulator().script("m1", Script::of("tokens=10&chunk_ms=40"));
    let client = app.client_with_key("ci").await;
    for (name, is_whole) in [("cancels", false), ("drains", true)] {
        let body = json!({"model": name, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        let mut response = client
            .request("POST", "/v1/chat/completions")
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        response.chunk().await.unwrap().unwrap();
        drop(response);
        tokio::time::sleep(Duration::from_millis(900)).await;
        let events = app.events_of(&id).await;
        assert_eq!(events.len(), 1, "{name}");
        assert_eq!(events[0].outcome.as_str(), "client_closed", "{name}");
        assert_eq!(events[0].usage.output == 10, is_whole, "{name}: {:?}", events[0].usage);
    }
}
