use std::collections::BTreeMap;

use bytes::BytesMut;
use switchyard_domain::chat::{
    ChatAnswer, ChatEvent, Choice, Collector, Delta, Json, Part, Reasoning, ToolCall,
};

use super::pending::Pending;
use crate::codec::{AnswerForm, ClientError, StreamFraming, StreamWriter};
use crate::gemini::answer::{is_blocked, write_beside, write_content, write_names, write_parts, write_tail};
use crate::gemini::citations::Places;
use crate::gemini::{error, logprobs};
use crate::json::ObjectWriter;
use crate::sse::join_lines;

/// Writes one stream, event by event.
///
/// Each piece of what is said is a small answer of its own. A tool call goes out when it is whole, as the dialect has no
/// pieces of arguments that every client reads, and what is said before it is whole goes after it. How the answer ends, what it rests on and what it cost come in one last
/// piece, so that an answer that breaks off never looks whole.
#[derive(Debug)]
pub(in crate::gemini) struct StreamEncoder {
    id: String,
    model: String,
    framing: StreamFraming,
    is_begun: bool,
    /// Whether any part was written.
    has_said: bool,
    choices: BTreeMap<u32, State>,
    /// Members beside the candidates that the first piece takes along.
    beside: Vec<(String, Json)>,
    /// What the last piece tells.
    held: Collector,
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    places: Places,
    /// Whether the model declined in words of its own.
    refused: bool,
}

impl StreamWriter for StreamEncoder {
    fn event(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        match event {
            ChatEvent::Started { id, model, extensions, .. } => {
                self.beside.clone_from(extensions);
                self.id = if id.is_empty() { std::mem::take(&mut self.id) } else { id.clone() };
                self.model = if model.is_empty() { std::mem::take(&mut self.model) } else { model.clone() };
                self.held.push(event.clone());
            }
            ChatEvent::Delta { choice, delta } => self.delta(*choice, delta, out),
            ChatEvent::Finished { choice, .. } => {
                // Arguments may still come: some say how an answer ends before they have said all of it.
                if self.choices.entry(*choice).or_default().pending.is_whole() {
                    self.flush(*choice, out);
                }
                self.held.push(event.clone());
            }
            ChatEvent::Extension { .. } | ChatEvent::Usage(_) => self.held.push(event.clone()),
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        let choices: Vec<u32> = self.choices.keys().copied().collect();
        choices.into_iter().for_each(|choice| self.flush(choice, out));
        let mut answer = std::mem::take(&mut self.held).finish();
        let is_blocked = !self.has_said && is_blocked(&answer);
        let states = std::mem::take(&mut self.choices);
        for index in states.keys() {
            if !answer.choices.iter().any(|choice| choice.index == *index) {
                let choice = Choice { index: *index, ..Default::default() };
                answer.choices.push(choice);
            }
        }
        self.frame(out, |object| {
            if !is_blocked && !answer.choices.is_empty() {
                object.array("candidates", |list| {
                    for choice in &answer.choices {
                        list.object(|candidate| {
                            // Some clients fail on a candidate without parts, so Google sends an empty one too.
                            let nothing = Part::Text { text: String::new() };
                            write_content(candidate, |list| write_parts(list, &[nothing]));
                            candidate.plain("index", choice.index);
                            let none = State::default();
                            let state = states.get(&choice.index).unwrap_or(&none);
                            write_tail(candidate, choice, &state.places, state.refused);
                        });
                    }
                });
            }
            write_beside(object, &answer);
        });
        if self.framing == StreamFraming::JsonArray {
            out.extend_from_slice(b"]");
        }
    }

    /// An error is the last thing in a stream. A list is closed, so that it can be read up to the error in it.
    fn fail(&mut self, error: &ClientError<'_>, out: &mut BytesMut) {
        match self.framing {
            StreamFraming::Sse => error::write_event(out, error),
            StreamFraming::JsonArray => {
                self.separate(out);
                error::write(out, error);
                out.extend_from_slice(b"]");
            }
        }
    }
}

impl StreamEncoder {
    /// An encoder at the start of a stream.
    pub(in crate::gemini) fn new(form: &AnswerForm<'_>) -> Self {
        Self {
            id: form.fallback_id.to_owned(),
            model: form.fallback_model.to_owned(),
            framing: form.framing,
            is_begun: false,
            has_said: false,
            choices: BTreeMap::new(),
            beside: Vec::new(),
            held: Collector::default(),
        }
    }

