//! Routes behind routes over the whole server: what is shown of them is what calls then do, and what is selected and counted.

use crate::scene::{ADMIN, JsonBody, bearer, builder, on_both_databases, send};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use serde_json::{Value, json};
use switchyard::Store;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{TestApp, TestClient};

on_both_databases! {
    explain_the_dry_run_and_select_name_the_route_and_the_rule_of_each_target_that_a_call_then_tries,
    a_route_behind_that_is_switched_off_is_told_and_no_call_reaches_what_stands_behind_it,
    a_documented_selection_that_is_refused_takes_no_turn_and_one_that_is_made_has_three_fields,
    a_dry_run_counts_two_targets_of_one_model_apart,
}

async fn admin(app: &TestApp) -> TestClient {
    app.client(&bearer(app, ADMIN).await)
}

async fn made(client: &TestClient, path: &str, body: Value) -> Value {
    let answer = client.post(path, body.to_string()).await;
    assert_eq!(answer.status, 201, "{path}: {}", answer.text);
    answer.json()
}

async fn asked(client: &TestClient, path: &str, body: Value) -> Value {
    let answer = client.post(path, body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

async fn patch(client: &TestClient, path: &str, body: Value) {
    let answer = send(client.request("PATCH", path).json_body(&body)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
}

/// Providers `p1` to `p3` of a model each (`m1` to `m3`), of which the first two fail, and a chain of routes over them.
async fn chain(app: &TestApp, admin: &TestClient) -> Value {
    for number in 1..=3 {
        let body = json!({
            "name": format!("p{number}"), "vendor": "openai_compatible", "base_url": app.simulator().base_url(),
            "models": [{"model": format!("m{number}")}],
        });
        made(admin, "/api/v1/providers", body).await;
    }
    for failing in ["m1", "m2"] {
        app.simulator().script(failing, Script::of("status=503"));
    }
    let target = |number: u32| json!({"provider": format!("p{number}"), "model": format!("m{number}")});
    let third = json!({"name": "third", "targets": [target(3)]});
    made(admin, "/api/v1/routes", third).await;
    let second = json!({"name": "second", "fallback": "third", "targets": [target(2), target(1)]});
    made(admin, "/api/v1/routes", second).await;
    let first = json!({"name": "first", "fallback": "second", "targets": [target(1)]});
    made(admin, "/api/v1/routes", first).await["id"].clone()
}

fn explained() -> Value {
    json!({"body": {"model": "first", "messages": [{"role": "user", "content": "hi"}]}})
}

/// Members of each entry of a list.
fn each<const N: usize>(list: &Value, members: [&str; N]) -> Vec<[String; N]> {
    let told = |entry: &Value| members.map(|member| entry[member].as_str().unwrap_or_default().to_owned());
    list.as_array().unwrap().iter().map(told).collect()
}

async fn explain_the_dry_run_and_select_name_the_route_and_the_rule_of_each_target_that_a_call_then_tries(
    app: TestApp,
) {
    let admin = admin(&app).await;
    let id = chain(&app, &admin).await;
    let shown = asked(&admin, "/api/v1/explain", explained()).await;
    let run = asked(&admin, &format!("/api/v1/routes/{id}/dry-run"), json!({"calls": 10})).await;
    let course = [
        ["p1/m1", "first", "only", "the only target that can take the call"],
        ["p2/m2", "second", "failover", "failover: the first that works"],
        ["p3/m3", "third", "only", "the only target that can take the call"],
    ];
    assert_eq!(each(&shown["targets"], ["target", "route", "decided_by", "rule"]), course);
    assert_eq!(each(&run["targets"], ["target", "route", "decided_by", "reason"]), course);
    assert_eq!((&shown["decided_by"], &shown["rule"]), (&json!(course[0][2]), &json!(course[0][3])));
    for told in [&shown, &run] {
        let left_out = [["p1/m1", "second", "asked_before"]];
        assert_eq!(each(&told["skipped"], ["target", "route", "reason"]), left_out);
        assert_eq!(told["passed_routes"], json!([]));
    }
    let calls: Vec<_> = run["targets"].as_array().unwrap().iter().map(|it| it["calls"].clone()).collect();
    assert_eq!(calls, [10, 0, 0]);
    let selected = asked(&admin, &format!("/api/v1/routes/{id}/select"), json!({})).await;
    let told = ["provider_name", "route", "decided_by", "reason"].map(|member| selected[member].clone());
    assert_eq!(told, ["p1", "first", "only", course[0][3]]);
    assert!(app.simulator().calls().is_empty(), "nobody was called");
    let answer = admin.ask("first", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-target")), (200, "p3/m3"), "{}", answer.text);
    let sent = app.simulator().calls();
    assert_eq!(sent.len(), course.len());
    for (call, target) in sent.iter().zip(shown["targets"].as_array().unwrap()) {
        let body = String::from_utf8(call.body.to_vec()).unwrap();
        let (_, model) = target["target"].as_str().unwrap().split_once('/').unwrap();
        assert!(body.contains(&format!("\"{model}\"")), "{body}");
    }
}

async fn a_route_behind_that_is_switched_off_is_told_and_no_call_reaches_what_stands_behind_it(app: TestApp) {
    let admin = admin(&app).await;
    let id = chain(&app, &admin).await;
    let routes = admin.get("/api/v1/routes?limit=100").await.json();
    let second =
        routes["items"].as_array().unwrap().iter().find(|it| it["name"] == "second").unwrap().clone();
    patch(&admin, &format!("/api/v1/routes/{}", second["id"]), json!({"is_active": false})).await;
    let shown = asked(&admin, "/api/v1/explain", explained()).await;
    let run = asked(&admin, &format!("/api/v1/routes/{id}/dry-run"), json!({"calls": 1})).await;
    for told in [&shown, &run] {
        assert_eq!(each(&told["targets"], ["target", "route"]), [["p1/m1", "first"]]);
        let passed = each(&told["passed_routes"], ["route", "reason"]);
        assert_eq!(passed, [["second", "switched_off"]]);
        assert!(told["passed_routes"][0]["message"].as_str().unwrap().contains("switched off"));
    }
    assert_eq!(admin.ask("first", "hi").await.status, 502);
    let sent = app.simulator().calls();
    let models: Vec<bool> =
        sent.iter().map(|call| String::from_utf8_lossy(&call.body).contains("\"m1\"")).collect();
    assert!(!models.is_empty() && models.iter().all(|is_first| *is_first), "{models:?}");
}

async fn a_documented_selection_that_is_refused_takes_no_turn_and_one_that_is_made_has_three_fields(
    app: TestApp,
) {
    let admin = admin(&app).await;
    let mut nodes = Vec::new();
    for name in ["one", "two"] {
        let body = json!({
            "name": name, "base_url": app.simulator().base_url(), "api_key": "sk-0123456789", "models": ["m"],
        });
        nodes.push(json!({"api_id": made(&admin, "/api/providers", body).await["id"]}));
    }
    let route = json!({"name": "turning", "mode": "auto", "nodes": nodes});
    let id = made(&admin, "/api/model-routes", route).await["id"].clone();
    let healthy = async |is_healthy: bool| {
        for node in &nodes {
            let path = format!("/api/providers/{}/health", node["api_id"]);
            patch(&admin, &path, json!({"is_healthy": is_healthy})).await;
        }
    };
    let select = async || admin.post(&format!("/api/model-routes/{id}/select"), "").await;
    let turns = async || {
        let state = admin.get(&format!("/api/model-routes/{id}/state")).await.json();
        state["state"]["round_robin_indices"].clone()
    };
    healthy(false).await;
    for _ in 0..3 {
        let refused = select().await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(refused.json()["detail"].is_string(), "{}", refused.text);
    }
    assert_eq!(turns().await, json!({}), "none was taken");
    healthy(true).await;
    for (number, name) in [(1, "one"), (2, "two"), (3, "one")] {
        let selected = select().await.json();
        let provider = &nodes[usize::from(name == "two")]["api_id"];
        assert_eq!(selected, json!({"provider_id": provider, "provider_name": name, "model": "m"}));
        assert_eq!(turns().await, json!({id.to_string(): number}));
    }
}

async fn a_dry_run_counts_two_targets_of_one_model_apart(app: TestApp) {
    let admin = admin(&app).await;
    let target = |weight: u32, rpm: u32| json!({"provider": "upstream", "model": "gpt-sim", "weight": weight, "limits": {"rpm": rpm}});
    let route =
        json!({"name": "twice", "strategy": "round_robin", "targets": [target(1, 10), target(3, 30)]});
    let route = made(&admin, "/api/v1/routes", route).await;
    let run = asked(&admin, &format!("/api/v1/routes/{}/dry-run", route["id"]), json!({"calls": 100})).await;
    let shares = run["targets"].as_array().unwrap();
    assert!(shares.iter().all(|share| share["target"] == "upstream/gpt-sim"), "{run}");
    for (target, calls) in route["targets"].as_array().unwrap().iter().zip([25, 75]) {
        let share = shares.iter().find(|share| share["target_id"] == target["id"]).unwrap();
        assert_eq!(share["calls"], calls, "{run}");
    }
}

/// `write` changes the database behind the server's back.
async fn rows_that_nobody_can_write_here_are_told(app: TestApp, mut write: impl FnMut(&str)) {
    let admin = admin(&app).await;
    let id = chain(&app, &admin).await;
    let mut told = async |query: &str| {
        write(query);
        assert_eq!(admin.post("/reload-config", "").await.status, 200);
        let shown = asked(&admin, "/api/v1/explain", explained()).await;
        let run = asked(&admin, &format!("/api/v1/routes/{id}/dry-run"), json!({"calls": 1})).await;
        assert_eq!(shown["passed_routes"], run["passed_routes"]);
        let targets = each(&shown["targets"], ["target"]).concat();
        (targets.join(" "), each(&shown["passed_routes"], ["route", "reason"]).concat().join(" "))
    };
    let circle =
        "UPDATE routes SET fallback_id = (SELECT id FROM routes WHERE name = 'first') WHERE name = 'third'";
    assert_eq!(told(circle).await, ("p1/m1 p2/m2 p3/m3".to_owned(), "first loop".to_owned()));
    let gone = "UPDATE routes SET fallback_id = 987654 WHERE name = 'second'";
    assert_eq!(told(gone).await, ("p1/m1 p2/m2".to_owned(), "#987654 gone".to_owned()));
    assert_eq!(admin.ask("first", "hi").await.status, 502, "what is shown is all that a call can reach");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_routes_and_one_that_is_gone_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switchyard.db");
    let app = builder().store(Store::SqliteFile(file.clone())).start().await;
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    database.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    rows_that_nobody_can_write_here_are_told(app, |query| database.batch_execute(query).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_routes_and_one_that_is_gone_are_told_in_postgresql() {
    let Some(server) = PrivatePostgres::shared() else { return };
    let url = server.create_database();
    let app = builder().store(Store::Postgres(url.as_str().into())).start().await;
    let mut database = PgConnection::establish(&url).unwrap();
    rows_that_nobody_can_write_here_are_told(app, |query| database.batch_execute(query).unwrap()).await;
}
