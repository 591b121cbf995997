use switchyard_domain::chat::{Dialect, LossReport, Message, Part, Reasoning, Role, ToolCall, ToolResult};

use super::calls::CallIds;
use super::content::Content;
use super::{ReasoningForm, TargetFacts};
use crate::codec::note_foreign_message;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_chat::places::{Proof, REASONING_DETAILS, write_call, write_detail};

/// Writes one canonical message, which may be several of this dialect.
pub(super) struct MessageWriter<'a> {
    pub(super) message: &'a Message,
    pub(super) index: usize,
    pub(super) facts: &'a TargetFacts,
    pub(super) source: Dialect,
    pub(super) same_dialect: bool,
    pub(super) losses: &'a mut LossReport,
    pub(super) ids: &'a mut CallIds,
}

impl<'a> MessageWriter<'a> {
    pub(super) fn write(mut self, list: &mut ArrayWriter<'_>) {
        let message = self.message;
        let results = message.parts.iter().enumerate().filter_map(|(at, part)| match part {
            Part::ToolResult(result) => Some((at, result)),
            _ => None,
        });
        let mut has_results = false;
        for (at, result) in results {
            has_results = true;
            list.object(|object| self.write_result(object, at, result));
        }
        // Results are messages of their own here; what else was said stays a message, if there is anything.
        let is_other = |part: &Part| !matches!(part, Part::ToolResult(_) | Part::CacheMark { .. });
        if self.is_foreign_alone() {
            let mut content = Content::new(self.facts, self.same_dialect, self.losses);
            content.collect(&message.parts, format_args!("messages[{}].content", self.index));
            note_foreign_message(self.source, self.index, message, self.losses);
            return;
        }
        if !has_results || message.parts.iter().any(is_other) {
            return list.object(|object| self.write_said(object));
        }
        let marks = message.parts.iter().enumerate();
        for (at, _) in marks.filter(|(_, part)| matches!(part, Part::CacheMark { .. })) {
            let member = format!("messages[{}].content[{at}]", self.index);
            self.losses.degraded(member, "the provider caches by its own rules");
        }
        if message.parts.len() > 1 {
            note_foreign_message(self.source, self.index, message, self.losses);
        }
    }

    /// Whether nothing is said but in forms of another dialect: without them, there is no message.
    fn is_foreign_alone(&self) -> bool {
        let parts = &self.message.parts;
        !self.same_dialect
            && !parts.is_empty()
            && parts.iter().all(|part| matches!(part, Part::Native { .. }))
    }

    fn write_result(&mut self, object: &mut ObjectWriter<'_>, at: usize, result: &ToolResult) {
        let name = result.name.as_deref();
        let is_legacy = result.call_id.is_empty() && name.is_some() && self.facts.legacy_functions;
        object.text("role", if is_legacy { "function" } else { "tool" });
        if !is_legacy {
            object.text("tool_call_id", &self.ids.of_result(&result.call_id));
        }
        if let Some(name) = name {
            object.text("name", name);
        }
        if result.is_error {
            let member = format!("messages[{}].content[{at}].is_error", self.index);
            self.losses.degraded(member, "goes as an ordinary result");
        }
        let mut content = Content::new(self.facts, self.same_dialect, self.losses);
        content.collect(&result.content, format_args!("messages[{}].content[{at}].content", self.index));
        content.write(object, false);
        // The message is nothing but its result: what it has besides belongs to the result.
        if self.message.parts.len() == 1 {
            self.write_extensions(object);
        }
    }

