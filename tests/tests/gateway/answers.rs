//! Answers, buffered and streamed, what they cost, and what was sent for them.

use serde_json::json;
use switchyard::declared::DeclaredModel;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use switchyard_domain::usage::{GroupBy, Outcome, UsageFilter};
use switchyard_harness::TestApp;
use switchyard_harness::testkit::simulator::Script;

/// 3 USD a million input tokens, 15 USD a million output tokens.
fn priced() -> DeclaredModel {
    let rates = Rates {
        input: Some(PricePerMillion(3_000_000_000)),
        output: Some(PricePerMillion(15_000_000_000)),
        ..Rates::default()
    };
    DeclaredModel { model: "priced".to_owned(), rates: Some(rates), ..DeclaredModel::default() }
}

#[tokio::test]
async fn an_answer_says_who_gave_it_what_it_cost_and_by_which_id_it_is_found() {
    let app = TestApp::builder().model(priced()).start().await;
    app.simulator().script("priced", Script::of("tokens=7"));
    let client = app.client_with_key("ci").await;
    let answer = client.ask("upstream/priced", "one two three").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-switchyard-target"), "upstream/priced");
    assert_eq!(answer.header("x-switchyard-attempts"), "1");
    assert_eq!(answer.header("x-switchyard-dropped"), "");
    let call = app.simulator().calls().remove(0);
    let cost = call.billed.prompt * 3_000 + call.billed.completion * 15_000;
    assert_eq!(answer.header("x-switchyard-cost"), cost.to_string(), "nano-USD");
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["message"]["content"], call.text_sent);
    assert_eq!(body["usage"]["completion_tokens"], 7);
    let events = app.events_of(answer.request_id()).await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.outcome, event.usage_source), (Outcome::Complete, UsageSource::Provider));
    assert_eq!(event.cost, Some(NanoUsd(i64::try_from(cost).unwrap())));
    assert_eq!((event.usage.input, event.usage.output), (call.billed.prompt, call.billed.completion));
    assert!(event.key.is_some() && event.is_final && !event.stream && !event.simulated);
    assert_eq!((event.requested_model.as_str(), event.model.as_str()), ("upstream/priced", "priced"));
}

#[tokio::test]
async fn a_stream_is_the_providers_event_by_event_and_is_billed_the_same() {
    let app = TestApp::builder().model(priced()).start().await;
    app.simulator().script("priced", Script::of("tokens=9"));
    let client = app.client_with_key("ci").await;
    let stream = client.ask_stream("upstream/priced", "one two three").await;
    let answer = &stream.answer;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.header("content-type").starts_with("text/event-stream"));
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert_eq!(answer.header("x-switchyard-target"), "upstream/priced");
    assert_eq!(answer.header("x-switchyard-cost"), "", "nobody knows it yet");
    assert!(stream.done && answer.text.ends_with("data: [DONE]\n\n"));
    let call = app.simulator().calls().remove(0);
    assert_eq!(stream.text(), call.text_sent);
    assert_eq!(call.json["stream_options"]["include_usage"], true, "usage must be asked for");
    assert!(stream.events.iter().all(|event| event["object"] == "chat.completion.chunk"));
    let ids: Vec<_> = stream.events.iter().map(|event| event["id"].clone()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    assert!(stream.events.iter().any(|event| event["choices"][0]["finish_reason"] == "stop"));
    let event = app.events_of(answer.request_id()).await.remove(0);
    assert!(event.stream);
    assert_eq!(event.cost.unwrap().0 as u64, call.billed.prompt * 3_000 + call.billed.completion * 15_000);
}

#[tokio::test]
async fn an_unknown_price_is_no_cost_rather_than_a_cost_of_nothing() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    let answer = client.ask("upstream/gpt-sim", "hi").await;
    assert_eq!((answer.status, answer.header("x-switchyard-cost")), (200, ""));
    assert_eq!(app.events_of(answer.request_id()).await[0].cost, None);
}

