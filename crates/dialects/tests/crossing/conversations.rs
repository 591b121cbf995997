//! Conversations with tools, made at random, of what every dialect can say.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use switchyard_domain::chat::{
    ChatRequest, Json, Message, Part, Role, Tool, ToolCall, ToolCallKind, ToolResult,
};

use crate::text::filled;
use crate::values::object;

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z_][a-zA-Z0-9_-]{0,20}", "[a-z]{64}"]
}

/// Ids as the vendors give them, and a few that only some of them would take.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(call_|toolu_01|fc_|)[a-zA-Z0-9_-]{1,24}",
        1 => "[a-zA-Z0-9]{9}",
        1 => "[a-z|:/. é]{1,80}",
    ]
}

/// One call with its result.
type Called = (String, String, String, String);

fn said() -> impl Strategy<Value = String> {
    prop_oneof![4 => filled(), 1 => object()]
}

/// One turn of the model: what it says, what it calls and is told, and what the user says then.
type Turn = (Option<String>, Vec<Called>, Vec<usize>, Option<String>);

fn turn() -> impl Strategy<Value = Turn> {
    let calls = vec((id(), name(), object(), said()), 1..4);
    // Results need not come in the order of their calls.
    let order = prop_oneof![Just(vec![0, 1, 2]), Just(vec![2, 0, 1])];
    (option::of(filled()), calls, order, option::of(filled()))
}

fn tool() -> impl Strategy<Value = Tool> {
    let types = select(vec!["string", "number", "integer", "boolean", "array", "object"]);
    let schema = vec(("[a-z_]{1,8}", types, option::of(filled())), 0..4).prop_map(|members| {
        let mut schema = json!({"type": "object", "properties": {}});
        for (name, kind, description) in members {
            schema["properties"][&name] = json!({ "type": kind });
            if kind == "array" {
                schema["properties"][&name]["items"] = json!({"type": "string"});
            }
            if let Some(text) = description {
                schema["properties"][&name]["description"] = json!(text);
            }
            schema["required"] = json!([name]);
        }
        Json::parse(schema.to_string()).unwrap()
    });
    (name(), option::of(filled()), schema).prop_map(|(name, description, parameters)| Tool::Function {
        name,
        description,
        parameters: Some(parameters),
        strict: None,
        cache: None,
        extensions: Vec::new(),
    })
}

fn messages(first: String, turns: Vec<Turn>) -> Vec<Message> {
    let mut messages = vec![Message::text(Role::User, first)];
    for (at, (text, called, order, then)) in turns.into_iter().enumerate() {
        let mut parts: Vec<Part> = text.map(|text| Part::Text { text }).into_iter().collect();
        // Ids tell calls apart, so no two may be the same.
        let id = |index: usize, id: &str| format!("{id}{at}{index}");
        for (index, (call_id, name, arguments, _)) in called.iter().enumerate() {
            parts.push(Part::ToolCall(ToolCall {
                id: id(index, call_id),
                name: name.clone(),
                arguments: arguments.clone(),
                kind: ToolCallKind::Function,
                signature: None,
            }));
        }
        messages.push(Message { role: Role::Assistant, parts, name: None, extensions: Vec::new() });
        for index in order.into_iter().filter(|index| *index < called.len()) {
            let (call_id, _, _, said) = &called[index];
            let result = Part::ToolResult(ToolResult {
                call_id: id(index, call_id),
                content: vec![Part::Text { text: said.clone() }],
                is_error: false,
                name: None,
            });
            messages.push(Message {
                role: Role::Tool,
                parts: vec![result],
                name: None,
                extensions: Vec::new(),
            });
        }
        messages.extend(then.map(|text| Message::text(Role::User, text)));
    }
    messages
}

/// A conversation with its tools.
pub(crate) fn conversation() -> impl Strategy<Value = ChatRequest> {
    (filled(), vec(turn(), 1..3), vec(tool(), 1..4)).prop_map(|(first, turns, mut tools)| {
        // Vendors refuse two tools of one name.
        let mut names = std::collections::HashSet::new();
        tools.retain(|tool| matches!(tool, Tool::Function { name, .. } if names.insert(name.clone())));
        ChatRequest {
            model: "m".to_owned(),
            messages: messages(first, turns),
            tools,
            max_output_tokens: Some(1000),
            ..ChatRequest::default()
        }
    })
}
