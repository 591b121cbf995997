use std::collections::BTreeSet;

use serde_json::value::RawValue;
use switchyard_domain::chat::{
    ChatRequest, Json, Message, Part, Role, Signature, ToolCall, ToolCallKind, ToolResult,
};

use super::content;
use crate::openai_responses::proof::{self, Proven};
use crate::openai_responses::{call_items, ids, kinds};
use crate::request::{RequestError, keep, optional_text, present, required_text, text, wrong};
use crate::scan::{Kind, Node};

type Read = Result<(), RequestError>;

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Read {
    match value.kind() {
        Kind::String => request.messages.push(Message::text(Role::User, text("input", value)?)),
        Kind::Array => {
            let mut reader = Reader { request, turn: None, custom_calls: BTreeSet::new() };
            for (index, item) in value.elements().enumerate() {
                reader.item(&format!("input[{index}]"), item)?;
            }
            reader.end_turn();
        }
        _ => return Err(wrong("input", "must be a string or a list of items")),
    }
    Ok(())
}

/// Reads items in turn, and joins those of the model that follow each other.
struct Reader<'r> {
    request: &'r mut ChatRequest,
    turn: Option<Turn>,
    /// The ids of the calls of custom tools.
    custom_calls: BTreeSet<String>,
}

/// What the model said and did, so far.
#[derive(Default)]
struct Turn {
    parts: Vec<Part>,
    /// Whether one of the items was a message. There is room for what it has besides one text.
    has_message: bool,
    extensions: Vec<(String, Json)>,
    /// What the items of the calls have besides, by the calls' ids.
    call_items: Vec<(String, Vec<(String, Json)>)>,
}

impl Reader<'_> {
    fn item(&mut self, path: &str, item: Node<'_>) -> Read {
        let kind = optional_text(path, item, "type")?;
        match kind.as_deref() {
            Some("message") => self.message(path, item),
            None if present(item, "role").is_some() => self.message(path, item),
            Some("function_call") => self.call(path, item, ToolCallKind::Function, "arguments"),
            Some("custom_tool_call") => self.call(path, item, ToolCallKind::Custom, "input"),
            Some(kind @ ("function_call_output" | "custom_tool_call_output")) => {
                self.result(path, item, kind)
            }
            Some("reasoning") => {
                self.reasoning(item);
                Ok(())
            }
            kind => {
                self.native(kind.unwrap_or("item_reference"), item);
                Ok(())
            }
        }
    }

    fn end_turn(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.request.messages.push(turn.into_message());
        }
    }

    fn turn(&mut self) -> &mut Turn {
        self.turn.get_or_insert_default()
    }

    /// The turn that the next message or reasoning belongs to: one that has a message already is over.
    fn turn_without_message(&mut self) -> &mut Turn {
        if self.turn.as_ref().is_some_and(|turn| turn.has_message) {
            self.end_turn();
        }
        self.turn()
    }

    fn native(&mut self, kind: &str, item: Node<'_>) {
        let part = Part::Native { kind: kind.to_owned(), json: keep(item) };
        if kinds::is_made_by_provider(kind) {
            return self.turn().parts.push(part);
        }
        self.end_turn();
        let message = Message { role: Role::Tool, parts: vec![part], name: None, extensions: Vec::new() };
        self.request.messages.push(message);
    }

    fn message(&mut self, path: &str, item: Node<'_>) -> Read {
        let role = match required_text(path, item, "role")?.as_str() {
            "user" => Role::User,
            "system" => Role::System,
            "developer" => Role::Developer,
            "assistant" => return self.said(path, item),
            _ => return Err(wrong(format_args!("{path}.role"), "is unknown")),
        };
        self.end_turn();
        let parts = self.content(path, item, "content")?;
        let extensions = others(item, &["type", "role", "content"]);
        self.request.messages.push(Message { role, parts, name: None, extensions });
        Ok(())
    }

    fn content(&mut self, path: &str, item: Node<'_>, name: &str) -> Result<Vec<Part>, RequestError> {
        let Some(content) = present(item, name) else { return Ok(Vec::new()) };
        content::read(&format!("{path}.{name}"), content, self.request)
    }

    /// A message of the model. One with parts that are neither text nor refusal is kept as it is.
    fn said(&mut self, path: &str, item: Node<'_>) -> Read {
        let content = present(item, "content");
        let is_list = content.is_some_and(|content| content.kind() == Kind::Array);
        let said = content.into_iter().flat_map(Node::elements);
        let is_said = |part: &Node<'_>| {
            let kind = present(*part, "type");
            kind.is_some_and(|kind| {
                ["output_text", "input_text", "refusal"].iter().any(|known| kind.is_text(known))
            })
        };
        if is_list && (said.clone().next().is_none() || !said.clone().all(|part| is_said(&part))) {
            self.turn_without_message().has_message = true;
            let part = Part::Native { kind: "message".to_owned(), json: keep(item) };
            self.turn().parts.push(part);
            return Ok(());
        }
        let mut extensions = others(item, &["type", "role", "content"]);
        for name in ["annotations", "logprobs"] {
            extensions.extend(lists(content, name).map(|lists| (name.to_owned(), lists)));
        }
        let before = self.request.extensions.len();
        let parts = self.content(path, item, "content")?;
        // What the texts have besides is told apart.
        let told = |name: &str| name.ends_with(".annotations") || name.ends_with(".logprobs");
        let mut at = 0;
        self.request.extensions.retain(|(name, _)| {
            at += 1;
            at <= before || !told(name)
        });
        let turn = self.turn_without_message();
        turn.has_message = true;
        turn.parts.extend(parts);
        turn.extensions.extend(extensions);
        Ok(())
    }

    fn call(&mut self, path: &str, item: Node<'_>, kind: ToolCallKind, arguments: &str) -> Read {
        let call = ToolCall {
            id: required_text(path, item, "call_id")?,
            name: required_text(path, item, "name")?,
            arguments: optional_text(path, item, arguments)?.unwrap_or_default(),
            kind,
            signature: None,
        };
        if kind == ToolCallKind::Custom {
            self.custom_calls.insert(call.id.clone());
        }
        let besides = others(item, &["type", "call_id", "name", arguments]);
        let turn = self.turn();
        if !besides.is_empty() {
            turn.call_items.push((call.id.clone(), besides));
        }
        turn.parts.push(Part::ToolCall(call));
        Ok(())
    }

    fn result(&mut self, path: &str, item: Node<'_>, kind: &str) -> Read {
        self.end_turn();
        let call_id = required_text(path, item, "call_id")?;
        let content = self.content(path, item, "output")?;
        let mut extensions = others(item, &["type", "call_id", "output"]);
        let is_custom = kind == "custom_tool_call_output";
        if is_custom && !self.custom_calls.contains(&call_id) {
            // The call itself is not here to tell.
            extensions.push(("type".to_owned(), quoted(kind)));
        }
        let result = ToolResult { call_id, content, is_error: false, name: None };
        let parts = vec![Part::ToolResult(result)];
        self.request.messages.push(Message { role: Role::Tool, parts, name: None, extensions });
        Ok(())
    }

    fn reasoning(&mut self, item: Node<'_>) {
        let raw = keep(item);
        match proof::read(&raw.0, Signature::OPENAI) {
            // It belongs to the text before it, if there is one.
            Some(Proven::Text(signature)) => self.turn().parts.push(Part::Signature(signature)),
            Some(Proven::Call(id, signature)) => self.sign_call(&id, signature),
            Some(Proven::Reasoning(reasoning)) => {
                self.turn_without_message().parts.push(Part::Reasoning(reasoning));
            }
            None => {}
        }
    }

    fn sign_call(&mut self, id: &str, signature: Signature) {
        let Some(turn) = &mut self.turn else { return };
        let calls = turn.parts.iter_mut().rev();
        let mut calls =
            calls.filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None });
        if let Some(call) = calls.find(|call| call.id == id) {
            call.signature = Some(signature);
        }
    }
}

