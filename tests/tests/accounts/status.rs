//! How the server is, and whether its books and counters agree.

use crate::looks::{Looks, MODEL, seen};
use serde_json::json;
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::on_both_databases;
use switchyard_harness::testkit::simulator::Script;

on_both_databases! {
    from crate::looks::start_on;
    the_status_names_what_rests_and_what_waits,
    the_counter_of_each_budget_is_proved_to_be_the_sum_of_its_entries,
}

async fn the_status_names_what_rests_and_what_waits(looks: Looks) {
    let status = seen(&looks.admin, "/api/v1/status").await;
    assert_eq!((&status["status"], &status["breakers"]), (&json!("ok"), &json!([])), "{status}");
    assert_eq!(status["database"]["connected"], true);
    let pools = status["database"]["pools"].as_array().unwrap();
    assert!(!pools.is_empty() && pools.iter().all(|pool| pool["size"].as_u64().unwrap() > 0), "{status}");
    assert_eq!((&status["journal"]["writable"], &status["journal"]["damaged"]), (&json!(true), &json!(0)));
    assert_eq!(status["versions"]["switchyard"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["replicas"].as_array().unwrap().len(), 1);
    let (before, written) = (&status["revision"], &status["journal"]["written"]);
    assert!(before.as_i64().unwrap() > 0 && written.as_u64() == Some(0), "{status}");

    looks.app.simulator().script("priced", Script::of("status=429&retry_after=30"));
    assert_eq!(looks.ana.ask(MODEL, "hi").await.status, 429);
    let status = seen(&looks.admin, "/api/v1/status").await;
    let breaker = &status["breakers"][0];
    assert_eq!(
        (&breaker["provider"], &breaker["model"], &breaker["state"]),
        (&json!("upstream"), &json!("priced"), &json!("resting"))
    );
    assert!((1..=30).contains(&breaker["seconds_left"].as_u64().unwrap()), "{breaker}");
    for client in [&looks.auditor, &looks.ana] {
        assert_eq!(client.get("/api/v1/status").await.status, 403);
    }
    assert!(!status.to_string().contains("sk-simulated"), "{status}");
}

async fn budget(looks: &Looks, scope: QuotaScope, window: BudgetWindow) {
    let budget = Budget { amount: NanoUsd(1_000_000_000), window, zone: Zone::new("Asia/Tokyo").unwrap() };
    let request = QuotaRequest { scope, limits: Limits::NONE, budget: Some(budget), expected_version: None };
    looks.app.embedded().quotas().set(request, &Writer::API).await.unwrap();
}

async fn the_counter_of_each_budget_is_proved_to_be_the_sum_of_its_entries(looks: Looks) {
    looks.call(&looks.ana, MODEL).await;
    budget(&looks, QuotaScope::Global, BudgetWindow::Total).await;
    budget(&looks, QuotaScope::User(switchyard_domain::ids::UserId(looks.ana_id)), BudgetWindow::Day).await;
    // Budgets are made known as soon as they are set, beside this: one that is not known yet has nothing to prove.
    let early = seen(&looks.auditor, "/api/v1/ledger/verify").await;
    assert_eq!(early["agrees"], json!(true), "{early}");
    assert!(early["counters"].as_u64().unwrap() <= 2, "{early}");
    for _ in 0..3 {
        let answer = looks
            .ana
            .chat(json!({"model": MODEL, "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}));
        assert_eq!(answer.await.status, 200);
    }
    let proved = seen(&looks.auditor, "/api/v1/ledger/verify").await;
    let expected = json!({"agrees": true, "events": 4, "entries": 4, "counters": 2, "total_usd": "0.040000000",
                          "problems": []});
    assert_eq!(proved, expected);
    assert_eq!(looks.ana.get("/api/v1/ledger/verify").await.status, 403);
}
