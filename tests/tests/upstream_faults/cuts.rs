//! Connections that end too early, and answers of two providers that must never be mixed.

use crate::matrix::Row;
use crate::scene::{ALONE, BOTH, FAULTY, Mode, PAIR, Scene};
use switchyard_domain::chat::UsageSource;
use switchyard_domain::usage::Outcome;
use switchyard_harness::TestApp;

/// U14.
#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_event_and_bills_what_came() {
    for script in
        ["cut_after=3", "rst_after=3", "error_event_after=3", "error_event_after=3&error_event_named"]
    {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        let event = scene.is_broken_off(&heard).await;
        assert_eq!(event.fault.as_deref(), Some("interrupted"), "{script}");
        let call = scene.only_call(&heard).await;
        assert_eq!(heard.text, call.text_sent, "{script}");
        assert_eq!((event.usage.input, event.usage.output), (call.billed.prompt, 3), "{script}");
    }
}

/// P7, U14: at every point of an answer.
#[tokio::test]
async fn before_the_first_token_a_cut_is_hidden_and_after_it_two_answers_are_never_mixed() {
    for tokens in 0..=12 {
        let scene = Scene::scripted(&format!("tokens=12&cut_after={tokens}")).await;
        let heard = scene.ask(Mode::Streamed, PAIR).await;
        let calls = scene.calls(&heard).await;
        if tokens == 0 {
            assert!(heard.whole, "{}", heard.answer.text);
            assert_eq!(calls.len(), 2);
            assert_eq!(heard.text, calls[1].text_sent);
            continue;
        }
        let event = scene.is_broken_off(&heard).await;
        assert_eq!(calls.len(), 1, "another target was asked after content had gone out");
        assert_eq!(heard.text, calls[0].text_sent);
        assert_eq!(heard.text.split_whitespace().count(), tokens);
        assert_eq!(event.usage.output, tokens as u64);
    }
}

/// U14, before the first token.
#[tokio::test]
async fn a_stream_that_is_cut_before_its_first_token_goes_to_the_next_target() {
    for script in ["cut_after=0", "rst_after=0"] {
        Row { script, fault: "interrupted", billed: true, ..Row::FAILS }
            .holds_in(Mode::Streamed, Scene::builder)
            .await;
    }
    let script = "error_event_first&error_type=server_error";
    let scene = Scene::scripted(script).await;
    let heard = scene.ask(Mode::Streamed, PAIR).await;
    assert_eq!(
        (heard.whole, heard.answer.header("x-switchyard-attempts")),
        (true, "2"),
        "{}",
        heard.answer.text
    );
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    assert_eq!((heard.answer.status, heard.error.as_deref()), (502, Some("upstream_error")));
    let events = scene.events(&heard).await;
    assert!(!events.is_empty());
    for event in events {
        assert_eq!((event.usage.total(), event.usage_source), (0, UsageSource::None), "a refusal is free");
    }
}

/// U14, for an answer that is no stream: nothing of it went out yet.
#[tokio::test]
async fn a_buffered_answer_that_is_cut_goes_to_the_next_target_and_is_502_without_one() {
    for script in ["cut_after=40", "rst_after=40", "chunked&cut_after=40"] {
        Row { script, fault: "interrupted", billed: true, ..Row::FAILS }
            .holds_in(Mode::Buffered, Scene::builder)
            .await;
    }
}

/// U14, in a dialect that tells the prompt's count before it answers, and has its own places for what it says.
#[tokio::test]
async fn a_cut_answer_of_another_dialect_is_billed_for_what_came_and_by_what_the_provider_counted() {
    let builder = || TestApp::builder().vendor("anthropic").models([FAULTY]);
    let scene = Scene::start(builder(), "cut_after=3&cached=3").await;
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    let usage = scene.is_broken_off(&heard).await.usage;
    let call = scene.only_call(&heard).await;
    assert_eq!((usage.input, usage.cached_input), (call.billed.prompt, 3));
    assert!(usage.output > 0, "{usage:?}");
    let scene = Scene::start(builder(), "tokens=20&cut_after=120").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    let events = scene.events(&heard).await;
    assert!(!events.is_empty());
    for event in events {
        assert_eq!((event.outcome, event.usage_source), (Outcome::Failed, UsageSource::Partial));
        assert!(event.usage.output > 10, "{:?}", event.usage);
    }
    // Whole, but for the end that was announced: the provider's own count.
    let scene = Scene::start(builder(), "tokens=20&cached=3&wrong_length=%2B7").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    let (events, calls) = (scene.events(&heard).await, scene.calls(&heard).await);
    assert!(!events.is_empty() && events.len() == calls.len());
    for (event, call) in events.iter().zip(calls) {
        let counted = (event.usage.input, event.usage.cached_input, event.usage.output);
        assert_eq!(counted, (call.billed.prompt, 3, call.billed.completion));
        assert_eq!(event.usage_source, UsageSource::Partial);
    }
}

/// U14: a stream that just ends, without finish reason and terminator, was cut as well.
#[tokio::test]
async fn a_stream_that_ends_without_a_finish_reason_is_broken_off() {
    let scene = Scene::scripted("no_finish&no_done&usage=missing").await;
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    let event = scene.is_broken_off(&heard).await;
    let call = scene.only_call(&heard).await;
    assert_eq!((event.usage.input, event.usage.output), (call.billed.prompt, call.billed.completion));
}

/// U15.
#[tokio::test]
async fn a_stream_with_a_finish_reason_but_no_terminator_is_whole_and_gets_one() {
    for script in ["no_done", "no_done&usage=missing", "no_done&chunked"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        scene.is_answered_whole(&heard).await;
        assert!(heard.answer.text.ends_with("data: [DONE]\n\n"), "{}", heard.answer.text);
    }
}

/// U16.
#[tokio::test]
async fn malformed_json_goes_to_the_next_target_and_is_502_with_its_prompt_billed() {
    Row {
        script: "malformed_json",
        fault: "invalid_response",
        billed: true,
        answer: (502, "upstream_invalid_response"),
        ..Row::FAILS
    }
    .holds_in(Mode::Buffered, Scene::builder)
    .await;
}

/// U14, U16: what is cut is billed as far as it came, even where the client got nothing of it.
#[tokio::test]
async fn every_attempt_of_a_call_is_in_the_record_with_what_it_used() {
    let scene = Scene::scripted("malformed_json").await;
    for mode in BOTH {
        let heard = scene.ask(mode, PAIR).await;
        let events = scene.events(&heard).await;
        let calls = scene.calls(&heard).await;
        assert_eq!(events.len(), calls.len());
        for (event, call) in events.iter().zip(&calls) {
            assert_eq!(event.model, call.model);
            assert_eq!(event.usage.input, call.billed.prompt, "{mode:?}");
            assert_ne!(event.usage_source, UsageSource::None);
        }
        assert_eq!(events.last().map(|event| event.outcome), Some(Outcome::Complete));
    }
}
