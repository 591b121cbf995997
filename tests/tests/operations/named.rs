//! Work that is billed by the piece, asked for under an `Idempotency-Key`.

use crate::scene::{ALONE, Call, Heard, Scene, heard, request};
use std::time::Duration;
use switchyard::orchestrator::chat::CallSettings;
use switchyard::ports::provider::Deadlines;

const BY_THE_PIECE: [Call; 3] = [Call::Images, Call::Speech, Call::Transcriptions];

async fn named(scene: &Scene, call: Call) -> Heard {
    heard(request(&scene.client, call, call.body(ALONE)).header("idempotency-key", "order-7")).await
}

fn is_replay(heard: &Heard) -> bool {
    heard.header("idempotent-replayed") == "true"
}

fn asked(scene: &Scene) -> usize {
    scene.app.simulator().calls().len()
}

#[tokio::test]
async fn work_whose_provider_never_answered_is_not_bought_again_under_its_name() {
    let (first_content, total) = (Duration::from_millis(300), Duration::from_secs(20));
    let deadlines = Deadlines { first_content, idle: total, total };
    for call in BY_THE_PIECE {
        let calls = CallSettings { max_attempts: 3, deadlines, first_of_pieces: Some(first_content) };
        let scene = Scene::of(Scene::builder().calls(calls)).await;
        scene.script("latency_ms=1500");
        let first = named(&scene, call).await;
        assert_eq!((first.status, is_replay(&first)), (504, false), "{call:?}: {}", first.text());
        assert_eq!(first.header("x-should-retry"), "false", "{call:?}: no client tries again by itself");
        scene.app.simulator().clear_scripts();
        let second = named(&scene, call).await;
        assert_eq!((second.status, is_replay(&second)), (504, true), "{call:?}: {}", second.text());
        assert_eq!((&second.body, second.error_code().as_str()), (&first.body, "upstream_timeout"));
        assert_eq!(asked(&scene), 1, "{call:?}");
    }
}

#[tokio::test]
async fn work_that_nobody_began_leaves_its_name_free() {
    for call in BY_THE_PIECE {
        let scene = Scene::start().await;
        scene.script("status=401");
        let first = named(&scene, call).await;
        assert_eq!((first.status, first.header("x-should-retry")), (502, ""), "{call:?}");
        scene.app.simulator().clear_scripts();
        let second = named(&scene, call).await;
        assert_eq!((second.status, is_replay(&second)), (200, false), "{call:?}: {}", second.text());
    }
}

#[tokio::test]
async fn work_whose_client_leaves_is_done_once_and_given_to_them_when_they_come_back() {
    for call in BY_THE_PIECE {
        let scene = Scene::start().await;
        scene.script("latency_ms=1500");
        let left = tokio::time::timeout(Duration::from_millis(500), named(&scene, call)).await;
        assert!(left.is_err(), "{call:?}: the client did not wait");
        let during = named(&scene, call).await;
        assert_eq!((during.status, asked(&scene)), (409, 1), "{call:?}: {}", during.text());
        let mut statuses = Vec::new();
        while statuses.last() != Some(&200) && statuses.len() < 60 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let again = named(&scene, call).await;
            assert!(again.status == 409 || is_replay(&again), "{call:?}: {}", again.text());
            statuses.push(again.status);
            // Sound goes out as it is made, and nobody was there to hear it.
            if call == Call::Speech && again.status == 409 && again.error_code() == "conflict" {
                break;
            }
        }
        assert_eq!(asked(&scene), 1, "{call:?}: {statuses:?}");
        assert!(call == Call::Speech || statuses.last() == Some(&200), "{call:?}: {statuses:?}");
    }
}

#[tokio::test]
async fn sound_that_broke_off_is_not_bought_again_under_its_name() {
    let scene = Scene::start().await;
    scene.script("cut_after=1");
    let first = named(&scene, Call::Speech).await;
    assert!(first.status == 502 || !first.whole, "{}", first.text());
    tokio::time::sleep(Duration::from_millis(200)).await;
    scene.app.simulator().clear_scripts();
    let second = named(&scene, Call::Speech).await;
    assert!(second.status == 409 || is_replay(&second), "{}: {}", second.status, second.text());
    assert_eq!(asked(&scene), 1);
}
