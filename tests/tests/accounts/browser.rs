//! A browser: keeps its cookies, and sends them with every request.

use crate::scene::{JsonBody, send};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchyard_harness::{Answer, PASSWORD, TestApp, TestClient};

pub(crate) struct Browser {
    client: TestClient,
    pub(crate) jar: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(app: &TestApp) -> Self {
        Self { client: app.anonymous(), jar: BTreeMap::new() }
    }

    /// One that is signed in.
    pub(crate) async fn signed_in(app: &TestApp, name: &str) -> Self {
        let mut browser = Self::new(app);
        let body = json!({"username": name, "password": PASSWORD});
        let answer = browser.send("POST", "/api/v1/auth/login", &[], Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(browser.jar.len(), 4, "{:?}", browser.jar);
        browser
    }

    /// Sends a request with the cookies of its path, and keeps what comes back.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let is_sent = |name: &str| name != "refresh_token_cookie" || path.starts_with("/api/v1/auth");
        let cookies = self.jar.iter().filter(|(name, _)| is_sent(name));
        let cookies: Vec<String> = cookies.map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.client.request(method, path);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(body) = body {
            request = request.json_body(body);
        }
        let answer =
            send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// POST with the value against forged requests that this cookie has.
    pub(crate) async fn post(&mut self, path: &str, csrf: &str, body: Option<&Value>) -> Answer {
        let value = self.jar.get(csrf).cloned().unwrap_or_default();
        self.send("POST", path, &[("x-csrf-token", &value)], body).await
    }

    pub(crate) async fn refresh(&mut self) -> Answer {
        self.post("/api/v1/auth/refresh", "csrf_refresh_token", None).await
    }

    pub(crate) async fn log_out(&mut self) -> Answer {
        self.post("/api/v1/auth/logout", "csrf_access_token", None).await
    }
}
