//! Ollama's own chat, after ollama-chat-3b9d8eb143 (stream with a call), ollama-chat-1728e421c4 (whole),
//! ollama-chat-d9d832339b (error).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, Plan, Said, ToolCall};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Ollama;

impl Writer for Ollama {
    fn whole(&self, plan: &Plan) -> Value {
        let mut message = json!({"role": "assistant", "content": ""});
        if let Some(choice) = plan.choices.first() {
            if !choice.reasoning.is_empty() {
                message["thinking"] = json!(text_of(&choice.reasoning));
            }
            match &choice.said {
                Said::Text(pieces) | Said::Refusal(pieces) => message["content"] = json!(text_of(pieces)),
                Said::Calls(calls) => {
                    message["tool_calls"] = json!(calls.iter().map(call).collect::<Vec<_>>());
                }
            }
        }
        last(plan, &message, plan.completion_tokens())
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let Some(choice) = plan.choices.first() else { return Vec::new() };
        let mut events = Vec::new();
        for token in choice.stream() {
            let (message, tokens, said) = match &token {
                Token::Reasoning(text) => {
                    (json!({"role": "assistant", "content": "", "thinking": text}), 1, "")
                }
                Token::Text(text) | Token::Refusal(text) => {
                    (json!({"role": "assistant", "content": text}), 1, *text)
                }
                // A call comes whole.
                Token::CallOpens(_, whole) => (
                    json!({"role": "assistant", "content": "", "tool_calls": [call(whole)]}),
                    1 + whole.arguments.len(),
                    "",
                ),
                Token::Arguments(..) => continue,
            };
            events.push(Event::token(None, &line(plan, &message)).worth(tokens).saying(said));
        }
        if !script.no_finish {
            let message = json!({"role": "assistant", "content": ""});
            let end = last(plan, &message, plan.completion_tokens() + extra);
            events.push(Event::new(Part::Rest, None, &end));
        }
        events
    }

    fn word(&self, plan: &Plan, word: &str) -> Event {
        let text = format!(" {word}");
        let message = json!({"role": "assistant", "content": text});
        Event::token(None, &line(plan, &message)).saying(&text)
    }

    fn last_word(&self) -> Option<Event> {
        None
    }

    fn error(&self, told: &Told) -> Value {
        json!({"error": told.message})
    }

    fn error_event(&self, told: &Told) -> Event {
        Event::new(Part::Rest, None, &self.error(told))
    }

    fn unknown_event(&self) -> Event {
        Event::new(Part::Opening, None, &json!({"status": "loading"}))
    }
}

/// The models, as they are listed.
pub(super) fn tags(names: &[String]) -> Value {
    let model = |name: &String| json!({"name": name, "model": name, "size": 1_000});
    json!({"models": names.iter().map(model).collect::<Vec<_>>()})
}

fn line(plan: &Plan, message: &Value) -> Value {
    json!({"model": plan.model, "created_at": "2026-05-19T09:26:59.678947Z", "message": message, "done": false})
}

fn last(plan: &Plan, message: &Value, completion: usize) -> Value {
    let mut end = line(plan, message);
    end["done"] = json!(true);
    end["done_reason"] = json!(plan.choices.first().map(done_reason));
    end["total_duration"] = json!(2_685_412_125_u64);
    if let Some(counts) = Counts::of(plan, completion) {
        end["prompt_eval_count"] = json!(counts.prompt);
        end["eval_count"] = json!(counts.completion);
    }
    end
}

fn call(call: &ToolCall) -> Value {
    json!({"id": call.id, "function": {"name": call.name, "arguments": call.input()}})
}

fn done_reason(choice: &Choice) -> &str {
    match choice.finish.as_str() {
        // It has no other word for calls.
        "tool_calls" => "stop",
        other => other,
    }
}
