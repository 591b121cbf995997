use std::collections::BTreeMap;

use bytes::BytesMut;
use switchyard_domain::chat::{
    ChatEvent, Delta, FinishReason, Json, Reasoning, Signature, TokenUsage, ToolCallKind,
};

use crate::codec::{AnswerForm, ClientError, StreamWriter};
use crate::json::{ObjectWriter, write_text};
use crate::openai_chat::places::{
    Proof, REASONING_DETAILS, fallback_id, is_beside_message, write_call_signature, write_citation,
    write_detail,
};
use crate::openai_chat::{finish, usage};
use crate::openai_error::write_error_event;
use crate::sse::{DONE, join_lines};
use crate::tool_call_id::made_call_id;

/// Writes one stream, event by event, into a buffer that the caller empties as it likes. How the choices end comes with the end of
/// the stream, so that an answer that breaks off never looks whole.
#[derive(Debug)]
pub struct StreamEncoder {
    /// The members that every chunk begins with.
    head: BytesMut,
    id: String,
    model: String,
    created: i64,
    include_usage: bool,
    legacy_functions: bool,
    /// Members beside the choices that the next chunk takes along.
    beside: Vec<(String, Json)>,
    choices: BTreeMap<u32, ChoiceState>,
    usage: Option<TokenUsage>,
}

#[derive(Debug, Default)]
struct ChoiceState {
    /// The kinds of the calls by their index.
    calls: BTreeMap<u32, ToolCallKind>,
    legacy: bool,
    /// The block of reasoning that has no proof yet: its proof comes with the whole of it.
    reasoning: String,
    /// How it ended, which is told once the whole answer has.
    finish: Option<FinishReason>,
}

impl StreamWriter for StreamEncoder {
    fn event(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        match event {
            ChatEvent::Started { id, model, created, extensions } => {
                self.id = if id.is_empty() { std::mem::take(&mut self.id) } else { id.clone() };
                self.model = if model.is_empty() { std::mem::take(&mut self.model) } else { model.clone() };
                self.created = created.unwrap_or(self.created);
                self.beside.clone_from(extensions);
            }
            ChatEvent::Delta { choice, delta } => self.delta(*choice, delta, out),
            ChatEvent::Finished { choice, reason } => {
                self.open(*choice, out);
                if let Some(state) = self.choices.get_mut(choice) {
                    state.finish = Some(reason.clone());
                }
            }
            ChatEvent::Extension { name, value } => self.beside.push((name.clone(), value.clone())),
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
        }
    }

    /// The usage comes if the client asked for it and the provider counted.
    fn finish(&mut self, out: &mut BytesMut) {
        let choices = std::mem::take(&mut self.choices);
        for (choice, state) in &choices {
            if let Some(reason) = &state.finish {
                let word = finish::word(reason, state.legacy);
                self.chunk(*choice, out, |_| {}, |object| object.text("finish_reason", word));
            }
        }
        self.choices = choices;
        let usage = self.usage.filter(|_| self.include_usage);
        if let Some(usage) = usage {
            self.frame(out, |object| {
                object.array("choices", |_| {});
                object.object("usage", |object| usage::write(object, &usage));
            });
        } else if !self.beside.is_empty() {
            match self.choices.keys().next().copied() {
                // Not of another: that would look like an answer that says nothing.
                Some(choice) => self.chunk(choice, out, |_| {}, unfinished),
                None => self.open(0, out),
            }
        }
        out.extend_from_slice(&DONE);
    }

    fn fail(&mut self, error: &ClientError<'_>, out: &mut BytesMut) {
        write_error_event(out, error);
    }
}

impl StreamEncoder {
    /// An encoder at the start of a stream.
    #[must_use]
    pub fn new(form: &AnswerForm<'_>) -> Self {
        Self {
            head: BytesMut::new(),
            id: fallback_id(form),
            model: form.fallback_model.to_owned(),
            created: form.fallback_created,
            include_usage: form.include_usage,
            legacy_functions: form.legacy_functions(),
            beside: Vec::new(),
            choices: BTreeMap::new(),
            usage: None,
        }
    }

