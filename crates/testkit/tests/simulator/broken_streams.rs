//! Event streams that are not what a client would wish.

use serde_json::{Value, json};
use switchyard_testkit::simulator::Simulator;

use crate::wire::{Answer, End, ask, buffered_under, question, stream_under, streamed, with};

fn with_usage(sim: &Simulator, script: &str) -> Answer {
    ask(
        sim,
        &with(
            streamed(&format!("m?{script}")),
            json!({"max_tokens": 50, "stream_options": {"include_usage": true}}),
        ),
    )
}

#[test]
fn the_end_marker_can_be_missing_doubled_or_followed() {
    let sim = Simulator::start();
    let marks = |answer: &Answer| answer.data().iter().filter(|data| *data == "[DONE]").count();
    let missing = stream_under(&sim, "no_done");
    assert_eq!((marks(&missing), missing.end), (0, End::Open));
    assert_eq!(missing.events().last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert_eq!(marks(&stream_under(&sim, "double_done")), 2);
    let followed = stream_under(&sim, "data_after_done");
    let late: Value = serde_json::from_str(followed.data().last().unwrap()).unwrap();
    assert_eq!((marks(&followed), &late["choices"][0]["delta"]["content"]), (1, &json!(" late")));
    assert!(sim.calls().iter().all(|call| call.completed && call.billed.completion == 12));
}

#[test]
fn a_finish_reason_can_be_missing_or_another() {
    let sim = Simulator::start();
    let none = stream_under(&sim, "no_finish").events();
    assert!(none.iter().all(|event| event["choices"][0]["finish_reason"].is_null()));
    let other = stream_under(&sim, "finish=content_filter").events();
    assert_eq!(other.last().unwrap()["choices"][0]["finish_reason"], "content_filter");
}

#[test]
fn usage_says_what_the_script_wants_and_the_record_the_truth() {
    let sim = Simulator::start();
    let numbers = |usage: &Value| {
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|name| usage[name].as_i64().unwrap())
    };
    let huge = 1 << 53;
    for (fault, expected) in [
        ("normal", [9, 12, 21]),
        ("zero", [0; 3]),
        ("negative", [-1; 3]),
        ("huge", [huge; 3]),
        ("over_max", [9, 1050, 1059]),
    ] {
        let events = with_usage(&sim, &format!("usage={fault}")).events();
        assert_eq!(numbers(&events.last().unwrap()["usage"]), expected, "{fault}");
        let request = with(question(&format!("m?usage={fault}")), json!({"max_tokens": 50}));
        assert_eq!(numbers(&ask(&sim, &request).json()["usage"]), expected, "{fault}");
    }
    assert!(with_usage(&sim, "usage=missing").events().iter().all(|event| event.get("usage").is_none()));
    assert!(buffered_under(&sim, "usage=missing").json().get("usage").is_none());
    let unasked = stream_under(&sim, "usage=unasked").events();
    assert_eq!(numbers(&unasked.last().unwrap()["usage"]), [9, 12, 21]);
    let each = stream_under(&sim, "usage=every_chunk").events();
    let so_far: Vec<i64> = each.iter().map(|event| numbers(&event["usage"])[1]).collect();
    assert_eq!(so_far, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 12]);
    assert!(sim.calls().iter().all(|call| (call.billed.prompt, call.billed.completion) == (9, 12)));
}

#[test]
fn noise_stands_between_the_chunks_and_the_content_is_untouched() {
    let sim = Simulator::start();
    let content = stream_under(&sim, "").content();
    let comments = stream_under(&sim, "comments");
    assert!(comments.text().starts_with(": OPENROUTER PROCESSING\n\n"));
    assert_eq!((comments.text().matches(": OPENROUTER").count(), comments.content()), (5, content.clone()));
    let unknown = stream_under(&sim, "unknown_events");
    assert!(unknown.text().starts_with("event: ping\nid: 7\nretry: 3000\ndata: "));
    assert_eq!(unknown.content(), content);
    let azure = stream_under(&sim, "empty_choices_first");
    assert!(
        azure.events()[0]["choices"] == json!([]) && azure.events()[0]["prompt_filter_results"].is_array()
    );
    assert_eq!(azure.content(), content);
}

#[test]
fn broken_events_come_before_the_content_or_within_it() {
    let sim = Simulator::start();
    let broken = |answer: &Answer| -> Vec<usize> {
        let data = answer.data();
        let bad = |d: &String| d != "[DONE]" && serde_json::from_str::<Value>(d).is_err();
        data.iter().enumerate().filter(|(_, d)| bad(d)).map(|(at, _)| at).collect()
    };
    let before = stream_under(&sim, "bad_events=4");
    assert_eq!(broken(&before), [0, 1, 2, 3]);
    let within = stream_under(&sim, "bad_events_within=3");
    assert_eq!(broken(&within), [2, 4, 6]);
    assert_eq!(within.content(), before.content());
}

#[test]
fn lines_end_as_the_script_wants() {
    let sim = Simulator::start();
    let content = stream_under(&sim, "").content();
    for (script, end, foreign) in [
        ("line_ending=crlf", "\r\n\r\n", "}\n"),
        ("line_ending=cr", "\r\r", "\n"),
        ("line_ending=lf", "\n\n", "\r"),
    ] {
        let answer = stream_under(&sim, script);
        assert!(answer.text().ends_with(&format!("data: [DONE]{end}")), "{script}");
        assert!(!answer.text().contains(foreign), "{script}");
        assert_eq!(answer.content(), content);
    }
}

#[test]
fn a_line_can_be_as_long_as_wanted_and_still_be_right() {
    let sim = Simulator::start();
    let answer = stream_under(&sim, "big_line=1048576");
    let longest = answer.text().lines().map(str::len).max().unwrap();
    assert_eq!(longest, 1_048_576);
    assert_eq!((answer.events().len(), answer.content()), (14, stream_under(&sim, "").content()));
}

#[test]
fn the_other_kind_of_answer_comes_where_the_script_wants_it() {
    let sim = Simulator::start();
    let whole = stream_under(&sim, "json_for_stream");
    assert_eq!(whole.header("content-type"), Some("application/json"));
    assert_eq!(whole.json()["object"], "chat.completion");
    let stream = buffered_under(&sim, "sse_for_json");
    assert_eq!(stream.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(stream.data().last().unwrap(), "[DONE]");
}
