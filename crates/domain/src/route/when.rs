//! Which calls a target takes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const MOST_TAGS: usize = 32;
const LONGEST_TAG: usize = 64;

/// Something that a call needs of the model that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It brings tools.
    Tools,
    /// It brings pictures.
    Vision,
    /// Its answer must keep to a JSON schema.
    JsonSchema,
}

/// A range of a prompt's estimated tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenRange {
    /// At least so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// At most so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// The condition of a target: it takes a call of which all of this holds. An empty one takes any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// How long the prompt is, in estimated tokens.
    #[serde(skip_serializing_if = "TokenRange::is_open")]
    pub prompt_tokens: TokenRange,
    /// The call needs each of these.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub needs: BTreeSet<Need>,
    /// The call carries one of these tags.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
}

/// A condition that can't be met or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWhen {
    /// Nothing is in the range.
    #[error("`prompt_tokens.min` is above `prompt_tokens.max`, so that no call could meet it")]
    EmptyRange,
    /// Too many tags.
    #[error("a condition has at most {MOST_TAGS} tags")]
    TooManyTags,
    /// A tag that no call can carry.
    #[error("a tag has 1 to {LONGEST_TAG} letters, digits, `-`, `_`, `.` or `:`")]
    Tag,
}

impl TokenRange {
    /// Whether it holds everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether so many are in it.
    #[must_use]
    pub fn holds(&self, tokens: u64) -> bool {
        self.min.is_none_or(|min| tokens >= min) && self.max.is_none_or(|max| tokens <= max)
    }
}

impl When {
    /// Whether any call meets it.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it can be met and kept.
    ///
    /// # Errors
    /// [`InvalidWhen`].
    pub fn check(&self) -> Result<(), InvalidWhen> {
        let TokenRange { min, max } = self.prompt_tokens;
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(InvalidWhen::EmptyRange);
        }
        if self.tags.len() > MOST_TAGS {
            return Err(InvalidWhen::TooManyTags);
        }
        if self.tags.iter().all(|tag| Self::is_tag(tag)) { Ok(()) } else { Err(InvalidWhen::Tag) }
    }

    /// Whether a call can carry this tag.
    #[must_use]
    pub fn is_tag(tag: &str) -> bool {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        (1..=LONGEST_TAG).contains(&tag.len()) && tag.bytes().all(is_letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_call_can_meet_is_refused() {
        let range = |min, max| When { prompt_tokens: TokenRange { min, max }, ..When::default() };
        assert_eq!(range(Some(2), Some(1)).check(), Err(InvalidWhen::EmptyRange));
        assert_eq!(range(Some(2), Some(2)).check(), Ok(()));
        let tagged = |tag: &str| When { tags: [tag.to_owned()].into(), ..When::default() };
        for wrong in ["", "a b", "a,b", "ä", &"x".repeat(65)] {
            assert_eq!(tagged(wrong).check(), Err(InvalidWhen::Tag), "{wrong}");
        }
        assert_eq!(tagged("team:a-1_b.c").check(), Ok(()));
    }

    #[test]
    fn an_empty_condition_is_written_as_an_empty_object() {
        assert_eq!(serde_json::to_string(&When::default()).unwrap(), "{}");
        let read: When = serde_json::from_str(r#"{"prompt_tokens":{"max":9},"needs":["vision"]}"#).unwrap();
        assert!(read.prompt_tokens.holds(9) && !read.prompt_tokens.holds(10));
        assert_eq!(read.needs, [Need::Vision].into());
    }
}
