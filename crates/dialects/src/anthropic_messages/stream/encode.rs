use std::collections::BTreeMap;

use bytes::BytesMut;
use switchyard_domain::chat::{
    ChatEvent, Citation, Delta, FinishReason, Json, Part, Signature, TokenUsage, ToolCallKind,
};

use super::calls::{Call, Held, Waiting};
use super::frames::Frames;
use crate::anthropic_messages::answer::{own_id, write_usage_extras};
use crate::anthropic_messages::error::write_error_event;
use crate::anthropic_messages::finish::{Ending, STOP_REASON};
use crate::anthropic_messages::places::{BESIDE, CALLERS, Proven, callers_in, is_own_block, labelled};
use crate::anthropic_messages::{citation, usage};
use crate::codec::{AnswerForm, ClientError, StreamWriter};
use crate::json::{Nesting, write_text};
use crate::proof::marked;
use crate::tool_call_id::made_call_id;

/// Writes one stream, event by event.
///
/// Blocks come one after the other here. Whatever else is said while the arguments of a call are not whole waits until they
/// are; of several choices, only the first is told. Pictures, sound and other dialects' own forms have no place.
#[derive(Debug)]
pub(in crate::anthropic_messages) struct StreamEncoder {
    id: String,
    model: String,
    frames: Frames,
    open: Open,
    waiting: Waiting,
    /// The choice that is told.
    choice: Option<u32>,
    calls: bool,
    refused: bool,
    /// Who makes calls that the model does not make itself, by their ids.
    callers: BTreeMap<String, Json>,
    finer: Option<Json>,
    finish: Option<FinishReason>,
    usage: Option<TokenUsage>,
    beside: Vec<(String, Json)>,
}

/// The block that is open.
#[derive(Debug)]
enum Open {
    None,
    /// With citations, no further text can follow in it.
    Text {
        cited: bool,
    },
    Thinking,
    Call {
        index: u32,
        nesting: Nesting,
        /// Whether its arguments are a free text, which goes as the member of an object.
        is_text: bool,
        /// The proof that is to stand after it.
        proof: Option<Signature>,
    },
}

