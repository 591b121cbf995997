use switchyard_domain::chat::{Json, Message};

use crate::gemini::parts::Extras;

/// The extensions of a message: those of its parts, found by the part, and those of its own.
#[derive(Default)]
pub(super) struct MessageExtras<'m> {
    parts: Vec<(usize, &'m str, &'m Json)>,
    own: Vec<(&'m str, &'m Json)>,
}

impl<'m> MessageExtras<'m> {
    /// Of a message; none if it comes from another dialect.
    pub(super) fn of(message: &'m Message, same_dialect: bool) -> Self {
        let mut found = Self { parts: Vec::new(), own: Vec::new() };
        for (name, value) in message.extensions.iter().filter(|_| same_dialect) {
            match of_part(name) {
                Some((at, path)) => found.parts.push((at, path, value)),
                None => found.own.push((name, value)),
            }
        }
        found.parts.sort_by_key(|(at, ..)| *at);
        found
    }

    /// Those of a part.
    pub(super) fn of_part(&self, at: usize) -> Extras<'_> {
        let begin = self.parts.partition_point(|(known, ..)| *known < at);
        let end = self.parts.partition_point(|(known, ..)| *known <= at);
        Extras(self.parts.get(begin..end).unwrap_or_default())
    }

    /// Those of the message itself.
    pub(super) fn own(&self) -> &[(&'m str, &'m Json)] {
        &self.own
    }
}

/// The part and the path within it that a name such as `parts[2].fileData.mimeType` stands for.
fn of_part(name: &str) -> Option<(usize, &str)> {
    let (at, path) = name.strip_prefix("parts[")?.split_once("].")?;
    Some((at.parse().ok()?, path))
}
