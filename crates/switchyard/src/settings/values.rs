//! The texts that were given, before they are read as what they mean.

use super::problem::{Origin, Problem, Reason};
use super::setting::{Facts, Fallback, Row, Setting};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// A text with its giver. Any text may be a secret, so none can be printed.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: SecretString,
    /// The setting as its giver wrote it.
    pub(super) name: String,
    pub(super) origin: Origin,
}

impl Given {
    pub(super) fn new(text: &str, name: impl Into<String>, origin: Origin) -> Self {
        Self { text: SecretString::from(text), name: name.into(), origin }
    }
}

/// The strongest text of each setting that has one.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, Given>);

impl Values {
    pub(super) fn set(&mut self, facts: &Facts, given: Given) {
        self.0.insert(facts.name, given);
    }

    /// Back to the default.
    pub(super) fn clear(&mut self, facts: &Facts) {
        self.0.remove(facts.name);
    }

    /// What was given under the setting's own name.
    pub(super) fn given(&self, name: &str) -> Option<&Given> {
        self.0.get(name)
    }

    /// What was given for the setting.
    pub(super) fn of(&self, row: &dyn Row) -> Option<&Given> {
        self.given(row.facts().name)
    }

    /// Whether somebody gave a value, be it the default's.
    pub(super) fn is_set(&self, row: &dyn Row) -> bool {
        self.of(row).is_some()
    }

    /// The text that holds, if one was given or the default is one.
    pub(super) fn text(&self, facts: &Facts) -> Option<&str> {
        match (self.given(facts.name), facts.fallback) {
            (Some(given), _) => Some(given.text.expose_secret()),
            (None, Fallback::Text(text)) => Some(text),
            (None, Fallback::Derived(_) | Fallback::Unset) => None,
        }
    }

    /// How a message should call the setting, and where its value comes from.
    pub(super) fn giver(&self, row: &dyn Row) -> (String, Origin) {
        match self.of(row) {
            Some(given) => (given.name.clone(), given.origin.clone()),
            None => (row.facts().variable(), Origin::Default),
        }
    }

    /// The value of a setting that may be unset.
    pub(super) fn optional<T>(&self, setting: &Setting<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(setting.facts()) else { return Ok(None) };
        setting.parse(text).map(Some).map_err(|reason| self.problem(setting, reason))
    }

    /// The value of a setting that has a default.
    pub(super) fn required<T>(&self, setting: &Setting<T>) -> Result<T, Problem> {
        let missing = || self.problem(setting, Reason::new("has no value and no default"));
        self.optional(setting)?.ok_or_else(missing)
    }

    fn problem<T>(&self, setting: &Setting<T>, reason: Reason) -> Problem {
        let (name, origin) = self.giver(setting);
        Problem { name, origin, reason }
    }
}
