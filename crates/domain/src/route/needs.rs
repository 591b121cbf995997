//! What a call needs of the model that answers it.

use super::when::Need;
use std::fmt;

/// A set of [`Need`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Needs {
    tools: bool,
    vision: bool,
    json_schema: bool,
}

impl Needs {
    /// Nothing in particular.
    pub const NONE: Self = Self { tools: false, vision: false, json_schema: false };

    /// These, and this one if `is_needed`.
    #[must_use]
    pub fn and(mut self, need: Need, is_needed: bool) -> Self {
        match need {
            Need::Tools => self.tools |= is_needed,
            Need::Vision => self.vision |= is_needed,
            Need::JsonSchema => self.json_schema |= is_needed,
        }
        self
    }

    /// Whether this is among them.
    #[must_use]
    pub fn has(self, need: Need) -> bool {
        match need {
            Need::Tools => self.tools,
            Need::Vision => self.vision,
            Need::JsonSchema => self.json_schema,
        }
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Need> {
        [Need::Tools, Need::Vision, Need::JsonSchema].into_iter().filter(move |need| self.has(*need))
    }
}

impl FromIterator<Need> for Needs {
    fn from_iter<I: IntoIterator<Item = Need>>(needs: I) -> Self {
        needs.into_iter().fold(Self::NONE, |all, need| all.and(need, true))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tools => "tools",
            Self::Vision => "vision",
            Self::JsonSchema => "a JSON schema",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        let needs = Needs::NONE.and(Need::Vision, true).and(Need::Tools, false);
        assert_eq!(needs.iter().collect::<Vec<_>>(), [Need::Vision]);
        assert_eq!([Need::Vision].into_iter().collect::<Needs>(), needs);
        assert_eq!(Needs::NONE.iter().count(), 0);
    }
}
