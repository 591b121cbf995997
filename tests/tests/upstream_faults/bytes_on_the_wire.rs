//! HTTP as some servers speak it.

use crate::scene::{ALONE, BOTH, Scene};

/// U27.
#[tokio::test]
async fn interim_answers_trailers_and_old_http_are_understood() {
    for script in
        ["continue_100", "hints_103", "trailers", "http10", "chunked", "hints_103&trailers", "http10&gzip"]
    {
        let scene = Scene::scripted(script).await;
        for mode in BOTH {
            let heard = scene.ask(mode, ALONE).await;
            scene.is_answered_whole(&heard).await;
            assert!(!heard.answer.headers.contains_key("x-sim-trailer"), "{script} {mode:?}");
        }
    }
}

/// U18: each byte of an answer, head included, in a packet of its own.
#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_the_same_answer() {
    for script in
        ["byte_at_a_time&tokens=4", "byte_at_a_time&tokens=4&chunked", "byte_at_a_time&tokens=4&gzip"]
    {
        let scene = Scene::scripted(script).await;
        for mode in BOTH {
            let heard = scene.ask(mode, ALONE).await;
            scene.is_answered_whole(&heard).await;
        }
    }
}
