use switchyard_domain::chat::{Json, Message, Part, Reasoning, ToolCall, ToolCallKind};

use super::Read;
use super::contents::Links;
use crate::gemini::members::{fields, join};
use crate::gemini::{media, proofs, results};
use crate::request::{RequestError, keep, text, wrong};
use crate::scan::{Kind, Node};

/// Reads the parts of one content in turn.
pub(super) struct PartReader<'r> {
    pub(super) path: String,
    pub(super) links: &'r mut Links,
    pub(super) message: &'r mut Message,
}

/// What stands in a part beside what it is.
#[derive(Default)]
struct Found<'d> {
    is_thought: bool,
    proof: Option<String>,
    /// What it is, by the name of its member.
    data: Option<(String, Node<'d>)>,
    others: Vec<(String, Json)>,
}

/// The members that say what a part is.
const DATA: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

impl PartReader<'_> {
    pub(super) fn read(mut self, part: Node<'_>) -> Read {
        let mut found = Found::default();
        for (name, value) in fields(part) {
            match name.as_ref() {
                "thought" => found.is_thought = value.as_bool() == Some(true),
                "thoughtSignature" => {
                    found.proof = Some(text(join(&self.path, "thoughtSignature"), value)?);
                }
                name if found.data.is_none() && DATA.contains(&name) => {
                    found.data = Some((name.to_owned(), value));
                }
                name => found.others.push((name.to_owned(), keep(value))),
            }
        }
        let at = self.message.parts.len();
        self.push(part, &mut found)?;
        for (name, value) in found.others {
            self.message.extensions.push((format!("parts[{at}].{name}"), value));
        }
        Ok(())
    }

    fn push(&mut self, part: Node<'_>, found: &mut Found<'_>) -> Read {
        let (kind, value) = match &found.data {
            Some((kind, value)) => (kind.as_str(), Some(*value)),
            // Nothing but a proof: `google-streamgeneratecontent-2e43c7ee3f`, 2026.
            None if found.others.is_empty() => ("text", None),
            None => ("", None),
        };
        match (kind, value) {
            ("text", value) => {
                let said = value.map_or(Ok(String::new()), |value| text(join(&self.path, "text"), value))?;
                self.said(said, found);
                return Ok(());
            }
            ("functionCall", Some(call)) => return self.call(call, found),
            ("functionResponse", Some(result)) if !found.is_thought => {
                let path = join(&self.path, "functionResponse");
                let (mut result, others) = results::read(&path, result)?;
                if result.call_id.is_empty() {
                    result.call_id = self.links.result(result.name.as_deref().unwrap_or_default());
                }
                self.message.parts.push(Part::ToolResult(result));
                found.note("functionResponse", others);
            }
            ("inlineData" | "fileData", Some(media)) if !found.is_thought => {
                match medium(&join(&self.path, kind), kind, media)? {
                    Some((part, others)) => {
                        let kind = kind.to_owned();
                        self.message.parts.push(part);
                        found.note(&kind, others);
                    }
                    None => return self.native(kind.to_owned(), part, found),
                }
            }
            _ => return self.native(kind.to_owned(), part, found),
        }
        if let Some(proof) = found.proof.take() {
            self.message.parts.push(Part::Signature(proofs::read(&proof).0));
        }
        Ok(())
    }

    fn said(&mut self, text: String, found: &mut Found<'_>) {
        let proof = found.proof.take().map(|proof| proofs::read(&proof));
        let parts = &mut self.message.parts;
        if found.is_thought {
            let redacted = proof.as_ref().is_some_and(|(_, redacted)| *redacted);
            let signature = proof.map(|(signature, _)| signature);
            parts.push(Part::Reasoning(Reasoning { text, signature, redacted }));
            return;
        }
        // A proof that stands for itself; after something that could take it, it needs a text of its own.
        let could_be_taken = matches!(
            parts.last(),
            Some(Part::Text { .. } | Part::Image { .. } | Part::Audio(_) | Part::Document(_))
        );
        if proof.is_none() || !text.is_empty() || !found.others.is_empty() || could_be_taken {
            parts.push(Part::Text { text });
        }
        parts.extend(proof.map(|(signature, _)| Part::Signature(signature)));
    }

    fn call(&mut self, call: Node<'_>, found: &mut Found<'_>) -> Read {
        let path = join(&self.path, "functionCall");
        let (mut id, mut name, mut arguments) = (String::new(), String::new(), "{}".to_owned());
        let mut others = Vec::new();
        for (member, value) in fields(call) {
            match member.as_ref() {
                "id" => id = text(join(&path, "id"), value)?,
                "name" => name = text(join(&path, "name"), value)?,
                "args" if value.kind() == Kind::Object => keep(value).as_str().clone_into(&mut arguments),
                "args" => return Err(wrong(join(&path, "args"), "must be an object")),
                other => others.push((other.to_owned(), keep(value))),
            }
        }
        if name.is_empty() {
            return Err(wrong(join(&path, "name"), "is required"));
        }
        if id.is_empty() {
            id = self.links.call(&name);
        }
        let signature = found.proof.take().map(|proof| proofs::read(&proof).0);
        let kind = ToolCallKind::Function;
        self.message.parts.push(Part::ToolCall(ToolCall { id, name, arguments, kind, signature }));
        found.note("functionCall", others);
        Ok(())
    }

    /// A part that only this dialect knows, as it is written.
    fn native(&mut self, kind: String, part: Node<'_>, found: &mut Found<'_>) -> Read {
        found.others.clear();
        self.message.parts.push(Part::Native { kind, json: keep(part) });
        Ok(())
    }
}

