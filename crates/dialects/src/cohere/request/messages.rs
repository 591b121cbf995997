use std::fmt::Arguments;

use switchyard_domain::chat::{LossReport, Message, Part, Role, ToolCall, ToolResult};

use super::content::{Content, Place};
use super::documents::Documents;
use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{Origin, Split, calls_of, note_moved, note_name, note_signatures};
use crate::tool_call_id::CallIds;

/// Writes canonical messages in turn, of which one may be several of this dialect.
pub(super) struct MessageWriter<'w, 'a> {
    origin: Origin,
    losses: &'w mut LossReport,
    documents: &'w mut Documents<'a>,
    ids: CallIds,
}

impl<'w, 'a> MessageWriter<'w, 'a> {
    pub(super) fn new(origin: Origin, losses: &'w mut LossReport, documents: &'w mut Documents<'a>) -> Self {
        Self { origin, losses, documents, ids: CallIds::new(|_| true) }
    }

    pub(super) fn write(
        &mut self,
        index: usize,
        message: &'a Message,
        list: &mut ArrayWriter<'_>,
    ) -> Result<(), Unsupported> {
        note_name(message, index, self.losses);
        let split = Split::of(message);
        for (at, result) in split.results {
            self.write_result(format_args!("messages[{index}].content[{at}]"), result, list)?;
        }
        if split.says_more {
            return self.write_said(index, message, list);
        }
        self.origin.note_message(index, message, self.losses);
        Ok(())
    }

    fn write_result(
        &mut self,
        place: Arguments<'_>,
        result: &'a ToolResult,
        list: &mut ArrayWriter<'_>,
    ) -> Result<(), Unsupported> {
        if result.is_error {
            self.losses.degraded(format!("{place}.is_error"), "goes as an ordinary result");
        }
        let mut content = Content::new(Place::Result, self.origin, false);
        for (at, part) in result.content.iter().enumerate() {
            content.add(part, format_args!("{place}.content[{at}]"), self.documents, self.losses)?;
        }
        let id = self.ids.of_result(&result.call_id);
        list.object(|object| {
            object.text("role", "tool");
            object.text("tool_call_id", &id);
            content.write(object);
        });
        Ok(())
    }

    fn write_said(
        &mut self,
        index: usize,
        message: &'a Message,
        list: &mut ArrayWriter<'_>,
    ) -> Result<(), Unsupported> {
        let role = match message.role {
            Role::System | Role::Developer => "system",
            Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        let calls = calls_of(message);
        let mut content = Content::new(Place::Message(index), self.origin, calls.is_empty());
        for (at, part) in message.parts.iter().enumerate() {
            let place = format_args!("messages[{index}].content[{at}]");
            content.add(part, place, self.documents, self.losses)?;
        }
        note_signatures(message, index, None, self.losses);
        note_moved(message, index, self.losses);
        let mut object = ObjectWriter::begin(list.element());
        object.text("role", role);
        if calls.is_empty() || !content.is_empty() {
            content.write(&mut object);
        }
        if !calls.is_empty() {
            write_plan(message, &mut object);
            self.write_calls(&calls, &mut object);
        }
        let taken = ["role", "content", "tool_plan", "tool_calls", "tool_call_id"];
        self.origin.write_message((index, message), &taken, &mut object, self.losses);
        object.end();
        Ok(())
    }

    fn write_calls(&mut self, calls: &[&ToolCall], object: &mut ObjectWriter<'_>) {
        let mut list = ArrayWriter::begin(object.name("tool_calls"));
        for call in calls {
            let id = self.ids.of_call(&call.id);
            list.object(|object| {
                object.text("id", &id);
                object.text("type", "function");
                object.object("function", |function| {
                    function.text("name", &call.name);
                    function.text("arguments", &call.arguments);
                });
            });
        }
        list.end();
    }
}

/// What the model thought before it called.
fn write_plan(message: &Message, object: &mut ObjectWriter<'_>) {
    let thoughts = message.parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        _ => None,
    });
    let plan: String = thoughts.collect();
    if !plan.is_empty() {
        object.text("tool_plan", &plan);
    }
}
