//! Requests and answers between this dialect and OpenAI's chat completions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec, Unsupported};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::request::RequestLimits;
use switchyard_domain::chat::{
    ChatRequest, Dialect, LossReport, MediaSource, Message, Part, Role, Tool, ToolCall,
};
use switchyard_testkit::corpus;

use crate::corpus_answers::{CODEC, exchanges};
use crate::corpus_requests::{checked, read};
use crate::corpus_rewriting::{FORM, check_grammar, write_whole};
use crate::score::Score;

fn openai(body: &str) -> Result<ChatRequest, String> {
    let checked = OpenAiChatClient
        .check(body.to_owned().into(), Address::default(), &RequestLimits::default())
        .map_err(|error| error.message)?;
    OpenAiChatClient.decode(&checked.document, Address::default()).map_err(|error| error.message)
}

/// What was said, turn by turn, in no dialect's grouping: who, and text, pictures, calls and results in order.
fn said(request: &ChatRequest) -> (Vec<String>, Vec<String>) {
    let (mut instructions, mut turns) = (Vec::new(), Vec::new());
    for message in &request.messages {
        let is_system = matches!(message.role, Role::System | Role::Developer);
        let who = if message.role == Role::Assistant { "model" } else { "user" };
        let mut said: Vec<(bool, String)> = message
            .parts
            .iter()
            .filter_map(|part| Some((!matches!(part, Part::ToolResult(_)), of(part)?)))
            .collect();
        // Calls stand at the end of a message there, results at the beginning here.
        said.sort_by_key(|(late, text)| (*late, text.starts_with("call")));
        let said = said.into_iter().map(|(_, text)| text);
        if is_system {
            instructions.extend(said);
        } else {
            turns.extend(said.map(|text| format!("{who}: {text}")));
        }
    }
    (instructions, turns)
}

fn of(part: &Part) -> Option<String> {
    let value = |call: &ToolCall| {
        serde_json::from_str::<Value>(&call.arguments).unwrap_or(json!({"input": call.arguments}))
    };
    Some(match part {
        Part::Text { text } | Part::Refusal { text } if !text.is_empty() => format!("text {text}"),
        Part::Image { source, .. } => format!("image {}", address(source)),
        Part::Document(document) => format!("document {}", address(&document.source)),
        Part::ToolCall(call) if call.arguments.is_empty() => format!("call {} {} {{}}", call.id, call.name),
        Part::ToolCall(call) => format!("call {} {} {}", call.id, call.name, value(call)),
        Part::ToolResult(result) => {
            let content: Vec<String> = result.content.iter().filter_map(of).collect();
            format!("result {} {content:?}", result.call_id)
        }
        _ => return None,
    })
}

