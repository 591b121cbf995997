//! What an upstream says when it fails.

use super::attempt::{KEY, Scene, ask};
use super::subject::Subject;
use serde_json::json;
use std::time::Duration;
use switchyard_domain::chat::Dialect;
use switchyard_domain::fault::FaultKind;

/// See the name.
pub async fn error_statuses_have_their_kinds(subject: Subject) {
    let scene = Scene::new(subject);
    for (status, kind) in [
        (400, FaultKind::Rejected),
        (401, FaultKind::AuthFailed),
        (402, FaultKind::QuotaExhausted),
        (403, FaultKind::AuthFailed),
        (404, FaultKind::Rejected),
        (408, FaultKind::Transient),
        (413, FaultKind::Rejected),
        (422, FaultKind::Rejected),
        (425, FaultKind::Transient),
        (429, FaultKind::Throttled),
        (500, FaultKind::ServerError),
        (502, FaultKind::ServerError),
        (503, FaultKind::ServerError),
        (504, FaultKind::ServerError),
        (529, FaultKind::ServerError),
    ] {
        for stream in [true, false] {
            let outcome = scene.attempt(&format!("status={status}"), &ask(stream)).await.failed(kind);
            assert_eq!(outcome.fault.unwrap().status, Some(status));
            assert!(!outcome.received.began, "{status}: it bills nothing");
        }
    }
    let html = scene.stream("status=502&html").await.failed(FaultKind::ServerError).fault.unwrap();
    assert!(!html.message.contains('<'), "{html}");
    if !subject.tells_codes() {
        return;
    }
    let spent = "status=429&error_code=insufficient_quota&error_type=insufficient_quota";
    scene.buffered(spent).await.failed(FaultKind::QuotaExhausted);
    let members =
        "status=400&error_code=unsupported_parameter&error_param=stop&error_message=No%20stop%20here.";
    let fault = scene.buffered(members).await.failed(FaultKind::Rejected).fault.unwrap();
    assert_eq!(
        (fault.code.as_deref(), fault.param.as_deref(), fault.message.as_str()),
        (Some("unsupported_parameter"), Some("stop"), "No stop here.")
    );
}

/// See the name.
pub async fn waits_that_the_provider_asks_for_are_read(subject: Subject) {
    let scene = Scene::new(subject);
    let wait = async |script: &str| scene.stream(script).await.fault.unwrap();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(wait("status=429&retry_after=2").await.retry_after, seconds(2));
    assert_eq!(wait("status=429&retry_after=3600").await.retry_after, seconds(3600));
    assert_eq!(wait("status=503&retry_after=7").await.retry_after, seconds(7));
    assert_eq!(wait("status=429&retry_after=garbage").await.retry_after, None);
    assert_eq!(wait("status=429").await.retry_after, None);
    assert_eq!(
        wait("status=429&retry_after=9&header.retry-after-ms=1500").await.retry_after,
        Some(Duration::from_millis(1500))
    );
    let date = wait("status=429&retry_after=Wed,%2021%20Oct%202099%2007:28:00%20GMT").await;
    assert!(date.retry_after > seconds(3600), "{date:?}");
    assert_eq!(wait("status=500&header.x-should-retry=false").await.should_retry, Some(false));
    assert_eq!(wait("status=409&header.x-should-retry=true").await.should_retry, Some(true));
    assert_eq!(wait("status=500").await.should_retry, None);
    let answered = scene.buffered("header.retry-after=5").await.whole();
    assert_eq!(answered.status, 200, "the header alone is no failure");
}

