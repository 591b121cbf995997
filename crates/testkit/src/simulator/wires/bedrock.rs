//! Amazon Bedrock's Converse, after bedrock-converse-stream-02aff0b239 (stream), bedrock-converse-2aed188e5e (whole),
//! bedrock-converse-feced96a25 (error).

use serde_json::{Value, json};

use super::super::errors::Told;
use super::super::frame::{Part, Token};
use super::super::plan::{Choice, PROOF, Plan, Said};
use super::super::script::Script;
use super::counts::Counts;
use super::{Event, Writer, text_of};

pub(super) struct Bedrock;

impl Writer for Bedrock {
    fn whole(&self, plan: &Plan) -> Value {
        let mut content = Vec::new();
        let mut reason = Value::Null;
        if let Some(choice) = plan.choices.first() {
            if !choice.reasoning.is_empty() {
                let text = text_of(&choice.reasoning);
                let text = json!({"text": text, "signature": PROOF});
                content.push(json!({"reasoningContent": {"reasoningText": text}}));
            }
            match &choice.said {
                Said::Text(pieces) | Said::Refusal(pieces) => content.push(json!({"text": text_of(pieces)})),
                Said::Calls(calls) => content.extend(calls.iter().map(|call| {
                    json!({"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.input()}})
                })),
            }
            reason = json!(stop_reason(choice));
        }
        let mut answer = json!({"metrics": {"latencyMs": 250}, "stopReason": reason,
            "output": {"message": {"role": "assistant", "content": content}}});
        if let Some(counts) = Counts::of(plan, plan.completion_tokens()) {
            answer["usage"] = usage(&counts);
        }
        answer
    }

    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event> {
        let mut events = vec![event(Part::Opening, "messageStart", json!({"role": "assistant"}))];
        let Some(choice) = plan.choices.first() else { return events };
        let mut index = 0;
        let mut open = None;
        for token in choice.stream() {
            let (block, start) = match &token {
                Token::Reasoning(_) => (0, None),
                Token::Text(_) | Token::Refusal(_) => (1, None),
                Token::CallOpens(at, call) => (2 + at, Some(*call)),
                Token::Arguments(at, _) => (2 + at, None),
            };
            if open != Some(block) {
                if open == Some(0) {
                    let proof = json!({"reasoningContent": {"signature": PROOF}});
                    let data = json!({"contentBlockIndex": index, "delta": proof});
                    events.push(event(Part::Rest, "contentBlockDelta", data));
                }
                if open.is_some() {
                    events.push(event(Part::Rest, "contentBlockStop", json!({"contentBlockIndex": index})));
                    index += 1;
                }
                open = Some(block);
            }
            match start {
                // Only calls begin with a word of their own.
                Some(call) => {
                    let start = json!({"contentBlockIndex": index,
                        "start": {"toolUse": {"toolUseId": call.id, "name": call.name}}});
                    events.push(event(Part::Content, "contentBlockStart", start).worth(1));
                }
                None => events.push(piece(index, &token)),
            }
        }
        events.push(event(Part::Rest, "contentBlockStop", json!({"contentBlockIndex": index})));
        if !script.no_finish {
            events.push(event(Part::Rest, "messageStop", json!({"stopReason": stop_reason(choice)})));
        }
        if let Some(counts) = Counts::of(plan, plan.completion_tokens() + extra) {
            let data = json!({"usage": usage(&counts), "metrics": {"latencyMs": 250}});
            events.push(event(Part::Rest, "metadata", data));
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
        json!({"message": told.message})
    }

    fn error_event(&self, told: &Told) -> Event {
        let name = match told.status {
            429 => "throttlingException",
            400..500 => "validationException",
            503 => "serviceUnavailableException",
            _ => "internalServerException",
        };
        Event::new(Part::Rest, Some(name), &self.error(told))
    }

    fn unknown_event(&self) -> Event {
        event(Part::Opening, "somethingNew", json!({}))
    }
}

/// The class of an error, as its header says it.
pub(super) fn exception(status: u16) -> &'static str {
    match status {
        401 => "UnrecognizedClientException",
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        429 => "ThrottlingException",
        400..500 => "ValidationException",
        503 => "ServiceUnavailableException",
        _ => "InternalServerException",
    }
}

/// The models, as the host beside lists them.
pub(super) fn listing(names: &[String]) -> Value {
    let model = |name: &String| {
        json!({"modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{name}"), "modelId": name,
            "modelName": name, "providerName": "simulator"})
    };
    json!({"modelSummaries": names.iter().map(model).collect::<Vec<_>>()})
}

/// Payloads are padded by random lengths.
fn event(part: Part, name: &'static str, mut data: Value) -> Event {
    data["p"] = json!("abcdefgh");
    Event::new(part, Some(name), &data)
}

fn piece(index: usize, token: &Token<'_>) -> Event {
    let (delta, said) = match token {
        Token::Reasoning(text) => (json!({"reasoningContent": {"text": text}}), ""),
        Token::Text(text) | Token::Refusal(text) => (json!({"text": text}), *text),
        Token::Arguments(_, text) => (json!({"toolUse": {"input": text}}), ""),
        Token::CallOpens(..) => (json!({"toolUse": {"input": ""}}), ""),
    };
    let data = json!({"contentBlockIndex": index, "delta": delta});
    event(Part::Content, "contentBlockDelta", data).worth(1).saying(said)
}

fn stop_reason(choice: &Choice) -> &str {
    match choice.finish.as_str() {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "content_filtered",
        other => other,
    }
}

/// `inputTokens` leaves out what came from the cache.
fn usage(counts: &Counts) -> Value {
    json!({"inputTokens": counts.prompt - counts.cached, "cacheReadInputTokens": counts.cached,
        "cacheWriteInputTokens": 0, "outputTokens": counts.completion, "totalTokens": counts.total})
}
