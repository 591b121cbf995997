use bytes::BytesMut;
use switchyard_domain::chat::{Json, Message, Part, Role};

use super::extras::MessageExtras;
use crate::json::{ArrayWriter, ObjectWriter};

/// The parts of a content, as they are written.
#[derive(Debug, Default)]
pub(super) struct Parts {
    results: BytesMut,
    others: BytesMut,
    /// Whether results stand before all else. In a client's own contents everything stays in its place.
    results_first: bool,
}

impl Parts {
    pub(super) fn new(results_first: bool) -> Self {
        Self { results_first, ..Self::default() }
    }

    /// Where a part is to be written.
    pub(super) fn list(&mut self, part: &Part) -> ArrayWriter<'_> {
        let is_apart = self.results_first && matches!(part, Part::ToolResult(_));
        ArrayWriter::bare(if is_apart { &mut self.results } else { &mut self.others })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.others.is_empty()
    }

    fn append(&mut self, other: &Self) {
        ArrayWriter::bare(&mut self.results).elements(&other.results);
        ArrayWriter::bare(&mut self.others).elements(&other.others);
    }

    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        object.array("parts", |list| {
            list.elements(&self.results);
            list.elements(&self.others);
        });
    }
}

/// One content.
#[derive(Debug)]
struct Turn<'m> {
    role: Role,
    parts: Parts,
    /// The members without canonical form.
    own: Vec<(&'m str, &'m Json)>,
}

/// The contents. Google wants roles that alternate, and all results of a turn's calls in the content right after it, so
/// neighbours of one role are one; of a client's own contents only those of results alone.
#[derive(Debug, Default)]
pub(super) struct Turns<'m>(Vec<Turn<'m>>);

impl<'m> Turns<'m> {
    pub(super) fn push(&mut self, message: &'m Message, parts: Parts, same_dialect: bool) {
        let speaker = |role: Role| if role == Role::Assistant { Role::Assistant } else { Role::User };
        let is_one = |last: &Turn<'_>| match same_dialect {
            true => last.role == Role::Tool && message.role == Role::Tool,
            false => speaker(last.role) == speaker(message.role),
        };
        match self.0.last_mut() {
            Some(last) if is_one(last) => last.parts.append(&parts),
            _ => {
                let own = MessageExtras::of(message, same_dialect).own().to_vec();
                self.0.push(Turn { role: message.role, parts, own });
            }
        }
    }

    pub(super) fn write(&self, list: &mut ArrayWriter<'_>) {
        for turn in &self.0 {
            list.object(|content| {
                content.text("role", if turn.role == Role::Assistant { "model" } else { "user" });
                turn.parts.write(content);
                turn.own.iter().for_each(|(name, value)| content.json(name, value));
            });
        }
    }
}
