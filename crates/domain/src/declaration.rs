//! What the configuration file says, by now, of what it owns: whether it declares it still, and which keys it gives.

use crate::provider::SharedPlace;

/// What the configuration file says of a provider that it owns. It means nothing of one that others own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Whether the file declares it no more. One that is declared and switched off is not withdrawn.
    pub is_withdrawn: bool,
    /// Which of its shared keys the file gives.
    pub given_keys: GivenKeys,
}

/// Which of a provider's shared keys the configuration file gives: these are its own to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GivenKeys {
    /// None of them.
    #[default]
    None,
    /// The first (`api_key`); others may stand beside it.
    First,
    /// All that there are (`api_keys`, of one or more): there are no others.
    All,
}

impl GivenKeys {
    const EACH: [Self; 3] = [Self::None, Self::First, Self::All];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::First => "first",
            Self::All => "all",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|given| given.as_str() == word)
    }

    /// Whether what stands at a place is the file's, be it a key or none.
    #[must_use]
    pub fn covers(self, place: SharedPlace) -> bool {
        match self {
            Self::None => false,
            Self::First => place == SharedPlace::FIRST,
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_key_is_the_first_and_a_list_is_every_place() {
        let covered = |given: GivenKeys| SharedPlace::all().filter(|place| given.covers(*place)).count();
        assert_eq!(GivenKeys::EACH.map(covered), [0, 1, usize::from(SharedPlace::MOST)]);
        for given in GivenKeys::EACH {
            assert_eq!(GivenKeys::parse(given.as_str()), Some(given));
        }
        assert_eq!(GivenKeys::parse("some"), None);
    }
}
