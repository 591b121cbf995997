//! Items of answers as OpenAI's SDKs require them.

use switchyard_domain::chat::{Json, ToolCallKind};

use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_responses::namespaces::NAMESPACE;
use crate::openai_responses::proof;

/// A call, its arguments as far as they have come.
#[derive(Clone, Copy, Debug)]
pub(in crate::openai_responses) struct Call<'a> {
    pub(in crate::openai_responses) id: &'a str,
    pub(in crate::openai_responses) call_id: &'a str,
    pub(in crate::openai_responses) name: &'a str,
    /// The group that the function belongs to.
    pub(in crate::openai_responses) namespace: Option<&'a str>,
    pub(in crate::openai_responses) arguments: &'a str,
    pub(in crate::openai_responses) kind: ToolCallKind,
    pub(in crate::openai_responses) besides: &'a [(String, Json)],
}

/// The words for a kind of call: the prefix of ids, the type, the member of what it is called with.
pub(in crate::openai_responses) fn words(kind: ToolCallKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ToolCallKind::Custom => ("ctc", "custom_tool_call", "input"),
        ToolCallKind::Function | ToolCallKind::LegacyFunction => ("fc", "function_call", "arguments"),
    }
}

pub(in crate::openai_responses) fn write_call(object: &mut ObjectWriter<'_>, call: &Call<'_>, status: &str) {
    let (_, kind, member) = words(call.kind);
    object.text("id", call.id);
    object.text("type", kind);
    object.text("status", status);
    object.text("call_id", call.call_id);
    object.text("name", call.name);
    object.text(member, call.arguments);
    if let Some(namespace) = call.namespace {
        object.text(NAMESPACE, namespace);
    }
    let besides = call.besides.iter().filter(|(name, _)| name != NAMESPACE || call.namespace.is_none());
    besides.for_each(|(name, value)| object.json(name, value));
}

pub(in crate::openai_responses) fn write_message(
    object: &mut ObjectWriter<'_>,
    id: &str,
    status: &str,
    phase: Option<&Json>,
    content: impl FnOnce(&mut ArrayWriter<'_>),
) {
    object.text("id", id);
    object.text("type", "message");
    object.text("status", status);
    object.text("role", "assistant");
    object.array("content", content);
    if let Some(phase) = phase {
        object.json("phase", phase);
    }
}

/// Writes a reasoning of this text, with what is encrypted of it.
pub(in crate::openai_responses) fn write_reasoning(
    object: &mut ObjectWriter<'_>,
    id: &str,
    readable: &str,
    encrypted: Option<&str>,
) {
    object.text("id", id);
    object.text("type", "reasoning");
    proof::write_summary(object, readable);
    if let Some(encrypted) = encrypted {
        object.text("encrypted_content", encrypted);
    }
}

/// Writes a picture that the model made, in the only place that there is for one: as if a tool had made it.
pub(in crate::openai_responses) fn write_picture(
    object: &mut ObjectWriter<'_>,
    id: &str,
    media_type: &str,
    base64: &str,
) {
    object.text("id", id);
    object.text("type", "image_generation_call");
    object.text("status", "completed");
    if let Some(format) = media_type.strip_prefix("image/") {
        object.text("output_format", format);
    }
    object.text("result", base64);
}

/// Writes a part of a message.
pub(in crate::openai_responses) fn write_text(
    object: &mut ObjectWriter<'_>,
    text: &str,
    annotations: impl FnOnce(&mut ArrayWriter<'_>),
    logprobs: Option<&Json>,
) {
    object.text("type", "output_text");
    object.text("text", text);
    object.array("annotations", annotations);
    match logprobs {
        Some(logprobs) => object.json("logprobs", logprobs),
        None => object.array("logprobs", |_| {}),
    }
}

pub(in crate::openai_responses) fn write_refusal(object: &mut ObjectWriter<'_>, text: &str) {
    object.text("type", "refusal");
    object.text("refusal", text);
}
