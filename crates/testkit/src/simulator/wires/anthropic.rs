//! Anthropic's messages, after anthropic-messages-4207b3d2fa (stream), anthropic-messages-077a8b59aa (whole),
//! anthropic-messages-059575b787 (error).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, PROOF, Plan, Said};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Anthropic;

impl Writer for Anthropic {
    fn whole(&self, plan: &Plan) -> Value {
        let mut content = Vec::new();
        let mut reason = Value::Null;
        if let Some(choice) = plan.choices.first() {
            if !choice.reasoning.is_empty() {
                content.push(
                    json!({"type": "thinking", "thinking": text_of(&choice.reasoning), "signature": PROOF}),
                );
            }
            match &choice.said {
                Said::Text(pieces) | Said::Refusal(pieces) => {
                    content.push(json!({"type": "text", "text": text_of(pieces)}));
                }
                Said::Calls(calls) => content.extend(calls.iter().map(|call| {
                    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.input()})
                })),
            }
            reason = json!(stop_reason(choice));
        }
        let mut message = json!({"model": plan.model, "id": plan.id, "type": "message", "role": "assistant",
            "content": content, "stop_reason": reason, "stop_sequence": null});
        if let Some(counts) = Counts::of(plan, plan.completion_tokens()) {
            message["usage"] = usage(&counts);
        }
        message
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let mut events = vec![event(
            Part::Opening,
            "message_start",
            json!({"message": {"model": plan.model, "id": plan.id, "type": "message", "role": "assistant",
                "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": Counts::of(plan, 0).map_or(json!({}), |counts| usage(&Counts { completion: 1, ..counts }))}}),
        )];
        let Some(choice) = plan.choices.first() else { return events };
        let mut index = 0;
        let mut open = None;
        for token in choice.stream() {
            let block = match &token {
                Token::Reasoning(_) => (0, json!({"type": "thinking", "thinking": "", "signature": ""})),
                Token::Text(_) | Token::Refusal(_) => (1, json!({"type": "text", "text": ""})),
                Token::CallOpens(at, call) => {
                    (2 + at, json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}))
                }
                Token::Arguments(at, _) => (2 + at, Value::Null),
            };
            if open != Some(block.0) {
                if open == Some(0) {
                    let proof = json!({"type": "signature_delta", "signature": PROOF});
                    let proof = json!({"index": index, "delta": proof});
                    events.push(event(Part::Rest, "content_block_delta", proof));
                }
                if open.is_some() {
                    events.push(event(Part::Rest, "content_block_stop", json!({"index": index})));
                    index += 1;
                }
                let part = if open.is_none() { Part::Opening } else { Part::Rest };
                events.push(event(
                    part,
                    "content_block_start",
                    json!({"index": index, "content_block": block.1}),
                ));
                open = Some(block.0);
            }
            events.push(piece(index, &token));
        }
        let opens_nothing = open.is_none();
        if opens_nothing {
            let block = json!({"index": 0, "content_block": {"type": "text", "text": ""}});
            events.push(event(Part::Opening, "content_block_start", block));
        }
        events.push(event(Part::Rest, "content_block_stop", json!({"index": index})));
        if !script.no_finish {
            let mut end = json!({"delta": {"stop_reason": stop_reason(choice), "stop_sequence": null}});
            if let Some(counts) = Counts::of(plan, plan.completion_tokens() + extra) {
                end["usage"] = counted(&counts);
            }
            events.push(event(Part::Rest, "message_delta", end));
        }
        events
    }

    fn word(&self, _plan: &Plan, word: &str) -> Event {
        piece(0, &Token::Text(&format!(" {word}")))
    }

    fn last_word(&self) -> Option<Event> {
        Some(event(Part::Rest, "message_stop", json!({})))
    }

    fn error(&self, told: &Told) -> Value {
        json!({"type": "error", "error": {"type": word(told), "message": told.message}, "request_id": "req_sim"})
    }

    fn error_event(&self, told: &Told) -> Event {
        Event::new(Part::Rest, Some("error"), &self.error(told))
    }

    fn unknown_event(&self) -> Event {
        event(Part::Opening, "ping", json!({}))
    }
}

fn event(part: Part, name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    Event::new(part, Some(name), &data)
}

fn piece(index: usize, token: &Token<'_>) -> Event {
    let (delta, said) = match token {
        Token::Reasoning(text) => (json!({"type": "thinking_delta", "thinking": text}), ""),
        Token::Text(text) | Token::Refusal(text) => (json!({"type": "text_delta", "text": text}), *text),
        Token::CallOpens(..) => (json!({"type": "input_json_delta", "partial_json": ""}), ""),
        Token::Arguments(_, text) => (json!({"type": "input_json_delta", "partial_json": text}), ""),
    };
    let data = json!({"type": "content_block_delta", "index": index, "delta": delta});
    Event::token(Some("content_block_delta"), &data).saying(said)
}

fn stop_reason(choice: &Choice) -> &str {
    match (choice.finish.as_str(), &choice.said) {
        ("length", _) => "max_tokens",
        ("content_filter", _) | (_, Said::Refusal(_)) => "refusal",
        (_, Said::Calls(_)) => "tool_use",
        ("stop", _) => "end_turn",
        (other, _) => other,
    }
}

fn usage(counts: &Counts) -> Value {
    let mut usage = counted(counts);
    usage["service_tier"] = json!("standard");
    usage
}

/// `input_tokens` leaves out what came from the cache.
fn counted(counts: &Counts) -> Value {
    json!({"input_tokens": counts.prompt - counts.cached, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counts.cached, "output_tokens": counts.completion})
}

fn word(told: &Told) -> &str {
    if let Some(kind) = &told.scripted_kind {
        return kind;
    }
    match told.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}
