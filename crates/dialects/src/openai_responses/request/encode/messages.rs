use std::borrow::Cow;
use std::collections::BTreeSet;

use switchyard_domain::chat::{
    Json, LossReport, Message, Part, Reasoning, Role, Signature, ToolCall, ToolCallKind, ToolResult,
};

use super::Target;
use super::content::Content;
use crate::codec::note_foreign_message;
use crate::json::{ArrayWriter, ObjectWriter, elements, keep};
use crate::openai_responses::call_items::{self, ByCall};
use crate::openai_responses::namespaces::{Groups, NAMESPACE};
use crate::openai_responses::proof;

/// Whether a message is what this dialect gives as `instructions`.
pub(super) fn is_instructions(message: &Message) -> bool {
    message.role == Role::System && message.extensions.iter().any(|(name, _)| name == "instructions")
}

/// Writes canonical messages as items.
pub(super) struct Writer<'a, 'l, 'o> {
    target: Target<'a>,
    losses: &'l mut LossReport,
    list: &'l mut ArrayWriter<'o>,
    /// The ids of the calls of custom tools, whose results are items of another type.
    custom_calls: BTreeSet<String>,
    /// How many calls without an id were given one.
    made: u32,
    /// The groups of the functions, for calls that came in this dialect.
    groups: Groups,
}

/// One message and what of it is written.
struct Turn<'a> {
    message: &'a Message,
    index: usize,
    /// Whether the message's own members were written, with its first text.
    is_told: bool,
    texts: usize,
    /// What the items of its calls have besides what a call is, by the calls' ids.
    call_items: ByCall,
}

impl<'a, 'l, 'o> Writer<'a, 'l, 'o> {
    pub(super) fn new(
        target: Target<'a>,
        groups: Groups,
        losses: &'l mut LossReport,
        list: &'l mut ArrayWriter<'o>,
    ) -> Self {
        Self { target, losses, list, custom_calls: BTreeSet::new(), made: 0, groups }
    }

    pub(super) fn write(&mut self, index: usize, message: &Message) {
        if message.name.is_some() {
            self.losses.dropped(format!("messages[{index}].name"), "messages have no names");
        }
        if !self.target.is_same_dialect() {
            note_foreign_message(self.target.source, index, message, self.losses);
        }
        if message.role == Role::Assistant {
            return self.write_turn(index, message);
        }
        for (at, part) in message.parts.iter().enumerate() {
            match part {
                Part::ToolResult(result) => self.write_result(index, at, result, message),
                Part::Native { json, .. } if self.is_item(message) => self.raw(json.as_str()),
                _ => {}
            }
        }
        let mut rest = message.parts.iter().filter(|part| !matches!(part, Part::ToolResult(_)));
        let has_results = message.parts.iter().any(|part| matches!(part, Part::ToolResult(_)));
        if self.is_item(message) || (has_results && rest.next().is_none()) {
            return;
        }
        self.write_said(index, message);
    }

    /// Whether a message is an item without canonical form.
    fn is_item(&self, message: &Message) -> bool {
        self.target.is_same_dialect()
            && message.role == Role::Tool
            && matches!(message.parts.as_slice(), [Part::Native { .. }])
    }

    fn raw(&mut self, item: &str) {
        self.list.element().extend_from_slice(item.as_bytes());
    }

    /// A message of the client.
    fn write_said(&mut self, index: usize, message: &Message) {
        let mut content = Content::new(self.target, self.losses);
        content.collect(&message.parts, format_args!("messages[{index}].content"));
        if content.is_empty() && !message.parts.is_empty() {
            // Nothing of it has a place here, which was noted.
            return;
        }
        let same_dialect = self.target.is_same_dialect();
        let role = match message.role {
            Role::Developer if self.target.vendor.developer_role => "developer",
            Role::System | Role::Developer => "system",
            _ => "user",
        };
        self.list.object(|object| {
            object.text("type", "message");
            object.text("role", role);
            content.write("content", object);
            if same_dialect {
                write_members(object, &message.extensions, &["instructions"]);
            }
        });
    }