    fn delta(&mut self, choice: u32, delta: &Delta, out: &mut BytesMut) {
        self.open(choice, out);
        match delta {
            Delta::Text(text) => self.said(choice, out, |object| object.text("content", text)),
            Delta::Reasoning(text) => {
                if let Some(state) = self.choices.get_mut(&choice) {
                    state.reasoning.push_str(text);
                }
                self.said(choice, out, |object| object.text("reasoning_content", text));
            }
            Delta::ReasoningSignature(signature) => {
                let text = self.choices.get_mut(&choice).map(|state| std::mem::take(&mut state.reasoning));
                let reasoning = Reasoning {
                    text: text.unwrap_or_default(),
                    signature: Some(signature.clone()),
                    redacted: false,
                };
                self.proof(choice, &Proof::Reasoning(reasoning), out);
            }
            Delta::RedactedReasoning(signature) => {
                let signature = Some(signature.clone());
                let reasoning = Reasoning { text: String::new(), signature, redacted: true };
                self.proof(choice, &Proof::Reasoning(reasoning), out);
            }
            Delta::Signature(signature) => self.proof(choice, &Proof::Text(signature.clone()), out),
            // Pictures, sound and tools of the vendor have no place in a chunk; citations are annotations.
            Delta::Part(_) => {}
            Delta::Citation(citation) => {
                self.said(choice, out, |object| {
                    object.array("annotations", |list| write_citation(list, citation));
                });
            }
            Delta::Refusal(text) => self.said(choice, out, |object| object.text("refusal", text)),
            Delta::ToolCall { index, id, name, kind } => self.call(choice, *index, (id, name, *kind), out),
            Delta::Arguments { index, fragment } => self.arguments(choice, *index, fragment, out),
            Delta::ToolCallSignature { index, signature } => {
                self.call_signature(choice, *index, signature, out);
            }
            Delta::Logprobs(logprobs) => self.chunk(
                choice,
                out,
                |_| {},
                |object| {
                    object.json("logprobs", logprobs);
                    unfinished(object);
                },
            ),
            Delta::Extension { name, value } if is_beside_message(name) => {
                self.chunk(
                    choice,
                    out,
                    |_| {},
                    |object| {
                        unfinished(object);
                        object.json(name, value);
                    },
                );
            }
            Delta::Extension { name, value } => self.said(choice, out, |object| object.json(name, value)),
        }
    }

    fn proof(&mut self, choice: u32, proof: &Proof, out: &mut BytesMut) {
        self.said(choice, out, |object| {
            object.array(REASONING_DETAILS, |list| write_detail(list, proof));
        });
    }

    fn call(&mut self, choice: u32, index: u32, call: (&str, &str, ToolCallKind), out: &mut BytesMut) {
        let (id, name, kind) = call;
        let legacy = self.legacy_functions || kind == ToolCallKind::LegacyFunction;
        if let Some(state) = self.choices.get_mut(&choice) {
            state.calls.insert(index, kind);
            state.legacy |= legacy;
        }
        if legacy {
            // The first form of function calling has room for one call.
            if index == 0 {
                self.said(choice, out, |object| {
                    object.object("function_call", |function| {
                        function.text("name", name);
                        function.text("arguments", "");
                    });
                });
            }
            return;
        }
        let made = made_call_id(&self.id, choice, index as usize);
        self.call_piece(choice, index, out, |object| {
            object.text("id", if id.is_empty() { &made } else { id });
            let (word, member) = words(kind);
            object.text("type", word);
            object.object(word, |function| {
                function.text("name", name);
                function.text(member, "");
            });
        });
    }

