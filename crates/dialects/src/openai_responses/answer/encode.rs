use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{
    ChatAnswer, Choice, Citation, FinishReason, Json, MediaSource, Part, Reasoning, Signature, ToolCall,
};

use super::item::{
    Call, words, write_call, write_message, write_picture, write_reasoning, write_refusal, write_text,
};
use super::response::{FAILED, Head, ResponseWriter};
use crate::codec::AnswerForm;
use crate::json::{ArrayWriter, ObjectWriter, members};
use crate::logprobs::joined_logprobs;
use crate::openai_responses::call_items::{self, ByCall};
use crate::openai_responses::finish::outcome;
use crate::openai_responses::proof::{self, Of};
use crate::openai_responses::{citation, kinds};
use crate::tool_call_id::made_call_id;

/// Writes an answer as OpenAI does. There is one choice in this dialect.
pub(in crate::openai_responses) fn encode(answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
    let mut head = Head::new(form);
    head.name(&answer.id, &answer.model, answer.created);
    let nothing = Choice::default();
    let choice = answer.choices.first().unwrap_or(&nothing);
    let failed = choice.finish == Some(FinishReason::Error);
    let response = ResponseWriter {
        head: &head,
        outcome: outcome(choice.finish.as_ref()),
        error: failed.then_some(FAILED),
        usage: answer.usage.as_ref(),
        beside: &answer.extensions,
    };
    let mut out = BytesMut::with_capacity(1024);
    let mut object = ObjectWriter::begin(&mut out);
    response.write(&mut object, |list| Items::new(choice, &head, response.outcome.status).write(list));
    object.end();
    out.freeze()
}

struct Items<'a> {
    choice: &'a Choice,
    head: &'a Head,
    /// The state of what came last.
    status: &'static str,
    phase: Option<&'a Json>,
    call_items: ByCall,
    logprobs: Option<Json>,
    written: usize,
    /// The ids of items that were written as their maker gave them.
    ids: BTreeSet<String>,
    calls: usize,
    /// The citations with the number of the text that each is of.
    citations: Vec<(usize, &'a Citation)>,
    texts: usize,
    characters: u32,
}

impl<'a> Items<'a> {
    fn new(choice: &'a Choice, head: &'a Head, status: &str) -> Self {
        let extension = |name: &str| choice.extensions.iter().find(|(known, _)| known == name);
        let pieces = joined_logprobs(&choice.logprobs);
        let logprobs = pieces.and_then(|pieces| Some(crate::json::keep(members(&pieces.0)?.get("content")?)));
        Self {
            choice,
            head,
            status: if status == "incomplete" { "incomplete" } else { "completed" },
            phase: extension("phase").map(|(_, phase)| phase),
            call_items: extension(call_items::NAME)
                .map(|(_, items)| call_items::by_call(items))
                .unwrap_or_default(),
            logprobs,
            written: 0,
            ids: BTreeSet::new(),
            calls: 0,
            citations: placed(choice),
            texts: 0,
            characters: 0,
        }
    }

    fn write(mut self, list: &mut ArrayWriter<'_>) {
        let is_said = |part: &Part| matches!(part, Part::Text { .. } | Part::Refusal { .. });
        let mut rest = self.choice.parts.as_slice();
        while let Some(first) = rest.first() {
            let length = rest.iter().take_while(|part| is_said(part)).count();
            let (now, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, &[]));
            rest = after;
            if length > 0 {
                self.message(now, rest.is_empty(), list);
            } else {
                self.other(first, list);
            }
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        let id = self.head.item_id(prefix, self.written);
        self.written += 1;
        id
    }

    fn message(&mut self, parts: &[Part], is_last: bool, list: &mut ArrayWriter<'_>) {
        let id = self.id("msg");
        let status = if is_last { self.status } else { "completed" };
        let phase = self.phase;
        list.object(|object| {
            write_message(object, &id, status, phase, |content| {
                for part in parts {
                    content.object(|object| self.said(part, object));
                }
            });
        });
    }

