//! Budgets: no more is spent than they say, and what was spent is what the ledger says.

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use std::time::Duration;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, TestApp, TestAppBuilder, TestClient};

const AT_ONCE: usize = 256;
const MODEL: &str = "upstream/priced";
/// What a call of ten tokens costs: a thousandth of a dollar a token, the prompt for nothing.
const CALL: i64 = 10_000_000;

fn priced(model: &str, nano_a_token: i64) -> DeclaredModel {
    let rates = Rates {
        input: Some(PricePerMillion(0)),
        output: Some(PricePerMillion(nano_a_token * 1_000_000)),
        ..Rates::default()
    };
    DeclaredModel { model: model.to_owned(), rates: Some(rates), ..DeclaredModel::default() }
}

fn builder() -> TestAppBuilder {
    let long = Duration::from_secs(120);
    let deadlines = Deadlines { first_content: long, idle: long, total: long };
    TestApp::builder()
        .calls(CallSettings { max_attempts: 3, deadlines, first_of_pieces: None })
        .server(|config| config.connections_per_source = 4 * AT_ONCE)
        .model(priced("priced", 1_000_000))
        .model(priced("free", 0))
        .model(DeclaredModel { model: "unpriced".to_owned(), ..DeclaredModel::default() })
}

/// An application whose provider answers with ten tokens.
async fn started() -> TestApp {
    let app = builder().start().await;
    app.simulator().script("priced", Script::of("tokens=10"));
    app
}

async fn budget(app: &TestApp, scope: QuotaScope, calls: i64) {
    let budget = Budget { amount: NanoUsd(calls * CALL), window: BudgetWindow::Total, zone: Zone::utc() };
    let request = QuotaRequest { scope, limits: Limits::NONE, budget: Some(budget), expected_version: None };
    app.embedded().quotas().set(request, &Writer::API).await.unwrap();
}

async fn scope_of(app: &TestApp, name: &str) -> QuotaScope {
    let keys = app.embedded().keys().list().await.unwrap();
    QuotaScope::Key(keys.iter().find(|key| key.name.as_str() == name).unwrap().id)
}

async fn spender(app: &TestApp, name: &str, calls: i64) -> TestClient {
    let client = app.client_with_key(name).await;
    budget(app, scope_of(app, name).await, calls).await;
    client
}

async fn ask(client: &TestClient, model: &str) -> Answer {
    let messages = json!([{"role": "user", "content": "hi"}]);
    client.chat(json!({"model": model, "max_tokens": 10, "messages": messages})).await
}

/// How many of so many calls at once pass; the rest must be refused for the budget.
async fn passing(client: &TestClient, model: &str, calls: usize) -> usize {
    let running: FuturesUnordered<_> = (0..calls).map(|_| ask(client, model)).collect();
    let answers: Vec<Answer> = running.collect().await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    for answer in &refused {
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (429, "insufficient_quota"),
            "{}",
            answer.text
        );
    }
    answers.len() - refused.len()
}

/// By the ledger, which must be in order.
async fn spent(app: &TestApp, scope: QuotaScope) -> i64 {
    assert!(app.embedded().flush_usage().await);
    let check = app.embedded().usage().verify().await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
    let quotas = app.embedded().quotas().list().await.unwrap();
    quotas.into_iter().find(|state| state.quota.scope == scope).unwrap().spent.unwrap().1.0
}

/// Nothing is held and nothing was forgotten: with one call's money more, exactly one more passes.
async fn is_exact(app: &TestApp, client: &TestClient, scope: QuotaScope) {
    let before = spent(app, scope).await;
    budget(app, scope, before / CALL + 1).await;
    assert_eq!(before % CALL, 0);
    assert_eq!(passing(client, MODEL, 4).await, 1, "money is held, or forgotten");
    assert_eq!(spent(app, scope).await, before + CALL);
}

#[tokio::test]
async fn of_256_calls_at_once_on_a_budget_for_ten_exactly_ten_pass() {
    let app = started().await;
    let client = spender(&app, "ci", 10).await;
    assert_eq!(passing(&client, MODEL, AT_ONCE).await, 10);
    assert_eq!(app.simulator().calls().len(), 10, "a refused call reached the provider");
    let scope = scope_of(&app, "ci").await;
    assert_eq!(spent(&app, scope).await, 10 * CALL);
    is_exact(&app, &client, scope).await;
}

