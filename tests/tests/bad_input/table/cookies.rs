//! Rows 135 to 137: what another site's page can have a browser send along with the cookies of somebody who is signed in.

use super::people::ADMIN;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchyard_harness::{PASSWORD, TestApp, TestClient};
use switchyard_http::access::Access;
use switchyard_http::routes::{Endpoint, table};

/// A session in a browser.
struct Session {
    client: TestClient,
    jar: BTreeMap<String, String>,
}

impl Session {
    async fn begin(app: &TestApp) -> Self {
        let client = app.anonymous();
        let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let answer = client.post("/api/v1/auth/login", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let pair = |line: &str| {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let set = answer.headers.get_all("set-cookie").iter();
        let jar = set.map(|line| pair(line.to_str().unwrap())).collect();
        Self { client, jar }
    }

    fn value(&self, name: &str) -> &str {
        &self.jar[name]
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let jar: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, path).header("cookie", jar.join("; "));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

/// The routes that a browser's cookies open.
fn opened() -> Vec<Endpoint> {
    let by_cookie = [Access::SignedIn, Access::AuditorOrAdmin, Access::Admin];
    table().into_iter().filter(|endpoint| by_cookie.contains(&endpoint.access)).collect()
}

fn path_of(template: &str) -> String {
    let mut path = template.to_owned();
    while let (Some(open), Some(close)) = (path.find('{'), path.find('}')) {
        path.replace_range(open..=close, "999999");
    }
    path
}

pub(super) async fn ask(app: &TestApp, asked: &mut BTreeMap<u32, usize>) {
    let ended = Session::begin(app).await;
    let value = ended.value("csrf_access_token").to_owned();
    let answer = ended.send("POST", "/api/v1/auth/logout", &[("x-csrf-token", &value)], "").await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    let (own, other) = (Session::begin(app).await, Session::begin(app).await);
    that_could_be_forged(&own, &other, &ended, asked).await;
    of_another_media_type(&own, asked).await;
    let (status, said) = own.send("GET", "/api/v1/auth/me", &[], "").await;
    assert_eq!(status, 200, "nothing was done: {said}");
}

/// Rows 135, 136: every route that changes something.
async fn that_could_be_forged(
    own: &Session,
    other: &Session,
    ended: &Session,
    asked: &mut BTreeMap<u32, usize>,
) {
    let changing = opened().into_iter().filter(|endpoint| endpoint.method != "GET");
    let mut routes: Vec<(&str, String, &str)> =
        changing.map(|endpoint| (endpoint.method, path_of(endpoint.path), "csrf_access_token")).collect();
    assert!(routes.len() >= 20, "{routes:?}");
    routes.push(("POST", "/api/v1/auth/refresh".to_owned(), "csrf_refresh_token"));
    routes.push(("POST", "/api/v1/auth/logout".to_owned(), "csrf_access_token"));
    for (method, path, cookie) in &routes {
        let (good, wrong) = (own.value(cookie), own.value(cookie).chars().rev().collect::<String>());
        let mut cases: Vec<(u32, Vec<(&str, &str)>)> = vec![(135, vec![])];
        for bad in ["", "wrong", &wrong, other.value(cookie), ended.value(cookie)] {
            cases.push((135, vec![("x-csrf-token", bad)]));
        }
        for (name, from) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            cases.push((136, vec![("x-csrf-token", good), (name, from)]));
        }
        for (row, mut headers) in cases {
            headers.push(("content-type", "application/json"));
            let (status, said) = own.send(method, path, &headers, "{}").await;
            let place = format!("row {row}: {method} {path} {headers:?}: {said}");
            assert!(status == 403 && said.contains("X-CSRF-Token"), "{status} {place}");
            assert!(said.len() < 1_000, "{place}");
            *asked.entry(row).or_default() += 1;
        }
    }
}

/// Row 137: every route that reads JSON.
async fn of_another_media_type(own: &Session, asked: &mut BTreeMap<u32, usize>) {
    let document = own.client.get("/openapi.json").await.json();
    let value = own.value("csrf_access_token");
    let reads_json = |endpoint: &Endpoint| {
        let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
        operation["requestBody"]["content"]["application/json"] != Value::Null
    };
    let public = table().into_iter().filter(|endpoint| endpoint.access == Access::Public);
    let mut routes = 0;
    for endpoint in opened().into_iter().chain(public).filter(reads_json) {
        routes += 1;
        for (kind, body) in [
            ("text/plain", r#"{"username":"ada.admin"}"#),
            ("application/x-www-form-urlencoded", "username=ada.admin"),
            ("multipart/form-data; boundary=x", "--x--\r\n"),
            ("text/json", "{}"),
        ] {
            let headers = [("x-csrf-token", value), ("content-type", kind)];
            let (status, said) = own.send(endpoint.method, &path_of(endpoint.path), &headers, body).await;
            assert_eq!(status, 415, "row 137: {} {} {kind}: {said}", endpoint.method, endpoint.path);
            *asked.entry(137).or_default() += 1;
        }
    }
    assert!(routes >= 15, "the document tells of {routes} routes");
}
