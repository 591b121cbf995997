//! Names of providers, routes and keys: what people type and see in `provider/model`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;

/// A name of 1 to 100 characters without `/`, control characters or white space at its ends.
///
/// The slash is kept out because `<provider>/<model>` is split at the first one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("a name must not be empty")]
    Empty,
    /// Over [`MAX_NAME_CHARS`].
    #[error("a name has at most {MAX_NAME_CHARS} characters")]
    TooLong,
    /// A slash, a control character, or white space at an end.
    #[error("a name holds no `/`, no control characters and no white space at its ends")]
    Character,
}

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidName`] says which rule the text breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > MAX_NAME_CHARS {
            return Err(InvalidName::TooLong);
        }
        if text.trim() != text || text.chars().any(|c| c == '/' || c.is_control()) {
            return Err(InvalidName::Character);
        }
        Ok(Self(text))
    }

    /// A name that was taken once, whatever the rules for new ones are by now.
    #[must_use]
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_would_make_a_model_path_ambiguous() {
        assert!(Name::new("openai-eu").is_ok());
        assert_eq!(Name::new("a/b"), Err(InvalidName::Character));
        assert_eq!(Name::new(" a"), Err(InvalidName::Character));
        assert_eq!(Name::new("a\u{0}"), Err(InvalidName::Character));
        assert_eq!(Name::new("  "), Err(InvalidName::Empty));
        assert_eq!(Name::new("x".repeat(101)), Err(InvalidName::TooLong));
    }
}