impl Found<'_> {
    /// Notes members within the member that says what the part is.
    fn note(&mut self, kind: &str, others: Vec<(String, Json)>) {
        self.others.extend(others.into_iter().map(|(name, value)| (format!("{kind}.{name}"), value)));
    }
}

/// A part of media, with the members for which it has no place.
type Medium = (Part, Vec<(String, Json)>);

/// Media that others can have too; `None` for what only Google can fetch.
pub(in crate::gemini) fn medium(
    path: &str,
    kind: &str,
    value: Node<'_>,
) -> Result<Option<Medium>, RequestError> {
    let (mut media_type, mut data, mut address, mut name) = (None, None, None, None);
    let mut others = Vec::new();
    for (member, value) in fields(value) {
        match member.as_ref() {
            "mimeType" => media_type = Some(text(join(path, "mimeType"), value)?),
            "data" if kind == "inlineData" => data = Some(text(join(path, "data"), value)?),
            "fileUri" if kind == "fileData" => address = Some(text(join(path, "fileUri"), value)?),
            "displayName" => name = Some((text(join(path, "displayName"), value)?, keep(value))),
            other => others.push((other.to_owned(), keep(value))),
        }
    }
    let (Some(media_type), Some(place)) = (media_type, data.as_deref().or(address.as_deref())) else {
        return Ok(None);
    };
    let part = if kind == "inlineData" {
        Some(media::inline(&media_type, place, name.as_ref().map(|(name, _)| name.clone())))
    } else {
        media::fetched(place, &media_type)
    };
    let Some(part) = part else { return Ok(None) };
    let is_named = matches!(&part, Part::Document(document) if document.filename.is_some());
    if let Some((_, name)) = name.filter(|_| !is_named) {
        others.push(("displayName".to_owned(), name));
    }
    // Told by the address too, it need not be remembered.
    if kind == "fileData" && media::guessed(place) != Some(media_type.as_str()) {
        let word = serde_json::Value::from(media_type).to_string();
        others.extend(Json::parse(word).map(|word| ("mimeType".to_owned(), word)));
    }
    Ok(Some((part, others)))
}
