//! Cohere's chat, after cohere-chat-7c9f43dafc (stream), cohere-chat-7e839e216c (whole), cohere-chat-0cd2b5fe23 (calls in a
//! stream), cohere-chat-9a1dba5522 (error), cohere-chat-53400b0038 (an error in a stream).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, Plan, Said, ToolCall};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Cohere;

impl Writer for Cohere {
    fn whole(&self, plan: &Plan) -> Value {
        let mut message = json!({"role": "assistant"});
        let mut finish = Value::Null;
        if let Some(choice) = plan.choices.first() {
            let mut content = Vec::new();
            if !choice.reasoning.is_empty() {
                content.push(json!({"type": "thinking", "thinking": text_of(&choice.reasoning)}));
            }
            match &choice.said {
                Said::Text(pieces) | Said::Refusal(pieces) => {
                    content.push(json!({"type": "text", "text": text_of(pieces)}));
                }
                Said::Calls(calls) => {
                    let calls: Vec<Value> =
                        calls.iter().map(|one| call(one, &one.arguments.concat())).collect();
                    message["tool_calls"] = json!(calls);
                }
            }
            if !content.is_empty() {
                message["content"] = json!(content);
            }
            finish = json!(finish_reason(choice));
        }
        let mut answer = json!({"id": plan.id, "finish_reason": finish, "message": message});
        if let Some(counts) = Counts::of(plan, plan.completion_tokens()) {
            answer["usage"] = usage(&counts);
        }
        answer
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let mut events = vec![event(
            Part::Opening,
            "message-start",
            json!({"id": plan.id, "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "",
                "tool_calls": [], "citations": []}}}),
        )];
        let Some(choice) = plan.choices.first() else { return events };
        let mut open: Option<(&'static str, usize)> = None;
        for token in choice.stream() {
            let (block, start) = match &token {
                Token::Reasoning(_) => {
                    (("content-end", 0), content(&json!({"type": "thinking", "thinking": ""})))
                }
                Token::Text(_) | Token::Refusal(_) => {
                    (("content-end", 1), content(&json!({"type": "text", "text": ""})))
                }
                Token::CallOpens(at, one) => (("tool-call-end", *at), json!({"tool_calls": call(one, "")})),
                Token::Arguments(at, _) => (("tool-call-end", *at), Value::Null),
            };
            if open != Some(block) {
                let part = if open.is_none() { Part::Opening } else { Part::Rest };
                events.extend(open.map(|(end, at)| event(Part::Rest, end, json!({"index": at}))));
                let name = if block.0 == "content-end" { "content-start" } else { "tool-call-start" };
                let counts = matches!(token, Token::CallOpens(..));
                let start = event(if counts { Part::Content } else { part }, name, delta(block.1, &start));
                events.push(start.worth(usize::from(counts)));
                open = Some(block);
            }
            if !matches!(token, Token::CallOpens(..)) {
                events.push(piece(block.1, &token));
            }
        }
        events.extend(open.map(|(end, at)| event(Part::Rest, end, json!({"index": at}))));
        if !script.no_finish {
            let mut end = json!({"finish_reason": finish_reason(choice)});
            if let Some(counts) = Counts::of(plan, plan.completion_tokens() + extra) {
                end["usage"] = usage(&counts);
            }
            events.push(event(Part::Rest, "message-end", json!({"delta": end})));
        }
        events
    }

    fn word(&self, _plan: &Plan, word: &str) -> Event {
        piece(1, &Token::Text(&format!(" {word}")))
    }

    fn last_word(&self) -> Option<Event> {
        Some(Event {
            name: None,
            data: "[DONE]".to_owned(),
            part: Part::Rest,
            tokens: 0,
            text: String::new(),
        })
    }

    fn error(&self, told: &Told) -> Value {
        json!({"id": "2d4609a6-d1f9-4cf4-8d09-af865409bdc2", "message": told.message})
    }

    fn error_event(&self, told: &Told) -> Event {
        let delta = json!({"finish_reason": "ERROR", "error": told.message, "usage": {}});
        event(Part::Rest, "message-end", json!({"delta": delta}))
    }

    fn unknown_event(&self) -> Event {
        event(Part::Opening, "debug", json!({"prompt": "x"}))
    }
}

fn event(part: Part, name: &'static str, mut data: Value) -> Event {
    data["type"] = json!(name);
    Event::new(part, Some(name), &data)
}

fn content(content: &Value) -> Value {
    json!({"content": content})
}

fn delta(index: usize, message: &Value) -> Value {
    json!({"index": index, "delta": {"message": message}})
}

fn piece(index: usize, token: &Token<'_>) -> Event {
    let (name, message, said) = match token {
        Token::Reasoning(text) => ("content-delta", content(&json!({"thinking": text})), ""),
        Token::Text(text) | Token::Refusal(text) => ("content-delta", content(&json!({"text": text})), *text),
        Token::CallOpens(_, one) => ("tool-call-start", json!({"tool_calls": call(one, "")}), ""),
        Token::Arguments(_, text) => {
            ("tool-call-delta", json!({"tool_calls": {"function": {"arguments": text}}}), "")
        }
    };
    let event = event(Part::Content, name, delta(index, &message));
    event.worth(1).saying(said)
}

fn call(call: &ToolCall, arguments: &str) -> Value {
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

fn finish_reason(choice: &Choice) -> &str {
    match choice.finish.as_str() {
        "stop" => "COMPLETE",
        "length" => "MAX_TOKENS",
        "tool_calls" => "TOOL_CALL",
        "content_filter" => "ERROR_TOXIC",
        other => other,
    }
}

fn usage(counts: &Counts) -> Value {
    let tokens = json!({"input_tokens": counts.prompt, "output_tokens": counts.completion});
    json!({"billed_units": tokens, "tokens": tokens, "cached_tokens": counts.cached})
}