#[tokio::test]
async fn the_provider_gets_the_clients_body_save_the_model_and_none_of_our_credentials() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    let body = r#"{ "temperature":0.10, "messages":[ {"role":"user","content":"caf\u00e9 \/ \ud83d\ude00"} ],
        "model" : "upstream/gpt-sim" , "x_new_member": {"b":1.0,"a":[1e2,-0]}, "n":1}"#;
    assert_eq!(client.post("/v1/chat/completions", body).await.status, 200);
    let call = app.simulator().calls().remove(0);
    let sent = String::from_utf8(call.body.to_vec()).unwrap();
    assert_eq!(sent, body.replace("\"upstream/gpt-sim\"", "\"gpt-sim\""));
    assert_eq!(call.header("authorization"), Some("Bearer sk-simulated-0123456789"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert!(call.headers.iter().all(|(_, value)| !value.contains(client.key())));
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_everywhere_and_another_is_minted() {
    let app = TestApp::start().await;
    let client = app.client_with_key("ci").await;
    let body =
        json!({"model": "upstream/gpt-sim", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let post = || client.request("POST", "/v1/chat/completions").header("content-type", "application/json");
    let answer = post().header("x-request-id", "build-17.step_3").body(body.clone()).send().await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], "build-17.step_3");
    assert_eq!(app.simulator().calls()[0].request_id.as_deref(), Some("build-17.step_3"));
    assert_eq!(app.events_of("build-17.step_3").await.len(), 1);
    let first = post().body(body.clone()).send().await.unwrap().headers()["x-request-id"].clone();
    let second = post().body(body).send().await.unwrap().headers()["x-request-id"].clone();
    assert_eq!(first.len(), 36);
    assert_ne!(first, second);
}

#[tokio::test]
async fn what_a_provider_can_not_take_is_named_in_the_answer_the_record_and_a_strict_refusal() {
    let app = TestApp::builder().vendor("mistral").start().await;
    let client = app.client_with_key("ci").await;
    let body = json!({
        "model": "upstream/gpt-sim",
        "messages": [{"role": "user", "content": "hi"}],
        "user": "ana",
        "logit_bias": {"1": 1},
    });
    let answer = client.chat(body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let dropped = answer.header("x-switchyard-dropped");
    assert!(dropped.contains("user") && dropped.contains("logit_bias"), "{dropped}");
    let sent = app.simulator().calls().remove(0).json;
    assert!(sent.get("user").is_none() && sent.get("logit_bias").is_none(), "{sent}");
    let event = app.events_of(answer.request_id()).await.remove(0);
    assert_eq!(event.dropped.as_deref(), Some(dropped));
    let strict = client.request("POST", "/v1/chat/completions").header("x-switchyard-strict", "true");
    let refused =
        strict.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let refused: serde_json::Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(refused["error"]["code"], "unsupported_feature");
    assert_eq!(app.simulator().calls().len(), 1, "a refused call must not be sent");
}

#[tokio::test]
async fn the_ledger_agrees_with_the_providers_own_count_over_a_mixture_of_calls() {
    let app = TestApp::builder().model(priced()).route("pair", ["gpt-sim", "priced"]).start().await;
    let client = app.client_with_key("ci").await;
    for call in 0..40 {
        app.simulator()
            .enqueue("gpt-sim", [Script::of(if call % 4 == 0 { "status=500" } else { "tokens=5" })]);
        let model = ["pair", "upstream/priced"][call % 2];
        if call % 3 == 0 {
            assert!(client.ask_stream(model, "hello there").await.done);
        } else {
            assert_eq!(client.ask(model, "hello there").await.status, 200);
        }
    }
    assert!(app.embedded().flush_usage().await);
    let rows = app.embedded().usage().report(UsageFilter::default(), GroupBy::Model).await.unwrap();
    let ledger =
        rows.iter().fold((0, 0), |sum, row| (sum.0 + row.sums.input_tokens, sum.1 + row.sums.output_tokens));
    let calls = app.simulator().calls();
    let billed =
        calls.iter().fold((0, 0), |sum, call| (sum.0 + call.billed.prompt, sum.1 + call.billed.completion));
    assert_eq!(ledger, billed);
    assert_eq!(rows.iter().map(|row| row.sums.attempts).sum::<u64>(), calls.len() as u64);
    assert_eq!(rows.iter().map(|row| row.sums.calls).sum::<u64>(), 40);
    let check = app.embedded().usage().verify().await.unwrap();
    assert!(check.problems.is_empty() && check.entries > 0, "{check:?}");
}
