//! Recorded requests of each client's dialect, written in each of the others and read again: they say the same, or it is
//! told, or refused.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use switchyard_dialects::anthropic_messages::{AnthropicMessages, AnthropicMessagesClient};
use switchyard_dialects::codec::{Address, ClientCodec, ProviderCodec};
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_domain::chat::{
    ChatRequest, Dialect, LossReport, MediaSource, Message, Part, ResponseFormat, Role, Tool, ToolChoice,
    ToolChoiceMode,
};
use switchyard_testkit::corpus;

/// The dialects that both clients and providers speak, with a model of each.
const BOTH: [(&dyn ClientCodec, &dyn ProviderCodec, &str); 4] = [
    (&OpenAiChatClient, &OpenAiChat::PLAIN, "gpt-5.1"),
    (&OpenAiResponsesClient, &OpenAiResponses::PLAIN, "gpt-5.1"),
    (&AnthropicMessagesClient, &AnthropicMessages::PLAIN, "claude-opus-4-8"),
    (&GeminiClient, &Gemini::GOOGLE, "gemini-3.5-flash"),
];

/// Told where what is said stands in another place or is another's word, so that it can't be compared.
const MOVED: &[&str] = &[
    "stands after a line of the user's",
    "goes as what the user says",
    "goes as the user's",
    "goes without the white space",
    "is a result that the model gave itself",
    "media stand beside the result",
];

fn read(client: &dyn ClientCodec, body: &[u8]) -> Option<ChatRequest> {
    let document = Document::scan(body.to_vec().into(), ScanLimits::default()).ok()?;
    client.decode(&document, Address { model: Some("m"), stream: None }).ok()
}

/// Names calls by the order in which they come: some dialects have no ids, and some take not all.
#[derive(Default)]
struct Ids(BTreeMap<String, usize>);

impl Ids {
    fn of(&mut self, id: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(id.to_owned()).or_insert(next)
    }
}

/// What was said, in no dialect's grouping: who, and results, texts, media and calls, in the order that all can keep.
fn said(request: &ChatRequest) -> (Vec<String>, Vec<String>) {
    let mut ids = Ids::default();
    let (mut instructions, mut turns) = (Vec::new(), Vec::<(bool, Vec<(u8, String)>)>::new());
    for message in &request.messages {
        let lines = message.parts.iter().filter_map(|part| line(part, message, &mut ids));
        let lines: Vec<(u8, String)> = lines.collect();
        if matches!(message.role, Role::System | Role::Developer) {
            instructions.extend(lines.into_iter().map(|(_, line)| line));
            continue;
        }
        let by_model = message.role == Role::Assistant;
        match turns.last_mut() {
            Some((last, turn)) if *last == by_model => turn.extend(lines),
            _ if lines.is_empty() => {}
            _ => turns.push((by_model, lines)),
        }
    }
    let mut said = Vec::new();
    for (by_model, mut lines) in turns {
        lines.sort_by_key(|(rank, _)| *rank);
        said.extend(
            lines.into_iter().map(|(_, line)| format!("{}: {line}", if by_model { "model" } else { "user" })),
        );
    }
    (instructions, said)
}

fn line(part: &Part, message: &Message, ids: &mut Ids) -> Option<(u8, String)> {
    Some(match part {
        Part::Text { text } | Part::Refusal { text } if !text.is_empty() => (1, format!("text {text}")),
        Part::Image { source, .. } => (1, format!("image {}", address(source))),
        // A sound is one, whatever it was called.
        Part::Document(document) if address(&document.source).starts_with("data:audio/") => {
            (1, format!("audio {}", address(&document.source).rsplit(',').next().unwrap_or_default()))
        }
        Part::Document(document) => (1, format!("document {}", address(&document.source))),
        Part::Audio(audio) => (1, format!("audio {}", audio.base64)),
        Part::ToolCall(call) if message.role == Role::Assistant => {
            let arguments = match call.arguments.trim() {
                "" => json!({}),
                text => serde_json::from_str(text).unwrap_or_else(|_| json!({"input": text})),
            };
            (2, format!("call {} {} {arguments}", ids.of(&call.id), call.name))
        }
        Part::ToolResult(result) if message.role != Role::Assistant => {
            let texts = result.content.iter().filter_map(|part| match part {
                Part::Text { text } => Some(text.trim()),
                _ => None,
            });
            let texts = texts.collect::<Vec<_>>().join("\n");
            let media: Vec<String> = result
                .content
                .iter()
                .filter(|part| !matches!(part, Part::Text { .. }))
                .filter_map(|part| line(part, message, ids).map(|(_, line)| line))
                .collect();
            (0, format!("result {} {texts} {media:?}", ids.of(&result.call_id)))
        }
        _ => return None,
    })
}

/// Where media are; data may stand in an address, and texts may be written out.
fn address(source: &MediaSource) -> String {
    let inline = |media_type: &str, base64: &str| {
        let is_text = media_type.starts_with("text/") || media_type == "application/json";
        format!("data:{};base64,{base64}", if is_text { "text" } else { media_type })
    };
    match source {
        MediaSource::Inline { media_type, base64 } => inline(media_type, base64),
        MediaSource::Text(text) => inline("text/plain", &STANDARD.encode(text)),
        MediaSource::Url(text) | MediaSource::FileId(text) => text.clone(),
    }
}

