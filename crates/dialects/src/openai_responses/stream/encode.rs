use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{
    ChatEvent, Delta, FinishReason, Json, MediaSource, Part, Signature, TokenUsage, ToolCallKind,
};

use super::frames::{Frames, write_error_event};
use super::open::{OpenCall, OpenMessage, OpenPart, OpenReasoning};
use crate::codec::{AnswerForm, ClientError, StreamWriter};
use crate::json::{ArrayWriter, ObjectWriter};
use crate::openai_responses::answer::{
    Call, FAILED, Head, ResponseWriter, length, words, write_call, write_message, write_picture,
    write_reasoning,
};
use crate::openai_responses::call_items::{self, ByCall};
use crate::openai_responses::finish::{Outcome, outcome};
use crate::openai_responses::kinds;
use crate::openai_responses::proof::{self, Of};
use crate::tool_call_id::made_call_id;

/// Writes one stream. Calls stay open until the end, as their pieces may come in turns; of the others, one at a time is open.
#[derive(Debug)]
pub(in crate::openai_responses) struct Writer {
    head: Head,
    started: bool,
    frames: Frames,
    open: Open,
    calls: BTreeMap<u32, OpenCall>,
    /// The items by their places, once they are whole.
    output: Vec<Bytes>,
    /// The ids of items that were written as their maker gave them.
    ids: BTreeSet<String>,
    /// Characters of text so far.
    characters: u32,
    phase: Option<Json>,
    call_items: ByCall,
    beside: Vec<(String, Json)>,
    finish: Option<FinishReason>,
    usage: Option<TokenUsage>,
}

/// What is being said.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Message(OpenMessage),
    Reasoning(OpenReasoning),
}

impl StreamWriter for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        match event {
            ChatEvent::Started { id, model, created, extensions } => {
                if !self.started {
                    self.head.name(id, model, *created);
                }
                self.beside.clone_from(extensions);
            }
            // There is one choice in this dialect.
            ChatEvent::Delta { choice: 0, delta } => self.delta(delta, out),
            ChatEvent::Finished { choice: 0, reason } => self.finish = Some(reason.clone()),
            ChatEvent::Delta { .. } | ChatEvent::Finished { .. } => {}
            ChatEvent::Extension { name, value } => {
                self.beside.retain(|(known, _)| known != name);
                self.beside.push((name.clone(), value.clone()));
            }
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.start(out);
        let finish = self.finish.clone();
        let outcome = outcome(finish.as_ref());
        let status = if outcome.status == "incomplete" { "incomplete" } else { "completed" };
        self.close(status, out);
        self.close_calls(status, out);
        let error = (outcome.status == "failed").then_some(FAILED);
        self.response(&format!("response.{}", outcome.status), outcome, error, out);
    }

    fn fail(&mut self, error: &ClientError<'_>, out: &mut BytesMut) {
        let number = self.frames.number();
        write_error_event(out, error, number);
        let failed = Outcome { status: "failed", reason: None };
        let code = error.code.unwrap_or(error.kind);
        self.response("response.failed", failed, Some((code, error.message)), out);
    }
}

impl Writer {
    /// A writer at the start of a stream.
    pub(in crate::openai_responses) fn new(form: &AnswerForm<'_>) -> Self {
        Self {
            head: Head::new(form),
            started: false,
            frames: Frames::default(),
            open: Open::Nothing,
            calls: BTreeMap::new(),
            output: Vec::new(),
            ids: BTreeSet::new(),
            characters: 0,
            phase: None,
            call_items: ByCall::new(),
            beside: Vec::new(),
            finish: None,
            usage: None,
        }
    }

    fn start(&mut self, out: &mut BytesMut) {
        if !self.started {
            self.started = true;
            let begun = Outcome { status: "in_progress", reason: None };
            self.response("response.created", begun, None, out);
            self.response("response.in_progress", begun, None, out);
        }
    }