/// See the name.
pub async fn messages_of_errors_are_cleaned(subject: Subject) {
    let scene = Scene::new(subject);
    for body in [ask(true), ask(false)] {
        let echo = format!("status=401&error_message=The%20key%20{KEY}%20is%0D%0Awrong");
        let fault = scene.attempt(&echo, &body).await.failed(FaultKind::AuthFailed).fault.unwrap();
        assert!(fault.message.contains("is wrong"), "{fault}");
        assert!(!format!("{fault:?}").contains("0123456789abcdef"), "{fault:?}");
    }
    let event = format!("error_event_first&error_message=bad%20{KEY}");
    let fault = scene.stream(&event).await.fault.unwrap();
    assert!(!format!("{fault:?}").contains("0123456789abcdef"), "{fault:?}");
    let long = format!("status=500&error_message={}", "x%20".repeat(2_000));
    let fault = scene.buffered(&long).await.fault.unwrap();
    assert!(fault.message.chars().count() <= 500, "{}", fault.message.len());
}

/// See the name.
pub async fn redirects_are_never_followed(subject: Subject) {
    let scene = Scene::new(subject);
    for status in [301, 302, 303, 307, 308] {
        let outcome = scene.stream(&format!("redirect={status}")).await.failed(FaultKind::Redirect);
        assert_eq!(outcome.fault.unwrap().status, Some(status));
        assert!(!outcome.received.began);
    }
    let calls = scene.upstream.calls();
    assert_eq!(calls.len(), 5, "a redirect was followed");
    assert!(calls.iter().all(|call| subject.is_path(&call.path, true)));
}

/// See the name.
pub async fn an_error_before_the_first_content_fails_the_attempt(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["error_event_first", "error_event_first&error_event_named", "error_event_after=0"] {
        let outcome = scene.stream(script).await.failed(FaultKind::ServerError);
        assert!(outcome.frames.is_empty(), "{script}: nothing may have gone on");
        let received = outcome.received;
        assert_eq!(
            received.began,
            received.prompt.is_some(),
            "{script}: it bills what it counted, if anything"
        );
    }
    if subject.dialect != Dialect::COHERE && subject.dialect != Dialect::OLLAMA {
        // These two say what happened, but not of what class it is.
        let throttled = "error_event_first&error_code=rate_limit_exceeded";
        scene.stream(throttled).await.failed(FaultKind::Throttled);
    }
    if !subject.errs_in_successes() {
        return;
    }
    for body in [ask(true), ask(false)] {
        let outcome = scene.attempt("error_in_200", &body).await.failed(FaultKind::ServerError);
        assert!(!outcome.received.began, "an error is no answer");
    }
    if subject.tells_codes() {
        let rejected =
            scene.buffered("error_in_200&error_type=invalid_request_error&error_code=content_filter").await;
        rejected.failed(FaultKind::Rejected);
    }
}

/// See the name.
pub async fn an_error_after_it_interrupts_the_answer(subject: Subject) {
    let scene = Scene::new(subject);
    for script in
        ["error_event_after=3", "error_event_after=3&error_event_named", "error_event_after=3&chunk_ms=20"]
    {
        let outcome = scene.stream(script).await.failed(FaultKind::Interrupted);
        assert_eq!(outcome.text(), scene.text_sent(), "{script}");
        assert_eq!(outcome.received.output_text, scene.text_sent());
        assert!(!outcome.received.finished);
        if subject.client().is_some() {
            let bytes = outcome.bytes();
            assert!(!String::from_utf8_lossy(&bytes).contains("had an error"), "the surface tells of it");
        }
    }
}

/// See the name.
pub async fn an_answer_that_is_none_is_invalid(subject: Subject) {
    let scene = Scene::new(subject);
    for body in [ask(true), ask(false)] {
        let page = scene.attempt("html", &body).await.failed(FaultKind::InvalidResponse);
        assert!(page.fault.unwrap().message.contains("base URL"));
        assert!(!page.received.began);
    }
    scene.buffered("malformed_json").await.failed(FaultKind::InvalidResponse);
    if subject.streams_sse() {
        scene.attempt("json_for_stream&malformed_json", &ask(true)).await.failed(FaultKind::InvalidResponse);
    }
    if subject.dialect == Dialect::OPENAI_CHAT {
        scene.stream("tokens=0&no_finish").await.failed(FaultKind::InvalidResponse);
    }
    let mut nothing = ask(true);
    nothing["max_tokens"] = json!(5);
    scene.attempt("", &nothing).await.whole();
}
