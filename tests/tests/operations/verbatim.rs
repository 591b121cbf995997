//! The client's own bytes go on, and the provider's come back.

use crate::scene::{ALONE, Call, Scene};
use switchyard_domain::usage::Outcome;

#[tokio::test]
async fn every_byte_of_a_request_but_the_model_goes_on_and_its_answer_comes_back() {
    for call in Call::ALL {
        let scene = Scene::start().await;
        let heard = scene.call(call, ALONE).await;
        assert_eq!(heard.status, 200, "{call:?}: {}", heard.text());
        let sent = scene.only_call();
        assert_eq!(sent.path, call.path());
        assert_eq!(sent.body, call.body("faulty"), "{call:?}: the model alone is replaced");
        assert_eq!(sent.header("authorization"), Some("Bearer sk-simulated-0123456789"));
        assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()), "{call:?}");
        assert_eq!(sent.header("x-own"), None);
        assert!(heard.whole && sent.completed, "{call:?}");
        assert_eq!(heard.body.len() as u64, sent.bytes_sent, "{call:?}: the answer is the provider's");
        assert_eq!(heard.header("x-switchyard-target"), "upstream/faulty");
        assert_eq!(heard.header("x-switchyard-attempts"), "1");
        let event = scene.only_event(&heard).await;
        assert_eq!((event.outcome, event.dialect.as_str()), (Outcome::Complete, call.dialect()), "{call:?}");
        assert!(event.key.is_some() && event.is_final && !event.stream && event.is_billed(), "{call:?}");
        assert_eq!((event.requested_model.as_str(), event.model.as_str()), (ALONE, "faulty"));
    }
}

#[tokio::test]
async fn answers_keep_their_kind_and_are_not_guessed_at() {
    let scene = Scene::start().await;
    for (call, kind) in [
        (Call::Embeddings, "application/json"),
        (Call::Completions, "application/json"),
        (Call::Moderations, "application/json"),
        (Call::Images, "application/json"),
        (Call::Speech, "audio/mpeg"),
        (Call::Transcriptions, "application/json"),
    ] {
        let heard = scene.call(call, ALONE).await;
        assert_eq!(heard.header("content-type"), kind, "{call:?}");
        assert_eq!(heard.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_moderation_may_leave_out_its_model() {
    let scene = Scene::of(Scene::builder().models(["omni-moderation-latest"])).await;
    let heard = scene.send(Call::Moderations, br#"{"input":"be kind"}"#.to_vec()).await;
    assert_eq!(heard.status, 200, "{}", heard.text());
    assert_eq!(scene.only_call().json["model"], "omni-moderation-latest");
}

#[tokio::test]
async fn vectors_and_pictures_of_megabytes_pass_through_and_are_counted() {
    let scene = Scene::start().await;
    scene.script("huge_body=9000000");
    let heard = scene.call(Call::Images, ALONE).await;
    assert_eq!((heard.status, heard.whole), (200, true));
    assert!(heard.body.len() >= 9_000_000, "{}", heard.body.len());
    assert_eq!(heard.json()["data"].as_array().unwrap().len(), 2);
    let event = scene.only_event(&heard).await;
    assert_eq!((event.outcome, event.usage.units.images), (Outcome::Complete, 2));
    assert_eq!((event.usage.input, event.usage.output), (3, 544));
    scene.script("");
    let many: Vec<String> = (0..2_048).map(|at| format!("text number {at}")).collect();
    let body = serde_json::json!({"model": ALONE, "input": many, "dimensions": 256});
    let heard = scene.ask(Call::Embeddings, &body).await;
    assert!(heard.body.len() > 2_000_000 && heard.whole, "{}", heard.body.len());
    assert_eq!(heard.json()["data"].as_array().unwrap().len(), 2_048);
    assert_eq!(scene.only_event(&heard).await.usage.input, 3 * 2_048);
}
