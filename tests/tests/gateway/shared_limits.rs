//! Limits, budgets and named requests through Redis, on both databases.

use serde_json::{Value, json};
use std::time::Duration;
use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard::{PasswordCost, Store};
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::testkit::postgres::{PrivatePostgres, Signal};
use switchyard_harness::testkit::redis::PrivateRedis;
use switchyard_harness::testkit::simulator::Script;
use switchyard_harness::{Answer, PASSWORD, TestApp, TestClient};

const ADMIN: &str = "ada.admin";
/// What a call of ten tokens costs.
const CALL: i64 = 10_000_000;

async fn start(redis: &PrivateRedis, store: Store) -> TestApp {
    let rates = Rates {
        input: Some(PricePerMillion(0)),
        output: Some(PricePerMillion(CALL / 10 * 1_000_000)),
        ..Rates::default()
    };
    let priced = DeclaredModel { model: "priced".to_owned(), rates: Some(rates), ..DeclaredModel::default() };
    let app = TestApp::builder()
        .store(store)
        .redis(&redis.url(), 1)
        .password_cost(PasswordCost::TRIVIAL)
        .administrator(ADMIN)
        .model(priced)
        .start()
        .await;
    app.simulator().script("priced", Script::of("tokens=10"));
    app
}

/// On a fresh server of each kind.
async fn on_both(test: impl AsyncFn(&PrivateRedis, &TestApp)) {
    let Some(redis) = PrivateRedis::start() else { return };
    let app = start(&redis, Store::SqliteMemory).await;
    test(&redis, &app).await;
    app.stop().await;
    let Some(server) = PrivatePostgres::shared() else { return };
    redis.wipe();
    let app = start(&redis, Store::Postgres(server.create_database().into())).await;
    test(&redis, &app).await;
    app.stop().await;
}

async fn ask(client: &TestClient, model: &str) -> Answer {
    let messages = json!([{"role": "user", "content": "hi"}]);
    client.chat(json!({"model": model, "max_tokens": 10, "messages": messages})).await
}

async fn spender(app: &TestApp, name: &str, calls: i64) -> TestClient {
    let client = app.client_with_key(name).await;
    let keys = app.embedded().keys().list().await.unwrap();
    let scope = QuotaScope::Key(keys.iter().find(|key| key.name.as_str() == name).unwrap().id);
    let budget = Budget { amount: NanoUsd(calls * CALL), window: BudgetWindow::Total, zone: Zone::utc() };
    let request = QuotaRequest { scope, limits: Limits::NONE, budget: Some(budget), expected_version: None };
    app.embedded().quotas().set(request, &Writer::API).await.unwrap();
    client
}

async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(8), waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_and_a_limit_hold_through_redis_as_they_do_in_memory() {
    on_both(async |redis, app| {
        let spender = spender(app, "spender", 3).await;
        for call in 0..5 {
            let answer = ask(&spender, "upstream/priced").await;
            assert_eq!(answer.status, if call < 3 { 200 } else { 429 }, "{call}: {}", answer.text);
        }
        assert_eq!(ask(&spender, "upstream/priced").await.error_code(), "insufficient_quota");
        let limited = app.client_with("limited", Limits { rpm: Some(2), ..Limits::NONE }, None).await;
        for left in ["1", "0"] {
            let answer = ask(&limited, "upstream/gpt-sim").await;
            assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, left));
        }
        assert_eq!(ask(&limited, "upstream/gpt-sim").await.status, 429);
        let keys: u64 = redis.command(&["DBSIZE"]).trim_start_matches(':').parse().unwrap();
        assert!(keys >= 4, "Redis was not asked");
        assert_eq!(
            looked(app).await,
            (json!("ok"), json!({"connected": true, "limits": "together", "processes": 1}))
        );
    })
    .await;
}

