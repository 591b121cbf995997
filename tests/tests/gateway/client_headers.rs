//! Headers of clients that go on to a provider of the same dialect, and to no other.

use serde_json::json;
use switchyard::orchestrator::principal::Principal;
use switchyard_harness::{Answer, TestApp};
use switchyard_http::offline::OfflineCall;

const BETAS: [(&str, &str); 2] = [
    ("anthropic-beta", "claude-code-20250219, interleaved-thinking-2025-05-14"),
    ("anthropic-beta", "fine-grained-tool-streaming-2025-05-14"),
];
const JOINED: &str =
    "claude-code-20250219, interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14";

/// A server whose provider `upstream` speaks Anthropic's dialect, and `other` OpenAI's.
async fn both() -> TestApp {
    let app = TestApp::builder().vendor("anthropic").models(["m1"]).start().await;
    app.add_provider("other", "openai_compatible", &app.simulator().base_url(), &["m2"]).await;
    app
}

fn message(model: &str, stream: bool) -> String {
    json!({"model": model, "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
        .to_string()
}

async fn ask(app: &TestApp, model: &str, headers: &[(&str, &str)]) -> Answer {
    // A key for each call, as names of keys must differ.
    let client = app.client_with_key(&model.replace('/', "-")).await;
    client.post_with("/v1/messages", headers, message(model, false)).await
}

#[tokio::test]
async fn what_a_client_of_anthropic_asks_for_by_a_header_reaches_a_provider_of_its_dialect() {
    let app = both().await;
    let others = [("anthropic-version", "2020-01-01"), ("openai-beta", "x=v1"), ("x-stainless-lang", "js")];
    let answer = ask(&app, "upstream/m1", &[&BETAS[..], &others[..]].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-switchyard-dropped"), "");
    let calls = app.simulator().calls();
    assert_eq!(calls[0].header("anthropic-beta"), Some(JOINED));
    // The version is ours to say, and nothing else passes.
    assert_eq!(calls[0].header("anthropic-version"), Some("2023-06-01"));
    assert_eq!((calls[0].header("openai-beta"), calls[0].header("x-stainless-lang")), (None, None));
}

#[tokio::test]
async fn a_provider_of_another_dialect_is_not_given_it_and_the_loss_is_told_and_recorded() {
    let app = both().await;
    let answer = ask(&app, "other/m2", &BETAS).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-switchyard-dropped"), "anthropic-beta");
    assert_eq!(app.simulator().calls()[0].header("anthropic-beta"), None);
    let events = app.events_of(answer.request_id()).await;
    assert_eq!(events[0].dropped.as_deref(), Some("anthropic-beta"));
}

#[tokio::test]
async fn a_strict_call_is_refused_rather_than_robbed_of_a_header() {
    let app = both().await;
    let strict = [&BETAS[..], &[("x-switchyard-strict", "true")]].concat();
    let answer = ask(&app, "other/m2", &strict).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("anthropic-beta"), "{}", answer.text);
    assert!(app.simulator().calls().is_empty());
    assert_eq!(ask(&app, "upstream/m1", &strict).await.status, 200);
}

#[tokio::test]
async fn a_header_that_is_too_long_to_go_on_is_refused_in_the_clients_dialect() {
    let app = both().await;
    let long = "b".repeat(2049);
    let answer = ask(&app, "upstream/m1", &[("anthropic-beta", &long)]).await;
    assert_eq!((answer.status, &answer.json()["type"]), (400, &json!("error")), "{}", answer.text);
    assert!(app.simulator().calls().is_empty());
}

#[tokio::test]
async fn what_a_client_of_openai_asks_for_by_a_header_reaches_a_provider_of_its_dialect() {
    let app = both().await;
    let client = app.client_with_key("ci").await;
    let headers = [("OpenAI-Beta", "assistants=v2"), ("OpenAI-Organization", "org-1"), BETAS[0]];
    let body =
        |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let own = client.post_with("/v1/chat/completions", &headers, body("other/m2")).await;
    assert_eq!((own.status, own.header("x-switchyard-dropped")), (200, ""), "{}", own.text);
    let foreign = client.post_with("/v1/chat/completions", &headers, body("upstream/m1")).await;
    assert_eq!(
        (foreign.status, foreign.header("x-switchyard-dropped")),
        (200, "openai-beta"),
        "{}",
        foreign.text
    );
    let calls = app.simulator().calls();
    assert_eq!(calls[0].header("openai-beta"), Some("assistants=v2"));
    for call in &calls {
        assert_eq!((call.header("openai-organization"), call.header("anthropic-beta")), (None, None));
    }
    assert_eq!(calls[1].header("openai-beta"), None);
}

#[tokio::test]
async fn a_dry_run_shows_the_header_that_would_go_on_and_the_loss_where_it_would_not() {
    let app = both().await;
    let explainer = app.embedded().administration().explainer().await.unwrap();
    for (model, shown, lost) in [("upstream/m1", Some(BETAS[0].1), ""), ("other/m2", None, "anthropic-beta")]
    {
        let headers =
            vec![("Anthropic-Beta".to_owned(), BETAS[0].1.to_owned()), ("cookie".to_owned(), "x".to_owned())];
        let offline =
            OfflineCall { dialect: "anthropic-messages".to_owned(), headers, ..OfflineCall::default() };
        let call = offline.read(message(model, false)).unwrap();
        let explained = explainer.explain(&Principal::Program, call.as_ref()).unwrap();
        let target = &explained.targets[0];
        let prepared = target.request.as_ref().unwrap();
        let found = prepared.headers.iter().find(|(name, _)| *name == "anthropic-beta");
        assert_eq!(found.map(|(_, value)| value.as_str()), shown, "{model}");
        assert_eq!(target.losses().to_string(), lost, "{model}");
        assert!(prepared.headers.iter().all(|(name, _)| *name != "cookie"));
    }
}