    fn said(&mut self, part: &Part, object: &mut ObjectWriter<'_>) {
        match part {
            Part::Text { text } => {
                let (number, begins) = (self.texts, self.characters);
                let citations = self.citations.iter().filter(|(of, _)| *of == number);
                let logprobs = self.logprobs.take();
                write_text(
                    object,
                    text,
                    |list| citations.for_each(|(_, one)| citation::write(list.element(), one, begins)),
                    logprobs.as_ref(),
                );
                self.texts += 1;
                self.characters = self.characters.saturating_add(length(text));
            }
            Part::Refusal { text } => write_refusal(object, text),
            _ => {}
        }
    }

    fn other(&mut self, part: &Part, list: &mut ArrayWriter<'_>) {
        match part {
            Part::Reasoning(reasoning) => self.reasoning(reasoning, list),
            Part::Signature(signature) => self.proof(signature, Of::Text, list),
            Part::ToolCall(call) => self.call(call, list),
            Part::Native { kind, json } if kinds::is_item(kind) => {
                self.written += 1;
                list.element().extend_from_slice(json.as_str().as_bytes());
            }
            Part::Image { source: MediaSource::Inline { media_type, base64 }, .. } => {
                let id = self.id("ig");
                list.object(|object| write_picture(object, &id, media_type, base64));
            }
            // There is no place for sound, files and forms of other dialects.
            _ => {}
        }
    }

    fn reasoning(&mut self, reasoning: &Reasoning, list: &mut ArrayWriter<'_>) {
        let own = reasoning.signature.as_ref().filter(|signature| signature.issuer == Signature::OPENAI);
        // xAI gives several the same id (`xai-responses-afdd2d375d`, 2026), which the SDKs don't stand.
        let item = own.and_then(proof::whole_item);
        if let Some(item) = item.filter(|item| self.ids.insert(proof::id_of(item))) {
            self.written += 1;
            return list.element().extend_from_slice(item.as_bytes());
        }
        let of = if reasoning.redacted { Of::Redacted } else { Of::Reasoning };
        let encrypted = reasoning.signature.as_ref().map(|signature| proof::encrypted(signature, of));
        let id = self.id("rs");
        list.object(|object| write_reasoning(object, &id, &reasoning.text, encrypted.as_deref()));
    }

    fn proof(&mut self, signature: &Signature, of: Of<'_>, list: &mut ArrayWriter<'_>) {
        let id = self.id("rs");
        list.object(|object| write_reasoning(object, &id, "", Some(&proof::encrypted(signature, of))));
    }

    fn call(&mut self, call: &ToolCall, list: &mut ArrayWriter<'_>) {
        let id = self.id(words(call.kind).0);
        let made = || made_call_id(&self.head.id, self.choice.index, self.calls);
        let call_id = if call.id.is_empty() { made() } else { call.id.clone() };
        self.calls += 1;
        let (name, namespace) = self.head.groups.split(&call.name);
        let item = Call {
            id: &id,
            call_id: &call_id,
            name,
            namespace,
            arguments: &call.arguments,
            kind: call.kind,
            besides: self.call_items.get(&call_id).map(Vec::as_slice).unwrap_or_default(),
        };
        list.object(|object| write_call(object, &item, "completed"));
        if let Some(signature) = &call.signature {
            self.proof(signature, Of::Call(&call_id), list);
        }
    }
}

/// The characters of a text.
pub(in crate::openai_responses) fn length(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The citations, each with the number of the text that it ends in; the last text, where it does not say.
fn placed(choice: &Choice) -> Vec<(usize, &Citation)> {
    let mut begins = Vec::new();
    let mut characters = 0_u32;
    for part in &choice.parts {
        if let Part::Text { text } = part {
            begins.push(characters);
            characters = characters.saturating_add(length(text));
        }
    }
    let last = begins.len().saturating_sub(1);
    let text_of = |citation: &Citation| match citation.span {
        Some((start, _)) => begins.partition_point(|begin| *begin <= start).saturating_sub(1),
        None => last,
    };
    choice.citations.iter().map(|citation| (text_of(citation), citation)).collect()
}
