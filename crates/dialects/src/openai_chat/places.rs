//! Where in this dialect things stand that the canonical form keeps apart from their place.

use std::borrow::Cow;

use serde_json::value::RawValue;
use switchyard_domain::chat::{
    Citation, CitationSource, Dialect, Part, Reasoning, Signature, ToolCall, ToolCallKind,
};

use crate::codec::AnswerForm;
use crate::json::{ArrayWriter, ObjectWriter, elements, members, text};
use crate::proof::marked;

/// The members without canonical form that stand beside the message of a choice; all others stand inside it.
const BESIDE_MESSAGE: &[&str] = &[
    "content_filter_results",
    "content_filter_result",
    "finish_details",
    "native_finish_reason",
    "seed",
    "stop_reason",
    "token_ids",
];

/// The id of an answer to which the provider gave none.
pub(super) fn fallback_id(form: &AnswerForm<'_>) -> String {
    format!("chatcmpl-{}", form.fallback_id)
}

/// Whether a member of a choice stands beside its message.
pub(super) fn is_beside_message(name: &str) -> bool {
    BESIDE_MESSAGE.contains(&name)
}

/// The member in which the proof of a reasoning travels: OpenRouter's, the only one of this dialect that has a field for
/// it (`openrouter-chat_completions-9149744744`, 2026).
pub(super) const REASONING_DETAILS: &str = "reasoning_details";

/// The names of the makers of proofs in `reasoning_details`, as OpenRouter spells them.
const FORMATS: &[(&str, &str)] = &[
    (Signature::ANTHROPIC, "anthropic-claude-v1"),
    (Signature::GOOGLE, "google-gemini-v1"),
    (Signature::OPENAI, "openai-responses-v1"),
    ("xai", "xai-responses-v1"),
    (Signature::UNKNOWN, "unknown"),
];

/// One proof and what it proves, in the order in which they were made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// A block of reasoning.
    Reasoning(Reasoning),
    /// Of a text.
    Text(Signature),
}

impl Proof {
    /// The proofs among these parts, and the blocks of reasoning that have none, if there is a proof at all.
    pub(super) fn among(parts: &[Part]) -> Vec<Self> {
        let is_signed = |part: &Part| match part {
            Part::Reasoning(reasoning) => reasoning.signature.is_some(),
            Part::Signature(_) => true,
            _ => false,
        };
        if !parts.iter().any(is_signed) {
            return Vec::new();
        }
        let proof = |part: &Part| match part {
            Part::Reasoning(reasoning) => Some(Self::Reasoning(reasoning.clone())),
            Part::Signature(signature) => Some(Self::Text(signature.clone())),
            _ => None,
        };
        parts.iter().filter_map(proof).collect()
    }
}

/// Writes one element of `reasoning_details`: the block whole, so that it can go back as it was.
pub(super) fn write_detail(list: &mut ArrayWriter<'_>, proof: &Proof) {
    list.object(|detail| match proof {
        Proof::Reasoning(Reasoning { redacted: true, signature: Some(signature), .. }) => {
            write_encrypted(detail, signature);
        }
        Proof::Reasoning(reasoning) => {
            detail.text("type", "reasoning.text");
            detail.text("text", &reasoning.text);
            if let Some(signature) = &reasoning.signature {
                detail.text("signature", &signature.value);
                detail.text("format", &format_of(&signature.issuer));
            }
        }
        Proof::Text(signature) => {
            write_encrypted(detail, signature);
            detail.text("of", "text");
        }
    });
}

/// Writes the proof of a call as an element of `reasoning_details`: OpenRouter knows it by the call's id
/// (github.com/RooCodeInc/Roo-Code/pull/10640, 2026-01-12).
pub(super) fn write_call_detail(list: &mut ArrayWriter<'_>, id: &str, signature: &Signature) {
    list.object(|detail| {
        write_encrypted(detail, signature);
        detail.text("id", id);
        detail.plain("index", 0);
    });
}

fn write_encrypted(detail: &mut ObjectWriter<'_>, signature: &Signature) {
    detail.text("type", "reasoning.encrypted");
    detail.text("data", &signature.value);
    detail.text("format", &format_of(&signature.issuer));
}

fn format_of(issuer: &str) -> Cow<'_, str> {
    match FORMATS.iter().find(|(known, _)| *known == issuer) {
        Some((_, format)) => Cow::Borrowed(format),
        None => Cow::Owned(format!("{issuer}-v1")),
    }
}

fn issuer_of(format: &str) -> &str {
    match FORMATS.iter().find(|(_, known)| *known == format) {
        Some((issuer, _)) => issuer,
        None => format.strip_suffix("-v1").unwrap_or(format),
    }
}