impl StreamWriter for StreamEncoder {
    fn event(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        match event {
            ChatEvent::Started { id, model, extensions, .. } => {
                if !id.is_empty() {
                    self.id.clone_from(id);
                }
                if !model.is_empty() {
                    self.model.clone_from(model);
                }
                self.beside.clone_from(extensions);
                self.start(out);
            }
            ChatEvent::Delta { choice, delta } if *self.choice.get_or_insert(*choice) == *choice => {
                self.start(out);
                self.delta(delta, out);
            }
            ChatEvent::Finished { choice, reason } if *self.choice.get_or_insert(*choice) == *choice => {
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
        loop {
            if self.is_busy() {
                self.stop(out);
            }
            if !self.next_held(out) {
                break;
            }
        }
        self.stop(out);
        let ending = self.finish.as_ref();
        let ending = ending.map(|reason| Ending::of(reason, self.finer.as_ref(), self.calls, self.refused));
        let counts = self.usage.unwrap_or_default();
        let (beside, frames) = (&self.beside, &mut self.frames);
        let late = |name: &'static str| beside.iter().filter(move |(known, _)| known == name);
        frames.frame("message_delta", out, |event| {
            event.object("delta", |delta| {
                match &ending {
                    Some(ending) => delta.text("stop_reason", &ending.reason),
                    None => delta.null("stop_reason"),
                }
                match ending.as_ref().and_then(|ending| ending.sequence.as_deref()) {
                    Some(sequence) => delta.text("stop_sequence", sequence),
                    None => delta.null("stop_sequence"),
                }
                let inside = BESIDE.iter().filter(|name| **name != CONTEXT).flat_map(|name| late(name));
                inside.for_each(|(name, value)| delta.json(name, value));
            });
            late(CONTEXT).for_each(|(name, value)| event.json(name, value));
            event.object("usage", |object| {
                usage::write(object, &counts, false);
                write_usage_extras(object, beside);
            });
        });
        frames.frame("message_stop", out, |_| {});
    }

    fn fail(&mut self, error: &ClientError<'_>, out: &mut BytesMut) {
        write_error_event(out, error);
    }
}

/// The member that stands beside the `delta` at the end of a stream; the others stand inside it.
const CONTEXT: &str = "context_management";

impl StreamEncoder {
    /// An encoder at the start of a stream.
    pub(in crate::anthropic_messages) fn new(form: &AnswerForm<'_>) -> Self {
        Self {
            id: own_id(form),
            model: form.fallback_model.to_owned(),
            frames: Frames::default(),
            open: Open::None,
            waiting: Waiting::default(),
            choice: None,
            calls: false,
            refused: false,
            callers: BTreeMap::new(),
            finer: None,
            finish: None,
            usage: None,
            beside: Vec::new(),
        }
    }

    /// The message as it begins. What was read is not known yet: the end tells it.
    fn start(&mut self, out: &mut BytesMut) {
        let (id, model, beside) = (&self.id, &self.model, &self.beside);
        self.frames.begin(out, |message| {
            message.text("id", id);
            message.text("type", "message");
            message.text("role", "assistant");
            message.text("model", model);
            message.array("content", |_| {});
            message.null("stop_reason");
            message.null("stop_sequence");
            message.object("usage", |object| {
                usage::write(object, &TokenUsage::default(), true);
                write_usage_extras(object, beside);
            });
        });
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::ToolCall { index, id, name, kind } => {
                let made = made_call_id(&self.id, self.choice.unwrap_or_default(), *index as usize);
                let id = if id.is_empty() { made } else { id.clone() };
                let is_text = *kind == ToolCallKind::Custom;
                self.call(Call { index: *index, id, name: name.clone(), is_text, ..Call::default() }, out);
            }
            Delta::Arguments { index, fragment } => self.arguments(*index, fragment, out),
            Delta::ToolCallSignature { index, signature } => self.prove(*index, signature, out),
            Delta::Extension { name, value } => match name.as_str() {
                CALLERS => self.callers.extend(callers_in(value)),
                STOP_REASON => self.finer = Some(value.clone()),
                _ => {}
            },
            _ if self.is_busy() => self.waiting.push(Held::Said(delta.clone())),
            _ => self.say(delta, out),
        }
    }

    /// Writes what the model says beside its calls.
    fn say(&mut self, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) => self.text(text, out),
            Delta::Refusal(text) => {
                self.refused = true;
                self.text(text, out);
            }
            Delta::Reasoning(text) => {
                self.open_thinking(out);
                self.frames.piece("thinking_delta", "thinking", text, out);
            }
            Delta::ReasoningSignature(signature) => {
                self.open_thinking(out);
                let proof = marked(signature, Signature::ANTHROPIC);
                self.frames.piece("signature_delta", "signature", &proof, out);
                self.stop(out);
            }
            Delta::RedactedReasoning(signature) => self.redacted(signature, out),
            Delta::Signature(signature) => {
                let signature = labelled(signature, Proven::Text);
                self.frames.redacted_between(marked(&signature, Signature::ANTHROPIC).into_owned());
            }
            Delta::Citation(citation) => self.cite(citation, out),
            Delta::Part(Part::Native { kind, json }) if is_own_block(kind) => {
                self.stop(out);
                self.frames.whole(out, |block| block.extend_from_slice(json.as_str().as_bytes()));
            }
            Delta::Part(_)
            | Delta::Logprobs(_)
            | Delta::ToolCall { .. }
            | Delta::Arguments { .. }
            | Delta::ToolCallSignature { .. }
            | Delta::Extension { .. } => {}
        }
    }

    fn text(&mut self, text: &str, out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.open, Open::Text { cited: false }) || self.frames.holds() {
            self.open_text(out);
        }
        self.frames.piece("text_delta", "text", text, out);
    }

    fn open_text(&mut self, out: &mut BytesMut) {
        self.stop(out);
        self.frames.start("text", out, |block| block.text("text", ""));
        self.open = Open::Text { cited: false };
    }

    fn open_thinking(&mut self, out: &mut BytesMut) {
        if matches!(self.open, Open::Thinking) {
            return;
        }
        self.stop(out);
        self.frames.start("thinking", out, |block| {
            block.text("thinking", "");
            block.text("signature", "");
        });
        self.open = Open::Thinking;
    }

    fn redacted(&mut self, signature: &Signature, out: &mut BytesMut) {
        self.stop(out);
        self.write_redacted(signature, out);
    }

    fn write_redacted(&mut self, signature: &Signature, out: &mut BytesMut) {
        self.frames.redacted(&marked(signature, Signature::ANTHROPIC), out);
    }

    fn cite(&mut self, citation: &Citation, out: &mut BytesMut) {
        if !matches!(self.open, Open::Text { .. }) {
            self.open_text(out);
        }
        self.open = Open::Text { cited: true };
        self.frames.delta("citations_delta", out, |delta| citation::write(delta.name("citation"), citation));
    }

    fn call(&mut self, call: Call, out: &mut BytesMut) {
        self.calls = true;
        if self.is_busy() {
            return self.waiting.push(Held::Call(call));
        }
        self.stop(out);
        self.open_call(call, out);
    }

    /// Whether the arguments of the open call are not whole.
    fn is_busy(&self) -> bool {
        if let Open::Call { nesting, .. } = &self.open { !nesting.is_whole() } else { false }
    }

    /// Writes the first of what waits; `false` if nothing does.
    fn next_held(&mut self, out: &mut BytesMut) -> bool {
        match self.waiting.pop() {
            Some(Held::Call(call)) => {
                self.stop(out);
                self.open_call(call, out);
            }
            Some(Held::Said(delta)) => self.say(&delta, out),
            None => return false,
        }
        true
    }

    /// Takes the proof of a call, which stands after its block.
    fn prove(&mut self, index: u32, signature: &Signature, out: &mut BytesMut) {
        let signature = labelled(signature, Proven::Call);
        match &mut self.open {
            Open::Call { index: open, proof, .. } if *open == index => *proof = Some(signature),
            _ => match self.waiting.get(index) {
                Some(call) => call.proof = Some(signature),
                None => self.delta(&Delta::RedactedReasoning(signature), out),
            },
        }
    }

    fn open_call(&mut self, call: Call, out: &mut BytesMut) {
        let caller = self.callers.remove(&call.id);
        self.frames.start("tool_use", out, |block| {
            block.text("id", &call.id);
            block.text("name", &call.name);
            block.object("input", |_| {});
            if let Some(caller) = &caller {
                block.json("caller", caller);
            }
        });
        let Call { index, is_text, proof, .. } = call;
        self.open = Open::Call { index, nesting: Nesting::default(), is_text, proof };
        if is_text {
            self.frames.piece(INPUT_PIECE.0, INPUT_PIECE.1, TEXT_INPUT.0, out);
        }
        self.write_arguments(&call.arguments, out);
    }

    fn arguments(&mut self, index: u32, fragment: &str, out: &mut BytesMut) {
        match &self.open {
            Open::Call { index: open, .. } if *open == index => self.write_arguments(fragment, out),
            _ => {
                if let Some(call) = self.waiting.get(index) {
                    call.arguments.push_str(fragment);
                }
            }
        }
        while !self.is_busy() && self.next_held(out) {}
    }

    /// Writes more of the arguments of the open call.
    fn write_arguments(&mut self, fragment: &str, out: &mut BytesMut) {
        match &mut self.open {
            Open::Call { is_text: true, .. } => {
                self.frames.piece(INPUT_PIECE.0, INPUT_PIECE.1, &within_text(fragment), out);
            }
            // No arguments at all, as some say it.
            Open::Call { nesting, .. } if !nesting.has_begun() && fragment.trim() == "null" => {}
            Open::Call { nesting, .. } => {
                nesting.take(fragment);
                self.frames.piece(INPUT_PIECE.0, INPUT_PIECE.1, fragment, out);
            }
            Open::None | Open::Text { .. } | Open::Thinking => {}
        }
    }

    /// Ends the open block.
    fn stop(&mut self, out: &mut BytesMut) {
        let (is_text, proof) = match std::mem::replace(&mut self.open, Open::None) {
            Open::None => return,
            Open::Call { is_text, proof, .. } => (is_text, proof),
            Open::Text { .. } | Open::Thinking => (false, None),
        };
        if is_text {
            self.frames.piece(INPUT_PIECE.0, INPUT_PIECE.1, TEXT_INPUT.1, out);
        }
        self.frames.stop(out);
        if let Some(proof) = proof {
            self.write_redacted(&proof, out);
        }
    }
}

/// A piece of a call's arguments: its type and its member.
const INPUT_PIECE: (&str, &str) = ("input_json_delta", "partial_json");

/// What stands before and after a free text, so that it is an object, as [`object_of`](crate::outbound::object_of)
/// makes of it where it is whole.
const TEXT_INPUT: (&str, &str) = ("{\"input\":\"", "\"}");

/// A piece of a text as it stands between the quotes of a JSON string.
fn within_text(fragment: &str) -> String {
    let mut out = BytesMut::with_capacity(fragment.len() + 2);
    write_text(&mut out, fragment);
    let quoted = String::from_utf8_lossy(&out);
    quoted.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or_default().to_owned()
}
