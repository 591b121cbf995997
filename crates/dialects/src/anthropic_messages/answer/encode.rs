use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatAnswer, Choice, Json, Part, Reasoning, Signature, ToolCall};

use crate::anthropic_messages::finish::{Ending, STOP_REASON};
use crate::anthropic_messages::places::{
    BESIDE, CALLERS, Proven, SERVER_TOOL_USE, SERVICE_TIER, callers_in, is_own_block, labelled,
};
use crate::anthropic_messages::said::{Cited, cut};
use crate::anthropic_messages::tiers::own_tier_served;
use crate::anthropic_messages::{citation, usage};
use crate::codec::AnswerForm;
use crate::json::{ArrayWriter, ObjectWriter, text};
use crate::outbound::object_of;
use crate::proof::marked;
use crate::tool_call_id::made_call_id;

/// Writes an answer as Anthropic does. This dialect has one choice: of several, the first.
pub(in crate::anthropic_messages) fn encode(answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut object = ObjectWriter::begin(&mut out);
    let id = if answer.id.is_empty() { &own_id(form) } else { &answer.id };
    object.text("id", id);
    object.text("type", "message");
    object.text("role", "assistant");
    object.text("model", if answer.model.is_empty() { form.fallback_model } else { &answer.model });
    let nothing = Choice::default();
    let choice = answer.choices.first().unwrap_or(&nothing);
    let callers = extension(choice, CALLERS).into_iter().flat_map(callers_in).collect();
    object.array("content", |list| {
        ContentWriter { choice, id, list, callers, calls: 0, chars: 0, held: Vec::new() }.write();
    });
    write_ending(&mut object, choice);
    for (name, value) in answer.extensions.iter().filter(|(name, _)| BESIDE.contains(&name.as_str())) {
        object.json(name, value);
    }
    object.object("usage", |object| {
        usage::write(object, &answer.usage.unwrap_or_default(), true);
        write_usage_extras(object, &answer.extensions);
    });
    object.end();
    out.freeze()
}

/// The id of an answer that came without one.
pub(in crate::anthropic_messages) fn own_id(form: &AnswerForm<'_>) -> String {
    format!("msg_{}", form.fallback_id)
}

/// Writes what stands in a `usage` besides the counts.
pub(in crate::anthropic_messages) fn write_usage_extras(
    object: &mut ObjectWriter<'_>,
    extensions: &[(String, Json)],
) {
    for (name, value) in extensions {
        if name == SERVER_TOOL_USE {
            object.json(name, value);
        } else if name == SERVICE_TIER
            && let Some(tier) = text(&value.0).and_then(|word| own_tier_served(&word))
        {
            object.text(name, tier);
        }
    }
}

fn extension<'a>(choice: &'a Choice, name: &str) -> Option<&'a Json> {
    choice.extensions.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn write_ending(object: &mut ObjectWriter<'_>, choice: &Choice) {
    let calls = choice.tool_calls().next().is_some();
    let refused = choice.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
    let ending = choice.finish.as_ref();
    let ending = ending.map(|reason| Ending::of(reason, extension(choice, STOP_REASON), calls, refused));
    match &ending {
        Some(ending) => object.text("stop_reason", &ending.reason),
        None => object.null("stop_reason"),
    }
    match ending.and_then(|ending| ending.sequence) {
        Some(sequence) => object.text("stop_sequence", &sequence),
        None => object.null("stop_sequence"),
    }
}

struct ContentWriter<'a, 'l, 'o> {
    choice: &'a Choice,
    id: &'a str,
    list: &'l mut ArrayWriter<'o>,
    /// Who makes calls that the model does not make itself, by their ids.
    callers: BTreeMap<String, Json>,
    /// Calls so far.
    calls: usize,
    /// Characters of text so far.
    chars: u32,
    /// Proofs of texts, which are written once a block follows them: as the last of an answer they would hide its text from
    /// clients that read the last block.
    held: Vec<&'a Signature>,
}

impl ContentWriter<'_, '_, '_> {
    fn write(mut self) {
        let cited = Cited::of(&self.choice.citations);
        let last_text = self
            .choice
            .parts
            .iter()
            .rposition(|part| matches!(part, Part::Text { text } if !text.is_empty()));
        for (at, part) in self.choice.parts.iter().enumerate() {
            match part {
                Part::Text { text } => self.text(text, &cited, last_text == Some(at)),
                Part::Refusal { text } if text.is_empty() => {}
                Part::Refusal { text } => self.block("text", |block| block.text("text", text)),
                Part::Reasoning(reasoning) => self.reasoning(reasoning),
                Part::ToolCall(call) => self.call(call),
                Part::Signature(signature) => self.held.push(signature),
                Part::Native { kind, json } if is_own_block(kind) => {
                    self.write_held();
                    self.list.element().extend_from_slice(json.as_str().as_bytes());
                }
                // Pictures and sound have no place in an answer of this dialect, nor have other dialects' own forms.
                _ => {}
            }
        }
    }

    fn block(&mut self, kind: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.write_held();
        self.list.object(|block| {
            block.text("type", kind);
            fill(block);
        });
    }

    /// Writes a text, cut where citations begin and end: they hang on the blocks. Those without a place hang on the last.
    fn text(&mut self, text: &str, cited: &Cited<'_>, is_last: bool) {
        let mut pieces = cut(text, self.chars, cited);
        if let Some(last) = pieces.last_mut().filter(|_| is_last) {
            last.citations.extend(&cited.placeless);
        }
        for piece in pieces {
            self.block("text", |block| {
                block.text("text", piece.text);
                if !piece.citations.is_empty() {
                    block.array("citations", |list| {
                        piece.citations.iter().for_each(|each| citation::write(list.element(), each));
                    });
                }
            });
        }
        self.chars = self.chars.saturating_add(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    }

    fn reasoning(&mut self, reasoning: &Reasoning) {
        let proof = reasoning.signature.as_ref();
        let proof = proof.map(|proof| marked(proof, Signature::ANTHROPIC)).unwrap_or_default();
        if reasoning.redacted {
            return self.block("redacted_thinking", |block| block.text("data", &proof));
        }
        self.block("thinking", |block| {
            block.text("thinking", &reasoning.text);
            block.text("signature", &proof);
        });
    }

    fn call(&mut self, call: &ToolCall) {
        let made = made_call_id(self.id, self.choice.index, self.calls);
        self.calls += 1;
        let id = if call.id.is_empty() { &made } else { &call.id };
        let caller = self.callers.remove(id);
        self.block("tool_use", |block| {
            block.text("id", id);
            block.text("name", &call.name);
            let input = object_of(call).0;
            block.name("input").extend_from_slice(input.as_bytes());
            if let Some(caller) = &caller {
                block.json("caller", caller);
            }
        });
        if let Some(signature) = &call.signature {
            self.proof(signature, Proven::Call);
        }
    }

    fn write_held(&mut self) {
        for signature in std::mem::take(&mut self.held) {
            self.proof(signature, Proven::Text);
        }
    }

    fn proof(&mut self, signature: &Signature, proven: Proven) {
        let signature = labelled(signature, proven);
        self.block("redacted_thinking", |block| {
            block.text("data", &marked(&signature, Signature::ANTHROPIC));
        });
    }
}
