//! Answers against what the official SDKs make of them.

use serde_json::{Value, json};
use switchyard_domain::chat::{Choice, FinishReason, Part, ToolCall, ToolCallKind};
use switchyard_testkit::corpus::{ExpectedCall, ExpectedChoice};

use crate::expected::same;

fn joined(choice: &Choice, pick: fn(&Part) -> Option<&str>) -> String {
    choice.parts.iter().filter_map(pick).collect()
}

fn compare_call(got: &ToolCall, expected: &ExpectedCall, makes_ids: bool) -> Result<(), String> {
    same("name", &got.name, &expected.name)?;
    match &expected.id {
        Some(id) => same("id", &got.id, id)?,
        None => same("whether there is an id", &!got.id.is_empty(), &makes_ids)?,
    }
    let parsed = serde_json::from_str::<Value>(&got.arguments);
    let cut = json!({"__unparsed__": got.arguments});
    let empty = got.arguments.trim().is_empty() && expected.arguments == json!({});
    if parsed.as_ref().ok() == Some(&expected.arguments) || cut == expected.arguments || empty {
        return Ok(());
    }
    Err(format!("arguments: got {:?}, expected {}", got.arguments, expected.arguments))
}

pub(crate) fn compare_text(got: &Choice, expected: &ExpectedChoice) -> Result<(), String> {
    let text = joined(got, |part| if let Part::Text { text } = part { Some(text) } else { None });
    same("text", &text, &expected.text)?;
    let refusal = joined(got, |part| if let Part::Refusal { text } = part { Some(text) } else { None });
    same("refusal", &refusal, &expected.refusal.clone().unwrap_or_default())
}

/// The reasoning, where the SDK shows it.
pub(crate) fn compare_reasoning(got: &Choice, expected: &ExpectedChoice) -> Result<(), String> {
    let Some(expected) = expected.reasoning.as_ref().filter(|expected| !expected.is_empty()) else {
        return Ok(());
    };
    let reasoning =
        joined(got, |part| if let Part::Reasoning(reasoning) = part { Some(&reasoning.text) } else { None });
    same("reasoning", &reasoning, expected)
}

/// `makes_ids` says that a call to which the provider gave no id has one of ours.
pub(crate) fn compare_calls(got: &Choice, expected: &ExpectedChoice, makes_ids: bool) -> Result<(), String> {
    let calls: Vec<_> = got.tool_calls().collect();
    same("number of calls", &calls.len(), &expected.tool_calls.len())?;
    calls
        .iter()
        .zip(&expected.tool_calls)
        .try_for_each(|(got, expected)| compare_call(got, expected, makes_ids))
}

pub(crate) fn compare_finish(got: &Choice, expected: &ExpectedChoice) -> Result<(), String> {
    let legacy = got.tool_calls().any(|call| call.kind == ToolCallKind::LegacyFunction);
    let word = got.finish.as_ref().map(|reason| {
        let word = match reason {
            FinishReason::Stop | FinishReason::StopSequence(_) => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls if legacy => "function_call",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::ContentFilter => "content_filter",
            FinishReason::Error => "error",
            FinishReason::Other(word) => word,
        };
        word.to_owned()
    });
    if expected.finish_accept.contains(&word) {
        return Ok(());
    }
    Err(format!("finish: got {word:?}, expected one of {:?}", expected.finish_accept))
}
