//! From the canonical form to a provider's body.

mod blocks;
mod calls;
mod extras;
mod media;
mod parameters;
mod reasoning;
mod tools;
mod turns;
mod write;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use crate::anthropic_messages::AnthropicMessages;
use crate::codec::{Unsupported, note_foreign_members};
use crate::json::ObjectWriter;
use blocks::Gatherer;
use calls::CallIds;
use extras::Member;
use turns::Turns;

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::anthropic_messages) enum Purpose {
    /// To be answered.
    Answer,
    /// To be told how many tokens it has.
    Count,
}

/// The members without canonical form that are counted too.
const COUNTED: &[&str] = &["cache_control", "context_management", "mcp_servers", "speed"];

/// The objects whose further members stand under their paths.
const NESTED: &[&str] = &["metadata.", "output_config.", "thinking.", "tool_choice."];

/// Writes a request for a vendor, and notes what it has no place for. `source` is the dialect that the request came in: only
/// from this one do extensions mean here what they meant there.
///
/// # Errors
/// When it asks for what must not be left out.
pub(in crate::anthropic_messages) fn encode(
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    (facts, purpose): (&AnthropicMessages, Purpose),
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    let mut out = BytesMut::with_capacity(1024);
    let same_dialect = source == Dialect::ANTHROPIC_MESSAGES;
    let mut gatherer = Gatherer { facts, source, same_dialect, losses, ids: CallIds::default() };
    let turns = Turns::of(request, &mut gatherer);
    let object = ObjectWriter::begin(&mut out);
    let mut body = Body { request, facts, purpose, source, same_dialect, losses, object };
    body.refuse_parameters()?;
    body.write(model, &turns)?;
    body.object.end();
    Ok(out.freeze())
}

/// A body as it is written.
struct Body<'r, 'o> {
    request: &'r ChatRequest,
    facts: &'r AnthropicMessages,
    purpose: Purpose,
    source: Dialect,
    same_dialect: bool,
    losses: &'o mut LossReport,
    object: ObjectWriter<'o>,
}

impl<'r> Body<'r, '_> {
    fn write(&mut self, model: &str, turns: &Turns<'_>) -> Result<(), Unsupported> {
        let plan = self.plan_reasoning(model, turns);
        self.object.text("model", model);
        if !self.counts() {
            self.object.plain("max_tokens", plan.max_tokens);
        }
        turns.write(&mut self.object);
        self.write_tools();
        self.write_choice();
        self.write_thinking(&plan);
        self.write_output(&plan)?;
        if !self.counts() {
            self.write_parameters(&plan);
        }
        self.write_extensions();
        Ok(())
    }

    fn counts(&self) -> bool {
        self.purpose == Purpose::Count
    }

    /// The members of an object that have no canonical form, under their names in it.
    fn nested(&self, prefix: &str) -> Vec<Member<'r>> {
        let extensions = self.request.extensions.iter().filter(|_| self.same_dialect);
        let inside = extensions.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        inside.collect()
    }

    fn write_extensions(&mut self) {
        if !self.same_dialect {
            return note_foreign_members(self.source, self.request, self.losses);
        }
        for (name, value) in &self.request.extensions {
            let is_counted = COUNTED.contains(&name.as_str());
            if NESTED.iter().any(|prefix| name.starts_with(prefix)) {
                // Written with its object.
            } else if name.contains(['.', '[']) {
                self.losses.dropped(name.as_str(), "has no place in the provider's dialect");
            } else if is_counted || !self.counts() {
                self.object.json(name, value);
            }
        }
    }
}