/// The proofs, if a `reasoning_details` is just what [`write_detail`] writes. A vendor's own details have more in them and
/// are kept as written.
pub(super) fn proofs_alone(name: &str, value: &RawValue) -> Option<Vec<Proof>> {
    if name != REASONING_DETAILS {
        return None;
    }
    elements(value)?.into_iter().map(read_detail).collect()
}

/// Proofs of calls, by the ids of the calls.
pub(super) type CallProofs = Vec<(String, Signature)>;

/// As [`proofs_alone`], where proofs of calls may be among them, as [`write_call_detail`] and OpenRouter write them: `is_call` knows
/// the ids of the calls.
pub(super) fn proofs_and_calls(
    details: &RawValue,
    is_call: impl Fn(&str) -> bool,
) -> Option<(Vec<Proof>, CallProofs)> {
    let (mut proofs, mut calls) = (Vec::new(), Vec::new());
    for detail in elements(details)? {
        match read_call_detail(detail).filter(|(id, _)| is_call(id)) {
            Some(call) => calls.push(call),
            None => proofs.push(read_detail(detail)?),
        }
    }
    Some((proofs, calls))
}

fn read_call_detail(detail: &RawValue) -> Option<(String, Signature)> {
    let detail = members(detail)?;
    let known = ["type", "data", "format", "id", "index"];
    let word = |name: &str| detail.get(name).and_then(text);
    if word("type")? != "reasoning.encrypted" || detail.iter().any(|(name, _)| !known.contains(&name)) {
        return None;
    }
    Some((word("id")?.into_owned(), Signature::new(issuer_of(&word("format")?), word("data")?)))
}

fn read_detail(detail: &RawValue) -> Option<Proof> {
    let detail = members(detail)?;
    let word = |name: &str| detail.get(name).and_then(text);
    let known = |names: &[&str]| detail.iter().all(|(name, _)| names.contains(&name));
    let signature = |member: &str| Some(Signature::new(issuer_of(&word("format")?), word(member)?));
    match word("type")?.as_ref() {
        "reasoning.text" if known(&["type", "text", "signature", "format"]) => {
            let signature = match word("signature") {
                Some(_) => Some(signature("signature")?),
                None => None,
            };
            Some(Proof::Reasoning(Reasoning { text: word("text")?.into_owned(), signature, redacted: false }))
        }
        "reasoning.encrypted" if known(&["type", "data", "format", "of"]) => {
            let signature = signature("data")?;
            Some(match word("of").as_deref() {
                Some("text") => Proof::Text(signature),
                _ => Proof::Reasoning(Reasoning {
                    text: String::new(),
                    signature: Some(signature),
                    redacted: true,
                }),
            })
        }
        _ => None,
    }
}

/// Writes one element of `annotations`.
pub(super) fn write_citation(list: &mut ArrayWriter<'_>, citation: &Citation) {
    if let Some((dialect, native)) = &citation.native
        && dialect == Dialect::OPENAI_CHAT.0
    {
        return list.element().extend_from_slice(native.as_str().as_bytes());
    }
    list.object(|annotation| {
        let (kind, url, title) = match &citation.source {
            CitationSource::Url { url, title } => ("url_citation", Some(url), title),
            CitationSource::Document { title, .. } => ("file_citation", None, title),
        };
        annotation.text("type", kind);
        annotation.object(kind, |inner| {
            if let Some(url) = url {
                inner.text("url", url);
            }
            inner
                .text(if url.is_some() { "title" } else { "filename" }, title.as_deref().unwrap_or_default());
            if let Some((start, end)) = citation.span {
                inner.plain("start_index", start);
                inner.plain("end_index", end);
            }
            if let Some(quote) = &citation.quote {
                inner.text("quote", quote);
            }
        });
    });
}

/// Writes a tool call as it stands in messages; the `id` is given apart, as a dialect that needs one may lack it, and so is the
/// proof, which not everybody takes.
pub(super) fn write_call(list: &mut ArrayWriter<'_>, call: &ToolCall, id: &str, proof: Option<&Signature>) {
    list.object(|object| {
        object.text("id", id);
        match call.kind {
            ToolCallKind::Custom => {
                object.text("type", "custom");
                object.object("custom", |custom| {
                    custom.text("name", &call.name);
                    custom.text("input", &call.arguments);
                });
            }
            ToolCallKind::Function | ToolCallKind::LegacyFunction => {
                object.text("type", "function");
                object.object("function", |function| {
                    function.text("name", &call.name);
                    function.text("arguments", &call.arguments);
                });
            }
        }
        if let Some(signature) = proof {
            write_call_signature(object, signature);
        }
    });
}

/// Writes the proof of the reasoning behind a call, in Google's place for it.
pub(super) fn write_call_signature(object: &mut ObjectWriter<'_>, signature: &Signature) {
    object.object("extra_content", |extra| {
        extra.object("google", |google| {
            google.text("thought_signature", &marked(signature, Signature::GOOGLE));
        });
    });
}
