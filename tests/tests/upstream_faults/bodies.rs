//! Compressed, truncated, wrongly announced, huge and endless bodies.

use crate::matrix::{Row, models_tried};
use crate::scene::{ALONE, BOTH, FAULTY, Mode, PAIR, Scene};
use serde_json::json;
use std::time::Duration;
use switchyard_domain::usage::Outcome;

/// U21.
#[tokio::test]
async fn compressed_answers_are_unpacked_whether_asked_for_or_not() {
    for script in ["gzip", "deflate", "br", "gzip&chunked"] {
        let scene = Scene::scripted(script).await;
        for mode in BOTH {
            let heard = scene.ask(mode, ALONE).await;
            scene.is_answered_whole(&heard).await;
            assert!(!heard.answer.headers.contains_key("content-encoding"), "{script} {mode:?}");
        }
    }
}

/// U21.
#[tokio::test]
async fn a_truncated_gzip_body_goes_to_the_next_target() {
    let scene = Scene::scripted("truncated_gzip").await;
    let heard = scene.ask(Mode::Buffered, PAIR).await;
    assert!(heard.whole, "{}", heard.answer.text);
    assert_eq!(models_tried(&scene, &heard).await.len(), 2);
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    assert_eq!(heard.answer.status, 502, "{}", heard.answer.text);
}

/// U21.
#[tokio::test]
async fn a_compressed_stream_that_is_cut_is_broken_off_and_bills_what_came() {
    for script in ["gzip&cut_after=5", "deflate&cut_after=5", "br&cut_after=5", "gzip&rst_after=5"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        let event = scene.is_broken_off(&heard).await;
        let call = scene.only_call(&heard).await;
        assert_eq!((heard.text, event.usage.output), (call.text_sent, call.billed.completion), "{script}");
    }
}

/// U21, U15: what is missing after the terminator is missed by nobody.
#[tokio::test]
async fn a_compressed_stream_without_its_checksum_is_whole_if_it_came_to_its_end() {
    let scene = Scene::scripted("truncated_gzip").await;
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    scene.is_answered_whole(&heard).await;
}

/// U21.
#[tokio::test]
async fn a_gzip_bomb_is_refused_without_unpacking_it() {
    for mode in BOTH {
        let scene = Scene::scripted("gzip_bomb=200000000").await;
        let heard = scene.ask(mode, ALONE).await;
        assert!(!heard.whole, "a bomb was taken for an answer");
        assert!(heard.answer.text.len() < 1_000_000, "{} bytes were passed on", heard.answer.text.len());
        let events = scene.events(&heard).await;
        assert!(events.iter().all(|event| event.outcome != Outcome::Complete), "{events:?}");
    }
}

/// U21.
#[tokio::test]
async fn a_body_shorter_than_announced_goes_to_the_next_target() {
    Row { script: "wrong_length=+7", fault: "interrupted", billed: true, ..Row::FAILS }
        .holds_in(Mode::Buffered, Scene::builder)
        .await;
}

/// U21.
#[tokio::test]
async fn a_body_longer_than_announced_is_no_answer() {
    let scene = Scene::scripted("wrong_length=-7").await;
    let heard = scene.ask(Mode::Buffered, ALONE).await;
    assert_eq!((heard.answer.status, heard.error.as_deref()), (502, Some("upstream_invalid_response")));
    let heard = scene.ask(Mode::Buffered, PAIR).await;
    assert!(heard.whole, "the bytes left over spoiled the next answer: {}", heard.answer.text);
}

/// U21.
#[tokio::test]
async fn a_stream_with_wrong_chunk_lengths_is_never_a_whole_answer() {
    for script in ["wrong_length=+7", "wrong_length=-7"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        assert!(!heard.whole, "{script}: {}", heard.answer.text);
    }
}

/// U22.
#[tokio::test]
async fn a_buffered_answer_is_cut_at_sixteen_mebibytes_and_not_asked_for_again() {
    for script in ["huge_body=104857600", "endless", "endless&chunked"] {
        let scene = Scene::scripted(script).await;
        for model in [ALONE, PAIR] {
            let heard = scene.ask(Mode::Buffered, model).await;
            assert_eq!(
                (heard.answer.status, heard.error.as_deref()),
                (502, Some("upstream_error")),
                "{script}"
            );
            assert_eq!(models_tried(&scene, &heard).await, [FAULTY], "{script} at {model}");
            let sent = scene.calls(&heard).await[0].bytes_sent;
            assert!((16 << 20..40 << 20).contains(&sent), "{sent} bytes were taken");
            let event = scene.only_event(&heard).await;
            assert_eq!((event.outcome, event.fault.as_deref()), (Outcome::Partial, Some("too_large")));
        }
    }
}

/// U22: the cap of a stream is 32 MiB; what goes on for ever ends there with an error event.
#[tokio::test]
async fn an_endless_stream_is_broken_off_at_its_cap() {
    let scene = Scene::scripted("endless").await;
    let call = json!({
        "model": PAIR,
        "stream": true,
        // With twenty alternatives to each token, a stream has few events for its bytes.
        "logprobs": true,
        "top_logprobs": 20,
        "messages": [{"role": "user", "content": "say some words"}],
    });
    let answer = scene.client.chat(call).await;
    assert_eq!(answer.status, 200);
    let (_, last) = answer.text.trim_end().rsplit_once("data: ").unwrap();
    assert!(last.contains("upstream_stream_interrupted"), "{last}");
    assert!(!answer.text.contains("[DONE]"));
    assert!((31 << 20..33 << 20).contains(&answer.text.len()), "{} bytes were passed on", answer.text.len());
    let events = scene.app.events_of(answer.request_id()).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((events[0].outcome, events[0].fault.as_deref()), (Outcome::Partial, Some("too_large")));
    let sent = scene.app.simulator().until_ended_calls(1, Duration::from_secs(10)).await[0].bytes_sent;
    assert!((32 << 20..56 << 20).contains(&sent), "{sent} bytes were taken");
}
