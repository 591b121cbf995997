//! Tool calls: which, with which arguments, and in which pieces.

use serde_json::{Value, json};
use switchyard_testkit::simulator::Simulator;

use crate::wire::{ask, question, streamed, with};

fn tools() -> Value {
    json!([
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "required": ["city"],
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}}}}},
        {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "required": ["offset", "long"],
            "properties": {"offset": {"type": "integer"}, "long": {"type": "boolean"}}}}},
    ])
}

#[test]
fn the_first_tool_is_called_with_arguments_of_its_schema() {
    let sim = Simulator::start();
    let body = ask(&sim, &with(question("m"), json!({"tools": tools()}))).json();
    let choice = &body["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("tool_calls"), &Value::Null)
    );
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("weather")));
    let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({"city": "text"}));
}

#[test]
fn a_streamed_call_opens_with_its_name_and_its_arguments_come_in_fragments() {
    let sim = Simulator::start();
    let request = json!({"tools": tools(), "stream_options": {"include_usage": true}});
    let events = ask(&sim, &with(streamed("m?calls=3"), request)).events();
    let deltas: Vec<&Value> =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["tool_calls"].get(0)).collect();
    for (index, name, expected) in [
        (0, "weather", json!({"city": "text"})),
        (1, "clock", json!({"offset": 0, "long": true})),
        (2, "weather", json!({"city": "text"})),
    ] {
        let mut own = deltas.iter().filter(|delta| delta["index"] == index);
        let first = own.next().unwrap();
        assert_eq!((&first["function"]["name"], &first["function"]["arguments"]), (&json!(name), &json!("")));
        assert!(first["id"].as_str().unwrap().starts_with("call_") && first["type"] == "function");
        let fragments: Vec<&str> =
            own.map(|delta| delta["function"]["arguments"].as_str().unwrap()).collect();
        assert!(fragments.len() >= 3, "{fragments:?}");
        assert_eq!(serde_json::from_str::<Value>(&fragments.concat()).unwrap(), expected);
    }
    let ids: std::collections::HashSet<&str> =
        deltas.iter().filter_map(|delta| delta["id"].as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(events.last().unwrap()["usage"]["completion_tokens"], deltas.len());
    assert_eq!(sim.calls()[0].billed.completion, deltas.len() as u64);
}

#[test]
fn the_choice_of_tools_is_heeded() {
    let sim = Simulator::start();
    let called = |choice: Value| {
        let body = ask(&sim, &with(question("m"), json!({"tools": tools(), "tool_choice": choice}))).json();
        let choice = &body["choices"][0];
        (choice["message"]["tool_calls"][0]["function"]["name"].clone(), choice["finish_reason"].clone())
    };
    assert_eq!(called(json!("auto")), (json!("weather"), json!("tool_calls")));
    assert_eq!(called(json!("required")), (json!("weather"), json!("tool_calls")));
    assert_eq!(
        called(json!({"type": "function", "function": {"name": "clock"}})),
        (json!("clock"), json!("stop"))
    );
    let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "clock"}}]}});
    assert_eq!(called(allowed), (json!("clock"), json!("tool_calls")));
    assert_eq!(called(json!("none")), (Value::Null, json!("stop")));
}

#[test]
fn a_tools_result_is_quoted_in_the_answer() {
    let sim = Simulator::start();
    let messages = json!([{"role": "user", "content": "Weather"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny, 21 C"}]);
    let body = ask(&sim, &json!({"model": "m", "messages": messages, "tools": tools()})).json();
    assert_eq!(body["choices"][0]["message"]["content"], " The tool answered: sunny, 21 C");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 3 + (4 + 1) + 4 + (4 + 3));
}

#[test]
fn a_limit_cuts_the_arguments_off() {
    let sim = Simulator::start();
    let body = ask(&sim, &with(question("m"), json!({"tools": tools(), "max_tokens": 2}))).json();
    let choice = &body["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    let arguments = choice["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert!(!arguments.is_empty() && serde_json::from_str::<Value>(arguments).is_err(), "{arguments}");
    assert_eq!(body["usage"]["completion_tokens"], 2);
}

/// A conversation in which the tools of these names were called and gave their results, one after another.
fn after(names: &[&str]) -> Value {
    let mut messages = vec![json!({"role": "user", "content": "Weather"})];
    for name in names {
        let call = json!({"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}});
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": [call]}));
        messages.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "sunny"}));
        // Agents add reminders of their own after results.
        messages.push(json!({"role": "user", "content": "Go on"}));
    }
    json!(messages)
}

#[test]
fn scripted_calls_come_one_after_another_and_then_the_text() {
    let sim = Simulator::start();
    let script = r#"call.clock={"offset":3}&call.weather={"city":"K%C3%B6ln"}&call.clock={}&text=Done."#
        .replace('"', "%22");
    let answered = |names: &[&str]| {
        let request = json!({"model": format!("m?{script}"), "messages": after(names), "tools": tools()});
        let choice = ask(&sim, &request).json()["choices"][0].clone();
        let function = choice["message"]["tool_calls"][0]["function"].clone();
        assert_eq!(choice["finish_reason"] == "tool_calls", function.is_object(), "{choice}");
        (function["name"].clone(), function["arguments"].clone(), choice["message"]["content"].clone())
    };
    assert_eq!(answered(&[]), (json!("clock"), json!(r#"{"offset":3}"#), Value::Null));
    assert_eq!(answered(&["clock"]), (json!("weather"), json!(r#"{"city":"Köln"}"#), Value::Null));
    assert_eq!(answered(&["clock", "weather"]), (json!("clock"), json!("{}"), Value::Null));
    assert_eq!(answered(&["clock", "weather", "clock"]), (Value::Null, Value::Null, json!("Done.")));
}

#[test]
fn a_scripted_call_of_a_tool_that_is_not_offered_is_not_made() {
    let sim = Simulator::start();
    let request = with(question("m?call.shell={}&text=Done."), json!({"tools": tools()}));
    assert_eq!(ask(&sim, &request).json()["choices"][0]["message"]["content"], "Done.");
}
