use std::collections::HashMap;

use switchyard_domain::chat::{
    Document, LossReport, MediaSource, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind,
    ToolResult,
};

use super::extras::MessageExtras;
use super::turns::Parts;
use crate::gemini::address::is_third_generation;
use crate::gemini::parts::{About, Extras, Medium, write_call, write_native, write_said};
use crate::gemini::{Gemini, call_ids, results};
use crate::json::ArrayWriter;
use crate::outbound::object_of;

/// Stands for a proof that there is none of: the call was made by another vendor's model. Newer models refuse a history of
/// calls without proofs, and take this instead (`google-generatecontent-012b5228f5`, 2026).
const NO_PROOF: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// Writes the parts of one message.
pub(super) struct MessageWriter<'a> {
    pub(super) message: &'a Message,
    pub(super) index: usize,
    /// The names of tools by the ids of their calls.
    pub(super) names: &'a HashMap<&'a str, &'a str>,
    pub(super) facts: &'a Gemini,
    pub(super) model: &'a str,
    pub(super) same_dialect: bool,
    pub(super) losses: &'a mut LossReport,
}

impl MessageWriter<'_> {
    /// Writes the parts.
    pub(super) fn write_parts(&mut self, out: &mut Parts) {
        let message = self.message;
        let extras = MessageExtras::of(message, self.same_dialect);
        if message.name.is_some() {
            self.losses.dropped(format!("messages[{}].name", self.index), "the provider knows roles alone");
        }
        let mut stands_in = self.needs_stand_in();
        let (mut calls, mut at) = (0, 0);
        while let Some(part) = message.parts.get(at) {
            let place = at;
            at += 1;
            let mut about = About { extras: extras.of_part(place), ..About::default() };
            if takes_proof(part)
                && let Some(Part::Signature(signature)) = message.parts.get(at)
                && (signature.issuer == Signature::GOOGLE)
            {
                at += 1;
                about.proof = Some(&signature.value);
            }
            let list = &mut out.list(part);
            if let Part::ToolCall(call) = part {
                self.write_call(list, call, calls, &mut stands_in, about);
                calls += 1;
            } else {
                self.write_part(list, part, place, about);
            }
        }
    }

    /// Writes a part that is no call, unless it is left out.
    fn write_part(&mut self, list: &mut ArrayWriter<'_>, part: &Part, at: usize, about: About<'_>) {
        let place = format!("messages[{}].content[{at}]", self.index);
        match part {
            // Google refuses a part that says nothing ("contains an empty text parameter", 2026); with a proof it may.
            Part::Text { text } if text.is_empty() && about.proof.is_none() && !self.same_dialect => {}
            Part::Text { text } => write_said(list, text, about),
            Part::Refusal { text } if text.is_empty() => {}
            Part::Refusal { text } => {
                self.losses.degraded(place, "a refusal goes as a text");
                write_said(list, text, about);
            }
            Part::Reasoning(reasoning) => self.write_thought(list, reasoning, about.extras),
            Part::Signature(signature) => {
                let Some(proof) = self.own(signature) else { return };
                write_said(list, "", About { proof: Some(proof), ..about });
            }
            Part::ToolResult(result) => self.write_result(list, result, &place, about),
            Part::Image { .. } | Part::Document(_) | Part::Audio(_) => {
                self.write_medium(list, part, &place, about);
            }
            Part::CacheMark { .. } => self.losses.degraded(place, "the provider caches by its own rules"),
            Part::Native { json, .. } if self.same_dialect => write_native(list, json),
            Part::Native { .. } => self.losses.dropped(place, "is known to the client's dialect alone"),
            // Written by whoever counts them.
            Part::ToolCall(_) => {}
        }
    }

    /// A proof that Google made; another vendor's is reported as left out.
    fn own<'s>(&mut self, signature: &'s Signature) -> Option<&'s str> {
        if signature.issuer == Signature::GOOGLE {
            return Some(&signature.value);
        }
        let member = format!("messages[{}].reasoning.signature", self.index);
        self.losses.dropped(member, "is another vendor's and means nothing to Google");
        None
    }

    fn write_thought(&mut self, list: &mut ArrayWriter<'_>, reasoning: &Reasoning, extras: Extras<'_>) {
        let proof = reasoning.signature.as_ref().and_then(|signature| self.own(signature));
        let is_as_given = self.same_dialect && reasoning.signature.is_none();
        if !reasoning.text.is_empty() || proof.is_some() || is_as_given {
            write_said(list, &reasoning.text, About { is_thought: true, proof, extras });
        }
    }

    /// Whether the first call of the message needs something in the place of its proof. Of calls at once only the first has
    /// one. What a client of this dialect leaves out is its own matter, unless we took another vendor's proof out.
    fn needs_stand_in(&self) -> bool {
        let parts = self.message.parts.iter();
        let calls = parts.filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None });
        let mut has_foreign = false;
        for signature in calls.filter_map(|call| call.signature.as_ref()) {
            if signature.issuer == Signature::GOOGLE {
                return false;
            }
            has_foreign = true;
        }
        is_third_generation(self.model) && (!self.same_dialect || has_foreign)
    }

    fn write_call(
        &mut self,
        list: &mut ArrayWriter<'_>,
        call: &ToolCall,
        at: usize,
        stands_in: &mut bool,
        about: About<'_>,
    ) {
        let member = format!("messages[{}].tool_calls[{at}]", self.index);
        if call.kind == ToolCallKind::Custom {
            self.losses.degraded(member, "goes as a call of a function with one argument");
        } else if object_of(call).1 {
            self.losses.degraded(format!("{member}.arguments"), "are no object and go as a text in one");
        }
        let proof = call.signature.as_ref().and_then(|signature| self.own(signature));
        let proof = proof.or(if *stands_in { Some(NO_PROOF) } else { None });
        *stands_in = false;
        let id = self.id(&call.id);
        write_call(list, id, call, About { proof, ..about });
    }

    /// An id as the vendor takes it: in its own dialect none that was made for others.
    fn id<'i>(&self, id: &'i str) -> &'i str {
        match (self.facts.call_ids, self.same_dialect) {
            (false, _) => "",
            (true, true) => call_ids::given(id),
            (true, false) => id,
        }
    }

    fn write_result(
        &mut self,
        list: &mut ArrayWriter<'_>,
        result: &ToolResult,
        place: &str,
        about: About<'_>,
    ) {
        let known = self.names.get(result.call_id.as_str()).copied();
        let name = result.name.as_deref().filter(|name| !name.is_empty()).or(known);
        if name.is_none() {
            self.losses.degraded(format!("{place}.name"), "its call is not in the conversation");
        }
        let texts: Vec<&str> = result
            .content
            .iter()
            .filter_map(|part| if let Part::Text { text } = part { Some(text.as_str()) } else { None })
            .collect();
        let media: Vec<(usize, Medium<'_>)> = result
            .content
            .iter()
            .enumerate()
            .filter_map(|(at, part)| Some((at, Medium::of(part)?)))
            .filter(|(at, _)| self.is_writable(result.content.get(*at)))
            .collect();
        self.note_result(result, place);
        let inside = is_third_generation(self.model) || self.same_dialect;
        let is_named = self.facts.vertex;
        let id = self.id(&result.call_id);
        list.object(|part| {
            part.object("functionResponse", |response| {
                if !id.is_empty() {
                    response.text("id", id);
                }
                response.text("name", name.unwrap_or("unknown"));
                results::write(response.name("response"), &texts.join("\n"), result.is_error);
                if inside && !media.is_empty() {
                    response.array("parts", |list| {
                        for (_, medium) in &media {
                            list.object(|part| medium.write(part, is_named, About::default()));
                        }
                    });
                }
                about.extras.write_inner("functionResponse", response);
            });
            about.write(part);
        });
        if !inside && !media.is_empty() {
            // Older models take no media in results.
            self.losses.degraded(format!("{place}.content"), "media stand beside the result");
            for (_, medium) in &media {
                list.object(|part| medium.write(part, is_named, About::default()));
            }
        }
    }

    /// Notes what a result holds besides texts and media.
    fn note_result(&mut self, result: &ToolResult, place: &str) {
        for (at, part) in result.content.iter().enumerate() {
            let place = format!("{place}.content[{at}]");
            match part {
                Part::Text { .. } => {}
                Part::CacheMark { .. } => self.losses.degraded(place, "the provider caches by its own rules"),
                part if Medium::of(part).is_some() && self.is_writable(Some(part)) => {
                    self.note_medium(part, &place, Extras::default());
                }
                _ => self.losses.dropped(place, "has no place in a result"),
            }
        }
    }

    fn write_medium(&mut self, list: &mut ArrayWriter<'_>, part: &Part, place: &str, about: About<'_>) {
        let Some(medium) = Medium::of(part) else { return };
        let is_instruction =
            matches!(self.message.role, Role::System | Role::Developer) && !self.same_dialect;
        if !self.is_writable(Some(part)) || is_instruction {
            let reason =
                if is_instruction { "instructions are texts" } else { "is a file of another provider's" };
            return self.losses.dropped(place, reason);
        }
        self.note_medium(part, place, about.extras);
        list.object(|object| medium.write(object, self.facts.vertex, about));
    }

    /// Whether the provider can read a medium: a file that was uploaded elsewhere it can't.
    fn is_writable(&self, part: Option<&Part>) -> bool {
        let source = match part {
            Some(Part::Image { source, .. } | Part::Document(Document { source, .. })) => source,
            _ => return true,
        };
        self.same_dialect || !matches!(source, MediaSource::FileId(_))
    }

    fn note_medium(&mut self, part: &Part, place: &str, extras: Extras<'_>) {
        let Some(medium) = Medium::of(part) else { return };
        if medium.is_guess && !Medium::is_told_by(extras) {
            self.losses.degraded(format!("{place}.media_type"), "nothing says what kind of media it is");
        }
        if medium.name.is_some() && !self.facts.vertex {
            self.losses.dropped(format!("{place}.filename"), "the provider has no place for it");
        }
        match part {
            Part::Image { detail: Some(detail), .. } if detail != "auto" => {
                self.losses.dropped(format!("{place}.detail"), "the provider looks as closely as it likes");
            }
            Part::Document(document) => {
                if document.context.is_some() {
                    self.losses.dropped(format!("{place}.context"), "the provider has no place for it");
                }
                if document.cited {
                    self.losses.dropped(format!("{place}.citations"), "the provider cites no documents");
                }
            }
            _ => {}
        }
    }
}

/// Whether a proof may stand in a part of this kind.
fn takes_proof(part: &Part) -> bool {
    matches!(part, Part::Text { .. } | Part::Image { .. } | Part::Audio(_) | Part::Document(_))
}
