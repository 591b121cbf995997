//! Streams that end, or go on, as they should not.

use super::attempt::{PATIENT, Scene, ask};
use super::subject::Subject;
use crate::call::WireCall;
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::FaultKind;

/// See the name.
pub async fn a_stream_that_is_cut_is_interrupted_and_what_came_is_recorded(subject: Subject) {
    let scene = Scene::new(subject);
    for script in
        ["cut_after=3", "rst_after=3", "error_event_after=3&error_message=x", "cut_after=3&chunk_ms=20"]
    {
        let outcome = scene.stream(script).await.failed(FaultKind::Interrupted);
        let sent = scene.text_sent();
        assert_eq!(sent.split_whitespace().count(), 3);
        assert_eq!(
            (outcome.text(), outcome.received.output_text.as_str()),
            (sent.clone(), sent.as_str()),
            "{script}"
        );
        assert!(outcome.received.began && !outcome.received.finished);
    }
    for script in ["cut_after=0", "rst_after=0"] {
        let outcome = scene.stream(script).await;
        assert!(outcome.kind().is_some() && outcome.received.output_text.is_empty(), "{outcome:?}");
    }
    for script in ["cut_after=100", "rst_after=100"] {
        let outcome = scene.buffered(script).await.failed(FaultKind::Interrupted);
        assert!(outcome.received.began);
    }
}

/// See the name.
pub async fn what_came_of_a_buffered_answer_is_recorded_wherever_it_was_cut(subject: Subject) {
    let scene = Scene::new(subject);
    let whole = scene.buffered("tokens=20").await.whole().received;
    let length = scene.upstream.take_calls().remove(0).bytes_sent;
    let (mut lengths, mut is_counted) = (Vec::new(), false);
    for cut in (1..=8).map(|eighth| (length * eighth / 8).min(length - 1)) {
        let outcome =
            scene.buffered(&format!("tokens=20&cut_after={cut}")).await.failed(FaultKind::Interrupted);
        let sent = scene.upstream.take_calls().remove(0).text_sent;
        let received = outcome.received;
        assert!(whole.output_text.starts_with(&received.output_text), "{cut} of {length}: {received:?}");
        if subject.dialect == Dialect::OPENAI_CHAT {
            // Of others the upstream does not know how far it came.
            assert_eq!(received.output_text, sent, "{cut} of {length}");
        }
        assert!(received.usage.is_none() || received.usage == whole.usage, "{received:?}");
        assert!(received.usage.is_none() || received.text_at_usage == received.output_text.len());
        is_counted |= received.usage.is_some();
        lengths.push(received.output_text.len());
    }
    assert_eq!(lengths.last(), Some(&whole.output_text.len()), "all but the last byte came");
    assert!(lengths.is_sorted() && lengths.iter().any(|some| (1..whole.output_text.len()).contains(some)));
    assert!(is_counted || subject.dialect == Dialect::OLLAMA, "and so did the counts");
}

/// See the name.
pub async fn a_prompt_that_was_counted_before_the_answer_is_recorded_of_a_cut_stream(subject: Subject) {
    if subject.dialect != Dialect::ANTHROPIC_MESSAGES {
        return;
    }
    let scene = Scene::new(subject);
    for script in ["cut_after=3&cached=3", "rst_after=0&cached=3", "error_event_after=2&cached=3"] {
        let verbatim = scene.stream(script).await;
        let call = WireCall::json(&ask(true)).without_wire();
        let canonical = scene.run(&call, script, PATIENT).await;
        for outcome in [verbatim, canonical] {
            let billed = scene.upstream.take_calls().pop().map_or(0, |call| call.billed.prompt);
            let prompt = outcome.received.prompt.unwrap();
            assert!(outcome.fault.is_some() && outcome.received.usage.is_none(), "{script}");
            assert_eq!((prompt.cached_input, prompt.output), (3, 0), "{script}");
            assert!(billed == 0 || prompt.input == billed, "{script}");
        }
    }
}