#[tokio::test]
async fn an_upstream_that_counts_more_than_it_was_allowed_overruns_no_budget() {
    for usage in ["over_max", "huge", "negative", "zero", "missing"] {
        let app = started().await;
        app.simulator().script("priced", Script::of(&format!("tokens=10&latency_ms=100&usage={usage}")));
        let client = app.client_with_key("ci").await;
        let budget = Budget { amount: NanoUsd(10 * CALL), window: BudgetWindow::Day, zone: Zone::utc() };
        let scope = QuotaScope::Global;
        let (limits, budget) = (Limits::NONE, Some(budget));
        let request = QuotaRequest { scope, limits, budget, expected_version: None };
        app.embedded().quotas().set(request, &Writer::API).await.unwrap();
        let passed = passing(&client, MODEL, AT_ONCE).await;
        assert!(passed >= 10, "{usage}: {passed}");
        let spent = spent(&app, scope).await;
        assert!((1..=10 * CALL).contains(&spent), "{usage}: {passed} calls cost {spent}");
    }
}

#[tokio::test]
async fn budgets_of_all_calls_a_provider_and_a_key_hold_together() {
    let app = started().await;
    let client = spender(&app, "ci", 30).await;
    budget(&app, QuotaScope::Global, 20).await;
    let provider = switchyard::Name::new("upstream").unwrap();
    let provider = QuotaScope::Provider(app.embedded().providers().find(&provider).await.unwrap().id);
    budget(&app, provider, 5).await;
    assert_eq!(passing(&client, MODEL, 64).await, 5);
    app.embedded().quotas().remove(provider, &Writer::API).await.unwrap();
    assert_eq!(passing(&client, MODEL, 64).await, 15);
    app.embedded().quotas().remove(QuotaScope::Global, &Writer::API).await.unwrap();
    assert_eq!(passing(&client, MODEL, 64).await, 10);
    assert_eq!(spent(&app, scope_of(&app, "ci").await).await, 30 * CALL);
}

#[tokio::test]
async fn a_spent_budget_is_told_with_its_window_and_nobody_is_to_try_again() {
    let app = started().await;
    let client = spender(&app, "ci", 1).await;
    assert_eq!(ask(&client, MODEL).await.status, 200);
    let answer = ask(&client, MODEL).await;
    assert_eq!((answer.status, answer.error_code().as_str()), (429, "insufficient_quota"));
    assert_eq!(answer.header("x-should-retry"), "false");
    assert!(answer.text.contains("a budget of 0.010000000 USD in all"), "{}", answer.text);
    assert_eq!(ask(&client, "upstream/free").await.status, 200, "what costs nothing passes");
}

#[tokio::test]
async fn faults_and_leaving_clients_hold_no_money() {
    let app = started().await;
    let client = spender(&app, "ci", 3).await;
    for fault in ["status=500", "status=429", "refuse", "stall_before_first"] {
        app.simulator().script("priced", Script::of(fault));
        for _ in 0..3 {
            let left = tokio::time::timeout(Duration::from_millis(200), ask(&client, MODEL)).await;
            assert!(left.is_err() || left.is_ok_and(|answer| answer.status != 200), "{fault}");
        }
    }
    app.simulator().script("priced", Script::of("tokens=10"));
    // The abandoned calls are counted before their money is free; the first count loads a vocabulary. All of it is free when a call
    // that needs all of it passes.
    let messages = json!([{"role": "user", "content": "hi"}]);
    let whole = json!({"model": MODEL, "max_tokens": 10, "n": 3, "messages": messages});
    let mut passed = false;
    for _ in 0..200 {
        passed = client.chat(whole.clone()).await.status == 200;
        if passed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(passed, "calls that came to nothing hold money");
    let scope = scope_of(&app, "ci").await;
    assert_eq!(spent(&app, scope).await, 3 * CALL, "the others cost nothing");
    assert_eq!(passing(&client, MODEL, 16).await, 0);
    is_exact(&app, &client, scope).await;
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_under_a_budget_and_served_without() {
    let app = started().await;
    let client = spender(&app, "ci", 10).await;
    let answer = ask(&client, "upstream/unpriced").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "price_unknown"), "{}", answer.text);
    assert!(app.simulator().calls().is_empty());
    let other = app.client_with_key("other").await;
    assert_eq!(ask(&other, "upstream/unpriced").await.status, 200);
}

#[tokio::test]
async fn a_spent_key_never_reaches_the_paid_fallback_of_a_free_model() {
    let app = builder().route("pair", ["free", "priced"]).start().await;
    app.simulator().script("priced", Script::of("tokens=10"));
    let client = spender(&app, "ci", 1).await;
    assert_eq!(ask(&client, MODEL).await.status, 200);
    app.simulator().script("free", Script::of("status=500"));
    let before = app.simulator().calls().len();
    let answer = ask(&client, "pair").await;
    assert_eq!((answer.status, answer.error_code().as_str()), (429, "insufficient_quota"), "{}", answer.text);
    assert!(app.simulator().calls()[before..].is_empty());
    assert_eq!(spent(&app, scope_of(&app, "ci").await).await, CALL);
}

