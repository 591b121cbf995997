use std::collections::BTreeMap;

use switchyard_domain::chat::Json;

use crate::anthropic_messages::request::CONTENT;

/// A member and its value, as they are kept.
pub(super) type Member<'a> = (&'a str, &'a Json);

/// The members of a message that have no canonical form: its own, and those of its blocks by the number of their part.
#[derive(Debug, Default)]
pub(super) struct Extras<'a> {
    pub(super) own: Vec<Member<'a>>,
    blocks: BTreeMap<usize, Vec<Member<'a>>>,
}

impl<'a> Extras<'a> {
    pub(super) fn of(members: impl Iterator<Item = Member<'a>>) -> Self {
        let mut found = Self::default();
        for (name, value) in members {
            let place = name.strip_prefix(CONTENT).and_then(|rest| rest.split_once("]."));
            match place.and_then(|(at, inner)| Some((at.parse().ok()?, inner))) {
                Some((at, inner)) => found.blocks.entry(at).or_default().push((inner, value)),
                None => found.own.push((name, value)),
            }
        }
        found
    }

    /// Those of one block.
    pub(super) fn take(&mut self, at: usize) -> Vec<Member<'a>> {
        self.blocks.remove(&at).unwrap_or_default()
    }
}
