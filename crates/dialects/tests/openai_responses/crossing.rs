//! From and to the other dialect of OpenAI, and proofs on their way through clients of both.

use serde_json::{Value, json};
use switchyard_dialects::codec::{Address, AnswerForm, ClientCodec, ProviderCodec};
use switchyard_dialects::openai_chat::request::{DocumentForm, TargetFacts};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{
    ChatAnswer, ChatRequest, Dialect, FinishReason, LossReport, Part, Role, TokenUsage, Tool, ToolChoice,
    ToolChoiceMode,
};
use switchyard_testkit::corpus;

use crate::corpus_answers::{DIALECT, collect, decode, decode_stream, events_of};
use crate::corpus_requests::read;
use crate::rewriting::{FORM, write_stream};
use crate::score::Score;

fn read_chat(body: &str) -> ChatRequest {
    let document = Document::scan(body.to_owned().into(), ScanLimits::default()).unwrap();
    OpenAiChatClient.decode(&document, Address::default()).unwrap()
}

/// What must survive: who said what, with which pictures, calls and results.
fn gist(request: &ChatRequest) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for message in &request.messages {
        for part in &message.parts {
            said.push(match part {
                Part::Text { text } if !text.is_empty() => (format!("{:?}", message.role), text.clone()),
                Part::Refusal { text } => ("refusal".to_owned(), text.clone()),
                Part::Image { source, .. } => ("image".to_owned(), format!("{source:?}")),
                Part::Document(document) => ("document".to_owned(), format!("{:?}", document.source)),
                Part::Audio(audio) => ("audio".to_owned(), audio.base64.clone()),
                Part::ToolCall(call) => {
                    ("call".to_owned(), format!("{} {} {}", call.id, call.name, call.arguments))
                }
                Part::ToolResult(result) => {
                    let texts = result.content.iter().filter_map(|part| {
                        if let Part::Text { text } = part { Some(text.as_str()) } else { None }
                    });
                    ("result".to_owned(), format!("{} {}", result.call_id, texts.collect::<String>()))
                }
                _ => continue,
            });
        }
    }
    said
}

fn has_native(request: &ChatRequest) -> bool {
    let mut said = request.messages.iter().filter(|message| message.role == Role::User);
    said.any(|message| message.parts.iter().any(|part| matches!(part, Part::Native { .. })))
}

fn from_chat(body: &str) -> Result<(), String> {
    let request = read_chat(body);
    let mut losses = LossReport::default();
    let written = OpenAiResponses::PLAIN.encode(&request, "m", Dialect::OPENAI_CHAT, &mut losses);
    let written = match written {
        Ok(written) => written,
        // Several choices, and choices of tools in other forms, can't be asked for.
        Err(refused) if ["n", "tool_choice"].map(Some).contains(&refused.param.as_deref()) => return Ok(()),
        // Nor can what a user says in a form of that dialect alone.
        Err(refused) if has_native(&request) && refused.to_string().contains("would be lost") => {
            return Ok(());
        }
        Err(refused) => return Err(refused.to_string()),
    };
    let again = read(&written);
    let (got, expected) = (gist(&again), gist(&request));
    if got != expected {
        return Err(format!("got {got:?}, expected {expected:?}"));
    }
    let functions = |request: &ChatRequest| {
        let tools = request.tools.iter();
        tools.filter(|tool| matches!(tool, Tool::Function { .. })).count()
    };
    let same = functions(&again) == functions(&request)
        && again.max_output_tokens == request.max_output_tokens
        && again.response_format == request.response_format
        && again.sampling.temperature == request.sampling.temperature;
    if same { Ok(()) } else { Err(format!("parameters: {again:?}")) }
}

#[test]
fn recorded_requests_of_the_other_dialect_keep_what_they_say() {
    let mut score = Score::default();
    for exchange in corpus::openai_chat().unwrap() {
        let Some(body) = exchange.request.as_ref().filter(|_| exchange.response.status == 200) else {
            continue;
        };
        // Ids of calls are absent in the first form of function calling.
        if !exchange.has("legacy_functions") {
            score.note(exchange.provider(), &exchange.id, from_chat(body.get()));
        }
    }
    score.settle("requests of the other dialect", 708, &[]);
}

