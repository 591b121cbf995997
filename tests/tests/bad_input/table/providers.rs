//! Rows 89 to 97 and 103: providers that are wanted, changed, removed, tested and restored.

use super::people::bearer;
use super::{Case, PATIENCE, request};
use crate::door::is_no_echo;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;
use switchyard_harness::{TestApp, TestClient};

const GOOD: &[u16] = &[200];
const GONE: &[u16] = &[204];
const TAKEN: &[u16] = &[400];
const WRONG: &[u16] = &[422];
const MISSING: &[u16] = &[404];
const STALE: &[u16] = &[409];
/// Restored from the one file there is, refused, or without such a file.
const IGNORED: &[u16] = &[200, 400, 404];

const KEY: &str = "sk-canary-51c0e2b8467d3f9a";
const PLACE: &str = "/api/providers";

fn wanted(name: &str, base_url: &str) -> Value {
    json!({"name": name, "base_url": base_url, "api_key": KEY, "models": ["m"]})
}

/// Makes a provider through its documented API.
async fn made(admin: &TestClient, name: &str, base_url: &str) -> i64 {
    let answer = admin.post(PLACE, wanted(name, base_url).to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

/// The id of a provider that came with the product.
async fn seeded(admin: &TestClient, name: &str) -> i64 {
    let page = admin.get("/api/v1/providers?limit=100&after=999999").await.json();
    let items = page["items"].as_array().unwrap().clone();
    items.iter().find(|item| item["name"] == name).unwrap()["id"].as_i64().unwrap()
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let token = bearer(app).await;
    let admin = app.client(&token);
    let id = made(&admin, "managed", "http://127.0.0.1:1/v1").await;
    let used = seeded(&admin, "mistral").await;
    let credential = format!("authorization: Bearer {token}");
    let of = |row, first: &str, more: &[&str], body: &str, expected| {
        let length = format!("content-length: {}", body.len());
        let mut lines = vec![credential.as_str(), "content-type: application/json", length.as_str()];
        lines.extend(more);
        Case::new(row, request(first, &lines, body), expected)
    };
    let post = |row, body: Value, expected| of(row, "POST /api/providers", &[], &body.to_string(), expected);
    let with = |member: &str, value: Value| {
        let mut body = wanted("odd", "http://127.0.0.1:1/v1");
        body[member] = value;
        body
    };
    let mut cases = vec![post(89, with("name", json!("managed")), TAKEN)];
    let elsewhere = r#"{"file": "/etc/passwd", "path": "/etc/passwd"}"#;
    for query in ["", "?file=/etc/passwd", "?path=../../../etc/passwd"] {
        let first = format!("POST /api/admin/providers/restore{query}");
        cases.push(of(103, &first, &[], elsewhere, IGNORED));
    }
    for name in ["", " ", "a/b", "a\u{0}b", &"n".repeat(10_000)] {
        cases.push(post(89, with("name", json!(name)), WRONG));
    }
    for url in [
        "",
        "nothing",
        "//host/v1",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1:1/v1",
        "http://127.0.0.1:1/v1#part",
        "http://127.0.0.1:1/v1\r\nx-evil: 1",
        "http://127.0.0.1:1/v 1",
        "http://127.0.0.1:0/v1",
        "http://127.0.0.1:99999/v1",
        "http://",
    ] {
        cases.push(post(90, with("base_url", json!(url)), WRONG));
    }
    for url in
        ["http://10.1.2.3/v1", "http://[fd00::7]/v1", "http://169.254.169.254/latest", "http://0x7f.1.2.3.4/"]
    {
        cases.push(post(91, with("base_url", json!(url)), WRONG));
    }
    let many: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    for models in
        [json!("m"), json!(many), json!(["m", "m"]), json!([""]), json!([" "]), json!([]), json!([7])]
    {
        cases.push(post(92, with("models", models), WRONG));
    }
    for active in [json!("true"), json!(1), json!({})] {
        cases.push(post(93, with("is_active", active), WRONG));
    }
    for path in ["abc", "-1", "9223372036854775808", "..%2f", "1.5"] {
        cases.push(of(94, &format!("GET {PLACE}/{path}"), &[], "", MISSING));
    }
    let patch = |place: &str, more: &[&str], body: &str, expected| {
        of(95, &format!("PATCH {place}/{id}"), more, body, expected)
    };
    cases.push(patch(PLACE, &[], "{}", GOOD));
    for body in
        [r#"{"colour":"red"}"#, r#"{"id":7}"#, r#"{"status":"online"}"#, r#"{"is_healthy":true}"#, "[]"]
    {
        cases.push(patch(PLACE, &[], body, WRONG));
    }
    let body = r#"{"is_enabled":false}"#;
    cases.push(patch("/api/v1/providers", &["if-match: \"99\""], body, STALE));
    cases.push(patch("/api/v1/providers", &["if-match: \"x\""], body, TAKEN));
    cases.push(of(96, &format!("DELETE /api/v1/providers/{used}"), &[], "", STALE));
    cases.push(of(96, &format!("DELETE {PLACE}/{used}"), &[], "", GONE));
    cases.push(of(96, &format!("DELETE {PLACE}/{used}"), &[], "", MISSING));
    cases
}

/// Row 97: what becomes of tests of providers that answer badly or not at all, and that none of it tells the key.
pub(super) async fn that_are_tested(app: &TestApp, asked: &mut BTreeMap<u32, usize>) {
    let admin = app.client(&bearer(app).await);
    let address = upstream();
    for (kind, status, found) in [
        ("stalls", 502, Value::Null),
        ("endless", 200, json!({"status": "online", "status_code": 200, "detail": null})),
        ("page", 200, json!({"status": "online", "status_code": 200, "detail": null})),
        ("redirect", 200, json!({"status": "degraded", "status_code": 302})),
        ("broken", 502, Value::Null),
        ("fails", 200, json!({"status": "degraded", "status_code": 500})),
        ("echo", 200, json!({"status": "degraded", "status_code": 401})),
    ] {
        let id = made(&admin, kind, &format!("http://{address}/{kind}")).await;
        let began = Instant::now();
        let answer = admin.post(&format!("{PLACE}/{id}/test?timeout=1"), "").await;
        assert!(began.elapsed() < PATIENCE, "row 97: {kind}: {:?}", began.elapsed());
        assert_eq!(answer.status, status, "row 97: {kind}: {}", answer.text);
        if answer.status < 500 {
            is_no_echo(97, KEY, &answer);
        }
        for said in [&answer.text, &admin.get(&format!("{PLACE}/{id}")).await.text] {
            assert!(!said.contains(KEY) && !said.contains("canary-51c0e2b8"), "row 97: {kind}: {said}");
        }
        for (name, value) in found.as_object().into_iter().flatten() {
            assert_eq!(&answer.json()[name], value, "row 97: {kind}: {}", answer.text);
        }
        *asked.entry(97).or_default() += 1;
    }
}

/// Providers that answer as their paths say.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0_u8; 1];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let is_for = |kind: &str| head.contains(&format!(" /{kind}/models"));
    let whole = |status: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    // The other end leaves when it has seen enough.
    let _left = if is_for("stalls") {
        std::thread::sleep(std::time::Duration::from_secs(5));
        Ok(())
    } else if is_for("endless") {
        let piece = vec![b' '; 1 << 20];
        let head = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
        head.and_then(|()| (0..1024).try_for_each(|_| stream.write_all(&piece)))
    } else if is_for("page") {
        stream.write_all(whole("200 OK", "<html><body>Welcome</body></html>").as_bytes())
    } else if is_for("redirect") {
        stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
    } else if is_for("fails") {
        stream.write_all(whole("500 X", "{}").as_bytes())
    } else if is_for("echo") {
        // A provider that throws the credential back.
        stream.write_all(whole("401 Unauthorized", &head).as_bytes())
    } else {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
    };
}
