use std::fmt::Arguments;

use switchyard_domain::chat::{ChatRequest, Dialect, Json, LossReport, Message};

use super::NO_PLACE;
use crate::codec::{note_foreign_function, note_foreign_members, note_foreign_message};
use crate::json::ObjectWriter;

/// In which dialect a request came, for an encoder: only from its own do members without canonical form go back to where they
/// came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    source: Dialect,
    target: Dialect,
}

impl Origin {
    pub(crate) fn new(source: Dialect, target: Dialect) -> Self {
        Self { source, target }
    }

    /// Whether the request came in the dialect in which it is written.
    pub(crate) fn is_same_dialect(self) -> bool {
        self.source == self.target
    }

    /// Writes those members of a request that have no canonical form, or tells that they are lost. `is_elsewhere` says of a
    /// name of this dialect's that it was written with another member; `taken` are the names that the object has already.
    pub(crate) fn write_members(
        self,
        request: &ChatRequest,
        is_elsewhere: impl Fn(&str) -> bool,
        taken: &[&str],
        object: &mut ObjectWriter<'_>,
        losses: &mut LossReport,
    ) {
        if !self.is_same_dialect() {
            return note_foreign_members(self.source, request, losses);
        }
        let members = request.extensions.iter().filter(|(name, _)| !is_elsewhere(name));
        write(members, taken, object, format_args!(""), losses);
    }

    /// The same for a message, which is told by its number.
    pub(crate) fn write_message(
        self,
        (index, message): (usize, &Message),
        taken: &[&str],
        object: &mut ObjectWriter<'_>,
        losses: &mut LossReport,
    ) {
        if !self.is_same_dialect() {
            return note_foreign_message(self.source, index, message, losses);
        }
        write(message.extensions.iter(), taken, object, format_args!("messages[{index}]."), losses);
    }

    /// The same for a tool.
    pub(crate) fn write_function(
        self,
        index: usize,
        extensions: &[(String, Json)],
        taken: &[&str],
        object: &mut ObjectWriter<'_>,
        losses: &mut LossReport,
    ) {
        if !self.is_same_dialect() {
            return note_foreign_function(index, extensions, losses);
        }
        write(extensions.iter(), taken, object, format_args!("tools[{index}]."), losses);
    }

    /// Tells what a message loses that is no object of its own here.
    pub(crate) fn note_message(self, index: usize, message: &Message, losses: &mut LossReport) {
        if !self.is_same_dialect() {
            return note_foreign_message(self.source, index, message, losses);
        }
        for (name, _) in &message.extensions {
            losses.dropped(format!("messages[{index}].{name}"), NO_PLACE);
        }
    }
}

/// Writes members of this dialect. `place` stands before their names in the report of those that can't be written.
fn write<'m>(
    members: impl Iterator<Item = &'m (String, Json)>,
    taken: &[&str],
    object: &mut ObjectWriter<'_>,
    place: Arguments<'_>,
    losses: &mut LossReport,
) {
    for (name, value) in members {
        if name.contains(['.', '[']) || taken.contains(&name.as_str()) {
            losses.dropped(format!("{place}{name}"), NO_PLACE);
        } else {
            object.json(name, value);
        }
    }
}
