use super::answers::{Stop, all, stopped, text};
use super::tools::{TIME, WEATHER, is_offered, offer};
use crate::ask::with;
use crate::case::{Answered, BOTH, Case, Ending, Feature, whole};
use crate::cell::Cell;
use crate::client::Client;
use crate::seen::{Seen, seen};
use crate::vendor::Vendor;
use serde_json::{Value, json};

pub(crate) static FEATURE: Feature = Feature {
    name: "tool loop",
    about: "two calls of the turn before and their results, each by the id of its call",
    cases: &[Case {
        name: "",
        script: "text=Sunny%20at%20noon.",
        forms: BOTH,
        first: None,
        ask,
        told,
        ending: Ending::Answer(answer),
        outcome: whole,
    }],
    untold: &[],
};

const QUESTION: &str = "What is the weather, and what is the time?";

/// A call of the turn before, and what came of it.
struct Called {
    id: &'static str,
    name: &'static str,
    result: &'static str,
}

const CALLED: [Called; 2] = [
    Called { id: "call_w1", name: WEATHER.name, result: "sunny" },
    Called { id: "call_t2", name: TIME.name, result: "noon" },
];

impl Called {
    fn input(&self) -> Value {
        if self.name == WEATHER.name { json!({"city": "Bern"}) } else { json!({"zone": "CET"}) }
    }

    fn arguments(&self) -> String {
        self.input().to_string()
    }
}

/// Something of each of the two.
fn each(of: impl Fn(&Called) -> Value) -> Vec<Value> {
    CALLED.iter().map(of).collect()
}

fn ask(client: Client) -> Value {
    let history = match client {
        Client::Chat => {
            let mut messages = vec![
                json!({"role": "user", "content": QUESTION}),
                json!({"role": "assistant", "content": null, "tool_calls": each(as_function)}),
            ];
            messages
                .extend(each(|one| json!({"role": "tool", "tool_call_id": one.id, "content": one.result})));
            json!({"messages": messages})
        }
        Client::Responses => {
            let mut input = vec![json!({"role": "user", "content": QUESTION})];
            input.extend(each(|one| {
                json!({"type": "function_call", "call_id": one.id, "name": one.name, "arguments": one.arguments()})
            }));
            input.extend(each(
                |one| json!({"type": "function_call_output", "call_id": one.id, "output": one.result}),
            ));
            json!({"input": input})
        }
        Client::Anthropic => json!({"max_tokens": 8192, "messages": [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": each(as_tool_use)},
            {"role": "user", "content": each(as_tool_result)},
        ]}),
        Client::Gemini => json!({"contents": [
            {"role": "user", "parts": [{"text": QUESTION}]},
            {"role": "model", "parts": each(as_function_call)},
            {"role": "user", "parts": each(as_function_response)},
        ]}),
    };
    with(history, offer(client, &[WEATHER, TIME]))
}

fn as_function(one: &Called) -> Value {
    json!({"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments()}})
}

fn as_tool_use(one: &Called) -> Value {
    json!({"type": "tool_use", "id": one.id, "name": one.name, "input": one.input()})
}

fn as_tool_result(one: &Called) -> Value {
    json!({"type": "tool_result", "tool_use_id": one.id, "content": one.result})
}

fn as_function_call(one: &Called) -> Value {
    json!({"functionCall": {"id": one.id, "name": one.name, "args": one.input()}})
}

fn as_function_response(one: &Called) -> Value {
    json!({"functionResponse": {"id": one.id, "name": one.name, "response": {"result": one.result}}})
}

fn told(cell: Cell) -> Seen {
    let turns = match cell.vendor {
        // A result may have its tool's name besides, as Google's clients give it.
        Vendor::Chat => all([
            seen! {"/messages/1/tool_calls" => (each(as_function))},
            all(CALLED.iter().enumerate().map(|(at, one)| seen! {
                format!("/messages/{}/role", at + 2) => "tool",
                format!("/messages/{}/tool_call_id", at + 2) => (one.id),
                format!("/messages/{}/content", at + 2) => (one.result),
            })),
        ]),
        Vendor::Responses => all(CALLED.iter().enumerate().map(|(at, one)| {
            let (call, result) = (at + 1, at + 3);
            seen! {
                format!("/input/{call}/type") => "function_call",
                format!("/input/{call}/call_id") => (one.id),
                format!("/input/{call}/name") => (one.name),
                format!("/input/{call}/arguments") => (one.arguments()),
                format!("/input/{result}") => {"type": "function_call_output", "call_id": (one.id), "output": (one.result)},
            }
        })),
        Vendor::Anthropic => seen! {
            "/messages/1" => {"role": "assistant", "content": (each(as_tool_use))},
            "/messages/2" => {"role": "user", "content": (each(as_tool_result))},
        },
        Vendor::Gemini => seen! {
            "/contents/1" => {"role": "model", "parts": (each(as_function_call))},
            "/contents/2" => {"role": "user", "parts": (each(as_function_response))},
        },
        Vendor::Ollama => all([
            seen! {"/messages/1/tool_calls" => (each(|one| json!({
                "id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.input()},
            })))},
            all(CALLED.iter().enumerate().map(|(at, one)| seen! {
                format!("/messages/{}", at + 2) => {
                    "role": "tool", "content": (one.result), "tool_name": (one.name), "tool_call_id": (one.id),
                },
            })),
        ]),
        Vendor::Cohere => seen! {
            "/messages/1/tool_calls" => (each(as_function)),
            "/messages/2" => {"role": "tool", "tool_call_id": (CALLED[0].id), "content": (CALLED[0].result)},
            "/messages/3" => {"role": "tool", "tool_call_id": (CALLED[1].id), "content": (CALLED[1].result)},
        },
        Vendor::Bedrock => seen! {
            "/messages/1/content" => (each(|one| json!({
                "toolUse": {"toolUseId": one.id, "name": one.name, "input": one.input()},
            }))),
            "/messages/2/content" => (each(|one| json!({
                "toolResult": {"toolUseId": one.id, "content": [{"text": one.result}]},
            }))),
        },
    };
    all([turns, is_offered(cell, 0, WEATHER), is_offered(cell, 1, TIME)])
}

fn answer(Answered { cell, .. }: Answered<'_>) -> Seen {
    all([text(cell.client, 0, "Sunny at noon."), stopped(cell.client, Stop::Done)])
}
