//! From the canonical form to a provider's body.

mod content;
mod messages;
mod parameters;
mod tools;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};

use super::super::codec::OpenAiResponses;
use crate::codec::{Unsupported, note_foreign_members};
use crate::json::{ArrayWriter, ObjectWriter};
pub(in crate::openai_responses) use parameters::write_format;

/// Whom a request is written for, and where it came from.
#[derive(Clone, Copy)]
pub(in crate::openai_responses) struct Target<'a> {
    pub(in crate::openai_responses) vendor: &'a OpenAiResponses,
    pub(in crate::openai_responses) model: &'a str,
    /// Only in this dialect do extensions and native forms mean here what they meant there.
    pub(in crate::openai_responses) source: Dialect,
}

impl Target<'_> {
    fn is_same_dialect(&self) -> bool {
        self.source == Dialect::OPENAI_RESPONSES
    }
}

/// Writes a request for a vendor, and notes what it has no place for.
///
/// # Errors
/// When something must not be left out.
pub(in crate::openai_responses) fn encode(
    request: &ChatRequest,
    target: Target<'_>,
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    if request.choices.is_some_and(|choices| choices > 1) {
        return Err(Unsupported::new("n", "the provider gives one answer only; ask several times."));
    }
    let mut out = BytesMut::with_capacity(1024);
    let mut body = Body { request, target, losses, object: ObjectWriter::begin(&mut out) };
    body.write();
    body.object.end();
    Ok(out.freeze())
}

/// A body as it is written.
struct Body<'r, 'o> {
    request: &'r ChatRequest,
    target: Target<'r>,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
}

impl Body<'_, '_> {
    fn write(&mut self) {
        self.object.text("model", self.target.model);
        self.write_input();
        self.write_tools();
        self.write_parameters();
        if self.target.is_same_dialect() {
            self.write_extensions();
        } else {
            note_foreign_members(self.target.source, self.request, self.losses);
        }
    }

    fn write_input(&mut self) {
        let instructions = self.request.messages.iter().position(messages::is_instructions);
        let instructions = instructions.filter(|_| self.target.is_same_dialect());
        if let Some(message) = instructions.and_then(|at| self.request.messages.get(at)) {
            self.object.text("instructions", &content::text_of(&message.parts));
        }
        // A stored conversation may go on without a word, and then `input` is not given.
        let is_silent = self.request.messages.len() == usize::from(instructions.is_some());
        if is_silent && self.target.is_same_dialect() {
            return;
        }
        let mut list = ArrayWriter::begin(self.object.name("input"));
        let mut writer = messages::Writer::new(self.target, self.losses, &mut list);
        for (index, message) in self.request.messages.iter().enumerate() {
            if Some(index) != instructions {
                writer.write(index, message);
            }
        }
        list.end();
    }

    /// The members of this dialect at the top level. Those inside of others are written with them.
    fn write_extensions(&mut self) {
        for (name, value) in &self.request.extensions {
            if name.contains('[') || name.matches('.').count() > 1 && !name.starts_with("text.format.") {
                self.losses.dropped(name.as_str(), "has no place in the provider's dialect");
            } else if !name.contains('.') && name != "include" {
                self.object.json(name, value);
            }
        }
    }
}