    fn delta(&mut self, choice: u32, delta: &Delta, out: &mut BytesMut) {
        let state = self.choices.entry(choice).or_default();
        let part = match delta {
            Delta::ToolCall { index, id, name, kind } => {
                let (id, name, arguments) = (id.clone(), name.clone(), String::new());
                let call = ToolCall { id, name, arguments, kind: *kind, signature: None };
                return state.pending.call(*index, call);
            }
            Delta::Arguments { index, fragment } => {
                state.pending.arguments(*index, fragment);
                return self.flush_due(choice, out);
            }
            Delta::ToolCallSignature { index, signature } => {
                return state.pending.sign(*index, signature.clone());
            }
            Delta::Citation(_) | Delta::Extension { .. } => {
                self.held.push(ChatEvent::Delta { choice, delta: delta.clone() });
                return;
            }
            Delta::Logprobs(json) => {
                return self.candidate(choice, out, &[], |candidate| logprobs::write(candidate, json));
            }
            Delta::Text(text) => {
                state.places.push(text);
                Part::Text { text: text.clone() }
            }
            Delta::Refusal(text) => {
                state.refused = true;
                Part::Text { text: text.clone() }
            }
            Delta::Reasoning(text) => Part::Reasoning(Reasoning::text(text.clone())),
            Delta::ReasoningSignature(signature) => Part::Reasoning(Reasoning {
                text: String::new(),
                signature: Some(signature.clone()),
                redacted: false,
            }),
            Delta::RedactedReasoning(signature) => Part::Reasoning(Reasoning {
                text: String::new(),
                signature: Some(signature.clone()),
                redacted: true,
            }),
            Delta::Signature(signature) => Part::Signature(signature.clone()),
            Delta::Part(part) => part.clone(),
        };
        state.pending.say(part);
        self.flush_due(choice, out);
    }

    fn flush_due(&mut self, choice: u32, out: &mut BytesMut) {
        if self.choices.get(&choice).is_some_and(|state| state.pending.is_due()) {
            self.flush(choice, out);
        }
    }

    /// Writes all that waits.
    fn flush(&mut self, choice: u32, out: &mut BytesMut) {
        let parts = self.choices.get_mut(&choice).map(|state| state.pending.take());
        for part in parts.unwrap_or_default() {
            self.candidate(choice, out, &[part], |_| {});
        }
    }

    fn candidate(
        &mut self,
        choice: u32,
        out: &mut BytesMut,
        parts: &[Part],
        beside: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.has_said = true;
        let first = ChatAnswer { extensions: std::mem::take(&mut self.beside), ..ChatAnswer::default() };
        self.frame(out, |object| {
            object.array("candidates", |list| {
                list.object(|candidate| {
                    write_content(candidate, |list| write_parts(list, parts));
                    candidate.plain("index", choice);
                    beside(candidate);
                });
            });
            write_beside(object, &first);
        });
    }

    fn frame(&mut self, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        match self.framing {
            StreamFraming::Sse => out.extend_from_slice(b"data: "),
            StreamFraming::JsonArray => self.separate(out),
        }
        let start = out.len();
        let mut object = ObjectWriter::begin(out);
        fill(&mut object);
        write_names(&mut object, &self.id, &self.model);
        object.end();
        if self.framing == StreamFraming::Sse {
            join_lines(out.get_mut(start..).unwrap_or_default());
            out.extend_from_slice(b"\n\n");
        }
    }

    /// What stands before an element of a list.
    fn separate(&mut self, out: &mut BytesMut) {
        out.extend_from_slice(if self.is_begun { b",\r\n" } else { b"[" });
        self.is_begun = true;
    }
}
