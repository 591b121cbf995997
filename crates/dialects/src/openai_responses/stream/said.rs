//! What the model says and thinks, piece by piece.

use bytes::BytesMut;
use switchyard_domain::chat::{Citation, Json, Signature};

use super::encode::{Open, Writer};
use super::frames::Frames;
use super::open::{OpenMessage, OpenPart, OpenReasoning};
use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_responses::answer::{length, write_message, write_reasoning};
use crate::openai_responses::proof::{self, Of};

impl Writer {
    pub(super) fn say(&mut self, said: &str, is_refusal: bool, out: &mut BytesMut) {
        self.open_part(is_refusal, out);
        let kind = if is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        if let Open::Message(message) = &mut self.open
            && let Some(part) = &mut message.part
        {
            part.said.push_str(said);
            if !is_refusal {
                self.characters = self.characters.saturating_add(length(said));
            }
            self.frames.write(kind, out, |event| {
                message.write_place(event);
                event.text("delta", said);
                if !is_refusal {
                    event.array("logprobs", |_| {});
                }
            });
        }
    }

    /// The log probabilities of the text before them, with a piece of no text.
    pub(super) fn logprobs(&mut self, logprobs: &Json, out: &mut BytesMut) {
        let Some(added) = text_of(&mut self.open).map(|part| part.add_logprobs(logprobs)) else { return };
        if let Open::Message(message) = &self.open {
            self.frames.write("response.output_text.delta", out, |event| {
                message.write_place(event);
                event.text("delta", "");
                event.array("logprobs", |list| list.elements(&added));
            });
        }
    }

    /// A source of the text that is being said. One of a text that ended has no place any more.
    pub(super) fn cite(&mut self, citation: &Citation, out: &mut BytesMut) {
        let Some(part) = text_of(&mut self.open) else { return };
        let (number, annotation) = (part.annotated, part.annotate(citation));
        if let Open::Message(message) = &self.open {
            self.frames.write("response.output_text.annotation.added", out, |event| {
                message.write_place(event);
                event.plain("annotation_index", number);
                event.name("annotation").extend_from_slice(&annotation);
            });
        }
    }

    fn open_part(&mut self, is_refusal: bool, out: &mut BytesMut) {
        if !matches!(self.open, Open::Message(_)) {
            self.close("completed", out);
            let place = self.place();
            let id = self.head.item_id("msg", place);
            self.added(place, out, |item| write_message(item, &id, "in_progress", None, |_| {}));
            self.open =
                Open::Message(OpenMessage { id, place, parts: BytesMut::new(), closed: 0, part: None });
        }
        let Open::Message(message) = &mut self.open else { return };
        if message.part.as_ref().is_some_and(|part| part.is_refusal == is_refusal) {
            return;
        }
        end_part(message, &mut self.frames, out);
        let part = OpenPart::new(is_refusal, self.characters);
        self.frames.write("response.content_part.added", out, |event| {
            message.write_place(event);
            event.object("part", |object| part.write(object));
        });
        message.part = Some(part);
    }

    pub(super) fn think(&mut self, said: &str, out: &mut BytesMut) {
        if !matches!(self.open, Open::Reasoning(_)) {
            self.close("completed", out);
            let place = self.place();
            let id = self.head.item_id("rs", place);
            self.added(place, out, |item| write_reasoning(item, &id, "", None));
            let open = OpenReasoning { id, place, said: String::new() };
            self.frames.write("response.reasoning_summary_part.added", out, |event| {
                open.write_place(event);
                event.object("part", |part| write_summary(part, ""));
            });
            self.open = Open::Reasoning(open);
        }
        if let Open::Reasoning(open) = &mut self.open {
            open.said.push_str(said);
            self.frames.write("response.reasoning_summary_text.delta", out, |event| {
                open.write_place(event);
                event.text("delta", said);
            });
        }
    }

    pub(super) fn prove(&mut self, signature: &Signature, out: &mut BytesMut) {
        match std::mem::take(&mut self.open) {
            Open::Reasoning(open) => self.end_reasoning(&open, Some(signature), out),
            other => {
                self.open = other;
                self.proof_of(signature, Of::Reasoning, out);
            }
        }
    }

    pub(super) fn redacted(&mut self, signature: &Signature, out: &mut BytesMut) {
        let own = Some(signature).filter(|signature| signature.issuer == Signature::OPENAI);
        // Two items of one id are too much for the SDKs.
        match own.and_then(proof::whole_item).filter(|item| self.ids.insert(proof::id_of(item))) {
            Some(item) => self.whole(item, out),
            None => self.proof_of(signature, Of::Redacted, out),
        }
    }

    pub(super) fn proof_of(&mut self, signature: &Signature, of: Of<'_>, out: &mut BytesMut) {
        let encrypted = proof::encrypted(signature, of);
        self.made("rs", out, |object, id| write_reasoning(object, id, "", Some(&encrypted)));
    }

    fn end_reasoning(&mut self, open: &OpenReasoning, signature: Option<&Signature>, out: &mut BytesMut) {
        self.frames.write("response.reasoning_summary_text.done", out, |event| {
            open.write_place(event);
            event.text("text", &open.said);
        });
        self.frames.write("response.reasoning_summary_part.done", out, |event| {
            open.write_place(event);
            event.object("part", |part| write_summary(part, &open.said));
        });
        // The item keeps the id under which it began, so that a proof of OpenAI's own is marked too.
        let encrypted = signature.map(|signature| proof::encrypted(signature, Of::Reasoning));
        self.done(open.place, out, |item| write_reasoning(item, &open.id, &open.said, encrypted.as_deref()));
    }

    /// Ends what is being said.
    pub(super) fn close(&mut self, status: &str, out: &mut BytesMut) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Reasoning(open) => self.end_reasoning(&open, None, out),
            Open::Message(mut message) => {
                end_part(&mut message, &mut self.frames, out);
                let phase = self.phase.take();
                let parts = |list: &mut ArrayWriter<'_>| list.elements(&message.parts);
                self.done(message.place, out, |item| {
                    write_message(item, &message.id, status, phase.as_ref(), parts);
                });
            }
        }
    }
}

fn end_part(message: &mut OpenMessage, frames: &mut Frames, out: &mut BytesMut) {
    let Some(part) = &message.part else { return };
    let (kind, member) = if part.is_refusal {
        ("response.refusal.done", "refusal")
    } else {
        ("response.output_text.done", "text")
    };
    frames.write(kind, out, |event| {
        message.write_place(event);
        event.text(member, &part.said);
        if !part.is_refusal {
            part.write_logprobs(event);
        }
    });
    frames.write("response.content_part.done", out, |event| {
        message.write_place(event);
        event.object("part", |object| part.write(object));
    });
    message.close_part();
}

/// The text that is being said.
fn text_of(open: &mut Open) -> Option<&mut OpenPart> {
    let Open::Message(message) = open else { return None };
    message.part.as_mut().filter(|part| !part.is_refusal)
}

fn write_summary(part: &mut ObjectWriter<'_>, text: &str) {
    part.text("type", "summary_text");
    part.text("text", text);
}

impl OpenMessage {
    /// Where the part that is being said belongs.
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
        event.plain("content_index", self.closed);
    }
}

impl OpenReasoning {
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
        event.plain("summary_index", 0);
    }
}
