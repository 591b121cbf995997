//! A dry run shows what a call would send, to the byte, and calls nobody.

use switchyard::orchestrator::explain::Explanation;
use switchyard::orchestrator::principal::Principal;
use switchyard_harness::TestApp;
use switchyard_http::offline::OfflineCall;

const BODY: &str =
    r#"{ "model":"pair", "messages":[{"role":"user","content":"h\u00efi"}],"max_tokens":7, "stream":true}"#;

async fn explain(app: &TestApp, body: &str, strict: bool) -> Explanation {
    let offline = OfflineCall { dialect: "openai-chat".to_owned(), strict, ..OfflineCall::default() };
    let call = offline.read(body.to_owned()).unwrap();
    let explainer = app.embedded().administration().explainer().await.unwrap();
    explainer.explain(&Principal::Program, call.as_ref()).unwrap()
}

#[tokio::test]
async fn a_dry_run_shows_the_bytes_that_the_call_then_sends_and_sends_none() {
    let app = TestApp::builder().models(["m1", "m2"]).route("pair", ["m1", "m2"]).start().await;
    let explained = explain(&app, BODY, false).await;
    assert!(app.simulator().calls().is_empty());
    assert_eq!(explained.route.as_deref(), Some("pair"));
    assert_eq!((explained.facts.max_output_tokens, explained.facts.stream), (Some(7), true));
    let order: Vec<&str> = explained.targets.iter().map(|target| target.target.as_str()).collect();
    assert_eq!(order, ["upstream/m1", "upstream/m2"]);
    let shown = explained.targets[0].request.as_ref().unwrap();
    let client = app.client_with_key("ci").await;
    let answer = client.post("/v1/chat/completions", BODY).await;
    assert_eq!(answer.status, 200);
    let sent = app.simulator().calls();
    assert_eq!(sent[0].body, shown.body.to_bytes().unwrap());
    assert!(shown.url.ends_with(&sent[0].path), "{} {}", shown.url, sent[0].path);
    assert!(shown.headers.iter().all(|(name, _)| *name != "authorization"));
}

#[tokio::test]
async fn a_dry_run_names_what_a_target_can_not_carry_and_what_strictness_makes_of_it() {
    let app = TestApp::builder().vendor("mistral").models(["m1"]).start().await;
    let body = r#"{"model":"upstream/m1","messages":[{"role":"user","content":"hi"}],"store":true}"#;
    for strict in [false, true] {
        let explained = explain(&app, body, strict).await;
        let target = &explained.targets[0];
        assert_eq!((target.losses().to_string().as_str(), target.is_refused), ("store", strict));
    }
    assert!(app.simulator().calls().is_empty());
}
