//! A dry run shows what a call would send, to the byte, and calls nobody.

use switchyard::declared::DeclaredModel;
use switchyard::orchestrator::admin::QuotaRequest;
use switchyard::orchestrator::explain::{Explanation, PriceBound};
use switchyard::orchestrator::principal::Principal;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::{NanoUsd, PricePerMillion};
use switchyard_domain::price::Rates;
use switchyard_domain::quota::QuotaScope;
use switchyard_harness::TestApp;
use switchyard_http::offline::{OfflineCall, body_of};

const BODY: &str =
    r#"{ "model":"pair", "messages":[{"role":"user","content":"h\u00efi"}],"max_tokens":7, "stream":true}"#;

async fn explain(app: &TestApp, body: &str, strict: bool) -> Explanation {
    explain_as(app, "openai-chat", body, strict).await
}

async fn explain_as(app: &TestApp, dialect: &str, body: &str, strict: bool) -> Explanation {
    let offline = OfflineCall { dialect: dialect.to_owned(), strict, ..OfflineCall::default() };
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

async fn priced(rates: Rates) -> TestApp {
    let model = DeclaredModel { model: "m".to_owned(), rates: Some(rates), ..DeclaredModel::default() };
    TestApp::builder().model(model).start().await
}

#[tokio::test]
async fn what_is_billed_by_the_piece_is_bounded_by_the_pieces_that_are_asked_for() {
    let by_pieces = Rates {
        per_image: Some(NanoUsd(1_000)),
        per_million_characters: Some(NanoUsd(2_000_000)),
        per_audio_hour: Some(NanoUsd(3_600)),
        ..Rates::default()
    };
    let app = priced(by_pieces).await;
    let nothing_for_sound = Rates { per_audio_hour: Some(NanoUsd(0)), ..by_pieces };
    let free = priced(nothing_for_sound).await;
    for (app, dialect, body, bound) in [
        (
            &app,
            "openai-images",
            r#"{"model":"upstream/m","prompt":"x","n":2}"#,
            PriceBound::AtMost(NanoUsd(2_000)),
        ),
        (&app, "openai-images", r#"{"model":"upstream/m","prompt":"x"}"#, PriceBound::AtMost(NanoUsd(1_000))),
        (
            &app,
            "openai-speech",
            r#"{"model":"upstream/m","input":"h\u00e9llo","voice":"v"}"#,
            PriceBound::AtMost(NanoUsd(10)),
        ),
        (&app, "openai-transcriptions", r#"{"model":"upstream/m"}"#, PriceBound::ByLength),
        (&free, "openai-transcriptions", r#"{"model":"upstream/m"}"#, PriceBound::AtMost(NanoUsd(0))),
    ] {
        let explained = explain_as(app, dialect, body, false).await;
        assert_eq!(explained.targets[0].price_bound, bound, "{dialect} {body}");
    }
}

#[tokio::test]
async fn what_is_said_to_be_held_for_a_call_is_what_a_budget_must_have_left() {
    let dear = Rates {
        input: Some(PricePerMillion(1_000_000)),
        output: Some(PricePerMillion(2_000_000)),
        ..Rates::default()
    };
    let app = priced(dear).await;
    let body = r#"{"model":"upstream/m","messages":[{"role":"user","content":"hi"}],"max_tokens":7}"#;
    let explained = explain(&app, body, false).await;
    let held = explained.targets[0].held.unwrap();
    assert!(Some(held) > explained.targets[0].price_bound.amount(), "{held}");
    assert_eq!(explained.held, Some(held), "the only target decides for the caller too");
    let client = app.client_with_key("ci").await;
    // The third is asked for what the second has left.
    for (amount, status, begins_anew) in [(held.0 - 1, 429, false), (held.0, 200, false), (held.0, 429, true)]
    {
        let budget = Budget { amount: NanoUsd(amount), window: BudgetWindow::Month, zone: Zone::utc() };
        let scope = QuotaScope::Global;
        let request =
            QuotaRequest { scope, limits: Limits::NONE, budget: Some(budget), expected_version: None };
        app.embedded().quotas().set(request, &Writer::API).await.unwrap();
        let answer = client.post("/v1/chat/completions", body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.headers.contains_key("retry-after"), begins_anew, "{:?}", answer.headers);
        // No client is to try again in a second what waits for a month.
        let is_final = answer.headers.get("x-should-retry").is_some_and(|told| told == "false");
        assert_eq!(is_final, status == 429, "{:?}", answer.headers);
    }
}

#[tokio::test]
async fn a_transcription_is_explained_by_the_fields_of_its_form() {
    let app = TestApp::builder().models(["m1"]).start().await;
    let body = r#"{"model":"upstream/m1","response_format":"json","timestamp_granularities":["word"]}"#;
    let explained = explain_as(&app, "openai-transcriptions", body, false).await;
    let target = &explained.targets[0];
    assert_eq!(target.price_bound, PriceBound::Unknown);
    let prepared = target.request.as_ref().unwrap();
    let text = String::from_utf8(body_of(prepared).to_vec()).unwrap();
    assert!(
        text.contains("name=\"model\"\r\n\r\nm1\r\n") && text.contains("name=\"timestamp_granularities[]\""),
        "{text}"
    );
    assert_eq!(text.len() as u64, prepared.body.length());
    let wrong = OfflineCall { dialect: "nobody-s".to_owned(), ..OfflineCall::default() };
    assert!(wrong.read("{}").err().unwrap().contains("openai-transcriptions"));
}