    fn arguments(&mut self, choice: u32, index: u32, fragment: &str, out: &mut BytesMut) {
        let state = self.choices.get(&choice);
        if state.is_some_and(|state| state.legacy) {
            if index == 0 {
                self.said(choice, out, |object| {
                    object.object("function_call", |function| function.text("arguments", fragment));
                });
            }
            return;
        }
        let kind = state.and_then(|state| state.calls.get(&index)).copied().unwrap_or_default();
        let (word, member) = words(kind);
        self.call_piece(choice, index, out, |object| {
            object.object(word, |function| function.text(member, fragment));
        });
    }

    /// A proof of a call. The call's function goes along with nothing in it: clients take a piece without one for a fault (OpenAI's
    /// Python SDK 3.54, LangChain, Vercel's AI SDK).
    fn call_signature(&mut self, choice: u32, index: u32, signature: &Signature, out: &mut BytesMut) {
        let state = self.choices.get(&choice);
        // The first form of function calling has no place for it.
        if state.is_some_and(|state| state.legacy) {
            return;
        }
        let kind = state.and_then(|state| state.calls.get(&index)).copied().unwrap_or_default();
        let (word, member) = words(kind);
        self.call_piece(choice, index, out, |call| {
            call.object(word, |function| function.text(member, ""));
            write_call_signature(call, signature);
        });
    }

    fn call_piece(
        &mut self,
        choice: u32,
        index: u32,
        out: &mut BytesMut,
        fill: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.said(choice, out, |object| {
            object.array("tool_calls", |list| {
                list.object(|call| {
                    call.plain("index", index);
                    fill(call);
                });
            });
        });
    }

    /// The first chunk of a choice, which carries the role.
    fn open(&mut self, choice: u32, out: &mut BytesMut) {
        if self.choices.contains_key(&choice) {
            return;
        }
        self.choices.insert(choice, ChoiceState::default());
        self.said(choice, out, |object| {
            object.text("role", "assistant");
            object.text("content", "");
        });
    }

    fn said(&mut self, choice: u32, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.chunk(choice, out, fill, unfinished);
    }

    /// A chunk of one choice: what stands inside its delta, and what beside it.
    fn chunk(
        &mut self,
        choice: u32,
        out: &mut BytesMut,
        inside: impl FnOnce(&mut ObjectWriter<'_>),
        beside: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        let include_usage = self.include_usage;
        self.frame(out, |object| {
            object.array("choices", |list| {
                list.object(|object| {
                    object.plain("index", choice);
                    object.object("delta", inside);
                    beside(object);
                });
            });
            if include_usage {
                object.null("usage");
            }
        });
    }

    fn frame(&mut self, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        if self.head.is_empty() {
            self.write_head();
        }
        let start = out.len();
        out.extend_from_slice(b"data: ");
        let mut object = ObjectWriter::resume(out, &self.head);
        fill(&mut object);
        for (name, value) in self.beside.drain(..) {
            object.json(&name, &value);
        }
        object.end();
        join_lines(out.get_mut(start..).unwrap_or_default());
        out.extend_from_slice(b"\n\n");
    }

    /// One id, one model and one time throughout.
    fn write_head(&mut self) {
        let mut head = BytesMut::new();
        head.extend_from_slice(b"{\"id\":");
        write_text(&mut head, &self.id);
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        head.extend_from_slice(self.created.to_string().as_bytes());
        head.extend_from_slice(b",\"model\":");
        write_text(&mut head, &self.model);
        self.head = head;
    }
}

fn unfinished(object: &mut ObjectWriter<'_>) {
    object.null("finish_reason");
}

/// The words for a kind of call: of its type and member, and of its arguments.
fn words(kind: ToolCallKind) -> (&'static str, &'static str) {
    match kind {
        ToolCallKind::Custom => ("custom", "input"),
        ToolCallKind::Function | ToolCallKind::LegacyFunction => ("function", "arguments"),
    }
}
