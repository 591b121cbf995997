//! Google's `generateContent`, after google-streamgeneratecontent-3167daf599 (stream), google-generatecontent-4ff261fbb0
//! (whole), google-generatecontent-07b7fd3e49 (a call), google-batchembedcontents-b303ea9c74 (error).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, PROOF, Plan, Said, ToolCall};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Gemini;

impl Writer for Gemini {
    fn whole(&self, plan: &Plan) -> Value {
        let mut parts = Vec::new();
        let mut finish = Value::Null;
        if let Some(choice) = plan.choices.first() {
            let reasoned = usize::from(!choice.reasoning.is_empty());
            if reasoned > 0 {
                parts.push(json!({"text": text_of(&choice.reasoning), "thought": true}));
            }
            match &choice.said {
                Said::Text(pieces) | Said::Refusal(pieces) => parts.push(json!({"text": text_of(pieces)})),
                Said::Calls(calls) => parts.extend(calls.iter().map(call)),
            }
            if let Some(first) = parts.get_mut(reasoned).filter(|_| reasoned > 0) {
                first["thoughtSignature"] = json!(PROOF);
            }
            finish = json!(finish_reason(choice));
        }
        answer(plan, &parts, &finish, plan.completion_tokens())
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let Some(choice) = plan.choices.first() else { return Vec::new() };
        let mut events: Vec<Event> = Vec::new();
        let reasoned = !choice.reasoning.is_empty();
        for token in choice.stream() {
            let so_far = events.iter().map(|event| event.tokens).sum::<u64>() as usize;
            let (mut part, tokens, said) = match &token {
                Token::Reasoning(text) => (json!({"text": text, "thought": true}), 1, ""),
                Token::Text(text) | Token::Refusal(text) => (json!({"text": text}), 1, *text),
                // A call comes whole.
                Token::CallOpens(_, whole) => (call(whole), 1 + whole.arguments.len(), ""),
                Token::Arguments(..) => continue,
            };
            // The first of several calls has the proof of all.
            if matches!(token, Token::CallOpens(0, _)) && reasoned {
                part["thoughtSignature"] = json!(PROOF);
            }
            let data = answer(plan, &[part], &Value::Null, so_far + tokens);
            events.push(Event::token(None, &data).worth(tokens).saying(said));
        }
        if !script.no_finish {
            let all = plan.completion_tokens() + extra;
            let mut part = json!({"text": ""});
            if reasoned && !matches!(choice.said, Said::Calls(_)) {
                part["thoughtSignature"] = json!(PROOF);
            }
            let data = answer(plan, &[part], &json!(finish_reason(choice)), all);
            events.push(Event::new(Part::Rest, None, &data));
        }
        events
    }

    fn word(&self, plan: &Plan, word: &str) -> Event {
        let text = format!(" {word}");
        Event::token(None, &answer(plan, &[json!({"text": text})], &Value::Null, 1)).saying(&text)
    }

    fn last_word(&self) -> Option<Event> {
        None
    }

    fn error(&self, told: &Told) -> Value {
        json!({"error": {"code": told.status, "message": told.message, "status": word(told.status)}})
    }

    fn error_event(&self, told: &Told) -> Event {
        Event::new(Part::Rest, None, &self.error(told))
    }

    fn unknown_event(&self) -> Event {
        Event::new(Part::Opening, None, &json!({"usageMetadata": {"trafficType": "ON_DEMAND"}}))
    }
}

/// The models, as Google's own service lists them.
pub(super) fn listing(names: &[String]) -> Value {
    let model = |name: &String| json!({"name": format!("models/{name}"), "displayName": name});
    json!({"models": names.iter().map(model).collect::<Vec<_>>()})
}

/// The models of all makers, as Vertex lists them.
pub(super) fn publishers(names: &[String]) -> Value {
    let model =
        |name: &String| json!({"name": format!("publishers/google/models/{name}"), "versionId": "default"});
    json!({"publisherModels": names.iter().map(model).collect::<Vec<_>>()})
}

fn answer(plan: &Plan, parts: &[Value], finish: &Value, completion: usize) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if !finish.is_null() {
        candidate["finishReason"] = finish.clone();
    }
    let mut answer = json!({"candidates": [candidate], "modelVersion": plan.model, "responseId": plan.id});
    if let Some(counts) = Counts::of(plan, completion) {
        answer["usageMetadata"] = json!({"promptTokenCount": counts.prompt,
            "candidatesTokenCount": counts.completion - counts.reasoning, "totalTokenCount": counts.total,
            "cachedContentTokenCount": counts.cached, "thoughtsTokenCount": counts.reasoning});
    }
    answer
}

fn call(call: &ToolCall) -> Value {
    json!({"functionCall": {"name": call.name, "args": call.input(), "id": call.id}})
}

fn finish_reason(choice: &Choice) -> &str {
    match choice.finish.as_str() {
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        // It has no other word for calls.
        "stop" | "tool_calls" => "STOP",
        other => other,
    }
}

fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        400..500 => "INVALID_ARGUMENT",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}
