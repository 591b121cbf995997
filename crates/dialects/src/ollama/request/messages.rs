use std::collections::HashMap;
use std::fmt::Arguments;

use switchyard_domain::chat::{LossReport, MediaSource, Message, Part, Role, ToolCall, ToolResult};

use crate::codec::Unsupported;
use crate::json::{ArrayWriter, ObjectWriter};
use crate::outbound::{
    Origin, Split, calls_of, document_as_text, note_detail, note_moved, note_name, note_signatures, object_of,
};

/// Writes canonical messages in turn, of which one may be several of this dialect.
pub(super) struct MessageWriter<'a> {
    origin: Origin,
    losses: &'a mut LossReport,
    /// The names of the tools that were called, by the ids of the calls.
    called: HashMap<&'a str, &'a str>,
}

impl<'a> MessageWriter<'a> {
    pub(super) fn new(origin: Origin, losses: &'a mut LossReport) -> Self {
        Self { origin, losses, called: HashMap::new() }
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
        let mut content = Content::default();
        for (at, part) in result.content.iter().enumerate() {
            content.add(part, "\n", format_args!("{place}.content[{at}]"), self.losses)?;
        }
        let known = self.called.get(result.call_id.as_str()).copied();
        list.object(|object| {
            object.text("role", "tool");
            content.write(object);
            if let Some(name) = result.name.as_deref().or(known) {
                object.text("tool_name", name);
            }
            if !result.call_id.is_empty() {
                object.text("tool_call_id", &result.call_id);
            }
        });
        Ok(())
    }

    fn write_said(
        &mut self,
        index: usize,
        message: &'a Message,
        list: &mut ArrayWriter<'_>,
    ) -> Result<(), Unsupported> {
        // What a model said in pieces is one text; what people put together are several.
        let (role, joint) = match message.role {
            Role::System | Role::Developer => ("system", "\n"),
            Role::User | Role::Tool => ("user", "\n"),
            Role::Assistant => ("assistant", ""),
        };
        let mut content = Content::default();
        for (at, part) in message.parts.iter().enumerate() {
            content.add(part, joint, format_args!("messages[{index}].content[{at}]"), self.losses)?;
        }
        if content.is_mixed {
            let place = format!("messages[{index}].content");
            self.losses.degraded(place, "pictures stand beside the text, not in it");
        }
        let thoughts = message.parts.iter().filter_map(|part| match part {
            Part::Reasoning(reasoning) if !reasoning.redacted => Some(reasoning.text.as_str()),
            _ => None,
        });
        let thinking: String = thoughts.collect();
        note_signatures(message, index, None, self.losses);
        note_moved(message, index, self.losses);
        let calls = calls_of(message);
        let mut object = ObjectWriter::begin(list.element());
        object.text("role", role);
        content.write(&mut object);
        if !thinking.is_empty() {
            object.text("thinking", &thinking);
        }
        if !calls.is_empty() {
            self.write_calls(index, &calls, &mut object);
        }
        let taken = ["role", "content", "images", "thinking", "tool_calls", "tool_name", "tool_call_id"];
        self.origin.write_message((index, message), &taken, &mut object, self.losses);
        object.end();
        Ok(())
    }

    fn write_calls(&mut self, index: usize, calls: &[&'a ToolCall], object: &mut ObjectWriter<'_>) {
        let mut list = ArrayWriter::begin(object.name("tool_calls"));
        for (at, call) in calls.iter().enumerate() {
            if !call.id.is_empty() {
                self.called.insert(&call.id, &call.name);
            }
            let (arguments, is_wrapped) = object_of(call);
            if is_wrapped {
                let place = format!("messages[{index}].tool_calls[{at}].arguments");
                self.losses.degraded(place, "is no JSON object, so it stands in one, as `input`");
            }
            list.object(|object| {
                if !call.id.is_empty() {
                    object.text("id", &call.id);
                }
                object.text("type", "function");
                object.object("function", |function| {
                    function.text("name", &call.name);
                    function.plain("arguments", arguments);
                });
            });
        }
        list.end();
    }
}

/// What stands in a message: one text, and pictures beside it.
#[derive(Default)]
struct Content<'a> {
    text: String,
    images: Vec<&'a str>,
    has_text_before: bool,
    /// Whether a picture stands between texts.
    is_mixed: bool,
}

impl<'a> Content<'a> {
    /// Takes a part; calls, results and reasoning have places of their own.
    fn add(
        &mut self,
        part: &'a Part,
        joint: &str,
        place: Arguments<'_>,
        losses: &mut LossReport,
    ) -> Result<(), Unsupported> {
        match part {
            Part::Text { text } => self.push(text, joint),
            Part::Refusal { text } => {
                losses.degraded(place.to_string(), "goes as an ordinary text");
                self.push(text, joint);
            }
            Part::Image { source: MediaSource::Inline { base64, .. }, detail } => {
                note_detail(detail.as_deref(), place, losses);
                self.has_text_before |= !self.text.is_empty();
                self.images.push(base64);
            }
            Part::Document(document) => match document_as_text(document) {
                Some(text) => {
                    losses.degraded(place.to_string(), "goes as text of the message");
                    self.push(&text, joint);
                }
                None => return Err(refused(place, "takes no documents but plain text")),
            },
            Part::Image { .. } => {
                return Err(refused(place, "fetches no pictures; send it in the message, as base64"));
            }
            Part::Audio(_) => return Err(refused(place, "takes no sound")),
            Part::CacheMark { .. } => {
                losses.degraded(place.to_string(), "the provider caches by its own rules");
            }
            Part::Native { .. } => {
                losses.dropped(place.to_string(), "is known to the client's dialect alone");
            }
            Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Signature(_) => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str, joint: &str) {
        self.is_mixed |= self.has_text_before;
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push_str(joint);
        }
        self.text.push_str(text);
    }

    fn write(&self, object: &mut ObjectWriter<'_>) {
        object.text("content", &self.text);
        if !self.images.is_empty() {
            object.array("images", |list| self.images.iter().for_each(|image| list.text(image)));
        }
    }
}

fn refused(place: Arguments<'_>, why: &str) -> Unsupported {
    Unsupported::new(place.to_string(), format!("The provider {why}."))
}
