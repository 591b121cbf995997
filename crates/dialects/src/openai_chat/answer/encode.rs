use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatAnswer, Choice, Part, ToolCall, ToolCallKind};

use crate::codec::AnswerForm;
use crate::json::ObjectWriter;
use crate::logprobs::joined_logprobs;
use crate::openai_chat::places::{
    Proof, REASONING_DETAILS, fallback_id, is_beside_message, write_call, write_citation, write_detail,
};
use crate::openai_chat::{finish, usage};
use crate::tool_call_id::made_call_id;

/// Writes an answer as OpenAI does.
#[must_use]
pub fn encode(answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut object = ObjectWriter::begin(&mut out);
    let id = if answer.id.is_empty() { fallback_id(form) } else { answer.id.clone() };
    object.text("id", &id);
    object.text("object", "chat.completion");
    object.plain("created", answer.created.unwrap_or(form.fallback_created));
    object.text("model", if answer.model.is_empty() { form.fallback_model } else { &answer.model });
    object.array("choices", |list| {
        for choice in &answer.choices {
            list.object(|object| ChoiceWriter { choice, id: &id, form }.write(object));
        }
    });
    if let Some(counts) = &answer.usage {
        object.object("usage", |object| usage::write(object, counts));
    }
    for (name, value) in &answer.extensions {
        object.json(name, value);
    }
    object.end();
    out.freeze()
}

struct ChoiceWriter<'a> {
    choice: &'a Choice,
    id: &'a str,
    form: &'a AnswerForm<'a>,
}

impl ChoiceWriter<'_> {
    fn write(&self, object: &mut ObjectWriter<'_>) {
        object.plain("index", self.choice.index);
        object.object("message", |message| self.write_message(message));
        match joined_logprobs(&self.choice.logprobs) {
            Some(logprobs) => object.json("logprobs", &logprobs),
            None => object.null("logprobs"),
        }
        match &self.choice.finish {
            Some(reason) => object.text("finish_reason", finish::word(reason, self.legacy_call().is_some())),
            None => object.null("finish_reason"),
        }
        for (name, value) in self.choice.extensions.iter().filter(|(name, _)| is_beside_message(name)) {
            object.json(name, value);
        }
    }

    fn write_message(&self, message: &mut ObjectWriter<'_>) {
        message.text("role", "assistant");
        let said = |kind: fn(&Part) -> Option<&str>| -> Option<String> {
            let mut pieces = self.choice.parts.iter().filter_map(kind).peekable();
            pieces.peek()?;
            Some(pieces.collect())
        };
        let text = said(|part| if let Part::Text { text } = part { Some(text) } else { None });
        let refusal = said(|part| if let Part::Refusal { text } = part { Some(text) } else { None });
        let calls = self.choice.tool_calls().next().is_some();
        match text {
            Some(text) => message.text("content", &text),
            None if calls || refusal.is_some() => message.null("content"),
            None => message.text("content", ""),
        }
        match refusal {
            Some(refusal) => message.text("refusal", &refusal),
            None => message.null("refusal"),
        }
        self.write_reasoning(message);
        self.write_calls(message);
        self.write_citations(message);
        for (name, value) in self.choice.extensions.iter().filter(|(name, _)| !is_beside_message(name)) {
            message.json(name, value);
        }
    }

    fn write_citations(&self, message: &mut ObjectWriter<'_>) {
        if !self.choice.citations.is_empty() {
            message.array("annotations", |list| {
                self.choice.citations.iter().for_each(|citation| write_citation(list, citation));
            });
        }
    }

    fn write_reasoning(&self, message: &mut ObjectWriter<'_>) {
        let reasonings = self.choice.parts.iter().filter_map(|part| match part {
            Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
            _ => None,
        });
        let text: String = reasonings.collect();
        if !text.is_empty() {
            message.text("reasoning_content", &text);
        }
        let proofs = Proof::among(&self.choice.parts);
        let has_details = self.choice.extensions.iter().any(|(name, _)| name == REASONING_DETAILS);
        if !has_details && !proofs.is_empty() {
            message
                .array(REASONING_DETAILS, |list| proofs.iter().for_each(|proof| write_detail(list, proof)));
        }
    }

    fn write_calls(&self, message: &mut ObjectWriter<'_>) {
        if let Some(call) = self.legacy_call() {
            message.object("function_call", |function| {
                function.text("name", &call.name);
                function.text("arguments", &call.arguments);
            });
        } else if self.choice.tool_calls().next().is_some() {
            message.array("tool_calls", |list| {
                for (index, call) in self.choice.tool_calls().enumerate() {
                    let made = || made_call_id(self.id, self.choice.index, index);
                    let id = if call.id.is_empty() { made() } else { call.id.clone() };
                    write_call(list, call, &id, call.signature.as_ref());
                }
            });
        }
    }

    /// The call to be written in the first form of function calling, which has room for one.
    fn legacy_call(&self) -> Option<&ToolCall> {
        let first = self.choice.tool_calls().next()?;
        (self.form.legacy_functions() || first.kind == ToolCallKind::LegacyFunction).then_some(first)
    }
}