/// See the name.
pub async fn a_stream_without_its_last_word_is_whole_if_every_choice_ended(subject: Subject) {
    let scene = Scene::new(subject);
    let outcome = scene.stream("no_done").await.whole();
    assert_eq!(outcome.text(), scene.text_sent());
    assert!(outcome.received.finished);
    let outcome = scene.stream("no_finish").await.whole();
    assert_eq!(outcome.text(), scene.text_sent());
    assert!(!outcome.received.finished, "it said that it was done, but no choice ended");
    let outcome = scene.stream("no_finish&no_done").await.failed(FaultKind::Interrupted);
    assert_eq!(outcome.text(), scene.text_sent());
}

/// See the name.
pub async fn events_that_are_no_json_are_dropped_up_to_three(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["bad_events=3", "bad_events_within=3"] {
        let outcome = scene.stream(script).await.whole();
        assert_eq!(outcome.text(), scene.text_sent());
        assert_eq!(outcome.received.bad_events, 3, "{script}");
    }
    let before = scene.stream("bad_events=4").await.failed(FaultKind::InvalidResponse);
    assert!(before.frames.is_empty());
    let within = scene.stream("bad_events_within=4&chunk_ms=5").await.failed(FaultKind::InvalidResponse);
    assert!(!within.frames.is_empty());
}

/// See the name.
pub async fn a_line_without_end_is_given_up(subject: Subject) {
    let scene = Scene::new(subject);
    let long_line = scene.stream("big_line=1200000").await.failed(FaultKind::InvalidResponse);
    assert!(long_line.frames.is_empty());
}

/// See the name.
pub async fn noise_between_events_does_no_harm(subject: Subject) {
    let scene = Scene::new(subject);
    for script in [
        "comments",
        "unknown_events",
        "line_ending=crlf",
        "line_ending=cr",
        "line_ending=cr&byte_at_a_time&tokens=3",
        "big_line=500000",
        "empty_choices_first",
        "comments&unknown_events&line_ending=crlf&bad_events=2&empty_choices_first",
    ] {
        let outcome = scene.stream(script).await.whole();
        assert_eq!(outcome.text(), scene.text_sent(), "{script}");
        assert_eq!(outcome.received.output_text, scene.text_sent(), "{script}");
        assert!(outcome.received.finished, "{script}");
        if subject.dialect == Dialect::OPENAI_CHAT {
            assert!(outcome.chunks().iter().all(|chunk| chunk.get("choices").is_some()), "{script}");
        }
    }
}

/// See the name.
pub async fn nothing_after_the_end_counts(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["double_done", "data_after_done", "double_done&data_after_done&chunk_ms=5"] {
        let outcome = scene.stream(script).await.whole();
        assert_eq!(outcome.text().split_whitespace().count(), 12, "{script}");
        assert!(!outcome.received.output_text.contains("late"));
    }
}

/// See the name.
pub async fn bytes_come_in_any_pieces(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["split_utf8", "split_utf8&byte_at_a_time", "byte_at_a_time&tokens=4"] {
        for body in [ask(true), ask(false)] {
            let outcome = scene.attempt(script, &body).await.whole();
            assert_eq!(outcome.text(), scene.text_sent(), "{script}");
            assert_eq!(outcome.received.output_text, scene.text_sent(), "{script}");
        }
    }
}

/// See the name.
pub async fn invalid_utf8_is_repaired(subject: Subject) {
    let scene = Scene::new(subject);
    for body in [ask(true), ask(false)] {
        let outcome = scene.attempt("invalid_utf8", &body).await.whole();
        if subject.client().is_some() {
            assert!(str::from_utf8(&outcome.bytes()).is_ok(), "what goes on is UTF-8");
        }
        let marks = outcome.text().matches('\u{fffd}').count();
        assert!((1..=2).contains(&marks), "{}", outcome.text());
        assert!(outcome.received.finished && outcome.received.bad_events == 0);
    }
}