impl Turn {
    fn into_message(mut self) -> Message {
        let items = self.call_items.iter().map(|(id, besides)| (id.as_str(), besides.as_slice()));
        if let Some(items) = call_items::list(items).filter(|_| !self.call_items.is_empty()) {
            self.extensions.push((call_items::NAME.to_owned(), items));
        }
        Message { role: Role::Assistant, parts: self.parts, name: None, extensions: self.extensions }
    }
}

/// The members that were not read. Ids that were made here mean nothing to anybody.
fn others(item: Node<'_>, read: &[&str]) -> Vec<(String, Json)> {
    let members = item.members().filter(|member| {
        let is_made = || member.is_named("id") && member.value().text().is_some_and(|id| ids::is_made(&id));
        !read.contains(&member.name().as_ref()) && !member.value().is_null() && !is_made()
    });
    members.map(|member| (member.name().into_owned(), keep(member.value()))).collect()
}

/// One list of a member of each of the parts, if any of them has something in it.
fn lists(content: Option<Node<'_>>, name: &str) -> Option<Json> {
    let parts = content.into_iter().flat_map(Node::elements);
    let lists: Vec<Json> = parts.map(|part| present(part, name).map_or_else(empty, keep)).collect();
    let says = lists.iter().any(|list| !matches!(list.as_str(), "[]" | "null"));
    let joined = lists.iter().map(Json::as_str).collect::<Vec<_>>().join(",");
    if says { Json::parse(format!("[{joined}]")).ok() } else { None }
}

fn empty() -> Json {
    Json::joined(&[]).unwrap_or_else(|| Json(RawValue::NULL.to_owned()))
}

fn quoted(word: &str) -> Json {
    let text = String::from_utf8_lossy(&crate::codec::quoted(word)).into_owned();
    Json::parse(text).unwrap_or_else(|_| empty())
}
