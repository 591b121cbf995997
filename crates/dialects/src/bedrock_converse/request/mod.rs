//! From the canonical form to a body.

mod content;
mod document_names;
mod fields;
mod formats;
mod messages;
mod parameters;
mod reasoning;
mod system;
mod tools;
mod turns;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use super::model::Maker;
use crate::codec::Unsupported;
use crate::json::ObjectWriter;
use crate::outbound::{Origin, note_lacking, one_choice};
use fields::Fields;

/// The members that are always written here; those that may also be the client's own join them as they are written.
const MEMBERS: &[&str] =
    &["messages", "system", "inferenceConfig", "toolConfig", "additionalModelRequestFields"];

/// Writes a request, see `ProviderCodec::encode`.
pub(super) fn encode(
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    one_choice(request)?;
    let origin = Origin::new(source, Dialect::BEDROCK_CONVERSE);
    let mut out = BytesMut::with_capacity(1024);
    let mut body = Body {
        request,
        maker: Maker::of(model),
        origin,
        losses,
        object: ObjectWriter::begin(&mut out),
        fields: Fields::of(request, origin),
        taken: MEMBERS.to_vec(),
        thinks: false,
        effort: None,
    };
    body.write()?;
    body.object.end();
    Ok(out.freeze())
}

struct Body<'r, 'o> {
    request: &'r ChatRequest,
    maker: Maker,
    origin: Origin,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
    /// What the dialect has no member for and the model's maker has.
    fields: Fields,
    /// The names that the client's own members can't have.
    taken: Vec<&'static str>,
    /// Whether the model is told to think: Claude's refuses then to be sampled otherwise than it likes.
    thinks: bool,
    /// How hard, in the dialect's word.
    effort: Option<&'static str>,
}

impl Body<'_, '_> {
    fn write(&mut self) -> Result<(), Unsupported> {
        self.write_system_and_messages()?;
        self.write_tools();
        self.wish_for_reasoning();
        self.write_parameters()?;
        self.fields.write(&mut self.object);
        let lacking = [
            "frequency_penalty",
            "presence_penalty",
            "seed",
            "logprobs",
            "top_logprobs",
            "logit_bias",
            "parallel_tool_calls",
            "user",
            "reasoning.summary",
        ];
        note_lacking(self.request, &lacking, self.losses);
        let is_field = |name: &str| self.fields.holds(name);
        self.origin.write_members(self.request, is_field, &self.taken, &mut self.object, self.losses);
        Ok(())
    }
}
