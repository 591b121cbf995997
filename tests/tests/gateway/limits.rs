//! Limits hold exactly, however many calls come at once.

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use std::time::Duration;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::limits::Limits;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, TestApp, TestAppBuilder, TestClient};

const AT_ONCE: usize = 256;
const MODEL: &str = "upstream/gpt-sim";

fn builder() -> TestAppBuilder {
    let long = Duration::from_secs(120);
    let deadlines = Deadlines { first_content: long, idle: long, total: long };
    TestApp::builder()
        .calls(CallSettings { max_attempts: 3, deadlines, first_of_pieces: None })
        .server(|config| config.connections_per_source = 4 * AT_ONCE)
}

/// A refusal by a limit of ours, which says when to come back.
fn is_limited(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (429, "rate_limit_exceeded"),
        "{}",
        answer.text
    );
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    // The window's oldest moment is counted whole, so that the wait may be a moment more than a minute.
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert_eq!(answer.json()["error"]["type"], "rate_limit_error");
}

#[tokio::test]
async fn exactly_as_many_calls_pass_as_the_requests_per_minute_say() {
    let app = builder().start().await;
    let limits = Limits { rpm: Some(100), ..Limits::NONE };
    let client = app.client_with("ci", limits, None).await;
    let calls: FuturesUnordered<_> = (0..AT_ONCE).map(|_| client.ask(MODEL, "hi")).collect();
    let answers: Vec<Answer> = calls.collect().await;
    let (passed, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((passed.len(), refused.len()), (100, AT_ONCE - 100));
    refused.into_iter().for_each(is_limited);
    assert_eq!(app.simulator().calls().len(), 100, "a refused call reached the provider");
    let other = app.client_with("other", limits, None).await;
    assert_eq!(other.ask(MODEL, "hi").await.status, 200, "a key's limit is its own");
}

/// Of calls that the provider holds back, those that were refused.
async fn refused_of(client: &TestClient, calls: usize, passing: usize, max_tokens: u64) {
    let body =
        json!({"model": MODEL, "max_tokens": max_tokens, "messages": [{"role": "user", "content": "hi"}]});
    let mut running: FuturesUnordered<_> = (0..calls).map(|_| client.chat(body.clone())).collect();
    for _ in 0..calls - passing {
        is_limited(&running.next().await.unwrap());
    }
    let next = tokio::time::timeout(Duration::from_millis(300), running.next()).await;
    assert!(next.is_err(), "one more was refused: {next:?}");
}

#[tokio::test]
async fn exactly_as_many_calls_run_at_once_as_the_concurrency_says_and_their_places_are_given_back() {
    let app = builder().start().await;
    app.simulator().script("gpt-sim", Script::of("stall_before_first"));
    let client = app.client_with("ci", Limits { concurrency: Some(8), ..Limits::NONE }, None).await;
    refused_of(&client, AT_ONCE, 8, 10).await;
    assert_eq!(app.simulator().calls().len(), 8);
    app.simulator().until_ended_calls(8, Duration::from_secs(10)).await;
    app.simulator().script("gpt-sim", Script::of("tokens=1"));
    // What the abandoned calls used is counted before their places are given back; the first count loads a vocabulary.
    for _ in 0..200 {
        if client.ask(MODEL, "hi").await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    for _ in 0..20 {
        assert_eq!(client.ask(MODEL, "hi").await.status, 200);
    }
    let calls: FuturesUnordered<_> = (0..8).map(|_| client.ask(MODEL, "hi")).collect();
    assert!(calls.all(|answer| async move { answer.status == 200 }).await, "not all places were given back");
}

#[tokio::test]
async fn tokens_are_reserved_by_estimate_before_a_call_and_corrected_after_it() {
    let app = builder().start().await;
    app.simulator().script("gpt-sim", Script::of("stall_before_first"));
    let limits = Limits { tpm: Some(4_100), ..Limits::NONE };
    let client = app.client_with("ci", limits, None).await;
    // Each reserves some 1,010 tokens.
    refused_of(&client, 64, 4, 1_000).await;
    assert_eq!(app.simulator().calls().len(), 4);
    app.simulator().script("gpt-sim", Script::of("tokens=3"));
    let client = app.client_with("thrifty", limits, None).await;
    for call in 0..40 {
        let body =
            json!({"model": MODEL, "max_tokens": 1_000, "messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(client.chat(body).await.status, 200, "call {call}: what was not used was not given back");
    }
}

#[tokio::test]
async fn a_call_that_names_no_output_limit_passes_a_small_limit_that_its_prompt_fits() {
    let small = Limits { tpm: Some(200), ..Limits::NONE };
    let model = DeclaredModel { model: "small".to_owned(), limits: small, ..DeclaredModel::default() };
    let app = builder().model(model).start().await;
    app.simulator().set_default(Script::of("tokens=3"));
    let client = app.client_with("ci", small, None).await;
    for (call, model) in [MODEL, "upstream/small", MODEL].into_iter().enumerate() {
        let answer = client.ask(model, "hi").await;
        assert_eq!(answer.status, 200, "call {call}: {}", answer.text);
    }
    let stated = json!({"model": MODEL, "max_tokens": 500, "messages": [{"role": "user", "content": "hi"}]});
    let refused = client.chat(stated).await;
    is_limited(&refused);
    assert!(refused.text.contains("this call alone"), "{}", refused.text);
    is_limited(&client.ask(MODEL, &"word ".repeat(400)).await);
}

#[tokio::test]
async fn calls_of_a_day_are_counted_as_well() {
    let app = builder().start().await;
    let client = app.client_with("ci", Limits { rpd: Some(3), ..Limits::NONE }, None).await;
    for _ in 0..3 {
        assert_eq!(client.ask(MODEL, "hi").await.status, 200);
    }
    let answer = client.ask(MODEL, "hi").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (429, "rate_limit_exceeded"));
}

#[tokio::test]
async fn a_target_at_its_limit_is_passed_over_for_the_next() {
    let limited = DeclaredModel {
        model: "limited".to_owned(),
        limits: Limits { rpm: Some(2), ..Limits::NONE },
        ..DeclaredModel::default()
    };
    let app = builder().model(limited).route("pair", ["limited", "gpt-sim"]).start().await;
    let client = app.client_with_key("ci").await;
    let mut targets = Vec::new();
    for _ in 0..4 {
        let answer = client.ask("pair", "hi").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        targets.push(answer.header("x-switchyard-target").to_owned());
    }
    assert_eq!(targets, ["upstream/limited", "upstream/limited", MODEL, MODEL]);
    is_limited(&client.ask("upstream/limited", "hi").await);
}

#[tokio::test]
async fn a_call_that_is_refused_for_another_reason_keeps_no_place() {
    let app = builder().start().await;
    let client = app.client_with("ci", Limits { concurrency: Some(1), ..Limits::NONE }, None).await;
    for _ in 0..5 {
        assert_eq!(client.ask("nobody", "hi").await.status, 404);
        assert_eq!(client.chat(json!({"model": 7})).await.status, 400);
    }
    app.simulator().script("gpt-sim", Script::of("status=400"));
    for _ in 0..5 {
        assert_eq!(client.ask(MODEL, "hi").await.status, 400);
    }
    app.simulator().script("gpt-sim", Script::of("tokens=1"));
    assert_eq!(client.ask(MODEL, "hi").await.status, 200);
}

/// Bodies that are counted, in both dialects that have a way to.
fn counts() -> [(String, String); 2] {
    let said = json!([{"role": "user", "content": "hi"}]);
    let contents = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
    [
        ("/v1/messages/count_tokens".to_owned(), json!({"model": MODEL, "messages": said}).to_string()),
        (format!("/v1beta/models/{MODEL}:countTokens"), json!({"contents": contents}).to_string()),
    ]
}

#[tokio::test]
async fn counting_a_prompt_is_a_request_like_any_other_but_takes_no_tokens() {
    let app = builder().start().await;
    for (key, (path, body)) in ["anthropic", "google"].into_iter().zip(counts()) {
        let limits = Limits { rpm: Some(3), tpm: Some(1), concurrency: Some(8), ..Limits::NONE };
        let client = app.client_with(key, limits, None).await;
        let calls: FuturesUnordered<_> = (0..8).map(|_| client.post(&path, body.clone())).collect();
        let mut statuses: Vec<u16> = calls.map(|answer| answer.status).collect().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 429, 429, 429, 429, 429], "{path}");
        let refused = client.post(&path, body).await;
        assert!(
            (1..=61).contains(&refused.header("retry-after").parse::<u64>().unwrap()),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn counting_gives_its_place_back_however_it_ends() {
    let app = builder().start().await;
    for (key, (path, body)) in ["anthropic", "google"].into_iter().zip(counts()) {
        let client = app.client_with(key, Limits { concurrency: Some(1), ..Limits::NONE }, None).await;
        let unknown = body.replace(MODEL, "nobody");
        let elsewhere = path.replace(MODEL, "nobody");
        for _ in 0..3 {
            assert_eq!(client.post(&path, body.clone()).await.status, 200);
            assert_eq!(client.post(&elsewhere, unknown.clone()).await.status, 404);
            assert_eq!(client.post(&path, "{}").await.status, 400);
            // It leaves while its prompt may be under way.
            let leaving = client.post(&path, body.clone());
            drop(tokio::time::timeout(Duration::from_micros(300), leaving).await);
            for attempt in 0.. {
                if client.post(&path, body.clone()).await.status == 200 {
                    break;
                }
                assert!(attempt < 200, "{path}: its place was not given back");
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
    }
}
