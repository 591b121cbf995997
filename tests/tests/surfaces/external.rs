//! The calls of other addresses, row by row: what is sent there, what comes back, and what is refused.

use crate::scene::ADMIN;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard::Store;
use switchyard::orchestrator::accounts::{AccountSettings, Rates};
use switchyard::orchestrator::external::ExternalSettings;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{PASSWORD, TestApp, TestClient};

/// An address that keeps what it is sent and answers as its path says.
struct Outside {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Outside {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, sent) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&sent);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read(&mut stream) else { continue };
                let answer = answer_at(request.split(['/', '?', ' ']).nth(2).unwrap_or_default());
                kept.lock().unwrap().push(request);
                let _gone = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, sent }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What it was sent since the last time that this was asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

/// A request with its whole body.
fn read(stream: &mut std::net::TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    loop {
        let size = stream.read(&mut piece).ok().filter(|size| *size > 0)?;
        text.push_str(&String::from_utf8_lossy(&piece[..size]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        if body.len() >= length {
            return Some(text);
        }
    }
}

fn answer_at(path: &str) -> String {
    let (status, more, body) = match path {
        "json" => ("200 OK", "content-type: application/json\r\n", r#"{"a":[1,"b"]}"#),
        "made" => ("201 Created", "content-type: text/plain\r\nx-their: own\r\n", "made"),
        "moved" => ("302 Found", "location: /json\r\n", ""),
        "broken" => ("500 Broken", "content-type: application/json\r\n", r#"{"detail":"broken"}"#),
        "large" => return format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(40 << 20)),
        _ => ("404 Not Found", "content-type: application/json\r\n", "no json"),
    };
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n{body}")
}

/// Over each database: a server that may call this address, and its administrator, who is signed in.
async fn on_both(outside: &Outside, test: impl AsyncFn(TestApp, TestClient)) {
    let postgres = PrivatePostgres::shared();
    let postgres = postgres.map(|server| Store::Postgres(server.create_database().into()));
    for store in [Some(Store::SqliteMemory), postgres].into_iter().flatten() {
        let patience = Duration::from_millis(1500);
        let rates = Rates { documented: None, ..Rates::default() };
        let app = TestApp::builder()
            .store(store)
            .administrator(ADMIN)
            .accounts(AccountSettings { rates, ..AccountSettings::default() })
            .egress_allow(&format!("external={},external=127.0.0.1:1", outside.address))
            .external(ExternalSettings { timeout: patience, max_retries: 0, ..ExternalSettings::default() })
            .start()
            .await;
        let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let tokens = app.anonymous().post("/api/auth/login", body).await.json();
        let client = app.client(tokens["access_token"].as_str().unwrap());
        test(app, client).await;
    }
}

/// What a call is answered, and what the address was sent for it.
async fn call(outside: &Outside, client: &TestClient, method: &str, body: Value) -> (Value, String) {
    let answer = client.post(&format!("/api/external/{method}"), body.to_string()).await;
    assert_eq!(answer.status, 200, "{method} {body}: {}", answer.text);
    let said = answer.json();
    assert_eq!(said["status"], "success", "{said}");
    let sent = outside.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(!sent[0].contains(client.key()), "whoever calls us is nobody there: {}", sent[0]);
    (said["data"].clone(), sent[0].clone())
}

fn has_header(sent: &str, line: &str) -> bool {
    let head = sent.split_once("\r\n\r\n").unwrap().0.to_ascii_lowercase();
    head.lines().any(|there| there == line.to_ascii_lowercase())
}

#[tokio::test(flavor = "multi_thread")]
async fn get_sends_its_params_in_the_query_and_its_headers_as_they_are() {
    let outside = Outside::open();
    on_both(&outside, async |_app, client| {
        let body = json!({"url": outside.url("json?a=1"), "params": {"q": "a b&c", "page": 2},
                          "headers": {"Authorization": "Bearer theirs", "X-Own": "1"}});
        let (data, sent) = call(&outside, &client, "get", body).await;
        assert!(sent.starts_with("GET /json?a=1&page=2&q=a+b%26c HTTP/1.1\r\n"), "{sent}");
        for line in ["authorization: Bearer theirs", "x-own: 1", &format!("host: {}", outside.address)] {
            assert!(has_header(&sent, line), "{line}: {sent}");
        }
        assert_eq!((&data["status_code"], &data["body"]), (&json!(200), &json!({"a": [1, "b"]})), "{data}");
        assert_eq!(data["headers"]["content-type"], "application/json", "{data}");
        let (_, sent) = call(&outside, &client, "get", json!({"url": outside.url("json")})).await;
        assert!(sent.starts_with("GET /json HTTP/1.1\r\n") && sent.ends_with("\r\n\r\n"), "{sent}");
        assert!(!sent.to_ascii_lowercase().contains("\r\nauthorization:"), "{sent}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn post_and_put_send_json_unless_a_form_is_asked_for() {
    let outside = Outside::open();
    on_both(&outside, async |_app, client| {
        for method in ["post", "put"] {
            let payload = json!({"name": "x y", "tags": ["a", "b"], "n": 7});
            for body in [
                json!({"url": outside.url("made"), "payload": payload}),
                json!({"url": outside.url("made"), "payload": payload, "use_json": true}),
            ] {
                let (data, sent) = call(&outside, &client, method, body).await;
                let line = format!("{} /made HTTP/1.1\r\n", method.to_uppercase());
                assert!(sent.starts_with(&line) && has_header(&sent, "content-type: application/json"), "{sent}");
                let there: Value = serde_json::from_str(sent.split_once("\r\n\r\n").unwrap().1).unwrap();
                assert_eq!(there, payload);
                assert_eq!((&data["status_code"], &data["body"]), (&json!(201), &json!("made")), "{data}");
                assert_eq!(data["headers"]["x-their"], "own", "{data}");
            }
            let form = json!({"url": outside.url("made"), "payload": payload, "use_json": false});
            let (_, sent) = call(&outside, &client, method, form).await;
            assert!(has_header(&sent, "content-type: application/x-www-form-urlencoded"), "{sent}");
            assert!(sent.ends_with("\r\n\r\nn=7&name=x+y&tags=a&tags=b"), "{sent}");
            let own = json!({"url": outside.url("made"), "payload": {}, "headers": {"Content-Type": "application/vnd.x+json"}});
            let (_, sent) = call(&outside, &client, method, own).await;
            assert!(has_header(&sent, "content-type: application/vnd.x+json"), "as it was given: {sent}");
            assert!(!has_header(&sent, "content-type: application/json"), "{sent}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_sends_no_body() {
    let outside = Outside::open();
    on_both(&outside, async |_app, client| {
        let body = json!({"url": outside.url("made"), "headers": {"X-Own": "1"}});
        let (data, sent) = call(&outside, &client, "delete", body).await;
        assert!(sent.starts_with("DELETE /made HTTP/1.1\r\n") && sent.ends_with("\r\n\r\n"), "{sent}");
        assert!(has_header(&sent, "x-own: 1"), "{sent}");
        assert_eq!(data["status_code"], 201, "{data}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_address_answers_is_a_success_and_a_redirect_is_an_answer() {
    let outside = Outside::open();
    on_both(&outside, async |_app, client| {
        for (path, status, body) in [
            ("moved", 302, json!("")),
            ("broken", 500, json!({"detail": "broken"})),
            ("nothing", 404, json!("no json")),
        ] {
            let (data, _) = call(&outside, &client, "get", json!({"url": outside.url(path)})).await;
            assert_eq!((&data["status_code"], &data["body"]), (&json!(status), &body), "{data}");
            let is_moved = data["headers"]["location"] == "/json";
            assert_eq!(is_moved, path == "moved", "{data}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_has_its_status_and_nothing_is_sent() {
    let outside = Outside::open();
    on_both(&outside, async |app, client| {
        let own = app.url();
        for (status, url) in [
            (400, json!(null)),
            (400, json!("")),
            (400, json!("no address")),
            (400, json!("http://")),
            (400, json!("/relative")),
            (400, json!("file:///etc/passwd")),
            (400, json!("gopher://127.0.0.1/")),
            (403, json!(own.as_str())),
            (403, json!("http://localhost/")),
            (403, json!("http://[::1]/")),
            (403, json!("http://0.0.0.0/")),
            (403, json!("http://10.0.0.1/")),
            (403, json!("http://172.16.0.1/")),
            (403, json!("http://192.168.0.1/")),
            (403, json!("http://169.254.169.254/latest/meta-data/")),
            (403, json!("http://[fe80::1]/")),
            (403, json!("http://224.0.0.1/")),
            (502, json!("http://127.0.0.1:1/")),
        ] {
            for method in ["get", "post", "put", "delete"] {
                let body = json!({"url": url}).to_string();
                let answer = client.post(&format!("/api/external/{method}"), body).await;
                assert_eq!(answer.status, status, "{method} {url}: {}", answer.text);
                assert!(
                    answer.json()["error"].as_str().is_some_and(|said| !said.is_empty()),
                    "{}",
                    answer.text
                );
            }
        }
        let with_password = outside.url("json").replace("http://", "http://ana:secret@");
        for body in [
            json!({"url": with_password}),
            json!({"url": outside.url("json"), "headers": {"Host": "example.com"}}),
            json!({"url": outside.url("json"), "headers": {"Cookie": "a=b"}}),
            json!({"url": outside.url("json"), "headers": {"Connection": "x-own"}}),
            json!({"url": outside.url("json"), "headers": {"Transfer-Encoding": "chunked"}}),
        ] {
            let answer = client.post("/api/external/get", body.to_string()).await;
            assert!([400, 403].contains(&answer.status), "{body}: {}", answer.text);
            assert!(!answer.text.contains("secret"), "{}", answer.text);
        }
        let nobody = app.anonymous();
        let body = json!({"url": outside.url("json")}).to_string();
        assert_eq!(nobody.post("/api/external/get", body).await.status, 401);
        assert!(outside.take().is_empty());
        let large = client.post("/api/external/get", json!({"url": outside.url("large")}).to_string()).await;
        assert!([413, 502].contains(&large.status), "{} {}", large.status, large.text.len());
        assert_eq!(outside.take().len(), 1, "it was asked for");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_answer_in_time_is_a_504() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let outside = Outside { address: silent.local_addr().unwrap(), sent: Arc::default() };
    on_both(&outside, async |_app, client| {
        let answer = client.post("/api/external/post", json!({"url": outside.url("")}).to_string()).await;
        assert_eq!(answer.status, 504, "{}", answer.text);
        assert!(answer.json()["error"].is_string(), "{}", answer.text);
    })
    .await;
}
