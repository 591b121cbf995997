//! Health, readiness and metrics.

use crate::wire::{ask, call, get};
use crate::world::{KEY, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_the_state_of_the_database_and_is_200_without_it() {
    let world = World::start().await;
    let health = ask(world.address, get("/health", "")).await;
    assert_eq!(health.status, 200);
    assert_eq!(
        health.json(),
        json!({
            "status": "ok",
            "timestamp": "2026-11-20T08:00:00.000Z",
            "environment": "testing",
            "database": { "connected": true },
        })
    );
    world.set_database(false);
    let health = ask(world.address, get("/health", "")).await;
    assert_eq!((health.status, &health.json()["database"]["connected"]), (200, &json!(false)));
    assert_eq!(ask(world.address, get("/health/ready", "")).await.status, 200, "calls go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probes_answer_under_every_usual_name() {
    let world = World::start().await;
    let healthy = ask(world.address, get("/api/health", "")).await.json();
    assert_eq!(healthy["status"], "healthy");
    assert!(healthy["message"].is_string());
    for path in ["/ping", "/health/live", "/livez", "/healthz"] {
        let probe = ask(world.address, get(path, "")).await;
        assert_eq!((probe.status, probe.json()), (200, json!({ "status": "ok" })), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_ends_with_the_drain_and_while_nothing_can_be_recorded() {
    let world = World::start().await;
    for path in ["/health/ready", "/readyz"] {
        assert_eq!(ask(world.address, get(path, "")).await.status, 200);
    }
    world.set_recordable(false);
    let unready = ask(world.address, get("/health/ready", "")).await;
    assert_eq!((unready.status, unready.json()), (503, json!({ "status": "unrecordable" })));
    world.set_recordable(true);
    assert_eq!(ask(world.address, get("/health/ready", "")).await.status, 200, "without a restart");
    world.status.begin_draining();
    let draining = ask(world.address, get("/health/ready", "")).await;
    assert_eq!((draining.status, draining.json()), (503, json!({ "status": "draining" })));
    assert_eq!(ask(world.address, get("/health/live", "")).await.status, 200);
    assert_eq!(ask(world.address, call("team", "")).await.status, 200, "who comes is still served");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_stand_on_their_own_listener_and_name_nobody() {
    let world = World::with(|config| config.metrics_listen = vec!["127.0.0.1:0".parse().unwrap()]).await;
    let headers = "x-request-id: canary-request\r\n";
    ask(world.address, call("team", "")).await;
    ask(world.address, call("tell", r#","stream":true"#)).await;
    ask(world.address, get("/v1/models/acme/say", headers)).await;
    ask(world.address, get("/random-canary-path", headers)).await;
    ask(world.address, "BREW /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let metrics = world.metrics.unwrap();
    let page = ask(metrics, get("/metrics", "")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = page.text();
    for line in [
        r#"switchyard_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 2"#,
        r#"switchyard_http_requests_total{method="GET",route="/v1/models/{id:.*}",status="401"} 1"#,
        r#"switchyard_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"switchyard_http_requests_total{method="other",route="/v1/models",status="405"} 1"#,
        r#"switchyard_http_request_duration_seconds_count{route="/v1/chat/completions"} 2"#,
        r#"switchyard_upstream_attempts_total{provider="acme",outcome="complete"} 2"#,
        r#"switchyard_tokens_total{provider="acme",direction="input"} 6"#,
        r#"switchyard_tokens_total{provider="acme",direction="output"} 8"#,
        r#"switchyard_cost_nano_usd_total{provider="acme"} 14000"#,
        r#"switchyard_credentials_benched{provider="acme"} 0"#,
        "switchyard_calls_in_flight 0",
        "switchyard_journal_backlog 2",
        "switchyard_configuration_revision 7",
        "switchyard_database_connected 1",
        "switchyard_unpriced_attempts_total 0",
        "switchyard_log_lines_dropped_total 17",
        r#"switchyard_build_info{version="0.1.0"} 1"#,
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
    for secret in ["canary", KEY, "sy-", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(ask(metrics, get("/health", "")).await.status, 404, "nothing else is there");
    assert_eq!(ask(world.address, get("/metrics", "")).await.status, 404, "nor the other way round");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_left_before_its_answer_is_counted_as_such() {
    let world = World::with(|config| config.metrics_listen = vec!["127.0.0.1:0".parse().unwrap()]).await;
    let mut connection = crate::wire::Connection::open(world.address).await;
    connection.send(call("hang", "")).await;
    world.until_upstreams(1).await;
    drop(connection);
    world.until_upstreams(0).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let page = ask(world.metrics.unwrap(), get("/metrics", "")).await;
    assert!(page.text().contains(r#"status="499"} 1"#), "{}", page.text());
}
