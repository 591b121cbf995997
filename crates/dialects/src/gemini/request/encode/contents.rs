use std::collections::HashMap;

use bytes::BytesMut;
use switchyard_domain::chat::{Message, Part, Role};

use super::Body;
use super::extras::MessageExtras;
use super::message::MessageWriter;
use crate::json::{ArrayWriter, ObjectWriter};

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
        if instructions.is_empty() {
            return;
        }
        let mut out = BytesMut::new();
        let mut list = ArrayWriter::begin(&mut out);
        let names = HashMap::new();
        let mut written = 0;
        for (index, message) in instructions {
            written += self.writer(*index, message, &names).write_parts(&mut list);
        }
        list.end();
        if written == 0 {
            return;
        }
        // A client of this dialect has one instruction.
        let extras = match instructions {
            [(_, message)] => MessageExtras::of(message, self.same_dialect),
            _ => MessageExtras::default(),
        };
        self.object.object("systemInstruction", |content| {
            content.name("parts").extend_from_slice(&out);
            extras.own().iter().for_each(|(name, value)| content.json(name, value));
        });
    }

    fn write_turns(&mut self, turns: &[(usize, &Message)]) {
        let names = call_names(turns);
        let mut out = BytesMut::new();
        let mut list = ArrayWriter::begin(&mut out);
        let mut turns = turns.iter().peekable();
        while let Some((index, message)) = turns.next() {
            let mut parts = BytesMut::new();
            let mut parts_list = ArrayWriter::begin(&mut parts);
            let mut writer = self.writer(*index, message, &names);
            let mut written = writer.write_parts(&mut parts_list);
            // All results of a turn stand in one content.
            while let Some((index, next)) =
                turns.next_if(|(_, next)| message.role == Role::Tool && next.role == Role::Tool)
            {
                written += self.writer(*index, next, &names).write_parts(&mut parts_list);
            }
            if written == 0 && !message.parts.is_empty() {
                // All that was said is reported as lost.
                continue;
            }
            if written == 0 {
                parts_list.object(|part| part.text("text", ""));
            }
            parts_list.end();
            let extras = MessageExtras::of(message, self.same_dialect);
            list.object(|content| {
                content.text("role", if message.role == Role::Assistant { "model" } else { "user" });
                content.name("parts").extend_from_slice(&parts);
                extras.own().iter().for_each(|(name, value)| content.json(name, value));
            });
        }
        list.end();
        self.object.name("contents").extend_from_slice(&out);
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

/// The names of the tools by the ids of their calls. A result without an id answers the last call.
fn call_names<'r>(turns: &[(usize, &'r Message)]) -> HashMap<&'r str, &'r str> {
    let parts = turns.iter().flat_map(|(_, message)| &message.parts);
    parts
        .filter_map(|part| match part {
            Part::ToolCall(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        })
        .collect()
}

/// Writes the members of an object, if there are any.
pub(super) fn object_of(object: &mut ObjectWriter<'_>, name: &str, members: &BytesMut) {
    if members.as_ref() != b"{}" {
        object.name(name).extend_from_slice(members);
    }
}
