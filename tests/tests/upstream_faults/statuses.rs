//! Error statuses.

use crate::matrix::{Row, is_an_error_of_the_dialect, models_tried};
use crate::scene::{ALONE, BOTH, FAULTY, PAIR, Scene};
use switchyard_domain::usage::Outcome;

/// U7.
#[tokio::test]
async fn server_errors_go_to_the_next_target_and_are_502_after_three_tries_without_one() {
    for status in [500, 502, 503, 504, 529] {
        let script = format!("status={status}");
        Row { script: &script, fault: "server_error", ..Row::FAILS }.holds().await;
    }
}

/// U8.
#[tokio::test]
async fn a_request_that_the_provider_rejects_is_tried_once_and_keeps_its_status_in_our_envelope() {
    for status in [400, 404, 409, 413, 422] {
        let script = format!("status={status}&error_message=The%20prompt%20is%20wrong.&error_param=messages");
        let scene = Scene::scripted(&script).await;
        for (mode, model) in BOTH.into_iter().flat_map(|mode| [(mode, PAIR), (mode, ALONE)]) {
            let heard = scene.ask(mode, model).await;
            assert_eq!(heard.answer.status, status, "{}", heard.answer.text);
            is_an_error_of_the_dialect(&heard);
            let error = &heard.answer.json()["error"];
            assert_eq!(error["message"], "The prompt is wrong.");
            assert_eq!(error["param"], "messages");
            assert_eq!(error["type"], "invalid_request_error");
            assert_eq!(models_tried(&scene, &heard).await, [FAULTY], "{status} at {model}");
            let event = scene.only_event(&heard).await;
            assert_eq!((event.outcome, event.fault.as_deref()), (Outcome::Rejected, Some("rejected")));
            assert_eq!((event.status, event.usage.total()), (Some(status), 0));
        }
    }
}

/// U8.
#[tokio::test]
async fn the_message_of_a_rejection_is_cleaned_of_the_credential() {
    let scene = Scene::scripted(
        "status=400&error_message=no:%20sk-simulated-0123456789%20at%20http:%2F%2Fuser:pw@10.0.0.1",
    )
    .await;
    let heard = scene.ask(BOTH[0], ALONE).await;
    assert_eq!(heard.answer.status, 400);
    assert!(!heard.answer.text.contains("sk-simulated"), "{}", heard.answer.text);
    assert!(!heard.answer.text.contains("0123456789"), "{}", heard.answer.text);
}

/// U9.
#[tokio::test]
async fn a_refused_credential_goes_to_the_next_target_and_is_our_502_without_one() {
    for status in [401, 403] {
        let script = format!("status={status}");
        Row {
            script: &script,
            fault: "auth_failed",
            answer: (502, "upstream_auth_failed"),
            tries: 1,
            ..Row::FAILS
        }
        .holds()
        .await;
    }
}

/// U10.
#[tokio::test]
async fn a_transient_refusal_goes_to_the_next_target_and_is_tried_again_without_one() {
    for status in [408, 425] {
        let script = format!("status={status}");
        Row { script: &script, fault: "transient", ..Row::FAILS }.holds().await;
    }
}

/// U23.
#[tokio::test]
async fn a_redirect_is_not_followed_nor_tried_elsewhere_and_is_502() {
    for status in [301, 302, 303, 307, 308] {
        let script = format!("redirect={status}");
        Row {
            script: &script,
            fault: "redirect",
            moves_on: false,
            answer: (502, "upstream_redirect"),
            tries: 1,
            ..Row::FAILS
        }
        .holds()
        .await;
    }
}

/// U23.
#[tokio::test]
async fn a_redirect_carries_the_credential_nowhere() {
    let elsewhere = switchyard_harness::testkit::simulator::Simulator::start();
    let location = format!("http://{}/stolen", elsewhere.addr());
    let scene = Scene::scripted(&format!("redirect=307&location={location}")).await;
    for mode in BOTH {
        let heard = scene.ask(mode, ALONE).await;
        assert_eq!(heard.error.as_deref(), Some("upstream_redirect"));
        assert!(!heard.answer.text.contains("/stolen"), "{}", heard.answer.text);
        assert!(!heard.answer.headers.contains_key("location"));
    }
    assert_eq!(elsewhere.accepted_connections(), 0);
    assert!(scene.app.simulator().calls().iter().all(|call| call.path == "/v1/chat/completions"));
}

/// U8: the caller's fault stays the caller's, whatever the provider calls it in the body of a 200.
#[tokio::test]
async fn an_error_in_the_body_of_a_success_is_an_error() {
    let fault = "error_in_200&error_code=server_error&error_type=server_error";
    Row { script: fault, fault: "server_error", ..Row::FAILS }.holds().await;
    let scene =
        Scene::scripted("error_in_200&error_type=invalid_request_error&error_message=Too%20long.").await;
    for mode in BOTH {
        let heard = scene.ask(mode, PAIR).await;
        assert_eq!((heard.answer.status, heard.whole), (400, false), "{}", heard.answer.text);
        assert_eq!(models_tried(&scene, &heard).await, [FAULTY]);
    }
}