    /// An event with the whole answer as it is now.
    fn response(
        &mut self,
        kind: &str,
        outcome: Outcome<'_>,
        error: Option<(&str, &str)>,
        out: &mut BytesMut,
    ) {
        let (head, usage, beside) = (&self.head, self.usage.as_ref(), self.beside.as_slice());
        let usage = usage.filter(|_| outcome.status != "in_progress");
        let output = &self.output;
        self.frames.write(kind, out, |event| {
            event.object("response", |object| {
                ResponseWriter { head, outcome, error, usage, beside }.write(object, |list| {
                    output.iter().for_each(|item| list.elements(item));
                });
            });
        });
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        self.start(out);
        match delta {
            Delta::Text(text) => self.say(text, false, out),
            Delta::Refusal(text) => self.say(text, true, out),
            Delta::Reasoning(text) => self.think(text, out),
            Delta::ReasoningSignature(signature) => self.prove(signature, out),
            Delta::RedactedReasoning(signature) => self.redacted(signature, out),
            Delta::Signature(signature) => self.proof_of(signature, Of::Text, out),
            Delta::ToolCall { index, id, name, kind } => self.call(*index, id, name, *kind, out),
            Delta::Arguments { index, fragment } => self.arguments(*index, fragment, out),
            Delta::ToolCallSignature { index, signature } => {
                if let Some(call_id) = self.calls.get(index).map(|call| call.call_id.clone()) {
                    self.proof_of(signature, Of::Call(&call_id), out);
                }
            }
            Delta::Part(part) => self.part(part, out),
            Delta::Citation(citation) => {
                if let Some((message, part)) = text_of(&mut self.open) {
                    let number = part.annotated;
                    let annotation = part.annotate(citation);
                    self.frames.write("response.output_text.annotation.added", out, |event| {
                        message.write_place(event);
                        event.plain("annotation_index", number);
                        event.name("annotation").extend_from_slice(&annotation);
                    });
                }
            }
            Delta::Logprobs(logprobs) => self.logprobs(logprobs, out),
            Delta::Extension { name, value } => match name.as_str() {
                "phase" => self.phase = Some(value.clone()),
                call_items::NAME => self.call_items.extend(call_items::by_call(value)),
                // What other dialects put beside their text has no place among items.
                _ => {}
            },
        }
    }

    /// The place of the next item.
    fn place(&mut self) -> usize {
        self.output.push(Bytes::new());
        self.output.len() - 1
    }

    fn added(&mut self, place: usize, out: &mut BytesMut, item: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.frames.write("response.output_item.added", out, |event| {
            event.plain("output_index", place);
            event.object("item", item);
        });
    }

    fn done(&mut self, place: usize, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut item = BytesMut::new();
        let mut object = ObjectWriter::begin(&mut item);
        fill(&mut object);
        object.end();
        self.done_raw(place, item.freeze(), out);
    }

    fn done_raw(&mut self, place: usize, item: Bytes, out: &mut BytesMut) {
        self.frames.write("response.output_item.done", out, |event| {
            event.plain("output_index", place);
            event.name("item").extend_from_slice(&item);
        });
        if let Some(slot) = self.output.get_mut(place) {
            *slot = item;
        }
    }

    /// An item that comes whole.
    fn whole(&mut self, item: &str, out: &mut BytesMut) {
        self.close("completed", out);
        let place = self.place();
        self.frames.write("response.output_item.added", out, |event| {
            event.plain("output_index", place);
            event.name("item").extend_from_slice(item.as_bytes());
        });
        self.done_raw(place, Bytes::copy_from_slice(item.as_bytes()), out);
    }

