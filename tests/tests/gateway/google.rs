//! What Google's clients do in their own way: keys in the query, names of models in the path.

use serde_json::json;
use switchyard_harness::{Answer, TestApp, TestClient};

const MODEL: &str = "upstream/m1";

async fn google() -> TestApp {
    TestApp::builder().vendor("gemini").models(["m1"]).start().await
}

fn body() -> String {
    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).to_string()
}

async fn get(client: &TestClient, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let request = headers
        .iter()
        .fold(client.request("GET", path), |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_key_in_the_query_is_taken_at_googles_addresses_and_goes_no_further() {
    let app = google().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let escaped: String = key.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let nobody = app.anonymous();
    for key in [&key, &escaped] {
        for base in ["/v1beta/models", "/v1/models"] {
            for action in ["generateContent", "streamGenerateContent", "countTokens"] {
                let answer = nobody.post(&format!("{base}/{MODEL}:{action}?alt=sse&key={key}"), body()).await;
                assert_eq!(answer.status, 200, "{base} {action}: {}", answer.text);
                assert!(!answer.text.contains(key.as_str()));
            }
        }
        for path in ["/v1beta/models", "/v1beta/models/upstream/m1"] {
            assert_eq!(get(&nobody, &format!("{path}?key={key}"), &[]).await.0, 200, "{path}");
        }
    }
    for sent in app.simulator().calls() {
        let said = format!("{sent:?}");
        assert!(!said.contains(&key) && !said.contains(&escaped), "{said}");
    }
}

#[tokio::test]
async fn a_key_in_the_query_is_nothing_elsewhere_and_never_outranks_a_header() {
    let app = google().await;
    let key = app.client_with_key("ci").await.key().to_owned();
    let other = app.client_with_key("other").await;
    let nobody = app.anonymous();
    for path in ["/v1/models", "/v1/models/upstream/m1"] {
        assert_eq!(get(&nobody, &format!("{path}?key={key}"), &[]).await.0, 401, "{path}");
    }
    for path in ["/v1/chat/completions", "/chat/completions", "/v1/messages", "/v1/responses"] {
        let chat = json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
        let answer = nobody.post(&format!("{path}?key={key}"), chat.to_string()).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    let path = format!("/v1beta/models/{MODEL}:generateContent");
    let is_refused = |answer: Answer, what: &str| {
        assert_eq!(
            (answer.status, answer.json()["error"]["status"].as_str()),
            (401, Some("UNAUTHENTICATED")),
            "{what}"
        );
        assert!(!answer.text.contains(&key), "{what}");
    };
    is_refused(nobody.post(&format!("{path}?key={key}&key={key}"), body()).await, "twice");
    is_refused(nobody.post(&format!("{path}?key="), body()).await, "nothing");
    is_refused(nobody.post(&format!("{path}?key={key}x"), body()).await, "another");
    is_refused(nobody.post(&format!("{path}?key={key}%zz"), body()).await, "no escape");
    is_refused(other.post(&format!("{path}?key={key}"), body()).await, "two that differ");
    let same = nobody.post_with(&format!("{path}?key={key}"), &[("x-goog-api-key", &key)], body()).await;
    assert_eq!(same.status, 200, "{}", same.text);
    assert_eq!(app.simulator().calls().len(), 1);
}

#[tokio::test]
async fn a_models_name_may_be_encoded_in_every_method() {
    let app = google().await;
    let client = app.client_with_key("ci").await;
    for base in ["/v1beta/models", "/v1/models"] {
        for name in ["upstream/m1", "upstream%2Fm1", "upstream%2fm1", "%75pstream%2F%6d1"] {
            assert_eq!(client.get(&format!("{base}/{name}")).await.status, 200, "{base}/{name}");
            for action in [":generateContent", ":countTokens", "%3AgenerateContent"] {
                let answer = client.post(&format!("{base}/{name}{action}"), body()).await;
                assert_eq!(answer.status, 200, "{base}/{name}{action}: {}", answer.text);
            }
        }
        for name in ["upstream%252Fm1", "upstream%2Fm1%2F"] {
            let answer = client.post(&format!("{base}/{name}:generateContent"), body()).await;
            assert_eq!(
                (answer.status, &answer.json()["error"]["status"]),
                (404, &json!("NOT_FOUND")),
                "{name}"
            );
        }
    }
    let embedded = client
        .post(
            "/v1beta/models/upstream%2Fm1:embedContent",
            json!({"content": {"parts": [{"text": "hi"}]}}).to_string(),
        )
        .await;
    assert_eq!(embedded.status, 200, "{}", embedded.text);
}

#[tokio::test]
async fn whoever_asks_for_models_is_refused_in_the_words_in_which_the_list_comes() {
    let app = google().await;
    let nobody = app.anonymous();
    for path in ["/v1/models", "/v1/models/upstream/m1"] {
        for (headers, place, expected) in [
            (&[][..], "/error/code", json!("invalid_api_key")),
            (&[("anthropic-version", "2023-06-01")][..], "/error/type", json!("authentication_error")),
            (&[("anthropic-version", "2023-06-01")][..], "/type", json!("error")),
            (&[("x-goog-api-key", "sy-none")][..], "/error/status", json!("UNAUTHENTICATED")),
        ] {
            let (status, text) = get(&nobody, path, headers).await;
            let body: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((status, body.pointer(place)), (401, Some(&expected)), "{path} {headers:?}: {text}");
        }
    }
}

#[tokio::test]
async fn an_error_in_anthropics_words_names_the_request() {
    let app = google().await;
    let client = app.client_with_key("ci").await;
    let good = json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let unknown =
        json!({"model": "nobody", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let named = [("x-request-id", "asked-1")];
    for (answer, status) in [
        (app.anonymous().post_with("/v1/messages", &named, good.to_string()).await, 401),
        (client.post_with("/v1/messages", &named, "{").await, 400),
        (client.post_with("/v1/messages", &named, unknown.to_string()).await, 404),
        (client.post_with("/v1/messages/count_tokens", &named, unknown.to_string()).await, 404),
        (client.post_with("/v1/messages/nothing", &named, "{}").await, 404),
    ] {
        assert_eq!(
            (answer.status, &answer.json()["request_id"]),
            (status, &json!("asked-1")),
            "{}",
            answer.text
        );
        assert_eq!(answer.header("content-length"), answer.text.len().to_string());
    }
    app.simulator().script("m1", switchyard_harness::testkit::simulator::Script::of("status=400"));
    let answer = client.post("/v1/messages", good.to_string()).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_eq!(answer.json()["request_id"].as_str(), Some(answer.request_id()));
}
