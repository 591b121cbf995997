//! When a stream of this dialect has said all.

use serde_json::{Value, json};
use switchyard_dialects::codec::{OperationCodec, ProviderCodec, StreamWatcher};
use switchyard_dialects::openai_chat::OpenAiChat;
use switchyard_dialects::openai_operations::OpenAiCompletions;
use switchyard_domain::chat::{Collector, FinishReason};

/// A chunk of one choice.
fn chunk(index: u32, content: &str, finish: Option<&str>) -> Value {
    json!({"choices": [{"index": index, "delta": {"content": content}, "finish_reason": finish}]})
}

/// A piece of one choice, in OpenAI's first operation.
fn piece(index: u32, said: &str, finish: Option<&str>) -> Value {
    json!({"choices": [{"index": index, "text": said, "finish_reason": finish}]})
}

/// Whether all has ended after each of these events: as the bytes pass, and as they are read.
fn finished(choices: u32, events: &[Value]) -> Vec<bool> {
    let (mut watcher, mut reader) = (OpenAiChat::PLAIN.watcher(choices), OpenAiChat::PLAIN.reader(choices));
    let watched = watched(watcher.as_mut(), events);
    let mut read = Vec::new();
    for event in events {
        reader.event(None, event.to_string().as_bytes(), &mut Vec::new()).unwrap();
        read.push(reader.is_finished());
    }
    assert_eq!(watched, read, "{events:?}");
    watched
}

fn watched(watcher: &mut dyn StreamWatcher, events: &[Value]) -> Vec<bool> {
    let look = |event: &Value| watcher.look(None, event.to_string().as_bytes(), &mut String::new());
    events.iter().map(look).map(|look| look.unwrap().finished).collect()
}

#[test]
fn a_stream_is_finished_once_as_many_choices_have_ended_as_were_asked_for() {
    let two =
        [chunk(0, "a", None), chunk(0, "", Some("stop")), chunk(1, "b", None), chunk(1, "", Some("stop"))];
    assert_eq!(finished(2, &two), [false, false, false, true]);
    assert_eq!(finished(3, &two), [false; 4]);
    assert_eq!(finished(1, &two), [false, true, false, true]);
    assert_eq!(finished(0, &two[..2]), [false, true]);
}

#[test]
fn more_choices_than_are_told_apart_end_with_those_that_are() {
    let all: Vec<Value> = (0..128).map(|index| chunk(index, "a", Some("stop"))).collect();
    assert!(finished(500, &all).ends_with(&[false, true]));
}

#[test]
fn a_choice_that_says_more_after_its_end_goes_on_until_it_ends_anew() {
    let stop = chunk(0, "", Some("stop"));
    let call = json!({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}]});
    let called = json!({"choices": [{"index": 0, "delta": call, "finish_reason": null}]});
    let thought = json!({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]});
    // Of a call whose name has not come, and may never.
    let nameless = json!({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]});
    let nameless = json!({"choices": [{"index": 0, "delta": nameless}]});
    for more in [chunk(0, "b", None), called, thought, nameless] {
        let events = [chunk(0, "a", None), stop.clone(), more, stop.clone()];
        assert_eq!(finished(1, &events), [false, true, false, true]);
    }
    // The name of a call that was named before.
    let call = json!({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": ""}}]});
    let called = json!({"choices": [{"index": 0, "delta": call}]});
    let again = [called.clone(), stop.clone(), called, stop.clone()];
    assert_eq!(finished(1, &again), [false, true, false, true]);
    // Beside the content, or of another choice.
    let counted = json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}});
    let filtered = json!({"choices": [{"index": 0, "delta": {}, "content_filter_results": {}}]});
    for nothing in [chunk(0, "", None), counted, filtered] {
        assert_eq!(finished(1, &[stop.clone(), nothing]), [true, true]);
    }
    let one_of_two = [stop.clone(), chunk(1, "b", Some("stop")), chunk(1, "c", None), stop];
    assert_eq!(finished(2, &one_of_two), [false, true, false, false]);
}

#[test]
fn a_choice_that_goes_on_ends_with_the_streams_last_word_for_the_reason_that_it_gave() {
    let mut reader = OpenAiChat::PLAIN.reader(1);
    let mut events = Vec::new();
    for data in [chunk(0, "a", Some("length")), chunk(0, "b", None)] {
        reader.event(None, data.to_string().as_bytes(), &mut events).unwrap();
    }
    assert!(!reader.is_finished());
    reader.event(None, b"[DONE]", &mut events).unwrap();
    assert!(reader.is_finished());
    let mut collector = Collector::default();
    collector.extend(events);
    let answer = collector.finish();
    assert_eq!(
        (answer.text(), answer.choices[0].finish.clone()),
        ("ab".to_owned(), Some(FinishReason::Length))
    );
}

#[test]
fn completions_are_finished_once_as_many_have_ended_as_were_asked_for() {
    let two = [piece(0, "a", None), piece(0, "", Some("stop")), piece(1, "b", Some("stop"))];
    for (choices, expected) in [(2, [false, false, true]), (1, [false, true, true]), (3, [false; 3])] {
        let mut watcher = OpenAiCompletions::PLAIN.watcher(choices);
        assert_eq!(watched(watcher.as_mut(), &two), expected, "{choices}");
    }
    let mut watcher = OpenAiCompletions::PLAIN.watcher(1);
    let more =
        [piece(0, "a", Some("stop")), piece(0, "", None), piece(0, "b", None), piece(0, "", Some("stop"))];
    assert_eq!(watched(watcher.as_mut(), &more), [true, true, false, true]);
}
