//! What a documented call is answered where a secure default stands against it: a test for each, on both databases. What concerns models
//! and keys stands in `refusals`; what ends a start, in the binary's own tests.

use crate::scene::{ADMIN, on_both};
use serde_json::{Value, json};
use switchyard_harness::{Answer, PASSWORD, TestClient};

/// Sends a request without a body and without a media type.
async fn bare(client: &TestClient, method: &str, path: &str, headers: &[(&str, String)]) -> Answer {
    let request = headers
        .iter()
        .fold(client.request(method, path), |request, (name, value)| request.header(*name, value.as_str()));
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

#[track_caller]
fn says(answer: &Answer, status: u16, words: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text);
    for word in words {
        assert!(answer.text.contains(word), "it does not say `{word}`: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn minting_a_virtual_key_without_a_credential_names_the_three_ways_to_have_one() {
    on_both(async |scene| {
        let refused = bare(&scene.app.anonymous(), "POST", "/api/generate-virtual-key", &[]).await;
        let ways = ["switchyard keys create", "administrator", "SWITCHYARD_OPEN_VIRTUAL_KEYS=true"];
        says(&refused, 401, &ways);
        assert!(refused.json()["error"].is_string(), "{}", refused.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_without_a_credential_names_the_command_that_gives_a_token() {
    on_both(async |scene| {
        for path in ["/api/v1/users", "/api/v1/status", "/api/v1/audit", "/api/v1/virtual-keys"] {
            let refused = scene.app.anonymous().get(path).await;
            says(&refused, 401, &["switchyard admin token", "POST /api/auth/login"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_on_a_fresh_install_names_who_and_what_lets_people_in() {
    on_both(async |scene| {
        let client = scene.app.anonymous();
        let body = json!({"username": "ana", "email": "ana@example.com", "password": PASSWORD}).to_string();
        let words = [
            "administrator",
            "registration_token",
            "SWITCHYARD_ALLOW_OPEN_REGISTRATION=true",
            "switchyard admin link",
        ];
        let documented = client.post("/api/auth/register", body).await;
        says(&documented, 403, &words);
        let body = json!({"username": "ana", "password": PASSWORD}).to_string();
        let canonical = client.post("/api/v1/auth/register", body).await;
        says(&canonical, 400, &words);
        assert_eq!(canonical.json()["details"]["code"], "registration_closed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_call_to_a_private_address_names_the_address_and_the_setting() {
    on_both(async |scene| {
        let admin = scene.app.client(&scene.admin().await);
        for (url, address) in [("http://10.1.2.3/", "10.1.2.3"), ("http://[fd00::7]/", "fd00::7")] {
            for call in ["get", "post", "put", "delete"] {
                let body = json!({"url": url}).to_string();
                let refused = admin.post(&format!("/api/external/{call}"), body).await;
                says(&refused, 403, &[address, "SWITCHYARD_EGRESS_ALLOW"]);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookies_call_without_the_csrf_header_names_the_header_and_the_cookie_whose_value_it_takes() {
    on_both(async |scene| {
        let client = scene.app.anonymous();
        let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
        let login = client.post("/api/v1/auth/login", body).await;
        let set = login.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let pairs: Vec<&str> = set.filter_map(|cookie| cookie.split(';').next()).collect();
        let cookies = [("cookie", pairs.join("; "))];
        for (method, path, cookie) in [
            ("POST", "/api/v1/auth/refresh", "csrf_refresh_token"),
            ("POST", "/api/v1/auth/logout", "csrf_access_token"),
            ("DELETE", "/api/v1/sessions", "csrf_access_token"),
            ("POST", "/api/v1/rekey", "csrf_access_token"),
        ] {
            let refused = bare(&client, method, path, &cookies).await;
            says(&refused, 403, &["X-CSRF-Token", cookie]);
            assert_eq!(refused.json()["error"], "csrf_failed", "{path}");
        }
        assert_eq!(bare(&client, "GET", "/api/v1/auth/me", &cookies).await.status, 200, "reading needs none");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_documented_call_without_a_body_needs_one_or_a_media_type() {
    on_both(async |scene| {
        let client = scene.app.anonymous();
        let bearer = [("authorization", format!("Bearer {}", scene.admin().await))];
        let made = bare(&client, "POST", "/api/generate-virtual-key", &bearer).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let keys: Value = bare(&client, "GET", "/api/v1/virtual-keys", &bearer).await.json();
        let me = bare(&client, "GET", "/api/v1/auth/me", &bearer).await.json();
        let (key, user) = (&keys["items"][0]["id"], &me["user"]["id"]);
        for (method, path, status) in [
            ("POST", "/reload-config".to_owned(), 200),
            ("POST", format!("/api/v1/virtual-keys/{key}/rotate"), 200),
            ("POST", "/api/v1/rekey".to_owned(), 200),
            ("POST", "/api/v1/keys/openai/test".to_owned(), 404),
            ("DELETE", "/api/v1/keys/openai".to_owned(), 404),
            ("DELETE", format!("/api/v1/virtual-keys/{key}"), 204),
            ("DELETE", "/api/v1/sessions".to_owned(), 204),
            // It ends the sessions of whom it is for.
            ("POST", format!("/api/v1/users/{user}/password-reset"), 201),
            ("POST", "/api/v1/auth/logout".to_owned(), 200),
        ] {
            let answer = bare(&client, method, &path, &bearer).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        }
    })
    .await;
}