/// What an administrator and anybody see of Redis.
async fn looked(app: &TestApp) -> (Value, Value) {
    let body = json!({"username": ADMIN, "password": PASSWORD}).to_string();
    let session = app.anonymous().post("/api/auth/login", body).await.json();
    let status = app.client(session["access_token"].as_str().unwrap()).get("/api/v1/status").await.json();
    let health = app.anonymous().get("/health").await.json();
    assert_eq!(health["redis"], json!({"connected": status["redis"]["connected"]}), "{health}");
    (status["status"].clone(), status["redis"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_limits_hold_and_calls_under_a_budget_wait_for_it_or_are_refused() {
    on_both(async |redis, app| {
        let spender = spender(app, "spender", 3).await;
        let limited = app.client_with("limited", Limits { rpm: Some(3), ..Limits::NONE }, None).await;
        assert_eq!(ask(&spender, "upstream/priced").await.status, 200);
        assert_eq!(ask(&limited, "upstream/gpt-sim").await.status, 200);
        redis.signal(Signal::Stop);
        for expected in [200, 200, 429] {
            assert_eq!(ask(&limited, "upstream/gpt-sim").await.status, expected);
        }
        let refused = ask(&spender, "upstream/priced").await;
        assert_eq!(
            (refused.status, &*refused.error_code()),
            (503, "storage_unavailable"),
            "{}",
            refused.text
        );
        let (status, seen) = looked(app).await;
        assert_eq!(status, "degraded");
        assert_eq!((&seen["connected"], &seen["limits"]), (&json!(false), &json!("by_share")));
        redis.signal(Signal::Continue);
        eventually(async || ask(&spender, "upstream/priced").await.status == 200).await;
        assert_eq!(ask(&limited, "upstream/gpt-sim").await.status, 429);
        // Of three calls two are paid; one more, and no other.
        assert_eq!(ask(&spender, "upstream/priced").await.status, 200);
        assert_eq!(ask(&spender, "upstream/priced").await.status, 429);
        assert!(app.embedded().flush_usage().await);
        assert!(app.embedded().usage().verify().await.unwrap().problems.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_redis_gives_no_money_twice() {
    on_both(async |redis, app| {
        let spender = spender(app, "spender", 3).await;
        for _ in 0..2 {
            assert_eq!(ask(&spender, "upstream/priced").await.status, 200);
        }
        redis.wipe();
        assert_eq!(ask(&spender, "upstream/priced").await.status, 200);
        redis.wipe();
        for _ in 0..3 {
            assert_eq!(ask(&spender, "upstream/priced").await.error_code(), "insufficient_quota");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_request_is_answered_again_through_redis_and_nothing_of_it_lies_open_there() {
    on_both(async |redis, app| {
        let client = app.client_with_key("caller").await;
        let named = [("idempotency-key", "the-one")];
        let body =
            json!({"model": "upstream/gpt-sim", "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let first = client.post_with("/v1/chat/completions", &named, body.clone()).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let again = client.post_with("/v1/chat/completions", &named, body).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
        let login = json!({"username": ADMIN, "password": PASSWORD});
        let login = app.anonymous().post("/api/auth/login", login.to_string()).await;
        let admin = app.client(login.json()["access_token"].as_str().unwrap());
        let minted =
            admin.post_with("/api/v1/virtual-keys", &named, json!({"name": "minted"}).to_string()).await;
        assert_eq!(minted.status, 201, "{}", minted.text);
        let (answer, minted): (Value, Value) = (first.json(), minted.json());
        let dump = redis.dump();
        let text = String::from_utf8_lossy(&dump);
        assert!(text.contains("answered"), "nothing was kept in Redis");
        let said = answer["choices"][0]["message"]["content"].as_str().unwrap();
        let key = minted["key"].as_str().unwrap();
        for secret in [answer["id"].as_str().unwrap(), said, key, PASSWORD, admin.key(), client.key()] {
            assert!(!text.contains(secret), "`{secret}` lies open in Redis");
        }
    })
    .await;
}