    fn made(&mut self, prefix: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>, &str)) {
        let id = self.head.item_id(prefix, self.output.len());
        let mut item = BytesMut::new();
        let mut object = ObjectWriter::begin(&mut item);
        fill(&mut object, &id);
        object.end();
        self.whole(&String::from_utf8_lossy(&item), out);
    }

    fn part(&mut self, part: &Part, out: &mut BytesMut) {
        match part {
            Part::Native { kind, json } if kinds::is_item(kind) => self.whole(json.as_str(), out),
            Part::Image { source: MediaSource::Inline { media_type, base64 }, .. } => {
                self.made("ig", out, |object, id| write_picture(object, id, media_type, base64));
            }
            // There is no place for sound, files and forms of other dialects.
            _ => {}
        }
    }

    fn say(&mut self, said: &str, is_refusal: bool, out: &mut BytesMut) {
        self.open_part(is_refusal, out);
        let kind = if is_refusal { "response.refusal.delta" } else { "response.output_text.delta" };
        if let Open::Message(message) = &mut self.open
            && let Some(part) = &mut message.part
        {
            part.said.push_str(said);
            if !is_refusal {
                self.characters = self.characters.saturating_add(length(said));
            }
            let place = message.place();
            self.frames.write(kind, out, |event| {
                place.write_place(event);
                event.text("delta", said);
                if !is_refusal {
                    event.array("logprobs", |_| {});
                }
            });
        }
    }

    /// The log probabilities of the text before them, with a piece of no text.
    fn logprobs(&mut self, logprobs: &Json, out: &mut BytesMut) {
        if let Some((place, part)) = text_of(&mut self.open) {
            let added = part.add_logprobs(logprobs);
            self.frames.write("response.output_text.delta", out, |event| {
                place.write_place(event);
                event.text("delta", "");
                event.array("logprobs", |list| list.elements(&added));
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
        let place = message.place();
        self.frames.write("response.content_part.added", out, |event| {
            place.write_place(event);
            event.object("part", |object| part.write(object));
        });
        message.part = Some(part);
    }

    fn think(&mut self, said: &str, out: &mut BytesMut) {
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

    fn prove(&mut self, signature: &Signature, out: &mut BytesMut) {
        match std::mem::take(&mut self.open) {
            Open::Reasoning(open) => self.end_reasoning(&open, Some(signature), out),
            other => {
                self.open = other;
                self.proof_of(signature, Of::Reasoning, out);
            }
        }
    }

    fn redacted(&mut self, signature: &Signature, out: &mut BytesMut) {
        let own = Some(signature).filter(|signature| signature.issuer == Signature::OPENAI);
        // Two items of one id are too much for the SDKs.
        match own.and_then(proof::whole_item).filter(|item| self.ids.insert(proof::id_of(item))) {
            Some(item) => self.whole(item, out),
            None => self.proof_of(signature, Of::Redacted, out),
        }
    }

    fn proof_of(&mut self, signature: &Signature, of: Of<'_>, out: &mut BytesMut) {
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

    fn call(&mut self, index: u32, id: &str, name: &str, kind: ToolCallKind, out: &mut BytesMut) {
        self.close("completed", out);
        let place = self.place();
        let made = || made_call_id(&self.head.id, 0, index as usize);
        let call = OpenCall {
            id: self.head.item_id(words(kind).0, place),
            place,
            call_id: if id.is_empty() { made() } else { id.to_owned() },
            name: name.to_owned(),
            arguments: String::new(),
            kind,
        };
        self.added(place, out, |item| write_call(item, &call.as_item(&[]), "in_progress"));
        self.calls.insert(index, call);
    }

    fn arguments(&mut self, index: u32, fragment: &str, out: &mut BytesMut) {
        let Some(call) = self.calls.get_mut(&index) else { return };
        call.arguments.push_str(fragment);
        let kind = match call.kind {
            ToolCallKind::Custom => "response.custom_tool_call_input.delta",
            ToolCallKind::Function | ToolCallKind::LegacyFunction => "response.function_call_arguments.delta",
        };
        self.frames.write(kind, out, |event| {
            call.write_place(event);
            event.text("delta", fragment);
        });
    }

    /// Ends what is being said.
    fn close(&mut self, status: &str, out: &mut BytesMut) {
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

    fn close_calls(&mut self, status: &str, out: &mut BytesMut) {
        for call in std::mem::take(&mut self.calls).into_values() {
            let (kind, member) = match call.kind {
                ToolCallKind::Custom => ("response.custom_tool_call_input.done", "input"),
                ToolCallKind::Function | ToolCallKind::LegacyFunction => {
                    ("response.function_call_arguments.done", "arguments")
                }
            };
            self.frames.write(kind, out, |event| {
                call.write_place(event);
                event.text(member, &call.arguments);
            });
            let besides = self.call_items.remove(&call.call_id).unwrap_or_default();
            self.done(call.place, out, |item| write_call(item, &call.as_item(&besides), status));
        }
    }
}

fn end_part(message: &mut OpenMessage, frames: &mut Frames, out: &mut BytesMut) {
    let place = message.place();
    let Some(part) = &message.part else { return };
    let (kind, member) = if part.is_refusal {
        ("response.refusal.done", "refusal")
    } else {
        ("response.output_text.done", "text")
    };
    frames.write(kind, out, |event| {
        place.write_place(event);
        event.text(member, &part.said);
        if !part.is_refusal {
            part.write_logprobs(event);
        }
    });
    frames.write("response.content_part.done", out, |event| {
        place.write_place(event);
        event.object("part", |object| part.write(object));
    });
    message.close_part();
}

/// The text that is being said, and where.
fn text_of(open: &mut Open) -> Option<(Place, &mut OpenPart)> {
    let Open::Message(message) = open else { return None };
    let place = message.place();
    message.part.as_mut().filter(|part| !part.is_refusal).map(|part| (place, part))
}

fn write_summary(part: &mut ObjectWriter<'_>, text: &str) {
    part.text("type", "summary_text");
    part.text("text", text);
}

/// Where a piece of a message belongs.
struct Place {
    id: String,
    place: usize,
    part: usize,
}

impl Place {
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
        event.plain("content_index", self.part);
    }
}

impl OpenMessage {
    fn place(&self) -> Place {
        Place { id: self.id.clone(), place: self.place, part: self.closed }
    }
}

impl OpenReasoning {
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
        event.plain("summary_index", 0);
    }
}

impl OpenCall {
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
    }

    fn as_item<'a>(&'a self, besides: &'a [(String, Json)]) -> Call<'a> {
        let Self { id, call_id, name, arguments, kind, .. } = self;
        Call { id, call_id, name, arguments, kind: *kind, besides }
    }
}
