//! Rows 72 to 75, 115 to 120: what people who are signed in may send.

use super::{Case, request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use switchyard::orchestrator::accounts::{AccountSettings, Rates, RegistrationPolicy};
use switchyard::orchestrator::external::ExternalSettings;
use switchyard::ports::throttle::Rate;
use switchyard_harness::{PASSWORD, TestApp, TestAppBuilder, TestClient};

pub(super) const ADMIN: &str = "ada.admin";
const GOOD: &[u16] = &[200];
const BAD: &[u16] = &[400];
/// A member that is not known, or of another type.
const WRONG: &[u16] = &[422];
const REFUSED: &[u16] = &[403];
const LARGE: &[u16] = &[413];

/// Everybody may register, and nobody is throttled but for wrong passwords.
pub(super) fn accounts() -> AccountSettings {
    let many = Rate { count: 100_000, window: Duration::from_secs(60) };
    AccountSettings {
        registration: RegistrationPolicy::Open,
        rates: Rates { register: many, login: many, session: many, documented: None },
        ..AccountSettings::default()
    }
}

/// A server with somebody who can sign in, which may call an address that nobody has.
pub(super) fn app(builder: TestAppBuilder) -> TestAppBuilder {
    builder.accounts(accounts()).administrator(ADMIN).egress_allow("external=192.0.2.1")
}

/// Signs in.
pub(super) async fn bearer(app: &TestApp) -> String {
    let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
    let answer = app.anonymous().post("/api/auth/login", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let credential = format!("authorization: Bearer {}", bearer(app).await);
    let of = |row, path: &str, body: &str, expected| {
        let length = format!("content-length: {}", body.len());
        let lines = [credential.as_str(), "content-type: application/json", length.as_str()];
        Case::new(row, request(&format!("POST {path}"), &lines, body), expected)
    };
    let get = |row, body: Value, expected| of(row, "/api/external/get", &body.to_string(), expected);
    let mut cases = vec![get(115, json!({}), BAD), get(115, json!({"url": 7}), BAD)];
    for url in ["", " ", "nothing", "ftp://example.com/", "file:///etc/passwd", &"u".repeat(100_000)] {
        cases.push(get(115, json!({ "url": url }), BAD));
    }
    let long = format!("http://192.0.2.1/{}", "u".repeat(100_000));
    cases.push(get(115, json!({ "url": long }), BAD));
    for url in hostile() {
        cases.push(get(116, json!({ "url": url }), REFUSED));
    }
    let url = "http://192.0.2.1/";
    for headers in [
        json!([]),
        json!({"a b": "x"}),
        json!({"x-a": "x\r\nx-b: y"}),
        json!({"x-a": 7}),
        json!({"Host": "example.com"}),
        json!({"Transfer-Encoding": "chunked"}),
        json!({"Content-Length": "3"}),
        json!({"Connection": "close"}),
        json!({"Cookie": "a=b"}),
        json!({"Metadata-Flavor": "Google"}),
    ] {
        cases.push(get(117, json!({"url": url, "headers": headers}), BAD));
    }
    let post = "/api/external/post";
    cases.push(of(119, post, &format!(r#"{{"url":"{url}","payload":{{a}}}}"#), BAD));
    cases.push(of(119, post, &json!({"url": url, "payload": [1], "use_json": false}).to_string(), BAD));
    let payload = format!(r#"{{"url":"{url}","payload":"{}"}}"#, "p".repeat(10 << 20));
    cases.push(of(119, post, &payload, LARGE));
    let keys = |row, body: Value, expected| of(row, "/api/v1/keys", &body.to_string(), expected);
    for name in ["nobody", "", &"n".repeat(10_000)] {
        cases.push(keys(72, json!({ name: "sk-0123456789abcdef" }), WRONG));
    }
    cases.push(keys(73, json!({"openai": ""}), GOOD));
    for key in
        [json!("a\r\nb"), json!("a\u{0}b"), json!("schl\u{fc}ssel"), json!("k".repeat(8193)), json!({})]
    {
        cases.push(keys(73, json!({ "openai": key }), WRONG));
    }
    cases.push(keys(74, json!({"openai": "sk-0123456789abcdef", "user_id": 2}), WRONG));
    cases
}

/// Row 75: a key that is stored is never seen again, nor a part of it that would tell it.
pub(super) async fn stored_keys(app: &TestApp, asked: &mut BTreeMap<u32, usize>) {
    const KEY: &str = "sk-canary-7d3f9a51c0e2b846";
    let client = app.client(&bearer(app).await);
    let stored = client.post("/api/v1/keys", json!({ "openai": KEY }).to_string()).await;
    assert_eq!(stored.status, 200, "{}", stored.text);
    let mut answers = vec![stored];
    for path in ["", "?provider=openai", "?reveal=true", "/system-keys"] {
        answers.push(client.get(&format!("/api/v1/keys{path}")).await);
    }
    assert_eq!(
        answers[1].json()["keys"][0]["provider"],
        "openai",
        "there is one to be seen: {}",
        answers[1].text
    );
    for answer in answers {
        assert_eq!(answer.status, 200, "row 75: {}", answer.text);
        let said = format!("{} {:?}", answer.text, answer.headers);
        for begin in 0..=KEY.len() - 5 {
            // The first characters are every key's of that provider.
            let part = &KEY[begin..begin + 5];
            assert!(!said.contains(part), "row 75: {part} in {said}");
        }
        *asked.entry(75).or_default() += 1;
    }
}

/// Addresses that nobody calls from here; every form of them is tried where the guard is tested.
fn hostile() -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "224.0.0.1",
        "user:password@example.com",
        "\u{ff11}27.0.0.1",
        "localhost.",
    ];
    hosts.into_iter().map(|host| format!("http://{host}/")).collect()
}

/// Rows 118, 120: what an address answers, and what it is sent.
pub(super) async fn answers_of_addresses(asked: &mut BTreeMap<u32, usize>) {
    let address = world();
    let settings = ExternalSettings {
        timeout: Duration::from_millis(700),
        max_retries: 0,
        ..ExternalSettings::default()
    };
    let builder = app(TestApp::builder()).egress_allow(&format!("external={address}")).external(settings);
    let app = builder.start().await;
    let token = bearer(&app).await;
    let client = app.client(&token);
    for (path, status) in [("endless", 502), ("slow", 504), ("broken", 502)] {
        let answer = ask(&client, "get", json!({"url": format!("http://{address}/{path}")})).await;
        assert_eq!(answer.0, status, "row 118: {path}: {}", answer.1);
        assert!(answer.1["error"].is_string(), "row 118: {path}: {}", answer.1);
        *asked.entry(118).or_default() += 1;
    }
    let (status, answer) = ask(&client, "get", json!({"url": format!("http://{address}/redirect")})).await;
    assert_eq!((status, &answer["data"]["status_code"]), (200, &json!(302)), "row 118: {answer}");
    for method in ["get", "post", "put", "delete"] {
        let request = client
            .request("POST", &format!("/api/external/{method}"))
            .header("content-type", "application/json")
            .header("cookie", "a=canary")
            .header("x-csrf-token", "canary")
            .body(json!({"url": format!("http://{address}/told")}).to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "row 120");
        let told = answer.text().await.unwrap();
        assert!(told.contains(&method.to_uppercase()), "row 120: the address tells what it was sent: {told}");
        assert!(!told.contains("canary") && !told.contains(&token), "row 120: {told}");
        *asked.entry(120).or_default() += 1;
    }
}

async fn ask(client: &TestClient, method: &str, body: Value) -> (u16, Value) {
    let answer = client.post(&format!("/api/external/{method}"), body.to_string()).await;
    (answer.status, answer.json())
}

/// An address whose answers are its paths' names; `told` answers with the head that it was sent.
fn world() -> SocketAddr {
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
    let is_for = |path: &str| head.contains(&format!(" /{path} "));
    // The other end leaves when it has seen enough.
    let _left = if is_for("slow") {
        std::thread::sleep(Duration::from_secs(3));
        Ok(())
    } else if is_for("endless") {
        let piece = vec![b'x'; 1 << 20];
        let head = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
        head.and_then(|()| (0..20).try_for_each(|_| stream.write_all(&piece)))
    } else if is_for("redirect") {
        stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
    } else if is_for("broken") {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")
    } else {
        let told = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{head}",
            head.len()
        );
        stream.write_all(told.as_bytes())
    };
}
