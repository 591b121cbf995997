use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{
    ChatEvent, Delta, FinishReason, Json, MediaSource, Part, TokenUsage, ToolCallKind,
};

use super::frames::{Frames, write_error_event};
use super::open::{OpenCall, OpenMessage, OpenReasoning};
use crate::codec::{AnswerForm, ClientError, StreamWriter};
use crate::json::ObjectWriter;
use crate::openai_responses::answer::{Call, FAILED, Head, ResponseWriter, words, write_call, write_picture};
use crate::openai_responses::call_items::{self, ByCall};
use crate::openai_responses::finish::{Outcome, outcome};
use crate::openai_responses::kinds;
use crate::openai_responses::proof::Of;
use crate::tool_call_id::made_call_id;

/// Writes one stream. Calls stay open until the end, as their pieces may come in turns; of the others, one at a time is open.
#[derive(Debug)]
pub(in crate::openai_responses) struct Writer {
    pub(super) head: Head,
    started: bool,
    /// The choice that is told.
    choice: Option<u32>,
    pub(super) frames: Frames,
    pub(super) open: Open,
    calls: BTreeMap<u32, OpenCall>,
    /// The items by their places, once they are whole.
    output: Vec<Bytes>,
    /// The ids of items that were written as their maker gave them.
    pub(super) ids: BTreeSet<String>,
    /// Characters of text so far.
    pub(super) characters: u32,
    pub(super) phase: Option<Json>,
    call_items: ByCall,
    beside: Vec<(String, Json)>,
    finish: Option<FinishReason>,
    usage: Option<TokenUsage>,
}

/// What is being said.
#[derive(Debug, Default)]
pub(super) enum Open {
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
            ChatEvent::Delta { choice, delta } if self.tells(*choice) => self.delta(delta, out),
            ChatEvent::Finished { choice, reason } if self.tells(*choice) => {
                self.finish = Some(reason.clone());
            }
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
        let kind = if outcome.is_unfinished() { "completed" } else { outcome.status };
        self.response(&format!("response.{kind}"), outcome, error, out);
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
            choice: None,
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

    /// Whether this choice is told. There is one in this dialect: the first of which anything is said, whatever its number.
    fn tells(&mut self, choice: u32) -> bool {
        *self.choice.get_or_insert(choice) == choice
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
            Delta::Citation(citation) => self.cite(citation, out),
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
    pub(super) fn place(&mut self) -> usize {
        self.output.push(Bytes::new());
        self.output.len() - 1
    }

    pub(super) fn added(
        &mut self,
        place: usize,
        out: &mut BytesMut,
        item: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.frames.write("response.output_item.added", out, |event| {
            event.plain("output_index", place);
            event.object("item", item);
        });
    }

    pub(super) fn done(
        &mut self,
        place: usize,
        out: &mut BytesMut,
        fill: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
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
    pub(super) fn whole(&mut self, item: &str, out: &mut BytesMut) {
        self.close("completed", out);
        let place = self.place();
        self.frames.write("response.output_item.added", out, |event| {
            event.plain("output_index", place);
            event.name("item").extend_from_slice(item.as_bytes());
        });
        self.done_raw(place, Bytes::copy_from_slice(item.as_bytes()), out);
    }

    pub(super) fn made(
        &mut self,
        prefix: &str,
        out: &mut BytesMut,
        fill: impl FnOnce(&mut ObjectWriter<'_>, &str),
    ) {
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

    fn call(&mut self, index: u32, id: &str, name: &str, kind: ToolCallKind, out: &mut BytesMut) {
        self.close("completed", out);
        let place = self.place();
        let made = || made_call_id(&self.head.id, self.choice.unwrap_or_default(), index as usize);
        let (name, namespace) = self.head.groups.split(name);
        let call = OpenCall {
            id: self.head.item_id(words(kind).0, place),
            place,
            call_id: if id.is_empty() { made() } else { id.to_owned() },
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
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

impl OpenCall {
    fn write_place(&self, event: &mut ObjectWriter<'_>) {
        event.text("item_id", &self.id);
        event.plain("output_index", self.place);
    }

    fn as_item<'a>(&'a self, besides: &'a [(String, Json)]) -> Call<'a> {
        let Self { id, call_id, name, arguments, kind, .. } = self;
        Call { id, call_id, name, namespace: self.namespace.as_deref(), arguments, kind: *kind, besides }
    }
}
