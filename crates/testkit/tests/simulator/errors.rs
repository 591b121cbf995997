//! Scripted errors, and where a call's script comes from.

use serde_json::json;
use switchyard_testkit::simulator::{BilledTokens, Script, Simulator};

use crate::wire::{Client, End, ask, buffered_under, question, stream_under};

#[test]
fn scripts_come_from_the_queue_the_model_the_default_the_name_and_the_header() {
    let sim = Simulator::start();
    sim.set_default(Script::of("status=500"));
    sim.script("m", Script::of("status=501&error_code=own"));
    sim.enqueue("m", [Script::of("status=502"), Script::of("status=503")]);
    let status = |model: &str, headers: &[(&str, &str)]| {
        let mut client = Client::new(sim.addr());
        client.post(&question(model), headers);
        client.answer().status
    };
    let plain = [status("m", &[]), status("m", &[]), status("m", &[]), status("other", &[])];
    assert_eq!(plain, [502, 503, 501, 500]);
    assert_eq!(status("m?status=429", &[]), 429);
    assert_eq!(status("m?status=429", &[("X-Sim-Script", "status=418")]), 418);
    let kept = buffered_under(&sim, "status=422");
    assert_eq!((kept.status, &kept.json()["error"]["code"]), (422, &json!("own")));
    sim.clear_scripts();
    assert_eq!(status("m", &[]), 200);
}

#[test]
fn every_status_is_an_openai_error_that_nobody_is_billed_for() {
    let sim = Simulator::start();
    for status in [400, 401, 403, 404, 408, 413, 422, 425, 429, 500, 502, 503, 504, 529] {
        for answer in [
            buffered_under(&sim, &format!("status={status}")),
            stream_under(&sim, &format!("status={status}")),
        ] {
            assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/json")));
            assert!(answer.json()["error"]["message"].is_string());
        }
    }
    for call in sim.take_calls() {
        assert_eq!(
            (call.billed, call.completed, call.text_sent.as_str()),
            (BilledTokens::default(), true, "")
        );
    }
}

#[test]
fn members_of_the_error_and_retry_after_are_sent_as_written() {
    let sim = Simulator::start();
    let script = "status=429&error_code=insufficient_quota&error_type=insufficient_quota&error_message=no%20more&error_param=p";
    for after in ["2", "garbage", "3600", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        let answer = buffered_under(&sim, &format!("{script}&retry_after={after}"));
        assert_eq!(answer.header("retry-after"), Some(after));
        let expected = json!({"message": "no more", "type": "insufficient_quota", "code": "insufficient_quota", "param": "p"});
        assert_eq!(answer.json()["error"], expected);
    }
}

#[test]
fn redirects_lead_where_they_say() {
    let sim = Simulator::start();
    for status in [301, 302, 303, 307, 308] {
        let answer = buffered_under(&sim, &format!("redirect={status}"));
        assert_eq!((answer.status, answer.header("location")), (status, Some("/redirected")));
    }
    let answer = buffered_under(&sim, "redirect=302&location=http://127.0.0.1:1/x");
    assert_eq!(answer.header("location"), Some("http://127.0.0.1:1/x"));
}

#[test]
fn a_page_comes_with_200_or_with_the_status() {
    let sim = Simulator::start();
    for (script, status) in [("html", 200), ("html&status=502", 502)] {
        let answer = stream_under(&sim, script);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/html; charset=utf-8"))
        );
        assert!(answer.text().starts_with("<!DOCTYPE html>"));
    }
}

#[test]
fn errors_hide_in_a_200_as_json_as_first_event_and_in_mid_stream() {
    let sim = Simulator::start();
    let answer = buffered_under(&sim, "error_in_200&error_message=boo");
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (200, &json!("boo")));
    let first = stream_under(&sim, "error_event_first");
    assert_eq!((first.status, first.end, first.data().len()), (200, End::Open, 1));
    assert!(first.events()[0]["error"]["message"].is_string());
    let middle = stream_under(&sim, "error_event_after=3&error_event_named");
    assert_eq!(middle.content().split_whitespace().count(), 3);
    assert!(middle.text().contains("event: error\ndata: {\"error\""));
    assert!(middle.events().last().unwrap().get("error").is_some(), "the error is the last event");
    let calls = sim.calls();
    assert_eq!((calls[2].billed.completion, calls[2].billed.prompt), (3, 9));
}

#[test]
fn a_wrong_key_is_401_with_the_key_masked() {
    let sim = Simulator::builder().required_key("sk-right").start().unwrap();
    let status = |headers: &[(&str, &str)]| {
        let mut client = Client::new(sim.addr());
        client.post(&question("m"), headers);
        client.answer()
    };
    assert_eq!(status(&[("authorization", "Bearer sk-right")]).status, 200);
    let wrong = status(&[("authorization", "Bearer sk-wrong-0123456789-abcd")]);
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    assert!(
        wrong.text().contains("sk-wrong")
            && wrong.text().contains("**abcd")
            && !wrong.text().contains("0123456789")
    );
    assert_eq!(status(&[]).status, 401);
    let mut client = Client::new(sim.addr());
    client.get("/v1/models");
    assert_eq!(client.answer().status, 401);
    assert_eq!(sim.calls()[1].billed, BilledTokens::default());
}

#[test]
fn what_can_not_be_read_is_400_and_says_why() {
    let sim = Simulator::start();
    let answer = buffered_under(&sim, "statis=500");
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("sim_script_invalid")));
    assert!(answer.text().contains("statis"));
    assert_eq!(ask(&sim, &json!({"model": "m"})).status, 400);
    let mut client = Client::new(sim.addr());
    client.write(b"NONSENSE\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
    assert_eq!(sim.calls().len(), 2);
}

#[test]
fn the_model_list_has_scripts_too() {
    let sim = Simulator::start();
    sim.script("/v1/models", Script::of("status=503&retry_after=1"));
    let mut client = Client::new(sim.addr());
    client.get("/v1/models");
    assert_eq!(client.answer().status, 503);
    assert_eq!(ask(&sim, &question("m")).status, 200);
}
