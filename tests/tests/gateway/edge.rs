//! What every answer carries, whatever it says.

use switchyard_harness::{Answer, RawConnection, TestApp};

fn is_hardened(what: &str, answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"), "{what}: {policy}");
    let time = answer.header("x-response-time");
    assert!(time.strip_suffix('s').is_some_and(|time| time.parse::<f64>().is_ok()), "{what}: {time}");
    assert!(!answer.request_id().is_empty(), "{what}");
    assert!(!answer.header("cache-control").is_empty(), "{what}");
    for name in ["server", "x-powered-by", "access-control-allow-origin", "set-cookie"] {
        assert!(!answer.headers.contains_key(name), "{what}: {name}");
    }
}

#[tokio::test]
async fn answers_of_every_kind_carry_the_security_headers() {
    let app = TestApp::start().await;
    let (client, nobody) = (app.client_with_key("ci").await, app.anonymous());
    let good = r#"{"model":"upstream/gpt-sim","messages":[{"role":"user","content":"hi"}]}"#;
    let stream = good.replace("{\"model\"", "{\"stream\":true,\"model\"");
    let failing = good.replace("gpt-sim", "gpt-sim?status=500");
    let door = "/v1/chat/completions";
    for (what, answer, status) in [
        ("an answer", client.post(door, good).await, 200),
        ("a stream", client.post(door, stream).await, 200),
        ("no JSON", client.post(door, "{").await, 400),
        ("no key", nobody.post(door, good).await, 401),
        ("no model", client.post(door, failing).await, 404),
        ("no path", nobody.get("/nowhere").await, 404),
        ("no path below", nobody.get("/v1/nowhere").await, 404),
        ("no method", nobody.get(door).await, 405),
        ("too large", client.post(door, vec![b' '; (10 << 20) + 1]).await, 413),
        ("health", nobody.get("/health").await, 200),
        ("models", client.get("/v1/models").await, 200),
        ("the document", nobody.get("/openapi.json").await, 200),
        ("too long", nobody.get(&format!("/{}", "x".repeat(9_000))).await, 414),
    ] {
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        is_hardened(what, &answer);
    }
    let mut connection = RawConnection::open(app.address()).await;
    let large = "x".repeat(33 << 10);
    connection.send(format!("GET /ping HTTP/1.1\r\nhost: gateway\r\nx-large: {large}\r\n\r\n")).await;
    let answer = connection.answer().await.unwrap();
    assert_eq!(answer.status, 431);
    is_hardened("too much head", &answer);
}

#[tokio::test]
async fn an_upstreams_failure_carries_them_too() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    for (script, status) in [("status=400", 400), ("status=500", 502), ("status=429&retry_after=30", 429)] {
        app.simulator().script("gpt-sim", script.parse().unwrap());
        let answer = client.ask("upstream/gpt-sim", "hi").await;
        assert_eq!(answer.status, status);
        is_hardened(script, &answer);
    }
}

#[tokio::test]
async fn what_only_its_asker_may_see_is_not_kept_by_caches() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    for answer in [client.get("/v1/models").await, client.ask("upstream/gpt-sim", "hi").await] {
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

/// No origin is allowed unless it is listed, and none is listed.
#[tokio::test]
async fn no_foreign_page_is_let_in() {
    let app = TestApp::start().await;
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        let preflight = app
            .anonymous()
            .request("OPTIONS", "/v1/chat/completions")
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let answer = preflight.send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
        assert!(!answer.headers().contains_key("access-control-allow-credentials"), "{origin}");
    }
}