    fn write_said(&mut self, object: &mut ObjectWriter<'_>) {
        object.text(
            "role",
            match self.message.role {
                Role::Developer if self.facts.developer_role => "developer",
                Role::System | Role::Developer => "system",
                Role::User | Role::Tool => "user",
                Role::Assistant => "assistant",
            },
        );
        if let Some(name) = &self.message.name {
            object.text("name", name);
        }
        let calls = self.calls();
        let refusal = self.refusal();
        let mut content = Content::new(self.facts, self.same_dialect, self.losses);
        content.collect(&self.message.parts, format_args!("messages[{}].content", self.index));
        content.write(object, !calls.is_empty() || refusal.is_some());
        if let Some(refusal) = refusal {
            object.text("refusal", &refusal);
        }
        self.write_reasoning(object);
        self.write_calls(object, &calls);
        self.write_extensions(object);
    }

    fn calls(&mut self) -> Vec<&'a ToolCall> {
        let parts = &self.message.parts;
        let first = parts.iter().position(|part| matches!(part, Part::ToolCall(_)));
        let later = first.and_then(|first| parts.get(first..)).unwrap_or_default();
        if later.iter().any(|part| matches!(part, Part::Text { .. } | Part::Reasoning(_))) {
            let member = format!("messages[{}].content", self.index);
            self.losses.degraded(member, "what was said after a tool call stands before it");
        }
        let calls = parts.iter();
        calls.filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None }).collect()
    }

    fn refusal(&self) -> Option<String> {
        let parts = self.message.parts.iter();
        let texts = parts
            .filter_map(|part| if let Part::Refusal { text } = part { Some(text.as_str()) } else { None });
        let texts: Vec<&str> = texts.collect();
        (!texts.is_empty()).then(|| texts.concat())
    }

    fn write_reasoning(&mut self, object: &mut ObjectWriter<'_>) {
        let parts = self.message.parts.iter();
        let reasonings: Vec<&Reasoning> = parts
            .filter_map(|part| if let Part::Reasoning(reasoning) = part { Some(reasoning) } else { None })
            .collect();
        let Some(last) = reasonings.last() else { return };
        let member = match self.facts.reasoning {
            // Written with the content.
            ReasoningForm::ThinkingPart => None,
            ReasoningForm::Omit => {
                let member = format!("messages[{}].reasoning", self.index);
                return self.losses.dropped(member, "the provider takes none back");
            }
            ReasoningForm::ReasoningContent => Some("reasoning_content"),
            ReasoningForm::Reasoning => Some("reasoning"),
        };
        let text: String = reasonings.iter().map(|reasoning| reasoning.text.as_str()).collect();
        // DeepSeek wants an empty one back too: `deepseek-chat_completions-99bcf85c7e`, 2026.
        let says = !text.is_empty() || last.signature.is_none();
        if let Some(member) = member.filter(|_| says) {
            object.text(member, &text);
        }
        let has_details = self.message.extensions.iter().any(|(name, _)| name == REASONING_DETAILS);
        let proofs = Proof::among(&self.message.parts);
        if proofs.is_empty() || has_details {
            return;
        }
        if self.facts.reasoning == ReasoningForm::Reasoning {
            object.array(REASONING_DETAILS, |list| proofs.iter().for_each(|proof| write_detail(list, proof)));
        } else {
            let member = format!("messages[{}].reasoning.signature", self.index);
            self.losses.dropped(member, "the provider has no place for it");
        }
    }

    fn write_calls(&mut self, object: &mut ObjectWriter<'_>, calls: &[&ToolCall]) {
        if let [call] = calls
            && self.ids.is_legacy(call)
        {
            return object.object("function_call", |function| {
                function.text("name", &call.name);
                function.text("arguments", &call.arguments);
            });
        }
        if !calls.is_empty() {
            object.array("tool_calls", |list| {
                for call in calls {
                    let id = self.ids.of_call(&call.id);
                    write_call(list, call, &id);
                }
            });
        }
    }

    fn write_extensions(&mut self, object: &mut ObjectWriter<'_>) {
        if self.same_dialect {
            self.message.extensions.iter().for_each(|(name, value)| object.json(name, value));
        } else {
            note_foreign_message(self.source, self.index, self.message, self.losses);
        }
    }
}
