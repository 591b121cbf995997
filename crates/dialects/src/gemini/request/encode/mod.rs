//! From the canonical form to a provider's body.

mod contents;
mod extras;
mod generation;
mod message;
mod thinking;
mod tools;
mod turns;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, Tool};

use crate::codec::{Unsupported, note_foreign_function, note_foreign_members, note_foreign_message};
use crate::gemini::Gemini;
use crate::json::ObjectWriter;

/// Writes a request for a vendor, and notes what it has no place for.
pub(in crate::gemini) fn encode(
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    facts: &Gemini,
    losses: &mut LossReport,
) -> Result<Bytes, Unsupported> {
    let mut out = BytesMut::with_capacity(1024);
    let object = ObjectWriter::begin(&mut out);
    let object = encode_into(object, request, model, source, facts, losses)?;
    object.end();
    Ok(out.freeze())
}

/// Writes the members of a request into an object that may have others.
pub(in crate::gemini) fn encode_into<'o>(
    object: ObjectWriter<'o>,
    request: &ChatRequest,
    model: &str,
    source: Dialect,
    facts: &Gemini,
    losses: &mut LossReport,
) -> Result<ObjectWriter<'o>, Unsupported> {
    let same_dialect = source == Dialect::GEMINI;
    let mut body = Body { request, model, source, same_dialect, facts, losses, object };
    body.write()?;
    Ok(body.object)
}

/// A body as it is written.
struct Body<'r, 'o> {
    request: &'r ChatRequest,
    model: &'r str,
    source: Dialect,
    same_dialect: bool,
    facts: &'r Gemini,
    losses: &'r mut LossReport,
    object: ObjectWriter<'o>,
}

/// Where the members of nested objects stand among the extensions.
const GENERATION: &str = "generationConfig.";
const THINKING: &str = "generationConfig.thinkingConfig.";
const TOOLS: &str = "toolConfig.";
const CALLING: &str = "toolConfig.functionCallingConfig.";

impl Body<'_, '_> {
    fn write(&mut self) -> Result<(), Unsupported> {
        self.write_contents();
        self.write_tools();
        self.write_tool_config();
        self.write_generation()?;
        self.write_labels();
        self.write_service_tier();
        if self.request.user.is_some() {
            self.losses.dropped("user", "the provider wants none");
        }
        self.write_extensions();
        Ok(())
    }

    /// Labels of a call are Vertex's alone.
    fn write_labels(&mut self) {
        let labels = &self.request.metadata;
        if labels.is_empty() {
            return;
        }
        if !self.facts.vertex {
            return self.losses.dropped("metadata", "the provider stores none");
        }
        let (fitting, others): (Vec<_>, Vec<_>) =
            labels.iter().partition(|(name, value)| self.same_dialect || (is_label(name) && is_label(value)));
        for (name, _) in others {
            self.losses.dropped(
                format!("metadata.{name}"),
                "the provider takes lower-case letters, digits, `_` and `-`, at most 63",
            );
        }
        if !fitting.is_empty() {
            self.object.object("labels", |object| {
                fitting.into_iter().for_each(|(name, value)| object.text(name, value));
            });
        }
    }

    fn write_service_tier(&mut self) {
        let Some(tier) = &self.request.service_tier else { return };
        let word = match tier.to_ascii_lowercase().as_str() {
            _ if self.same_dialect => tier.as_str(),
            // What is done without a word.
            "auto" => return,
            "default" | "standard" | "standard_only" => "standard",
            "flex" => "flex",
            "priority" => "priority",
            _ => return self.losses.dropped("service_tier", "the provider does not know this one"),
        };
        self.object.text("serviceTier", word);
    }

    fn write_extensions(&mut self) {
        if !self.same_dialect {
            for (at, message) in self.request.messages.iter().enumerate() {
                note_foreign_message(self.source, at, message, self.losses);
            }
            for (at, tool) in self.request.tools.iter().enumerate() {
                if let Tool::Function { extensions, .. } = tool {
                    note_foreign_function(at, extensions, self.losses);
                }
            }
            return note_foreign_members(self.source, self.request, self.losses);
        }
        for (name, value) in &self.request.extensions {
            if !name.starts_with(GENERATION) && !name.starts_with(TOOLS) {
                self.object.json(name, value);
            }
        }
    }

    /// The members of a nested object that have no canonical form.
    fn nested(&self, prefix: &'static str) -> Vec<(&str, &switchyard_domain::chat::Json)> {
        let inner = [THINKING, CALLING]
            .into_iter()
            .find(|inner| inner.len() > prefix.len() && inner.starts_with(prefix));
        let extensions = self.request.extensions.iter().filter(|_| self.same_dialect);
        extensions
            .filter(|(name, _)| inner.is_none_or(|inner| !name.starts_with(inner)))
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)))
            .collect()
    }
}

fn is_label(text: &str) -> bool {
    let fits = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || "_-".contains(c);
    text.chars().count() <= 63 && text.chars().all(fits)
}