fn to_chat(request: &ChatRequest) -> Result<(), String> {
    let facts = TargetFacts {
        documents: DocumentForm::FileData,
        media_in_results: true,
        ..OpenAiChat::PLAIN.requests
    };
    let vendor = OpenAiChat { requests: facts, ..OpenAiChat::PLAIN };
    let mut losses = LossReport::default();
    let written = vendor.encode(request, "m", Dialect::OPENAI_RESPONSES, &mut losses);
    let held = ["previous_response_id", "conversation", "prompt", "background"];
    let needs = held.iter().find(|name| {
        request.extensions.iter().any(|(known, value)| known == *name && value.as_str() != "false")
    });
    let is_native = |tool: &Tool| matches!(tool, Tool::Native { .. });
    let forces_native = match &request.tool_choice {
        Some(ToolChoice::Native(_)) => true,
        Some(ToolChoice::Mode(ToolChoiceMode::Required)) => request.tools.iter().all(is_native),
        _ => false,
    };
    let written = match (written, needs) {
        (Err(refused), None) if forces_native && refused.param.as_deref() == Some("tool_choice") => {
            return Ok(());
        }
        (Ok(_), _) if forces_native => return Err("the tool that must be called was left out".to_owned()),
        (Err(refused), Some(name)) if refused.param.as_deref() == Some(*name) => return Ok(()),
        (Err(refused), _) => return Err(refused.to_string()),
        (Ok(_), Some(name)) => return Err(format!("{name} was left out")),
        (Ok(written), None) => written,
    };
    let again = read_chat(str::from_utf8(&written).unwrap());
    // There, what a message says stands before its calls.
    let sorted = |request: &ChatRequest| {
        let mut said = gist(request);
        said.sort();
        said
    };
    let (got, expected) = (sorted(&again), sorted(request));
    if got != expected {
        return Err(format!("got {got:?}, expected {expected:?}"));
    }
    let silent = again.messages.iter().any(|message| message.role == Role::User && message.parts.is_empty());
    if silent { Err("a message of nothing".to_owned()) } else { Ok(()) }
}

#[test]
fn recorded_requests_keep_what_they_say_in_the_other_dialect_or_are_refused() {
    let mut score = Score::default();
    for exchange in corpus::of(DIALECT).unwrap() {
        let Some(body) = exchange.request.as_ref() else { continue };
        score.note(exchange.provider(), &exchange.id, to_chat(&read(body.get().as_bytes())));
    }
    score.settle("requests for the other dialect", 309, &[]);
}

#[test]
fn a_usual_client_of_this_dialect_loses_nothing_to_the_other() {
    let body = json!({"model": "m", "store": false, "include": ["reasoning.encrypted_content"], "stream": true,
        "instructions": "i", "truncation": "disabled", "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]},
            {"type": "message", "id": "msg_1", "status": "completed", "phase": "commentary", "role": "assistant",
                "content": [{"type": "output_text", "text": "a", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "id": "fco_1", "call_id": "c", "output": "o"}]});
    let mut losses = LossReport::default();
    let request = read(body.to_string().as_bytes());
    let written = OpenAiChat::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
    assert_eq!(losses.to_string(), "");
    let written: Value = serde_json::from_slice(&written).unwrap();
    let expected = json!([
        {"role": "system", "content": "i"}, {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "o"}
    ]);
    assert_eq!(written["messages"], expected);
}

#[test]
fn what_leans_on_the_provider_is_refused_by_the_other_dialect() {
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!("conv_1")),
        ("prompt", json!({"id": "pmpt_1"})),
        ("background", json!(true)),
        ("input", json!([{"type": "item_reference", "id": "msg_1"}])),
        ("input", json!([{"id": "msg_1"}])),
        (
            "input",
            json!([{"type": "compaction", "encrypted_content": "g"}, {"role": "user", "content": "q"}]),
        ),
    ] {
        let mut body = json!({"model": "m", "input": "q"});
        body[name] = value;
        let request = read(body.to_string().as_bytes());
        let mut losses = LossReport::default();
        let refused = OpenAiChat::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses);
        let param = refused.unwrap_err().param.unwrap();
        assert_eq!(param, if name == "input" { "messages[0]" } else { name });
        let own =
            OpenAiResponses::PLAIN.encode(&request, "m", Dialect::OPENAI_RESPONSES, &mut losses).unwrap();
        let own: Value = serde_json::from_slice(&own).unwrap();
        assert!(name == "input" || own[name] == body[name], "{own}");
    }
}

/// The reasoning items of an answer, as the provider wrote them.
fn reasoning_of(answer: &ChatAnswer) -> Vec<String> {
    let proofs = answer.choices[0].parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => reasoning.signature.as_ref().map(|signature| signature.value.clone()),
        _ => None,
    });
    proofs.collect()
}

/// The next request of a client that keeps what it is given, in this dialect.
fn next_of(output: &Value, answer: &ChatAnswer) -> ChatRequest {
    let mut input = output.as_array().unwrap().clone();
    for call in answer.choices[0].tool_calls() {
        input.push(json!({"type": "function_call_output", "call_id": call.id, "output": "ok"}));
    }
    read(json!({"model": "m", "input": input}).to_string().as_bytes())
}

fn goes_back(request: &ChatRequest, source: Dialect, proofs: &[String]) -> Result<(), String> {
    let mut losses = LossReport::default();
    let body = OpenAiResponses::PLAIN
        .encode(request, "m", source, &mut losses)
        .map_err(|error| error.to_string())?;
    if losses.to_string().contains("signature") {
        return Err(format!("told as lost: {losses}"));
    }
    let text = str::from_utf8(&body).unwrap();
    let written: Value = serde_json::from_str(text).unwrap();
    let items = written["input"].as_array().unwrap();
    for proof in proofs {
        // A client of this dialect reads the item and writes it again, with its members in another order.
        let item: Value = serde_json::from_str(proof).unwrap();
        let is_there = match source {
            Dialect::OPENAI_RESPONSES => items.contains(&item),
            _ => text.contains(proof.as_str()),
        };
        if !is_there {
            return Err(format!("{proof} is not in {text}"));
        }
    }
    Ok(())
}

