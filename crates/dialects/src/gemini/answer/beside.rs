use serde_json::value::RawValue;
use switchyard_domain::chat::Json;

use crate::json::keep;

/// More members than the vendor puts beside what was said.
const MAX_MEMBERS: usize = 64;

/// The members without canonical form that came so far, of which a stream repeats most in every piece.
#[derive(Debug, Default)]
pub(super) struct Beside {
    known: Vec<(String, Json)>,
}

impl Beside {
    /// Takes a member, and says whether it is new or changed.
    pub(super) fn take(&mut self, name: &str, value: &RawValue) -> bool {
        let room = self.known.len() < MAX_MEMBERS;
        match self.known.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) if known.as_str() == value.get() => return false,
            Some((_, known)) => *known = keep(value),
            None if room => self.known.push((name.to_owned(), keep(value))),
            None => return false,
        }
        true
    }

    /// All of them.
    pub(super) fn all(&self) -> &[(String, Json)] {
        &self.known
    }
}
