use switchyard_domain::chat::{
    Dialect, LossReport, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};

use super::calls::CallIds;
use super::content::Content;
use super::displaced::{Displaced, is_medium};
use super::{ProofForm, ReasoningForm, TargetFacts};
use crate::codec::note_foreign_message;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_chat::places::{Proof, REASONING_DETAILS, write_call, write_call_detail, write_detail};

const NO_PLACE_FOR_PROOF: &str = "the provider has no place for it";

/// Writes one canonical message, which may be several of this dialect.
pub(super) struct MessageWriter<'a, 'r> {
    pub(super) message: &'r Message,
    pub(super) index: usize,
    pub(super) facts: &'a TargetFacts,
    pub(super) source: Dialect,
    pub(super) same_dialect: bool,
    pub(super) losses: &'a mut LossReport,
    pub(super) ids: &'a mut CallIds,
    pub(super) displaced: &'a mut Displaced<'r>,
}

impl<'r> MessageWriter<'_, 'r> {
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
            self.displaced.write(list, self.facts, self.same_dialect, self.losses);
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

    fn write_result(&mut self, object: &mut ObjectWriter<'_>, at: usize, result: &'r ToolResult) {
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
        let path = format!("messages[{}].content[{at}].content", self.index);
        let displaces = !self.facts.media_in_results;
        if displaces {
            self.displaced.take(result, &path, self.losses);
        }
        let mut content = Content::new(self.facts, self.same_dialect, self.losses);
        content.collect_only(|part| !displaces || !is_medium(part), &result.content, format_args!("{path}"));
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
        self.write_proofs(object, &calls);
        self.write_calls(object, &calls);
        self.write_extensions(object);
    }

    fn calls(&mut self) -> Vec<&'r ToolCall> {
        let parts = &self.message.parts;
        let first = parts.iter().position(|part| matches!(part, Part::ToolCall(_)));
        let later = first.and_then(|first| parts.get(first..)).unwrap_or_default();
        let is_said = |part: &Part| match part {
            Part::Text { text } => !text.is_empty(),
            part => matches!(part, Part::Reasoning(_)),
        };
        if later.iter().any(is_said) {
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
    }

    fn write_proofs(&mut self, object: &mut ObjectWriter<'_>, calls: &[&ToolCall]) {
        let has_details = self.message.extensions.iter().any(|(name, _)| name == REASONING_DETAILS);
        if self.facts.proofs == ProofForm::ReasoningDetails && !has_details {
            let proofs = Proof::among(&self.message.parts);
            let is_known = |id: &str| calls.iter().filter(|call| call.id == id).count() == 1;
            let signed =
                calls.iter().enumerate().filter_map(|(at, call)| Some((at, call, call.signature.as_ref()?)));
            let (told_apart, alike): (Vec<_>, Vec<_>) = signed.partition(|(_, call, _)| is_known(&call.id));
            for (at, ..) in alike {
                self.lose_proof_of_call(at);
            }
            let of_calls: Vec<_> =
                told_apart.into_iter().map(|(_, call, proof)| (self.ids.of_call(&call.id), proof)).collect();
            if !proofs.is_empty() || !of_calls.is_empty() {
                object.array(REASONING_DETAILS, |list| {
                    proofs.iter().for_each(|proof| write_detail(list, proof));
                    of_calls.iter().for_each(|(id, proof)| write_call_detail(list, id, proof));
                });
            }
            return;
        }
        if !has_details {
            self.note_lost_proofs();
        }
        for (at, call) in calls.iter().enumerate() {
            if call.signature.is_some() && self.proof_in_call(call).is_none() {
                self.lose_proof_of_call(at);
            }
        }
    }

    fn lose_proof_of_call(&mut self, at: usize) {
        let member = format!("messages[{}].tool_calls[{at}].signature", self.index);
        self.losses.dropped(member, NO_PLACE_FOR_PROOF);
    }

    /// Notes the proofs of reasoning and of texts. Where the reasoning itself is lost, its proof is not told apart.
    fn note_lost_proofs(&mut self) {
        let parts = &self.message.parts;
        let is_signed = |part: &Part| matches!(part, Part::Reasoning(thought) if thought.signature.is_some());
        if self.facts.reasoning != ReasoningForm::Omit && parts.iter().any(is_signed) {
            let member = format!("messages[{}].reasoning.signature", self.index);
            self.losses.dropped(member, NO_PLACE_FOR_PROOF);
        }
        let texts = parts.iter().enumerate().filter(|(_, part)| matches!(part, Part::Signature(_)));
        for (at, _) in texts {
            let member = format!("messages[{}].content[{at}].signature", self.index);
            self.losses.dropped(member, NO_PLACE_FOR_PROOF);
        }
    }

    /// The proof that stands in the call itself: Google's own at Google's.
    fn proof_in_call<'c>(&self, call: &'c ToolCall) -> Option<&'c Signature> {
        let proof = call.signature.as_ref().filter(|proof| proof.issuer == Signature::GOOGLE)?;
        let stands = self.facts.proofs == ProofForm::ExtraContentOfGemini && !self.ids.is_legacy(call);
        stands.then_some(proof)
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
                    write_call(list, call, &id, self.proof_in_call(call));
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
