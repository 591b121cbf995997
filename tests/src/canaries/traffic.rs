//! Everything that a client can do, with secrets and private words in it, and with a provider that fails in every way.

use super::client::{Keeper, Kept};
use super::secrets::Canaries;
use super::world::{ADDED, ADMIN, body_of_key, model};
use crate::installation::MODEL;
use serde_json::{Value, json};
use std::time::Duration;
use switchyard_harness::testkit::simulator::{Script, Simulator};
use tokio::time::sleep;

/// What the model says in private.
pub(super) const ANSWER: &str = "what a model says";
/// What people say in private.
const PROMPT: &str = "a prompt";
const SYSTEM: &str = "a system prompt";
const FAILING: &str = "a prompt that fails";

/// Somebody who asks.
pub(super) struct Session {
    pub(super) access: String,
    refresh: String,
}

/// Who there is, and the virtual keys.
pub(super) struct Scene<'a> {
    pub(super) keeper: &'a mut Keeper,
    pub(super) canaries: &'a mut Canaries,
    pub(super) upstream: &'a Simulator,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Scene<'_> {
    fn secret(&self, name: &str) -> String {
        let found = self.canaries.all().iter().find(|canary| canary.name == name);
        found.map(|canary| canary.text.clone()).unwrap_or_default()
    }

    /// Notes what an answer gave, so that it may be told there and nowhere else.
    fn given(&mut self, kept: &Kept, what: &str) {
        let body = kept.json();
        let mut names = Vec::new();
        for member in ["access_token", "refresh_token"] {
            if let Some(token) = body[member].as_str() {
                let name = format!("{what}: {member}");
                names.push(self.canaries.note_token(&name, token));
            }
        }
        for cookie in
            ["access_token_cookie", "refresh_token_cookie", "csrf_access_token", "csrf_refresh_token"]
        {
            let value = kept.cookie(cookie);
            if !value.is_empty() {
                let name = format!("{what}: {cookie}");
                names.push(self.canaries.note_token(&name, &value));
            }
        }
        if let Some(last) = self.keeper.kept.last_mut() {
            last.tells.extend(names);
        }
    }

    /// Registers somebody and signs them in, with wrong tries before; their id.
    pub(super) async fn people(&mut self) -> i64 {
        let (token, password) =
            (self.secret("REGISTRATION_TOKEN"), self.canaries.text("a member's password"));
        let wrong = self.canaries.text("a wrong password");
        let body = |password: &str, token: &str| json!({"username": "mem.member", "email": "mem@example.com", "password": password, "registration_token": token});
        let strong = format!("{password}aA1");
        let attempts = [
            ("registering without the token", body(&strong, &wrong)),
            (
                "registering with a member that there is not",
                json!({"username": "mem.member", "pass": strong}),
            ),
            (
                "registering with a password of another type",
                json!({"username": "m", "password": {"is": strong}}),
            ),
            ("registering with a token of another type", json!({"username": [wrong], "password": strong})),
        ];
        for (what, body) in &attempts {
            self.keeper.send(what, &[], self.keeper.post("/api/auth/register", body)).await;
            self.keeper.send(what, &[], self.keeper.post("/api/v1/auth/register", body)).await;
        }
        let request = self.keeper.post("/api/auth/register", &body(&strong, &token));
        let kept = self.keeper.send("registering", &[], request).await;
        assert_eq!(kept.status, 201, "{}", String::from_utf8_lossy(&kept.bytes));
        self.given(&kept, "registering");
        let id = kept.json()["user"]["id"].as_i64().expect("an id");
        for (what, password) in [("a wrong login", &wrong), ("a login", &strong)] {
            let body = json!({"username": "mem.member", "password": password});
            for path in ["/api/auth/login", "/api/v1/auth/login"] {
                let kept = self.keeper.send(what, &[], self.keeper.post(path, &body)).await;
                self.given(&kept, &format!("{what} at {path}"));
            }
        }
        // Half a body, a body that is none, a password where there is none to be.
        let broken = format!("{{\"username\":\"mem.member\",\"password\":\"{strong}");
        let request =
            self.keeper.request("POST", "/api/v1/auth/login").header("content-type", "application/json");
        self.keeper.send("half a login", &[], request.body(broken)).await;
        let request = self.keeper.request("POST", &format!("/api/v1/auth/login?password={strong}"));
        self.keeper.send("a login in the query", &[], request).await;
        id
    }

    /// The member's session; one from before an administrator made them a link would have ended with that.
    pub(super) async fn member(&mut self) -> Session {
        let password = format!("{}aA1", self.secret("a member's password"));
        self.login("mem.member", &password, "the member's login").await
    }

    /// The administrator's session.
    pub(super) async fn administrator(&mut self) -> Session {
        let password = self.secret("the administrator's password");
        self.login(ADMIN, &password, "the administrator's login").await
    }

    async fn login(&mut self, username: &str, password: &str, what: &str) -> Session {
        let body = json!({"username": username, "password": password});
        let kept = self.keeper.send(what, &[], self.keeper.post("/api/auth/login", &body)).await;
        assert_eq!(kept.status, 200, "{}", String::from_utf8_lossy(&kept.bytes));
        self.given(&kept, what);
        let said = kept.json();
        Session { access: text(&said["access_token"]), refresh: text(&said["refresh_token"]) }
    }

    /// A browser's session: its cookies, refreshed, forged, used twice, ended.
    pub(super) async fn browser(&mut self) {
        let body = json!({"username": ADMIN, "password": self.secret("the administrator's password")});
        let kept =
            self.keeper.send("a browser's login", &[], self.keeper.post("/api/v1/auth/login", &body)).await;
        self.given(&kept, "a browser's login");
        let jar = |kept: &Kept| {
            let names =
                ["access_token_cookie", "refresh_token_cookie", "csrf_access_token", "csrf_refresh_token"];
            names.map(|name| format!("{name}={}", kept.cookie(name))).join("; ")
        };
        let cookies = jar(&kept);
        let csrf = kept.cookie("csrf_refresh_token");
        let forged = self.canaries.text("a forged CSRF value");
        for (what, value) in [("a forged refresh", &forged), ("a refresh", &csrf), ("a refresh again", &csrf)]
        {
            let request = self.keeper.post("/api/v1/auth/refresh", &Value::Null);
            let request = request.header("cookie", &cookies).header("x-csrf-token", value);
            let kept = self.keeper.send(what, &[], request).await;
            self.given(&kept, what);
        }
        for path in ["/api/v1/auth/logout", "/api/v1/auth/password", "/v1/chat/completions"] {
            let request = self.keeper.post(path, &json!({})).header("cookie", &cookies);
            self.keeper.send(&format!("{path} with a cookie"), &[], request).await;
        }
    }

    /// Tokens: refreshed, used twice, and those that were never ours.
    pub(super) async fn tokens(&mut self, session: &Session) {
        let wrong = self.canaries.text("a token that is none");
        for (what, token) in [
            ("a refresh by token", &session.refresh),
            ("a refresh again", &session.refresh),
            ("a wrong refresh", &wrong),
        ] {
            let request = self.keeper.post("/api/auth/refresh", &json!({"refresh_token": token}));
            let kept = self.keeper.send(what, &[], request).await;
            self.given(&kept, what);
        }
        let body = json!({"token": wrong, "username": "eve.other", "password": wrong});
        self.keeper.send("a wrong link", &[], self.keeper.post("/api/v1/auth/setup", &body)).await;
    }

    /// What an administrator does that makes or takes secrets; a virtual key and its id.
    pub(super) async fn administration(&mut self, admin: &Session, member: i64) -> (String, i64) {
        let bearer = format!("Bearer {}", admin.access);
        let make = |keeper: &Keeper, path: &str, body: &Value| {
            keeper.post(path, body).header("authorization", &bearer)
        };
        let request = make(self.keeper, "/api/v1/virtual-keys", &json!({"name": "second", "user": member}));
        let request = request.header("idempotency-key", "make-it-once");
        let kept = self.keeper.send("making a key", &["the second virtual key"], request).await;
        let made = kept.json();
        let (key, id) = (text(&made["key"]), made["id"].as_i64().expect("a key's id"));
        self.canaries.note("the second virtual key", body_of_key(&key));
        let again = make(self.keeper, "/api/v1/virtual-keys", &json!({"name": "second", "user": member}));
        self.keeper.send("making it again", &[], again.header("idempotency-key", "make-it-once")).await;
        let request =
            make(self.keeper, &format!("/api/v1/virtual-keys/{id}/rotate"), &json!({"overlap_seconds": 600}));
        let kept = self.keeper.send("rotating a key", &["the rotated virtual key"], request).await;
        self.canaries.note("the rotated virtual key", body_of_key(&text(&kept.json()["key"])));
        let request = make(self.keeper, &format!("/api/v1/users/{member}/password-reset"), &Value::Null);
        let kept = self.keeper.send("resetting a password", &["a link's secret"], request).await;
        self.canaries.note("a link's secret", &text(&kept.json()["token"]));
        let own = self.canaries.text("a key that a person stores");
        for body in [
            json!({"openai": own}),
            json!({"openai": {"is": own}}),
            json!({"nobody": own}),
            json!({"mistral": format!("{own}\r\nx: y")}),
        ] {
            self.keeper.send("storing one's own key", &[], make(self.keeper, "/api/v1/keys", &body)).await;
        }
        for path in [
            "/api/v1/keys",
            "/api/v1/keys/system-keys",
            "/api/v1/virtual-keys",
            "/api/v1/users",
            "/api/v1/sessions",
            "/api/v1/audit?limit=100",
            "/api/profile",
            "/api/v1/auth/me",
            "/api/v1/status",
            "/api/v1/usage?group_by=key",
            "/api/v1/requests",
            "/api/v1/ledger/verify",
            "/openapi.json",
            "/health",
            "/health/ready",
        ] {
            let request = self.keeper.request("GET", path).header("authorization", &bearer);
            self.keeper.send(path, &[], request).await;
        }
        let request = make(self.keeper, "/api/v1/rekey", &json!({"new": false}));
        self.keeper.send("sealing anew", &[], request).await;
        (key, id)
    }

    /// Credentials that are none, in every header and in the query, at every kind of route.
    pub(super) async fn strangers(&mut self) {
        let userinfo = self.canaries.text("a password in a URL");
        for path in [
            "/v1/models",
            "/v1/chat/completions",
            "/api/v1/auth/me",
            "/api/v1/virtual-keys/self",
            "/nowhere",
            "/v1beta/models",
        ] {
            for header in [
                "authorization",
                "x-api-key",
                "x-goog-api-key",
                "api-key",
                "cookie",
                "proxy-authorization",
                "x-csrf-token",
            ] {
                let wrong = self.canaries.text(&format!("a wrong `{header}` at {path}"));
                for value in [
                    format!("Bearer {wrong}"),
                    wrong.clone(),
                    format!("Basic {wrong}"),
                    format!("access_token_cookie={wrong}"),
                ] {
                    let request = self.keeper.request("GET", path).header(header, value);
                    self.keeper.send(&format!("{path} with a wrong {header}"), &[], request).await;
                }
            }
            for name in ["key", "api_key", "token", "access_token", "password"] {
                let wrong = self.canaries.text(&format!("a `{name}` in the query of {path}"));
                let request = self.keeper.request("GET", &format!("{path}?{name}={wrong}&x=%zz"));
                self.keeper.send(&format!("{path}?{name}="), &[], request).await;
            }
        }
        let request = self
            .keeper
            .request("GET", "/v1/models")
            .header("referer", format!("http://u:{userinfo}@a.example/"));
        self.keeper.send("a referer with a password", &[], request).await;
    }

    /// Addresses that people name, with secrets in them and beside them.
    pub(super) async fn external(&mut self, session: &Session) {
        let bearer = format!("Bearer {}", session.access);
        let (header, payload, password) = (
            self.canaries.text("a header for an external address"),
            self.canaries.text("a payload for an external address"),
            self.canaries.text("a password in an external address"),
        );
        let upstream = self.upstream.base_url();
        for url in [
            format!("{upstream}/models?key={payload}"),
            upstream.replacen("http://", &format!("http://u:{password}@"), 1),
            format!("http://127.0.0.1:1/?key={payload}"),
            format!("http://10.0.0.1/{payload}"),
            format!("ht!tp://{password}"),
        ] {
            for call in ["get", "post", "put", "delete"] {
                let body = json!({"url": url, "headers": {"authorization": header, "cookie": header},
                                  "params": {"token": payload}, "payload": {"secret": payload}});
                let path = format!("/api/external/{call}");
                let request = self.keeper.post(&path, &body).header("authorization", &bearer);
                self.keeper.send(&path, &[], request).await;
            }
        }
    }

    /// Calls of models in every dialect and of every operation, with private words.
    pub(super) async fn calls(&mut self, credentials: &[String]) {
        let [prompt, system, tool, answer, wave] =
            [PROMPT, SYSTEM, "a tool", ANSWER, "what was recorded"].map(|name| self.canaries.text(name));
        self.upstream.script(MODEL, Script::of(&format!("text=so%20{answer}%20it%20is")));
        for credential in credentials {
            for (path, body) in bodies(&model(), &prompt, &system, &tool) {
                for stream in [false, true] {
                    let mut body = body.clone();
                    if stream {
                        body["stream"] = json!(true);
                    }
                    let request =
                        self.keeper.post(path, &body).header("authorization", format!("Bearer {credential}"));
                    self.keeper.send(path, &told_at(path), request).await;
                }
            }
            let google =
                format!("/v1beta/models/{}:generateContent?key={credential}", model().replace('/', "%2F"));
            let body = json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]});
            self.keeper.send("google's way", &[ANSWER], self.keeper.post(&google, &body)).await;
            let form = format!(
                "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{}\r\n--b\r\ncontent-disposition: form-data; \
                 name=\"file\"; filename=\"{prompt}.wav\"\r\n\r\nRIFF{wave}\r\n--b--\r\n",
                model()
            );
            let request = self.keeper.request("POST", "/v1/audio/transcriptions").bearer_auth(credential);
            let request = request.header("content-type", "multipart/form-data; boundary=b").body(form);
            self.keeper.send("a recording", &[ANSWER], request).await;
        }
        let cut =
            format!("{{\"model\":\"{}\",\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}", model());
        for body in [
            cut,
            format!("[\"{prompt}\"]"),
            format!("{{\"model\":{{\"a\":\"{prompt}\"}},\"messages\":\"{system}\"}}"),
        ] {
            for path in ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"] {
                let request = self.keeper.request("POST", path).bearer_auth(&credentials[0]);
                let request = request.header("content-type", "application/json").body(body.clone());
                self.keeper.send("a body that is none", &[], request).await;
            }
        }
    }

    /// A provider that fails in every way, and says the credential and the prompt again where it can.
    pub(super) async fn faults(&mut self, credential: &str) {
        let prompt = self.canaries.text(FAILING);
        let secret = self.secret("the credential of a command");
        let said = format!("Incorrect%20API%20key%20provided%3A%20{secret}%20for%20{prompt}");
        let scripts = [
            format!("status=400&error_message={said}"),
            format!("status=500&error_message={said}"),
            format!("status=429&retry_after=0&error_message={said}&header.x-key={secret}"),
            format!("error_in_200&error_message={said}"),
            format!("error_event_first&error_message={said}"),
            format!("error_event_after=2&error_message={said}"),
            format!("html&status=502&error_message={said}"),
            format!("redirect=302&location=http%3A%2F%2F127.0.0.1%3A1%2F%3Fkey%3D{secret}"),
            format!("malformed_json&header.set-cookie=a%3D{secret}"),
            format!("cut_after=2&header.x-goog-api-key={secret}"),
            "refuse".to_owned(),
            format!("status=401&error_message={said}"),
        ];
        for (number, script) in scripts.iter().enumerate() {
            let name = format!("fault-{number}");
            self.upstream.script(&name, Script::of(script));
            for stream in [false, true] {
                for (path, mut body) in bodies(&format!("{ADDED}/{name}"), &prompt, &prompt, &prompt) {
                    body["stream"] = json!(stream);
                    let request = self.keeper.post(path, &body).bearer_auth(credential);
                    self.keeper
                        .send(
                            &format!("{path} where the provider does {script:.24}"),
                            &told_at(path),
                            request,
                        )
                        .await;
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What an answer at this path holds anyway: the simulated provider paints the prompt, and Responses repeats its instructions.
fn told_at(path: &str) -> Vec<&'static str> {
    match path {
        "/v1/images/generations" | "/v1/responses" => vec![ANSWER, PROMPT, SYSTEM, FAILING],
        _ => vec![ANSWER],
    }
}

/// One request for each path that takes JSON.
fn bodies(model: &str, prompt: &str, system: &str, tool: &str) -> Vec<(&'static str, Value)> {
    let schema = json!({"type": "object", "properties": {tool: {"type": "string", "description": tool}}});
    let messages = json!([{"role": "system", "content": system}, {"role": "user", "content": prompt}]);
    vec![
        (
            "/v1/chat/completions",
            json!({"model": model, "messages": messages, "user": prompt, "metadata": {"note": prompt},
                   "tools": [{"type": "function", "function": {"name": "look", "description": tool, "parameters": schema}}]}),
        ),
        ("/chat/completions", json!({"model": model, "messages": messages})),
        ("/v1/responses", json!({"model": model, "instructions": system, "input": prompt})),
        (
            "/v1/messages",
            json!({"model": model, "max_tokens": 20, "system": system, "messages": [{"role": "user", "content": prompt}]}),
        ),
        (
            "/v1/messages/count_tokens",
            json!({"model": model, "messages": [{"role": "user", "content": prompt}]}),
        ),
        ("/v1/completions", json!({"model": model, "prompt": prompt})),
        ("/v1/embeddings", json!({"model": model, "input": [prompt, system]})),
        ("/v1/moderations", json!({"model": model, "input": prompt})),
        ("/v1/images/generations", json!({"model": model, "prompt": prompt})),
        ("/v1/audio/speech", json!({"model": model, "input": prompt, "voice": "alloy"})),
    ]
}
