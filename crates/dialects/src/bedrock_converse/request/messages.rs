use std::fmt::Arguments;

use switchyard_domain::chat::{LossReport, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult};

use super::Body;
use super::content::ContentWriter;
use super::document_names::DocumentNames;
use super::system::is_system;
use super::turns::{Blocks, Turn, Turns};
use crate::bedrock_converse::model::Maker;
use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{Origin, note_name, note_signatures, object_of};
use crate::tool_call_id::CallIds;

/// What an error says that came without words.
const NO_WORDS: &str = "(no message)";

impl Body<'_, '_> {
    pub(super) fn write_system_and_messages(&mut self) -> Result<(), Unsupported> {
        let request = self.request;
        let mut writer = MessageWriter::new(self.maker, self.origin, self.losses);
        let (mut turns, mut system) = (Turns::default(), Blocks::default());
        let mut has_begun = false;
        for (index, message) in request.messages.iter().enumerate() {
            note_name(message, index, writer.content.losses);
            self.origin.note_message(index, message, writer.content.losses);
            if is_system(message) {
                writer.write_system(index, message, has_begun, &mut system)?;
            } else {
                has_begun = true;
                turns.push(writer.turn(index, message)?);
            }
        }
        if turns.is_empty() && !system.is_empty() && !self.origin.is_same_dialect() {
            let reason = "goes as the user's, as there is no other message";
            self.losses.degraded("messages[0]", reason);
            let others = std::mem::take(&mut system);
            turns.push(Turn { role: "user", results: Blocks::default(), others });
        }
        let mut list = ArrayWriter::begin(self.object.name("messages"));
        turns.write(&mut list);
        list.end();
        if !system.is_empty() {
            self.object.array("system", |list| list.element().extend_from_slice(system.as_bytes()));
        }
        Ok(())
    }
}

/// Writes canonical messages in turn.
pub(super) struct MessageWriter<'w> {
    maker: Maker,
    pub(super) content: ContentWriter<'w>,
    ids: CallIds,
}

impl<'w> MessageWriter<'w> {
    fn new(maker: Maker, origin: Origin, losses: &'w mut LossReport) -> Self {
        let content = ContentWriter { origin, losses, names: DocumentNames::default() };
        Self { maker, content, ids: CallIds::new(is_call_id) }
    }

    fn turn(&mut self, index: usize, message: &Message) -> Result<Turn, Unsupported> {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let mut turn = Turn { role, results: Blocks::default(), others: Blocks::default() };
        let mut after_result = false;
        for (at, part) in message.parts.iter().enumerate() {
            let place = format_args!("messages[{index}].content[{at}]");
            if !matches!(part, Part::CacheMark { .. }) {
                after_result = matches!(part, Part::ToolResult(_));
            }
            let out = if after_result { &mut turn.results } else { &mut turn.others };
            match part {
                Part::ToolResult(result) => self.write_result(result, place, out)?,
                Part::ToolCall(call) => self.write_call(call, place, out),
                Part::Reasoning(reasoning) => self.write_reasoning(reasoning, index, out),
                Part::CacheMark { ttl } => self.mark(ttl.as_deref(), place, out),
                other => self.content.write(other, place, out)?,
            }
        }
        note_signatures(message, index, Some(Signature::ANTHROPIC), self.content.losses);
        let has_own = message.parts.iter().any(|part| match part {
            // There is a place for a proof beside the reasoning only.
            Part::Signature(signature) => signature.issuer == Signature::ANTHROPIC,
            Part::ToolCall(call) => {
                call.signature.as_ref().is_some_and(|of| of.issuer == Signature::ANTHROPIC)
            }
            _ => false,
        });
        if has_own {
            let member = format!("messages[{index}].reasoning.signature");
            self.content.losses.dropped(member, "the provider has no place for it");
        }
        Ok(turn)
    }