    fn write_result(&mut self, index: usize, at: usize, result: &ToolResult, message: &Message) {
        let place = format!("messages[{index}].content[{at}]");
        if result.is_error {
            self.losses.degraded(format!("{place}.is_error"), "goes as an ordinary result");
        }
        let same_dialect = self.target.is_same_dialect();
        let mut content = Content::new(self.target, self.losses);
        content.collect(&result.content, format_args!("{place}.content"));
        let id = if result.call_id.is_empty() {
            Cow::Owned(format!("call_{}", self.made))
        } else {
            Cow::Borrowed(result.call_id.as_str())
        };
        // The call itself may be elsewhere, in a stored conversation.
        let marked = message.extensions.iter().any(|(name, _)| same_dialect && name == "type");
        let is_custom = marked || self.custom_calls.contains(id.as_ref());
        self.list.object(|object| {
            object.text("type", if is_custom { "custom_tool_call_output" } else { "function_call_output" });
            object.text("call_id", &id);
            content.write("output", object);
            if same_dialect && message.parts.len() == 1 {
                write_members(object, &message.extensions, &["type"]);
            }
        });
    }

    /// What the model said and did, item by item.
    fn write_turn(&mut self, index: usize, message: &Message) {
        let same_dialect = self.target.is_same_dialect();
        let items = message.extensions.iter().find(|(name, _)| same_dialect && name == call_items::NAME);
        let call_items = items.map(|(_, items)| call_items::by_call(items)).unwrap_or_default();
        let mut turn = Turn { message, index, is_told: false, texts: 0, call_items };
        let is_said =
            |part: &Part| matches!(part, Part::Text { .. } | Part::Refusal { .. } | Part::CacheMark { .. });
        let mut rest = message.parts.as_slice();
        while let Some(first) = rest.first() {
            let length = rest.iter().take_while(|part| is_said(part)).count();
            let (said, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, &[]));
            rest = after;
            if length > 0 {
                self.write_spoken(said, &mut turn);
                continue;
            }
            match first {
                Part::Reasoning(reasoning) => self.write_reasoning(index, reasoning),
                Part::ToolCall(call) => self.write_call(call, &turn),
                Part::Native { json, .. } if self.target.is_same_dialect() => self.raw(json.as_str()),
                Part::Signature(_) => self.lose_signature(index),
                Part::Native { kind, .. } => {
                    let reason = format!("`{kind}` is known to the client's dialect alone");
                    self.losses.dropped(format!("messages[{index}].content"), reason);
                }
                _ => {
                    let reason = "the provider takes back no media that the model made";
                    self.losses.dropped(format!("messages[{index}].content"), reason);
                }
            }
        }
    }

    fn lose_signature(&mut self, index: usize) {
        let reason = "the proof is another maker's";
        self.losses.dropped(format!("messages[{index}].reasoning.signature"), reason);
    }

    /// A message of the model.
    fn write_spoken(&mut self, said: &[Part], turn: &mut Turn<'_>) {
        if said.iter().any(|part| matches!(part, Part::CacheMark { .. })) {
            let place = format!("messages[{}].content", turn.index);
            self.losses.degraded(place, "the provider caches by its own rules");
        }
        let parts = said.iter().filter(|part| !matches!(part, Part::CacheMark { .. }));
        let parts: Vec<&Part> = parts.collect();
        if parts.is_empty() {
            return;
        }
        let extensions: &[(String, Json)] =
            if self.target.is_same_dialect() && !turn.is_told { &turn.message.extensions } else { &[] };
        let besides = |name: &str| {
            let lists = extensions.iter().find(|(known, _)| known == name);
            lists.and_then(|(_, lists)| elements(&lists.0)).unwrap_or_default()
        };
        let (annotations, logprobs) = (besides("annotations"), besides("logprobs"));
        let is_item = extensions.iter().any(|(name, _)| name == "id") || !annotations.is_empty();
        self.list.object(|object| {
            object.text("type", "message");
            object.text("role", "assistant");
            match parts.as_slice() {
                // A text alone is taken by vendors that know no items of answers too.
                [Part::Text { text }] if !is_item && logprobs.is_empty() => object.text("content", text),
                parts => object.array("content", |list| {
                    for (at, part) in parts.iter().enumerate() {
                        let at = turn.texts + at;
                        list.object(|object| {
                            write_part(object, part, annotations.get(at).copied());
                            if let Some(logprobs) = logprobs.get(at) {
                                object.json("logprobs", &keep(logprobs));
                            }
                        });
                    }
                }),
            }
            write_members(object, extensions, &["annotations", "logprobs", call_items::NAME]);
        });
        turn.is_told = true;
        turn.texts += parts.len();
    }

    fn write_reasoning(&mut self, index: usize, reasoning: &Reasoning) {
        let same_dialect = self.target.is_same_dialect();
        let vendor = self.target.vendor;
        // What a client of this dialect gives without our mark is its own matter, as where its body goes as it is.
        let is_own = |signature: &&Signature| {
            signature.issuer == vendor.issuer || (same_dialect && signature.issuer == Signature::OPENAI)
        };
        let own = reasoning.signature.as_ref().filter(is_own);
        if let Some(signature) = own {
            return proof::write_own(self.list.element(), reasoning, signature);
        }
        if reasoning.signature.is_some() {
            self.lose_signature(index);
        }
        if reasoning.text.is_empty() {
            return;
        }
        if vendor.reasoning_text {
            proof::write_text(self.list.element(), &reasoning.text);
        } else if same_dialect && reasoning.signature.is_none() {
            self.list.object(|object| {
                object.text("type", "reasoning");
                proof::write_summary(object, &reasoning.text);
            });
        } else {
            self.losses
                .dropped(format!("messages[{index}].reasoning"), "the provider takes back its own only");
        }
    }

    fn write_call(&mut self, call: &ToolCall, turn: &Turn<'_>) {
        if call.signature.is_some() {
            self.lose_signature(turn.index);
        }
        let id = if call.id.is_empty() {
            self.made += 1;
            Cow::Owned(format!("call_{}", self.made))
        } else {
            Cow::Borrowed(call.id.as_str())
        };
        let (kind, member) = match call.kind {
            ToolCallKind::Custom => ("custom_tool_call", "input"),
            ToolCallKind::Function | ToolCallKind::LegacyFunction => ("function_call", "arguments"),
        };
        if call.kind == ToolCallKind::Custom {
            self.custom_calls.insert(id.clone().into_owned());
        }
        let besides = turn.call_items.get(id.as_ref()).map(Vec::as_slice).unwrap_or_default();
        let (name, namespace) = self.groups.split(&call.name);
        self.list.object(|object| {
            object.text("type", kind);
            object.text("call_id", &id);
            object.text("name", name);
            if let Some(namespace) = namespace {
                object.text(NAMESPACE, namespace);
            }
            object.text(member, &call.arguments);
            write_members(object, besides, &[]);
        });
    }
}

fn write_part(object: &mut ObjectWriter<'_>, part: &Part, annotations: Option<&serde_json::value::RawValue>) {
    match part {
        Part::Refusal { text } => {
            object.text("type", "refusal");
            object.text("refusal", text);
        }
        part => {
            object.text("type", "output_text");
            object.text("text", if let Part::Text { text } = part { text } else { "" });
            match annotations {
                Some(annotations) => object.json("annotations", &keep(annotations)),
                None => object.array("annotations", |_| {}),
            }
        }
    }
}

fn write_members(object: &mut ObjectWriter<'_>, extensions: &[(String, Json)], but: &[&str]) {
    for (name, value) in extensions.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        object.json(name, value);
    }
}
