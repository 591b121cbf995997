//! Event streams with noise, damage and surprises in them.

use crate::matrix::{Row, models_tried};
use crate::scene::{ALONE, BOTH, FAULTY, HEALTHY, Heard, Mode, PAIR, Scene};
use serde_json::{Value, json};

/// U17.
#[tokio::test]
async fn up_to_three_bad_events_are_dropped_and_the_answer_is_whole() {
    for script in ["bad_events=1", "bad_events=3", "tokens=9&bad_events_within=3"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        scene.is_answered_whole(&heard).await;
    }
}

/// U17.
#[tokio::test]
async fn more_than_three_bad_events_before_the_first_token_go_to_the_next_target() {
    Row {
        script: "bad_events=4",
        fault: "invalid_response",
        billed: true,
        answer: (502, "upstream_invalid_response"),
        ..Row::FAILS
    }
    .holds_in(Mode::Streamed, Scene::builder)
    .await;
}

/// U17.
#[tokio::test]
async fn more_than_three_bad_events_after_the_first_token_break_the_stream_off() {
    let scene = Scene::scripted("tokens=9&bad_events_within=5").await;
    let heard = scene.ask(Mode::Streamed, PAIR).await;
    let event = scene.is_broken_off(&heard).await;
    assert_eq!(event.fault.as_deref(), Some("invalid_response"));
    assert_eq!(heard.text.split_whitespace().count() as u64, event.usage.output);
    assert!((1..9).contains(&event.usage.output), "{event:?}");
}

/// U17.
#[tokio::test]
async fn comments_unknown_events_and_any_line_ends_are_understood() {
    for script in [
        "comments",
        "unknown_events",
        "empty_choices_first",
        "line_ending=cr",
        "line_ending=crlf",
        "comments&unknown_events&line_ending=cr",
        "big_line=200000",
    ] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        scene.is_answered_whole(&heard).await;
    }
}

/// U17.
#[tokio::test]
async fn a_line_of_more_than_a_mebibyte_before_the_first_token_goes_to_the_next_target() {
    let scene = Scene::scripted("big_line=1200000").await;
    let heard = scene.ask(Mode::Streamed, PAIR).await;
    assert!(heard.whole, "{}", heard.answer.text);
    assert_eq!(models_tried(&scene, &heard).await, [FAULTY, HEALTHY]);
    let heard = scene.ask(Mode::Streamed, ALONE).await;
    assert_eq!(heard.answer.status, 502, "{} bytes", heard.answer.text.len());
    assert!(heard.answer.text.len() < 2_000);
}

/// U18.
#[tokio::test]
async fn characters_that_are_torn_apart_arrive_whole_wherever_they_were_torn() {
    for script in ["split_utf8", "split_utf8&byte_at_a_time&tokens=4", "split_utf8&chunked"] {
        let scene = Scene::scripted(script).await;
        for mode in BOTH {
            let heard = scene.ask(mode, ALONE).await;
            assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
            assert_eq!(heard.text, scene.only_call(&heard).await.text_sent, "{script} {mode:?}");
            assert!(heard.text.contains("👩‍🚀") && !heard.text.contains('\u{fffd}'), "{}", heard.text);
        }
    }
}

/// U19.
#[tokio::test]
async fn bytes_that_are_no_utf_8_become_one_replacement_character() {
    let scene = Scene::scripted("invalid_utf8").await;
    for mode in BOTH {
        let heard = scene.ask(mode, ALONE).await;
        assert_eq!((heard.answer.status, heard.whole), (200, true), "{}", heard.answer.text);
        assert_eq!(heard.text.matches('\u{fffd}').count(), 1, "{}", heard.text);
        assert_eq!(heard.text, scene.only_call(&heard).await.text_sent, "{mode:?}");
    }
}

/// U25.
#[tokio::test]
async fn a_stream_has_one_terminator_and_nothing_after_it() {
    for script in ["double_done", "data_after_done", "double_done&data_after_done"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, ALONE).await;
        scene.is_answered_whole(&heard).await;
        assert_eq!(heard.answer.text.matches("[DONE]").count(), 1);
        assert!(heard.answer.text.ends_with("data: [DONE]\n\n"));
        assert!(!heard.text.contains("late"), "{}", heard.text);
    }
}

/// U25.
#[tokio::test]
async fn interleaved_choices_keep_their_order_and_their_texts() {
    let scene = Scene::scripted("tokens=5").await;
    let heard = scene.ask_with(Mode::Streamed, ALONE, json!({"n": 2})).await;
    assert!(heard.whole, "{}", heard.answer.text);
    let call = scene.only_call(&heard).await;
    assert_eq!(text_of_choice(&heard, 0), call.text_sent);
    let second = text_of_choice(&heard, 1);
    assert_eq!(second.split_whitespace().count(), 5);
    assert_ne!(second, call.text_sent);
    let event = scene.only_event(&heard).await;
    assert_eq!(event.usage.output, 10);
}

/// U25.
#[tokio::test]
async fn fragments_of_parallel_tool_calls_join_to_what_was_called() {
    let scene = Scene::scripted("calls=2").await;
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        }}})
    };
    let tools = json!({"tools": [tool("weather"), tool("news")], "tool_choice": "required"});
    let heard = scene.ask_with(Mode::Streamed, ALONE, tools.clone()).await;
    assert!(heard.whole, "{}", heard.answer.text);
    let whole = scene.ask_with(Mode::Buffered, ALONE, tools).await;
    let expected = whole.answer.json()["choices"][0]["message"]["tool_calls"].clone();
    assert_eq!(expected.as_array().unwrap().len(), 2, "{}", whole.answer.text);
    for (index, call) in expected.as_array().unwrap().iter().enumerate() {
        let (name, arguments) = called(&heard, index as u64);
        assert_eq!(call["function"]["name"], name);
        let arguments: Value = serde_json::from_str(&arguments).unwrap();
        let other: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, other);
    }
}

/// U25: what is not text is content, too.
#[tokio::test]
async fn refusals_and_reasoning_are_counted_as_content() {
    for script in ["refusal", "reasoning=5&tokens=4"] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(Mode::Streamed, PAIR).await;
        assert!(heard.whole, "{}", heard.answer.text);
        let call = scene.only_call(&heard).await;
        assert_eq!(scene.only_event(&heard).await.usage.output, call.billed.completion);
    }
}

fn choices(heard: &Heard, index: u64) -> impl Iterator<Item = &Value> {
    let all = heard.events.iter().filter_map(|event| event["choices"].as_array()).flatten();
    all.filter(move |choice| choice["index"] == index)
}

pub(crate) fn text_of_choice(heard: &Heard, index: u64) -> String {
    choices(heard, index).filter_map(|choice| choice["delta"]["content"].as_str()).collect()
}

/// Name and joined arguments of the tool call of this index.
pub(crate) fn called(heard: &Heard, index: u64) -> (String, String) {
    let deltas = choices(heard, 0).filter_map(|choice| choice["delta"]["tool_calls"].as_array()).flatten();
    let mine: Vec<&Value> = deltas.filter(|delta| delta["index"] == index).collect();
    let joined = |member: &str| mine.iter().filter_map(|delta| delta["function"][member].as_str()).collect();
    (joined("name"), joined("arguments"))
}
