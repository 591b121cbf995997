//! Answers against what the official SDKs make of them.

use serde_json::{Value, json};
use switchyard_domain::chat::{ChatAnswer, Choice, FinishReason, Part, ToolCallKind};
use switchyard_testkit::corpus::{Exchange, ExpectedCall, ExpectedChoice};

fn joined(choice: &Choice, pick: fn(&Part) -> Option<&str>) -> String {
    choice.parts.iter().filter_map(pick).collect()
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got:?}, expected {expected:?}")) }
}

fn compare_call(got: &switchyard_domain::chat::ToolCall, expected: &ExpectedCall) -> Result<(), String> {
    same("name", &got.name, &expected.name)?;
    let id = expected.id.clone().unwrap_or_default();
    same("id", &got.id, &id)?;
    let parsed = serde_json::from_str::<Value>(&got.arguments);
    let cut = json!({"__unparsed__": got.arguments});
    let empty = got.arguments.trim().is_empty() && expected.arguments == json!({});
    if parsed.as_ref().ok() == Some(&expected.arguments) || cut == expected.arguments || empty {
        return Ok(());
    }
    Err(format!("arguments: got {:?}, expected {}", got.arguments, expected.arguments))
}

pub(crate) fn compare_choice(got: &Choice, expected: &ExpectedChoice) -> Result<(), String> {
    let text = joined(got, |part| if let Part::Text { text } = part { Some(text) } else { None });
    same("text", &text, &expected.text)?;
    let reasoning =
        joined(got, |part| if let Part::Reasoning(reasoning) = part { Some(&reasoning.text) } else { None });
    if let Some(expected) = expected.reasoning.as_ref().filter(|expected| !expected.is_empty()) {
        same("reasoning", &reasoning, expected)?;
    }
    let refusal = joined(got, |part| if let Part::Refusal { text } = part { Some(text) } else { None });
    same("refusal", &refusal, &expected.refusal.clone().unwrap_or_default())?;
    let calls: Vec<_> = got.tool_calls().collect();
    same("number of calls", &calls.len(), &expected.tool_calls.len())?;
    for (got, expected) in calls.iter().zip(&expected.tool_calls) {
        compare_call(got, expected)?;
    }
    let legacy = calls.iter().any(|call| call.kind == ToolCallKind::LegacyFunction);
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

pub(crate) fn compare_usage(got: &ChatAnswer, exchange: &Exchange) -> Result<(), String> {
    let Some(expected) = exchange.expected.usage.as_ref().filter(|usage| !usage.is_empty()) else {
        return same("usage", &got.usage, &None);
    };
    let usage = got.usage.ok_or("no usage")?;
    let count = |name: &str| expected.get(name).copied();
    let totals = (usage.input, usage.output);
    let right = Some(totals) == count("prompt_tokens").zip(count("completion_tokens"))
        || exchange.expected.usage_alt.contains(&totals);
    if !right {
        return Err(format!("usage: got {totals:?}, expected {expected:?}"));
    }
    for (name, got) in [
        ("cached_tokens", usage.cached_input),
        ("reasoning_tokens", usage.reasoning),
        ("cache_write_tokens", usage.cache_write),
    ] {
        if let Some(expected) = count(name) {
            same(name, &got, &expected)?;
        }
    }
    Ok(())
}
