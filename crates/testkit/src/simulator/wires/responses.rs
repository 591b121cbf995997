//! OpenAI's Responses, after openai-responses-269996cdcd and openai-responses-37bb9747c5 (streams),
//! openai-responses-4c284175e2 (whole), openai-responses-d9347beed9 (an error in a stream).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, PROOF, Plan, Said, ToolCall};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Responses;

impl Writer for Responses {
    fn whole(&self, plan: &Plan) -> Value {
        let items = plan.choices.first().map(|choice| items(choice, plan)).unwrap_or_default();
        response(plan, &items, status(plan), Counts::of(plan, plan.completion_tokens()))
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let begun = json!({"response": response(plan, &[], "in_progress", None)});
        let mut events = vec![
            event(Part::Opening, "response.created", begun.clone()),
            event(Part::Opening, "response.in_progress", begun),
        ];
        let Some(choice) = plan.choices.first() else { return events };
        let items = items(choice, plan);
        let mut open: Option<usize> = None;
        for token in choice.stream() {
            let reasoned = usize::from(!choice.reasoning.is_empty());
            let at = match &token {
                Token::Reasoning(_) => 0,
                Token::Text(_) | Token::Refusal(_) => reasoned,
                Token::CallOpens(at, _) | Token::Arguments(at, _) => reasoned + at,
            };
            if open != Some(at) {
                if let Some(before) = open {
                    events.push(item_event("response.output_item.done", before, items.get(before)));
                }
                let opens = items.get(at).map(opening);
                let part = if open.is_none() { Part::Opening } else { Part::Rest };
                let added = item_event("response.output_item.added", at, opens.as_ref());
                events.push(Event { part, ..added });
                open = Some(at);
            }
            events.push(piece(at, &token));
        }
        if let Some(before) = open {
            events.push(item_event("response.output_item.done", before, items.get(before)));
        }
        if !script.no_finish {
            let counts = Counts::of(plan, plan.completion_tokens() + extra);
            let (status, name) = match status(plan) {
                "incomplete" => ("incomplete", "response.incomplete"),
                status => (status, "response.completed"),
            };
            let whole = response(plan, &items, status, counts);
            events.push(event(Part::Rest, name, json!({"response": whole})));
        }
        events
    }

    fn word(&self, _plan: &Plan, word: &str) -> Event {
        piece(0, &Token::Text(&format!(" {word}")))
    }

    fn last_word(&self) -> Option<Event> {
        None
    }

    fn error(&self, told: &Told) -> Value {
        told.openai()
    }

    fn error_event(&self, told: &Told) -> Event {
        let mut data = told.openai();
        data["type"] = json!("error");
        data["sequence_number"] = json!(2);
        Event::new(Part::Rest, Some("error"), &data)
    }

    fn unknown_event(&self) -> Event {
        event(Part::Opening, "keepalive", json!({}))
    }
}

fn event(part: Part, name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    data["sequence_number"] = json!(0);
    Event::new(part, Some(name), &data)
}

fn item_event(name: &'static str, at: usize, item: Option<&Value>) -> Event {
    event(Part::Rest, name, json!({"output_index": at, "item": item}))
}

fn piece(at: usize, token: &Token<'_>) -> Event {
    let (name, text, said) = match token {
        Token::Reasoning(text) => ("response.reasoning_summary_text.delta", *text, ""),
        Token::Text(text) => ("response.output_text.delta", *text, *text),
        Token::Refusal(text) => ("response.refusal.delta", *text, *text),
        Token::CallOpens(..) => ("response.function_call_arguments.delta", "", ""),
        Token::Arguments(_, text) => ("response.function_call_arguments.delta", *text, ""),
    };
    let mut data = json!({"type": name, "sequence_number": 0, "output_index": at,
        "item_id": format!("item_{at}"), "delta": text});
    match token {
        Token::Reasoning(_) => data["summary_index"] = json!(0),
        Token::Text(_) | Token::Refusal(_) => data["content_index"] = json!(0),
        Token::CallOpens(..) | Token::Arguments(..) => {}
    }
    Event::token(Some(name), &data).saying(said)
}

/// An answer's items as they are at their end.
fn items(choice: &Choice, plan: &Plan) -> Vec<Value> {
    let mut items = Vec::new();
    if !choice.reasoning.is_empty() {
        let text = text_of(&choice.reasoning);
        let mut item = json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]});
        if plan.include_proof {
            item["encrypted_content"] = json!(PROOF);
        }
        items.push(item);
    }
    match &choice.said {
        Said::Text(pieces) => items.push(message(&json!({"type": "output_text", "annotations": [],
            "logprobs": [], "text": text_of(pieces)}))),
        Said::Refusal(pieces) => {
            items.push(message(&json!({"type": "refusal", "refusal": text_of(pieces)})));
        }
        Said::Calls(calls) => items.extend(calls.iter().map(call)),
    }
    for (at, item) in items.iter_mut().enumerate() {
        item["id"] = json!(format!("item_{at}"));
    }
    items
}

fn message(part: &Value) -> Value {
    json!({"type": "message", "status": "completed", "role": "assistant", "content": [part]})
}

fn call(call: &ToolCall) -> Value {
    json!({"type": "function_call", "status": "completed", "call_id": call.id, "name": call.name,
        "arguments": call.arguments.concat()})
}

/// An item as it begins.
fn opening(item: &Value) -> Value {
    let mut item = item.clone();
    for (name, empty) in [("content", json!([])), ("summary", json!([])), ("arguments", json!(""))] {
        if item.get(name).is_some() {
            item[name] = empty;
        }
    }
    if item.get("status").is_some() {
        item["status"] = json!("in_progress");
    }
    item
}

fn status(plan: &Plan) -> &'static str {
    let cut = |choice: &Choice| matches!(choice.finish.as_str(), "length" | "content_filter");
    if plan.choices.first().is_some_and(cut) { "incomplete" } else { "completed" }
}

fn response(plan: &Plan, items: &[Value], status: &str, counts: Option<Counts>) -> Value {
    let incomplete = (status == "incomplete").then(|| {
        let filtered = plan.choices.first().is_some_and(|choice| choice.finish == "content_filter");
        json!({"reason": if filtered { "content_filter" } else { "max_output_tokens" }})
    });
    let usage = counts.map(|counts| {
        json!({"input_tokens": counts.prompt, "input_tokens_details": {"cached_tokens": counts.cached},
            "output_tokens": counts.completion, "output_tokens_details": {"reasoning_tokens": counts.reasoning},
            "total_tokens": counts.total})
    });
    json!({"id": plan.id.replace("chatcmpl-", "resp_"), "object": "response", "created_at": plan.created,
        "status": status, "background": false, "error": null, "incomplete_details": incomplete,
        "instructions": null, "model": plan.model, "output": items, "parallel_tool_calls": true,
        "service_tier": "default", "store": plan.stores, "temperature": 1.0, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "truncation": "disabled", "usage": usage, "metadata": {}})
}
