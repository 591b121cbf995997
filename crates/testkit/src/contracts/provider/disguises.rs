//! Answers in other clothes than was asked for.

use super::attempt::{Scene, ask};
use super::subject::Subject;
use switchyard_domain::fault::FaultKind;
use switchyard_ports::provider::{Frame, Payload};

/// See the name.
pub async fn the_other_kind_of_answer_is_converted(subject: Subject) {
    let scene = Scene::new(subject);
    let outcome = scene.stream("json_for_stream").await.whole();
    assert_eq!(outcome.answer().text(), scene.text_sent());
    assert!(matches!(outcome.frames.as_slice(), [Frame::Events(_)]));
    assert!(outcome.received.finished && outcome.received.usage.is_some());
    let outcome = scene.buffered("sse_for_json&usage=unasked").await.whole();
    assert_eq!(outcome.answer().text(), scene.text_sent());
    assert!(matches!(outcome.payload, Some(Payload::Canonical(_))));
    assert!(outcome.received.finished && outcome.received.usage.is_some());
    scene.buffered("sse_for_json&cut_after=3").await.failed(FaultKind::Interrupted);
}

/// See the name.
pub async fn compressed_answers_are_read(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["gzip", "deflate", "br"] {
        for body in [ask(true), ask(false)] {
            let outcome = scene.attempt(script, &body).await.whole();
            assert_eq!(outcome.text(), scene.text_sent(), "{script}");
        }
    }
    scene.buffered("truncated_gzip").await.failed(FaultKind::Interrupted);
    let outcome = scene.stream("truncated_gzip").await;
    // A stream may have said all before its compression was cut; what it said counts.
    assert!(outcome.kind() == Some(FaultKind::Interrupted) || outcome.received.finished, "{outcome:?}");
    scene.buffered("gzip_bomb=20000000").await.failed(FaultKind::TooLarge);
    if subject.streams_sse() {
        scene.stream("gzip_bomb=20000000").await.failed(FaultKind::TooLarge);
    }
}

/// See the name.
pub async fn http_in_all_its_forms_is_read(subject: Subject) {
    let scene = Scene::new(subject);
    for script in
        ["chunked", "trailers", "http10", "hints_103", "continue_100", "close_after", "first_byte_ms=30"]
    {
        for body in [ask(true), ask(false)] {
            let outcome = scene.attempt(script, &body).await.whole();
            assert_eq!(outcome.text(), scene.text_sent(), "{script}");
        }
    }
    scene.buffered("wrong_length=%2B50").await.failed(FaultKind::Interrupted);
    scene.buffered("wrong_length=-50").await.failed(FaultKind::InvalidResponse);
}

/// See the name.
pub async fn only_listed_headers_pass(subject: Subject) {
    let scene = Scene::new(subject);
    let script = "header.set-cookie=a%3Db&header.x-goog-api-key=secret&header.authorization=secret\
                  &header.x-internal=1&header.location=/x&header.x-should-retry=true&header.request-id=up-1";
    for body in [ask(true), ask(false)] {
        let outcome = scene.attempt(script, &body).await.whole();
        let names: Vec<&str> = outcome.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"request-id") && names.contains(&"x-should-retry"), "{names:?}");
        for name in [
            "set-cookie",
            "x-goog-api-key",
            "authorization",
            "x-internal",
            "location",
            "transfer-encoding",
            "content-type",
            "content-length",
            "x-request-id",
            "openai-organization",
            "x-ratelimit-remaining-tokens",
        ] {
            assert!(!names.contains(&name), "{name} passed");
        }
    }
}