#[test]
fn proofs_go_back_to_their_maker_byte_for_byte_through_any_client() {
    let mut score = Score::default();
    for exchange in corpus::of(DIALECT).unwrap() {
        let proven = exchange.expected.ok == Some(true)
            && !decode(&exchange).map_or(Vec::new(), |answer| reasoning_of(&answer)).is_empty();
        if !proven {
            continue;
        }
        let answer = decode(&exchange).unwrap();
        let proofs = reasoning_of(&answer);
        let whole: Value = serde_json::from_slice(&OpenAiResponsesClient.encode(&answer, &FORM)).unwrap();
        let outcome = goes_back(&next_of(&whole["output"], &answer), Dialect::OPENAI_RESPONSES, &proofs);
        score.note(exchange.provider(), &format!("{} whole", exchange.id), outcome);
        if exchange.stream {
            let body = write_stream(&decode_stream(&exchange.response.body).unwrap(), &FORM);
            let last: Value = serde_json::from_slice(&events_of(&body).last().unwrap().1).unwrap();
            let outcome =
                goes_back(&next_of(&last["response"]["output"], &answer), Dialect::OPENAI_RESPONSES, &proofs);
            score.note(exchange.provider(), &format!("{} stream", exchange.id), outcome);
        }
        let form = AnswerForm { fallback_id: "chatcmpl-1", ..FORM };
        let chat: Value = serde_json::from_slice(&OpenAiChatClient.encode(&answer, &form)).unwrap();
        let mut messages = vec![chat["choices"][0]["message"].clone()];
        for call in answer.choices[0].tool_calls() {
            messages.push(json!({"role": "tool", "tool_call_id": call.id, "content": "ok"}));
        }
        let request = read_chat(&json!({"model": "m", "messages": messages}).to_string());
        let outcome = goes_back(&request, Dialect::OPENAI_CHAT, &proofs);
        score.note(exchange.provider(), &format!("{} chat", exchange.id), outcome);
    }
    score.settle("proofs that go back", 300, &[]);
}

/// What an answer says: its calls, its reasoning, how it ended and what it cost.
fn gist_of_answer(answer: &ChatAnswer) -> (Vec<[&str; 3]>, String, Option<FinishReason>, Option<TokenUsage>) {
    let choice = &answer.choices[0];
    let calls = choice.tool_calls().map(|call| [call.id.as_str(), &call.name, &call.arguments]).collect();
    let thoughts = choice.parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        _ => None,
    });
    (calls, thoughts.collect(), choice.finish.clone(), answer.usage)
}

#[test]
fn recorded_answers_reach_clients_of_the_other_dialect() {
    let mut seen = 0;
    for exchange in corpus::of(DIALECT).unwrap().iter().filter(|exchange| exchange.expected.ok == Some(true))
    {
        let answer = decode(exchange).unwrap();
        let body: Value = serde_json::from_slice(&OpenAiChatClient.encode(&answer, &FORM)).unwrap();
        let message = &body["choices"][0]["message"];
        assert_eq!(message["content"].as_str().unwrap_or_default(), answer.text(), "{}", exchange.id);
        let again = collect(OpenAiChat::PLAIN.decode(body.to_string().as_bytes()).unwrap().events);
        assert_eq!(gist_of_answer(&again), gist_of_answer(&answer), "{}", exchange.id);
        seen += 1;
    }
    assert_eq!(seen, 324);
}

#[test]
fn an_answer_of_the_other_dialect_reaches_a_client_of_this_one() {
    let body = json!({"id": "chatcmpl-9", "model": "m", "created": 5, "choices": [{"index": 0, "finish_reason": "tool_calls",
        "message": {"content": "hi", "reasoning_content": "hm", "annotations": [{"type": "url_citation",
            "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2}}],
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4}});
    let events = OpenAiChat::PLAIN.decode(body.to_string().as_bytes()).unwrap().events;
    let stream = write_stream(&events, &FORM);
    crate::shape::of_stream(&stream).unwrap();
    let whole: Value =
        serde_json::from_slice(&OpenAiResponsesClient.encode(&collect(events), &FORM)).unwrap();
    let last: Value = serde_json::from_slice(&events_of(&stream).last().unwrap().1).unwrap();
    assert_eq!(last["response"], whole);
    assert_eq!(whole["id"], "resp_chatcmpl-9");
    assert_eq!(whole["created_at"], 5);
    let kinds: Vec<&str> =
        whole["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call"]);
    assert_eq!(whole["usage"]["total_tokens"], 7);
}
