use std::collections::HashMap;

use bytes::BytesMut;
use switchyard_domain::chat::{Message, Part, Role};

use super::Body;
use super::extras::MessageExtras;
use super::message::MessageWriter;
use super::turns::{Parts, Turns};
use crate::gemini::parts::{About, write_said};
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::calls_of;

impl Body<'_, '_> {
    /// The conversation, and the instructions, which stand apart.
    pub(super) fn write_contents(&mut self) {
        let (instructions, contents): (Vec<_>, Vec<_>) = self
            .request
            .messages
            .iter()
            .enumerate()
            .partition(|(_, message)| matches!(message.role, Role::System | Role::Developer));
        let first_content = contents.first().map_or(usize::MAX, |(index, _)| *index);
        for (index, _) in instructions.iter().filter(|(index, _)| *index > first_content) {
            let member = format!("messages[{index}]");
            self.losses.degraded(member, "instructions stand before the conversation");
        }
        if contents.is_empty() && !self.same_dialect {
            // Google wants a conversation.
            for (index, _) in &instructions {
                self.losses.degraded(format!("messages[{index}].role"), "goes as what the user says");
            }
            return self.write_turns(&instructions);
        }
        self.write_instructions(&instructions);
        self.write_turns(&contents);
    }

    fn write_instructions(&mut self, instructions: &[(usize, &Message)]) {
        let mut parts = Parts::default();
        for (index, message) in instructions {
            self.writer(*index, message, &HashMap::new()).write_parts(&mut parts);
        }
        if parts.is_empty() {
            return;
        }
        // A client of this dialect has one instruction.
        let extras = match instructions {
            [(_, message)] => MessageExtras::of(message, self.same_dialect),
            _ => MessageExtras::default(),
        };
        self.object.object("systemInstruction", |content| {
            parts.write(content);
            extras.own().iter().for_each(|(name, value)| content.json(name, value));
        });
    }

    fn write_turns(&mut self, messages: &[(usize, &Message)]) {
        let same_dialect = self.same_dialect;
        // The names of the tools by the ids of their calls. Ids may come again in later turns: the latest call counts.
        let mut names = HashMap::new();
        let mut turns = Turns::default();
        for (index, message) in messages {
            let mut parts = Parts::new(!same_dialect);
            self.writer(*index, message, &names).write_parts(&mut parts);
            let calls = calls_of(message).into_iter();
            names.extend(calls.map(|call| (call.id.as_str(), call.name.as_str())));
            if parts.is_empty() && same_dialect && message.parts.is_empty() {
                let nothing = Part::Text { text: String::new() };
                write_said(&mut parts.list(&nothing), "", About::default());
            }
            if !parts.is_empty() {
                turns.push(message, parts, same_dialect);
            } else if !same_dialect && message.role != Role::Assistant {
                self.losses.dropped(format!("messages[{index}]"), "holds nothing that could be sent");
            }
        }
        let mut list = ArrayWriter::begin(self.object.name("contents"));
        turns.write(&mut list);
        list.end();
    }

    fn writer<'w>(
        &'w mut self,
        index: usize,
        message: &'w Message,
        names: &'w HashMap<&'w str, &'w str>,
    ) -> MessageWriter<'w> {
        MessageWriter {
            message,
            index,
            names,
            facts: self.facts,
            model: self.model,
            same_dialect: self.same_dialect,
            losses: self.losses,
        }
    }
}

/// Writes the members of an object, if there are any.
pub(super) fn object_of(object: &mut ObjectWriter<'_>, name: &str, members: &BytesMut) {
    if members.as_ref() != b"{}" {
        object.name(name).extend_from_slice(members);
    }
}
