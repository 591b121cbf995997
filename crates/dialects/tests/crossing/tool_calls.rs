//! Tool calls on their way from any dialect to any other and back.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::Value;
use switchyard_domain::chat::{ChatRequest, Part, Tool};

use crate::conversations::conversation;
use crate::hold;
use crate::spoken::{SPOKEN, Side, read_request, write_request};

/// What must arrive, in order: calls with their numbers, and results with the number of the call that they answer.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Call { number: usize, name: String, arguments: String },
    Result { number: Option<usize>, text: String },
    Text(String),
}

/// The steps of a conversation. A result belongs to the last call of its id.
fn steps(request: &ChatRequest) -> Vec<Step> {
    let mut numbers = HashMap::new();
    let mut steps = Vec::new();
    for part in request.messages.iter().flat_map(|message| &message.parts) {
        match part {
            Part::ToolCall(call) => {
                let number = numbers.len();
                assert_eq!(
                    numbers.insert(call.id.clone(), number),
                    None,
                    "two calls are named {:?}",
                    call.id
                );
                steps.push(Step::Call {
                    number,
                    name: call.name.clone(),
                    arguments: compact(&call.arguments),
                });
            }
            Part::ToolResult(result) => {
                let text = result.content.iter().map(|part| match part {
                    Part::Text { text } => text.as_str(),
                    other => panic!("a text became {other:?}"),
                });
                steps.push(Step::Result {
                    number: numbers.get(&result.call_id).copied(),
                    text: text.collect(),
                });
            }
            Part::Text { text } => steps.push(Step::Text(text.clone())),
            other => panic!("nobody said {other:?}"),
        }
    }
    steps
}

/// A JSON text without white space between its tokens, its numbers and strings as they are spelled.
fn compact(json: &str) -> String {
    let (mut out, mut within, mut escaped) = (String::new(), false, false);
    for c in json.chars() {
        if within || !c.is_ascii_whitespace() {
            out.push(c);
        }
        within ^= c == '"' && !escaped;
        escaped = within && c == '\\' && !escaped;
    }
    out
}

fn ids(request: &ChatRequest) -> Vec<String> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts
        .filter_map(|part| if let Part::ToolCall(call) = part { Some(call.id.clone()) } else { None })
        .collect()
}

/// Name, description and schema of each tool.
fn tools(request: &ChatRequest) -> Vec<(String, Option<String>, Value)> {
    let tools = request.tools.iter().map(|tool| match tool {
        Tool::Function { name, description, parameters, .. } => {
            let schema = parameters.as_ref().map(|schema| serde_json::from_str(schema.as_str()).unwrap());
            (name.clone(), description.clone(), schema.unwrap_or_default())
        }
        Tool::Native { kind, .. } => panic!("a function became {kind}"),
    });
    tools.collect()
}

/// A request written for `target`, from a client of `source`, and read there as a client's.
fn carried(target: Side, request: &ChatRequest, source: Side) -> Result<ChatRequest, TestCaseError> {
    let (body, losses) = write_request(target, request, "gemini-2.5-pro", source.0.dialect());
    prop_assert!(losses.is_empty(), "{} to {}: {losses}", source.0.dialect(), target.0.dialect());
    read_request(target, &body).map_err(TestCaseError::fail)
}

/// Whether all vendors take an id as it is.
fn is_usual(id: &str) -> bool {
    id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[test]
fn tool_calls_go_from_any_dialect_to_any_other_and_back() {
    hold((conversation(), 0..SPOKEN.len(), 1..SPOKEN.len()), |(request, from, other)| {
        let (here, there) = (SPOKEN[from], SPOKEN[(from + other) % SPOKEN.len()]);
        let asked = carried(here, &request, here)?;
        let crossed = carried(there, &asked, here)?;
        let back = carried(here, &crossed, there)?;
        for (which, arrived) in [("asked", &asked), ("crossed", &crossed), ("back", &back)] {
            prop_assert_eq!(steps(arrived), steps(&request), "{}", which);
            prop_assert_eq!(tools(arrived), tools(&request), "{}", which);
            let (was, is) = (ids(&request), ids(arrived));
            for (was, is) in was.iter().zip(&is).filter(|(was, _)| is_usual(was)) {
                prop_assert_eq!(was, is, "{}", which);
            }
        }
        Ok(())
    });
}
