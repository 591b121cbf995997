use switchyard_domain::chat::{
    ChatRequest, Json, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind, ToolResult,
};

use super::parts::Parts;
use crate::request::{RequestError, keep, note_others, optional_text, present, required_text, wrong};

use crate::openai_chat::places::{CallProofs, Proof, REASONING_DETAILS, proofs_and_calls};
use crate::proof::unmarked;
use crate::scan::{Kind, Node};

/// The members that are read; all others are kept as they are.
const READ: &[&str] = &[
    "role",
    "content",
    "name",
    "refusal",
    "reasoning_content",
    "tool_call_id",
    "tool_calls",
    "function_call",
];

/// Those of a tool's result.
const READ_OF_RESULT: &[&str] = &["role", "content", "name", "tool_call_id"];

pub(super) fn read(value: Node<'_>, request: &mut ChatRequest) -> Result<(), RequestError> {
    if value.kind() != Kind::Array {
        return Err(wrong("messages", "must be a list"));
    }
    for (index, node) in value.elements().enumerate() {
        let reader = Reader { node, path: format!("messages[{index}]") };
        let message = reader.read(request)?;
        request.messages.push(message);
    }
    Ok(())
}

/// What was thought in a message.
struct Thoughts {
    parts: Vec<Part>,
    of_calls: CallProofs,
    /// The members that all of it was read from.
    read: Vec<&'static str>,
}

struct Reader<'d> {
    node: Node<'d>,
    path: String,
}

impl Reader<'_> {
    fn read(&self, request: &mut ChatRequest) -> Result<Message, RequestError> {
        let word = required_text(&self.path, self.node, "role")?;
        let name = optional_text(&self.path, self.node, "name")?;
        let content = self.content(request)?;
        let role = match word.as_str() {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" | "function" => {
                // The first form of function calling links by name alone.
                let call_id = optional_text(&self.path, self.node, "tool_call_id")?.unwrap_or_default();
                let result = ToolResult { call_id, content, is_error: false, name };
                let parts = vec![Part::ToolResult(result)];
                return Ok(Message {
                    role: Role::Tool,
                    parts,
                    name: None,
                    extensions: self.extensions(&[READ_OF_RESULT]),
                });
            }
            _ => return Err(wrong(format_args!("{}.role", self.path), "is unknown")),
        };
        let Thoughts { parts: reasoning, of_calls, read: details } = self.reasoning()?;
        // A proof of a text stands after it.
        let (proofs, mut parts): (Vec<Part>, Vec<Part>) =
            reasoning.into_iter().partition(|part| matches!(part, Part::Signature(_)));
        parts.extend(content);
        parts.extend(proofs);
        if let Some(text) = optional_text(&self.path, self.node, "refusal")? {
            parts.push(Part::Refusal { text });
        }
        self.read_calls(&mut parts, of_calls, request)?;
        let extensions = self.extensions(&[READ, &details]);
        Ok(Message { role, parts, name, extensions })
    }

    fn content(&self, request: &mut ChatRequest) -> Result<Vec<Part>, RequestError> {
        let path = format!("{}.content", self.path);
        present(self.node, "content").map_or(Ok(Vec::new()), |content| Parts::read(path, content, request))
    }

    /// The reasoning, under whichever name, and the members that went into it besides.
    fn reasoning(&self) -> Result<Thoughts, RequestError> {
        let content = optional_text(&self.path, self.node, "reasoning_content")?;
        let other = optional_text(&self.path, self.node, "reasoning")?;
        let mut read = Vec::new();
        if content.is_none() || other.is_none() || content == other {
            read.push("reasoning");
        }
        let text = content.or(other);
        let details = present(self.node, REASONING_DETAILS).map(keep);
        let is_call = |id: &str| {
            let mut calls = present(self.node, "tool_calls").into_iter().flat_map(Node::elements);
            calls.any(|call| present(call, "id").is_some_and(|known| known.is_text(id)))
        };
        let proven = details.and_then(|details| proofs_and_calls(&details.0, is_call));
        read.extend(proven.is_some().then_some(REASONING_DETAILS));
        let (proofs, of_calls) = proven.unwrap_or_default();
        let parts = if proofs.is_empty() {
            text.map(|text| Part::Reasoning(Reasoning::text(text))).into_iter().collect()
        } else {
            with_text(proofs, text)
        };
        Ok(Thoughts { parts, of_calls, read })
    }

    fn read_calls(
        &self,
        parts: &mut Vec<Part>,
        mut proofs: CallProofs,
        request: &mut ChatRequest,
    ) -> Result<(), RequestError> {
        let calls = present(self.node, "tool_calls").into_iter().flat_map(Node::elements);
        for (index, call) in calls.enumerate() {
            let path = format!("{}.tool_calls[{index}]", self.path);
            let mut call = read_call(&path, call, request)?;
            if call.signature.is_none()
                && let Some(at) = proofs.iter().position(|(id, _)| *id == call.id)
            {
                call.signature = Some(proofs.swap_remove(at).1);
            }
            parts.push(Part::ToolCall(call));
        }
        if let Some(call) = present(self.node, "function_call") {
            let path = format!("{}.function_call", self.path);
            parts.push(Part::ToolCall(ToolCall {
                id: String::new(),
                name: required_text(&path, call, "name")?,
                arguments: written(call, "arguments"),
                kind: ToolCallKind::LegacyFunction,
                signature: None,
            }));
        }
        Ok(())
    }

    /// The members that were not read.
    fn extensions(&self, read: &[&[&str]]) -> Vec<(String, Json)> {
        let is_other = |name: &str| !read.iter().any(|names| names.contains(&name));
        let members = self.node.members();
        let others = members.filter(|member| is_other(&member.name()) && !member.value().is_null());
        others.map(|member| (member.name().into_owned(), keep(member.value()))).collect()
    }
}

