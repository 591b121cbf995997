//! What an answer says in every dialect that can say it.

use serde_json::Value;
use std::collections::HashSet;
use switchyard_domain::chat::{ChatAnswer, Part, ToolCall, ToolCallKind};

/// The text and the tool calls of the only choice.
#[derive(Debug, PartialEq)]
pub(crate) struct Gist {
    pub(crate) text: String,
    /// Id, name and arguments.
    pub(crate) calls: Vec<(String, String, Value)>,
}

/// The gist of an answer, if every dialect can carry it: there is one choice, arguments are objects, and ids tell the calls
/// apart.
pub(crate) fn of(answer: &ChatAnswer) -> Option<Gist> {
    let [choice] = &answer.choices[..] else { return None };
    let spoken = |part: &Part| matches!(part, Part::Text { .. } | Part::ToolCall(_) | Part::Reasoning(_));
    if !choice.parts.iter().all(spoken) {
        return None;
    }
    let calls: Vec<_> = choice.tool_calls().map(call).collect::<Option<_>>()?;
    let ids: HashSet<&String> = calls.iter().map(|(id, ..)| id).collect();
    (ids.len() == calls.len()).then(|| Gist { text: choice.text(), calls })
}

/// A call of a function whose arguments are an object.
pub(crate) fn call(call: &ToolCall) -> Option<(String, String, Value)> {
    let arguments: Value = serde_json::from_str(&call.arguments).ok()?;
    let usual = call.kind == ToolCallKind::Function && arguments.is_object() && !call.id.is_empty();
    (usual && !call.name.is_empty()).then(|| (call.id.clone(), call.name.clone(), arguments))
}