/// Where media are; data may stand in an address too.
fn address(source: &MediaSource) -> String {
    match source {
        MediaSource::Inline { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
        MediaSource::Text(text) => format!("data:text/plain;base64,{}", STANDARD.encode(text)),
        MediaSource::Url(text) | MediaSource::FileId(text) => text.clone(),
    }
}

/// Why a request is not carried, if that is told.
enum Told {
    Refused(Unsupported),
    Lost(LossReport),
}

fn carry(request: &ChatRequest) -> Result<ChatRequest, Told> {
    let mut losses = LossReport::default();
    let body =
        CODEC.encode(request, "claude-opus-4-8", Dialect::OPENAI_CHAT, &mut losses).map_err(Told::Refused)?;
    let checked = checked(body).unwrap();
    let read = AnthropicMessagesClient.decode(&checked.document, Address::default()).unwrap();
    let content = |loss: &&switchyard_domain::chat::Loss| loss.member.starts_with("messages[");
    if losses.losses.iter().any(|loss| content(&loss)) { Err(Told::Lost(losses)) } else { Ok(read) }
}

/// The functions, whole: another vendor's own tools are lost and told, the functions beside them are not. No schema is that of
/// any object, which is the least that the vendor takes.
fn functions(request: &ChatRequest) -> Vec<Value> {
    let function = |tool: &Tool| match tool {
        Tool::Function { name, description, parameters, strict, .. } => {
            let schema =
                parameters.as_ref().map(|schema| serde_json::from_str::<Value>(schema.as_str()).unwrap());
            let mut schema = schema.unwrap_or_else(|| json!({}));
            if let Some(members) = schema.as_object_mut() {
                members.entry("type").or_insert(json!("object"));
            }
            Some(json!([name, description, schema, strict]))
        }
        Tool::Native { .. } => None,
    };
    request.tools.iter().filter_map(function).collect()
}

fn compare(request: &ChatRequest, read: &ChatRequest) -> Result<(), String> {
    let (instructions, turns) = said(request);
    let (read_instructions, read_turns) = said(read);
    if (&instructions, &turns) != (&read_instructions, &read_turns) {
        return Err(format!("{read_instructions:?} {read_turns:?}\nexpected {instructions:?} {turns:?}"));
    }
    let (wanted, got) = (functions(request), functions(read));
    if wanted != got {
        return Err(format!("{got:?}\nexpected {wanted:?}"));
    }
    let stops: Vec<&String> = request.stop.iter().filter(|stop| !stop.trim().is_empty()).collect();
    let same = stops == read.stop.iter().collect::<Vec<_>>()
        && request.user == read.user
        && request.stream.is_some() == read.stream.is_some()
        && request.max_output_tokens.is_none_or(|limit| read.max_output_tokens == Some(limit));
    if same { Ok(()) } else { Err(format!("{read:?}")) }
}

#[test]
fn recorded_requests_of_openai_clients_say_the_same_here_or_it_is_told_what_is_lost() {
    let mut score = Score::default();
    let (mut refused, mut lossy) = (0, 0);
    let mut why = std::collections::BTreeMap::<String, u32>::new();
    for exchange in corpus::openai_chat().unwrap() {
        let Some(body) = exchange.request.as_ref() else { continue };
        let Ok(request) = openai(body.get()) else { continue };
        match carry(&request) {
            Ok(read) => score.note("carried", &exchange.id, compare(&request, &read)),
            Err(Told::Refused(error)) => {
                assert!(error.param.is_some() && !error.message.is_empty());
                *why.entry(error.message).or_default() += 1;
                refused += 1;
            }
            Err(Told::Lost(losses)) => {
                assert!(losses.losses.iter().all(|loss| !loss.reason.is_empty()));
                for loss in losses.losses {
                    *why.entry(loss.reason).or_default() += 1;
                }
                lossy += 1;
            }
        }
    }
    println!("{why:#?}");
    println!("refused {refused}, with losses in the messages {lossy}");
    assert_eq!((refused, lossy), (REFUSED, LOSSY));
    score.settle("requests carried", CARRIED, &[]);
}

/// Refused: any JSON without a schema (24), several choices (16), sound (6), forms of OpenAI's dialect (2), a film (1).
const REFUSED: u32 = 49;
/// Told: thinking without a proof, members of single messages, names, conversations that the model begins.
const LOSSY: u32 = 82;
const CARRIED: u32 = 603;

fn compare_whole(request: &ChatRequest, again: &ChatRequest) -> Result<(), String> {
    let (got, expected) = (said(again), said(request));
    if got != expected {
        return Err(format!("got {got:?}\nexpected {expected:?}"));
    }
    let (got, expected) = (functions(again), functions(request));
    if got != expected {
        return Err(format!("got {got:?}\nexpected {expected:?}"));
    }
    let same = again.stop == request.stop
        && again.max_output_tokens == request.max_output_tokens
        && again.sampling.temperature == request.sampling.temperature
        && again.sampling.top_p == request.sampling.top_p;
    if same { Ok(()) } else { Err(format!("{again:?}")) }
}

#[test]
fn recorded_requests_of_this_dialect_go_to_an_openai_provider() {
    let mut score = Score::default();
    let (mut refused, mut moved) = (0, 0);
    for exchange in exchanges() {
        let Some(body) = exchange.request.as_ref() else { continue };
        let request = read(body.get().as_bytes());
        let mut losses = LossReport::default();
        match OpenAiChat::PLAIN.encode(&request, "gpt", Dialect::ANTHROPIC_MESSAGES, &mut losses) {
            Ok(_) if losses.losses.iter().any(|loss| loss.reason == "media stand beside the result") => {
                moved += 1;
            }
            Ok(encoded) => {
                let again = openai(str::from_utf8(&encoded).unwrap()).unwrap();
                score.note("carried", &exchange.id, compare_whole(&request, &again));
            }
            Err(error) => {
                assert!(error.param.is_some() && !error.message.is_empty(), "{}: {error}", exchange.id);
                refused += 1;
            }
        }
    }
    // Documents by their addresses, files in Anthropic's keeping, uploads to containers and results of searches.
    assert_eq!((refused, moved), (16, 1));
    score.settle("requests of this dialect", 218, &[]);
}

/// A tool loop of an OpenAI client at Anthropic's provider: the answer as the client is given it, its next request as the
/// provider is sent it.
#[test]
fn a_tool_loop_of_an_openai_client_brings_every_block_of_thinking_back_byte_for_byte() {
    let blocks = json!([
        {"type": "thinking", "thinking": "first\nthought", "signature": "EqQB+/=="},
        {"type": "redacted_thinking", "data": "EmwK+/=="},
        {"type": "thinking", "thinking": "", "signature": "Es4D=="},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"b": 1.0, "a": "ü"}},
        {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
    ]);
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": blocks,
        "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
    });
    let decoded = CODEC.decode(answer.to_string().as_bytes()).unwrap().collect();
    let given: Value = serde_json::from_slice(&OpenAiChatClient.encode(&decoded, &FORM)).unwrap();
    let mut message = given["choices"][0]["message"].clone();
    message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let body = json!({
        "model": "m", "messages": [
            {"role": "user", "content": "q"}, message,
            {"role": "tool", "tool_call_id": "toolu_1", "content": "one"},
            {"role": "tool", "tool_call_id": "toolu_2", "content": "two"},
            {"role": "user", "content": "and?"},
        ],
    });
    let request = openai(&body.to_string()).unwrap();
    let mut losses = LossReport::default();
    let sent = CODEC.encode(&request, "claude", Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent["messages"][1], json!({"role": "assistant", "content": blocks}));
    let results = json!([
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "one"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "two"},
        {"type": "text", "text": "and?"},
    ]);
    assert_eq!(sent["messages"][2], json!({"role": "user", "content": results}));
    assert_eq!(losses.to_string(), "");
}

