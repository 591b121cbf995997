//! What an upstream says that it used.

use super::attempt::{Scene, ask};
use super::subject::Subject;
use serde_json::json;
use switchyard_domain::chat::Dialect;

/// See the name.
pub async fn usage_is_recorded_as_the_provider_says_it(subject: Subject) {
    let scene = Scene::new(subject);
    for script in ["usage=unasked&cached=3&reasoning=4", "usage=every_chunk&cached=3&reasoning=4"] {
        let outcome = scene.stream(script).await.whole();
        let call = scene.upstream.take_calls().remove(0);
        let usage = outcome.received.usage.unwrap();
        assert_eq!((usage.input, usage.output), (call.billed.prompt, call.billed.completion), "{script}");
        let cached = if subject.counts_cached() { 3 } else { 0 };
        let reasoning = if subject.counts_reasoning() { 4 } else { 0 };
        assert_eq!((usage.cached_input, usage.reasoning), (cached, reasoning), "{script}");
        assert!(!outcome.received.usage_corrected);
    }
    if matches!(subject.dialect, Dialect::OPENAI_CHAT | Dialect::GEMINI) {
        let cut = scene.stream("usage=every_chunk&cut_after=5").await;
        let call = scene.upstream.take_calls().remove(0);
        let usage = cut.received.usage.unwrap();
        assert_eq!(
            (usage.input, usage.output),
            (call.billed.prompt, call.billed.completion),
            "as far as it came"
        );
    }
    for body in [ask(true), ask(false)] {
        let outcome = scene.attempt("usage=missing", &body).await.whole();
        assert_eq!(outcome.received.usage, None);
        assert_eq!(outcome.received.output_text, scene.text_sent(), "so that it can be counted");
    }
}

/// See the name.
pub async fn counts_that_make_no_sense_are_marked(subject: Subject) {
    let scene = Scene::new(subject);
    for stream in [true, false] {
        let mut body = ask(stream);
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        body["max_tokens"] = json!(50);
        for usage in ["negative", "huge"] {
            let outcome = scene.attempt(&format!("usage={usage}"), &body).await.whole();
            let received = outcome.received;
            assert!(received.usage_corrected || received.usage.is_none(), "{usage} {stream}: {received:?}");
            assert!(received.finished);
        }
        for usage in ["zero", "over_max"] {
            let received = scene.attempt(&format!("usage={usage}"), &body).await.whole().received;
            assert!(!received.usage_corrected, "{usage}: whether it is credible is for the meter to say");
        }
    }
}