    /// A mark needs something before it.
    pub(super) fn mark(&mut self, ttl: Option<&str>, place: Arguments<'_>, out: &mut Blocks) {
        if out.is_empty() || !(self.maker.caches() || self.content.origin.is_same_dialect()) {
            return self.content.losses.degraded(place.to_string(), "the provider caches by its own rules");
        }
        out.object(|block| write_mark(block, ttl));
    }

    fn write_call(&mut self, call: &ToolCall, place: Arguments<'_>, out: &mut Blocks) {
        let (input, is_wrapped) = object_of(call);
        if is_wrapped {
            let member = format!("{place}.arguments");
            self.content.losses.degraded(member, "is no JSON object, so it stands in one, as `input`");
        }
        let id = self.ids.of_call(&call.id);
        out.object(|block| {
            block.object("toolUse", |object| {
                object.text("toolUseId", &id);
                object.text("name", &call.name);
                object.plain("input", input);
            });
        });
    }

    fn write_result(
        &mut self,
        result: &ToolResult,
        place: Arguments<'_>,
        out: &mut Blocks,
    ) -> Result<(), Unsupported> {
        let mut content = Blocks::default();
        for (at, part) in result.content.iter().enumerate() {
            let place = format_args!("{place}.content[{at}]");
            match part {
                Part::CacheMark { .. } => {
                    self.content.losses.degraded(place.to_string(), "there are no marks in results");
                }
                part => self.content.write(part, place, &mut content)?,
            }
        }
        if content.is_empty() {
            // Empty texts are taken in results, other than in messages, while some models refuse an empty list
            // (github.com/NousResearch/hermes-agent/issues/55092, measured with Claude; strands-agents/harness-sdk/pull/2123,
            // with Nemotron; 2026-11-21). Of errors the service wants content (aws-samples/sample-multi-agent-orchestration-
            // chat-on-agentcore/issues/15, 2026-11-21).
            let said = if result.is_error { NO_WORDS } else { "" };
            content.object(|block| block.text("text", said));
        }
        let id = self.ids.of_result(&result.call_id);
        out.object(|block| {
            block.object("toolResult", |object| {
                object.text("toolUseId", &id);
                object.array("content", |list| list.element().extend_from_slice(content.as_bytes()));
                // Models of other makers than Anthropic and Amazon refuse the member, so it is written only if it says
                // something.
                if result.is_error {
                    object.text("status", "error");
                }
            });
        });
        Ok(())
    }

    fn write_reasoning(&mut self, reasoning: &Reasoning, index: usize, out: &mut Blocks) {
        let proof = reasoning.signature.as_ref().filter(|signature| signature.issuer == Signature::ANTHROPIC);
        let is_claude = matches!(self.maker, Maker::Claude(_));
        // Claude takes no thoughts that it can't know for its own; others no proofs (gpt-oss: "This model doesn't support the
        // reasoningContent.reasoningText.signature field", 2026).
        let proof = proof.filter(|_| is_claude);
        let lost =
            if reasoning.redacted { proof.is_none() } else { reasoning.text.is_empty() && proof.is_none() };
        if lost || (is_claude && proof.is_none()) {
            let member = format!("messages[{index}].reasoning");
            return self.content.losses.dropped(member, "the model takes only what it thought itself");
        }
        out.object(|block| {
            block.object("reasoningContent", |object| match proof {
                Some(proof) if reasoning.redacted => object.text("redactedContent", &proof.value),
                proof => object.object("reasoningText", |object| {
                    object.text("text", &reasoning.text);
                    if let Some(proof) = proof {
                        object.text("signature", &proof.value);
                    }
                }),
            });
        });
    }
}

/// Writes a mark for the cache.
pub(super) fn write_mark(block: &mut ObjectWriter<'_>, ttl: Option<&str>) {
    block.object("cachePoint", |mark| {
        mark.text("type", "default");
        if let Some(ttl) = ttl {
            mark.text("ttl", ttl);
        }
    });
}

/// `[a-zA-Z0-9_.:-]+`, up to 64.
fn is_call_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}