#[tokio::test]
async fn more_choices_reserve_more() {
    let app = started().await;
    let client = spender(&app, "ci", 3).await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = |n: u32| json!({"model": MODEL, "max_tokens": 10, "n": n, "messages": messages});
    assert_eq!(client.chat(body(4)).await.error_code(), "insufficient_quota");
    assert_eq!(client.chat(body(3)).await.status, 200);
}

#[tokio::test]
async fn what_is_left_of_a_keys_limits_stands_in_the_head() {
    let app = started().await;
    let limits = Limits { rpm: Some(5), tpm: Some(10_000), ..Limits::NONE };
    let client = app.client_with("ci", limits, None).await;
    let answer = ask(&client, MODEL).await;
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "5");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "4");
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), "10000");
    assert_eq!(ask(&client, MODEL).await.header("x-ratelimit-remaining-requests"), "3");
    let body = json!({"model": MODEL, "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let answer = client.post("/v1/messages", body.to_string()).await;
    assert_eq!(answer.header("anthropic-ratelimit-requests-remaining"), "2", "{}", answer.text);
}

/// Models whose prompts cost a thousandth of a cent a token: one that reads a thousand tokens, and one of which nobody said.
fn reading() -> TestAppBuilder {
    let rates = Rates {
        input: Some(PricePerMillion(10_000 * 1_000_000)),
        output: Some(PricePerMillion(0)),
        ..Rates::default()
    };
    let model = |name: &str, context_window| DeclaredModel {
        model: name.to_owned(),
        rates: Some(rates),
        context_window,
        ..DeclaredModel::default()
    };
    builder().model(model("reads", Some(1_000))).model(model("unbounded", None))
}

#[tokio::test]
async fn what_nobody_has_seen_is_held_as_all_that_the_model_can_read() {
    let app = reading().start().await;
    app.simulator().script("reads", Script::of("latency_ms=300"));
    // Ten times a thousand tokens at ten thousand nano.
    let client = spender(&app, "ci", 10).await;
    let document = json!({"type": "file", "file": {"file_id": "file-1"}});
    let messages = json!([{"role": "user", "content": [document]}]);
    let ask = || client.chat(json!({"model": "upstream/reads", "max_tokens": 10, "messages": messages}));
    let answers: Vec<Answer> = (0..40).map(|_| ask()).collect::<FuturesUnordered<_>>().collect().await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, 10, "a document of which nobody knows the size passed for a few tokens");

    let refused =
        client.chat(json!({"model": "upstream/unbounded", "max_tokens": 10, "messages": messages})).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "price_unknown"), "{}", refused.text);
    assert!(refused.text.contains("context window"), "{}", refused.text);
    assert_eq!(ask_text(&client, "upstream/unbounded", json!({"max_tokens": 10})).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_nothing_limits_is_refused_under_a_budget() {
    let app = started().await;
    let client = spender(&app, "ci", 10).await;
    let refused = ask_text(&client, MODEL, json!({})).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "price_unknown"), "{}", refused.text);
    assert!(refused.text.contains("max_tokens"), "{}", refused.text);
    assert_eq!(ask_text(&client, MODEL, json!({"max_tokens": 10})).await.status, 200);
    assert_eq!(ask_text(&client, "upstream/free", json!({})).await.status, 200, "it costs nothing");
    let free = app.client_with_key("free").await;
    assert_eq!(ask_text(&free, MODEL, json!({})).await.status, 200, "without a budget nobody asks");
}

async fn ask_text(client: &TestClient, model: &str, more: serde_json::Value) -> Answer {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.chat(body).await
}

#[tokio::test]
async fn what_is_left_of_a_callers_limits_stands_on_refusals_and_on_failures_that_counted() {
    let app = started().await;
    let limits = Limits { rpm: Some(2), ..Limits::NONE };
    let client = app.client_with("ci", limits, None).await;
    app.simulator().script("priced", Script::of("status=500"));
    let failed = ask(&client, MODEL).await;
    assert!(failed.status >= 500, "{}", failed.text);
    assert_eq!(failed.header("x-ratelimit-remaining-requests"), "1", "it was counted: {}", failed.text);
    ask(&client, MODEL).await;
    let refused = ask(&client, MODEL).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.header("x-ratelimit-limit-requests"), "2");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    assert!(!refused.header("x-ratelimit-reset-requests").is_empty());
    let body = json!({"model": MODEL, "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let refused = client.post("/v1/messages", body.to_string()).await;
    assert_eq!((refused.status, refused.header("anthropic-ratelimit-requests-remaining")), (429, "0"));
    let few = app.client_with("few", Limits { tpm: Some(3), ..Limits::NONE }, None).await;
    let refused = ask(&few, MODEL).await;
    assert_eq!(
        (refused.status, refused.header("x-ratelimit-remaining-tokens")),
        (429, "0"),
        "{}",
        refused.text
    );
    assert_eq!(refused.header("x-ratelimit-limit-requests"), "");
}