/// A tool loop of a client of this dialect at an OpenAI provider.
#[test]
fn a_tool_loop_of_this_dialects_client_at_an_openai_provider_keeps_its_calls() {
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt", "created": 1,
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
            ]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                  "prompt_tokens_details": {"cached_tokens": 4}},
    });
    let decoded = OpenAiChat::PLAIN.decode(answer.to_string().as_bytes()).unwrap();
    let mut out = BytesMut::new();
    let mut writer = AnthropicMessagesClient.writer(&FORM);
    decoded.events.iter().for_each(|event| writer.event(event, &mut out));
    writer.finish(&mut out);
    check_grammar(str::from_utf8(&out).unwrap()).unwrap();
    let given = write_whole(&decoded.collect());
    assert_eq!(
        (&given["usage"]["input_tokens"], &given["usage"]["cache_read_input_tokens"]),
        (&json!(6), &json!(4))
    );
    let mark = json!({"type": "ephemeral"});
    let body = json!({
        "model": "m", "max_tokens": 50, "system": [{"type": "text", "text": "s", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": "q"}, {"role": "assistant", "content": given["content"]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "one", "cache_control": mark},
            ]},
        ],
    });
    let request = read(body.to_string().as_bytes());
    let mut losses = LossReport::default();
    let sent = OpenAiChat::PLAIN.encode(&request, "gpt", Dialect::ANTHROPIC_MESSAGES, &mut losses).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let roles: Vec<&str> = sent["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(sent["messages"][2]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
    assert_eq!(sent["messages"][3]["tool_call_id"], "call_1");
    assert_eq!(losses.to_string(), "messages[0].content[1],messages[2].reasoning,messages[3].content[1]");
}

#[test]
fn a_message_is_carried_with_all_that_a_user_may_say() {
    let body = json!({
        "model": "m", "max_completion_tokens": 64, "stop": ["A", "B"], "user": "u", "stream": true,
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
            ]},
        ],
    });
    let request = openai(&body.to_string()).unwrap();
    let mut losses = LossReport::default();
    let sent = CODEC.encode(&request, "claude", Dialect::OPENAI_CHAT, &mut losses).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let expected = json!({
        "model": "claude", "max_tokens": 64, "system": "be brief", "stop_sequences": ["A", "B"], "stream": true,
        "metadata": {"user_id": "u"}, "tool_choice": {"type": "tool", "name": "f"},
        "tools": [{"name": "f", "description": "d", "strict": true,
                   "input_schema": {"type": "object", "properties": {}}}],
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": "what is this?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
             "title": "a.pdf"},
        ]}],
    });
    assert_eq!((sent, losses.to_string().as_str()), (expected, ""));
    assert_eq!(request.messages[0], Message::text(Role::Developer, "be brief"));
}