/// The functions whole, and as what is there: no schema is that of an object.
fn functions(request: &ChatRequest) -> Vec<Value> {
    let function = |tool: &Tool| match tool {
        Tool::Function { name, description, parameters, .. } => {
            let parameters =
                parameters.as_ref().map(|schema| serde_json::from_str::<Value>(schema.as_str()).unwrap());
            let mut parameters = parameters.unwrap_or_else(|| json!({"type": "object"}));
            if let Some(schema) = parameters.as_object_mut() {
                schema.entry("type").or_insert(json!("object"));
                schema.entry("properties").or_insert(json!({}));
            }
            Some(json!([name, description.as_deref().unwrap_or_default(), parameters]))
        }
        Tool::Native { .. } => None,
    };
    request.tools.iter().filter_map(function).collect()
}

/// The settings that all of these dialects have, save those of which it is told that they are lost or weakened.
fn settings(request: &ChatRequest, told: &[String]) -> Vec<(&'static str, Value)> {
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema { schema: Some(schema), .. }) => {
            serde_json::from_str(schema.as_str()).unwrap()
        }
        _ => Value::Null,
    };
    let choice = match &request.tool_choice {
        Some(ToolChoice::Function(name)) => json!(name),
        Some(ToolChoice::Mode(ToolChoiceMode::Required)) => json!(1),
        Some(ToolChoice::Mode(ToolChoiceMode::None)) => json!(0),
        // The names of all functions, of which one must be called.
        Some(ToolChoice::Native(choice)) if choice.as_str().contains("\"ANY\"") => json!(1),
        _ => Value::Null,
    };
    let stops: Vec<&String> = request.stop.iter().filter(|stop| !stop.trim().is_empty()).collect();
    let all = [
        ("temperature", json!(request.sampling.temperature)),
        ("top_p", json!(request.sampling.top_p)),
        ("stop", json!(stops)),
        ("response_format.json_schema.schema", schema),
        ("tool_choice", choice),
    ];
    all.into_iter().filter(|(name, _)| !told.iter().any(|member| member.starts_with(name))).collect()
}

/// What came of the requests of one dialect in another.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    carried: usize,
    told: usize,
    refused: usize,
}

/// How many are carried and compared, told to be moved, and refused.
const EXPECTED: [&str; 12] = [
    "anthropic-messages to gemini: 227 0 13",
    "anthropic-messages to openai-chat: 223 1 16",
    "anthropic-messages to openai-responses: 227 0 13",
    "gemini to anthropic-messages: 260 2 29",
    "gemini to openai-chat: 274 7 10",
    "gemini to openai-responses: 282 0 9",
    "openai-chat to anthropic-messages: 680 20 49",
    "openai-chat to gemini: 746 1 2",
    "openai-chat to openai-responses: 731 0 18",
    "openai-responses to anthropic-messages: 268 6 35",
    "openai-responses to gemini: 294 0 15",
    "openai-responses to openai-chat: 292 1 16",
];

fn cross(
    request: &ChatRequest,
    source: Dialect,
    (client, target, model): (&dyn ClientCodec, &dyn ProviderCodec, &str),
    count: &mut Count,
) -> Result<(), String> {
    let mut losses = LossReport::default();
    let body = match target.encode(request, model, source, &mut losses) {
        Ok(body) => body,
        Err(refused) if refused.param.is_some() && !refused.message.is_empty() => {
            count.refused += 1;
            return Ok(());
        }
        Err(refused) => return Err(format!("refused without a reason: {refused:?}")),
    };
    if losses.losses.iter().any(|loss| MOVED.iter().any(|reason| loss.reason.contains(reason))) {
        count.told += 1;
        return Ok(());
    }
    let told: Vec<String> = losses.losses.into_iter().map(|loss| loss.member).collect();
    let again =
        read(client, &body).ok_or_else(|| format!("not a body: {}", String::from_utf8_lossy(&body)))?;
    for (got, expected) in [
        (json!(said(&again)), json!(said(request))),
        (json!(functions(&again)), json!(functions(request))),
        (json!(settings(&again, &told)), json!(settings(request, &told))),
    ] {
        if got != expected {
            return Err(format!("got {got}\nexpected {expected}"));
        }
    }
    if request.max_output_tokens.is_some_and(|limit| again.max_output_tokens != Some(limit)) {
        return Err(format!("limit {:?}", again.max_output_tokens));
    }
    count.carried += 1;
    Ok(())
}

#[test]
fn recorded_requests_say_the_same_in_every_other_dialect_or_it_is_told_or_refused() {
    let mut counts = BTreeMap::new();
    let mut wrong = Vec::new();
    for (client, own, _) in BOTH {
        for exchange in corpus::of(client.dialect().0).unwrap() {
            let Some(request) =
                exchange.request.as_ref().and_then(|body| read(client, body.get().as_bytes()))
            else {
                continue;
            };
            for other in BOTH.into_iter().filter(|(_, other, _)| other.dialect() != own.dialect()) {
                let way = format!("{} to {}", client.dialect(), other.1.dialect());
                let count: &mut Count = counts.entry(way.clone()).or_default();
                if let Err(error) = cross(&request, client.dialect(), other, count) {
                    wrong.push(format!("{way}: {}: {error}", exchange.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {counts:#?}\n{}", wrong.len(), wrong.join("\n"));
    let lines = counts
        .iter()
        .map(|(way, Count { carried, told, refused })| format!("{way}: {carried} {told} {refused}"));
    assert_eq!(lines.collect::<Vec<_>>(), EXPECTED);
}