/// The parts of these proofs. Their blocks have the text in them; one that a client kept by itself stands in front.
fn with_text(proofs: Vec<Proof>, text: Option<String>) -> Vec<Part> {
    let parts = proofs.into_iter().map(|proof| match proof {
        Proof::Reasoning(reasoning) => Part::Reasoning(reasoning),
        Proof::Text(signature) => Part::Signature(signature),
    });
    let mut parts: Vec<Part> = parts.collect();
    let told: String = parts
        .iter()
        .filter_map(
            |part| if let Part::Reasoning(reasoning) = part { Some(reasoning.text.as_str()) } else { None },
        )
        .collect();
    if let Some(text) = text.filter(|text| *text != told && told.is_empty() && !text.is_empty()) {
        parts.insert(0, Part::Reasoning(Reasoning::text(text)));
    }
    parts
}

fn read_call(path: &str, call: Node<'_>, request: &mut ChatRequest) -> Result<ToolCall, RequestError> {
    let (function, kind, inner, member) = match (present(call, "function"), present(call, "custom")) {
        (None, Some(custom)) => (custom, ToolCallKind::Custom, "custom", "input"),
        (Some(function), _) => (function, ToolCallKind::Function, "function", "arguments"),
        (None, None) => return Err(wrong(path, "must have a `function`")),
    };
    // Google's place for the proof of reasoning.
    let google = present(call, "extra_content").and_then(|extra| present(extra, "google"));
    let proof = google.and_then(|google| present(google, "thought_signature"));
    let signature = proof.and_then(Node::text).map(|text| unmarked(&text, Signature::GOOGLE));
    let known: &[&str] = &["id", "type", "index", "function", "custom"];
    let with_proof: &[&str] = &["id", "type", "index", "function", "custom", "extra_content"];
    note_others(path, call, if signature.is_some() { with_proof } else { known }, request);
    let inner = format!("{path}.{inner}");
    note_others(&inner, function, &["name", member], request);
    Ok(ToolCall {
        id: optional_text(path, call, "id")?.unwrap_or_default(),
        name: required_text(&inner, function, "name")?,
        arguments: written(function, member),
        kind,
        signature,
    })
}

/// Arguments as text; some clients write the object itself.
fn written(function: Node<'_>, member: &str) -> String {
    let Some(arguments) = present(function, member) else { return String::new() };
    match arguments.text() {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(arguments.raw()).into_owned(),
    }
}
