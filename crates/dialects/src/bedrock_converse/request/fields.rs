use switchyard_domain::chat::{ChatRequest, Json};

use crate::json::{ObjectWriter, keep, members};
use crate::outbound::Origin;

const NAME: &str = "additionalModelRequestFields";

/// `additionalModelRequestFields`: what the client itself gave, and what we put into the maker's words.
#[derive(Debug, Default)]
pub(super) struct Fields {
    members: Vec<(String, Json)>,
    is_given: bool,
}

impl Fields {
    /// The fields that came with the request.
    pub(super) fn of(request: &ChatRequest, origin: Origin) -> Self {
        let mut given =
            request.extensions.iter().filter(|(name, _)| origin.is_same_dialect() && name == NAME);
        match given.next().and_then(|(_, value)| members(&value.0)) {
            Some(given) => {
                let members = given.iter().map(|(name, value)| (name.to_owned(), keep(value))).collect();
                Self { members, is_given: true }
            }
            None => Self::default(),
        }
    }

    /// Whether a member of the client's is these fields.
    pub(super) fn holds(&self, member: &str) -> bool {
        self.is_given && member == NAME
    }

    /// Adds a field, unless the client gave it.
    pub(super) fn add(&mut self, name: &str, json: impl Into<String>) {
        if !self.has(name)
            && let Ok(value) = Json::parse(json)
        {
            self.members.push((name.to_owned(), value));
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    pub(super) fn write(&self, object: &mut ObjectWriter<'_>) {
        if self.is_given || !self.members.is_empty() {
            object.object(NAME, |fields| {
                self.members.iter().for_each(|(name, value)| fields.json(name, value));
            });
        }
    }
}
