//! What operators keep with their objects for themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest notes, in bytes of JSON.
const LONGEST: usize = 16 * 1024;

/// The deepest notes, in objects and lists within each other, the notes themselves counted. Parsers of JSON and YAML end at about twice
/// this depth, and what can be written must be read again wherever it stands: in an export, a backup, a version.
pub const DEEPEST: usize = 32;

/// Numbers from here on are none that all readers of JSON keep.
const LARGEST_NUMBER: f64 = 18_446_744_073_709_551_616.0;

/// A JSON object that is kept as it was given. It means nothing here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notes(Map<String, Value>);

/// Notes that can't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNotes {
    /// They are too long.
    #[error("at most {LONGEST} bytes of JSON are kept")]
    TooLong,
    /// They are too deep.
    #[error("at most {DEEPEST} objects and lists stand within each other")]
    TooDeep,
    /// They hold a number that would not be kept to its last digit.
    #[error("a number of more than 64 bits would not be kept as it is; write it as a string")]
    TooLargeNumber,
}

impl Notes {
    /// Of an object.
    ///
    /// # Errors
    /// [`InvalidNotes`].
    pub fn new(object: Map<String, Value>) -> Result<Self, InvalidNotes> {
        let notes = Self(object);
        notes.check()?;
        Ok(notes)
    }

    /// Whether they can be kept.
    ///
    /// # Errors
    /// [`InvalidNotes`].
    pub fn check(&self) -> Result<(), InvalidNotes> {
        // Depth first: what is too deep is not to be written.
        let mut left: Vec<(&Value, usize)> = self.0.values().map(|value| (value, 1)).collect();
        while let Some((value, depth)) = left.pop() {
            match value {
                Value::Array(_) | Value::Object(_) if depth >= DEEPEST => return Err(InvalidNotes::TooDeep),
                Value::Array(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
                Value::Object(members) => left.extend(members.values().map(|member| (member, depth + 1))),
                Value::Number(number) if !is_kept(number) => return Err(InvalidNotes::TooLargeNumber),
                _ => {}
            }
        }
        let length = serde_json::to_string(&self.0).map_or(usize::MAX, |text| text.len());
        if length > LONGEST { Err(InvalidNotes::TooLong) } else { Ok(()) }
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a number is the one that was written: a whole number of more than 64 bits is read as one near it.
fn is_kept(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.abs() < LARGEST_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_as_they_were_given_up_to_a_length() {
        let text = r#"{"b":1.5,"a":{"x":[null]}}"#;
        let notes: Notes = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&notes).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        let long = Map::from_iter([("a".to_owned(), Value::from("x".repeat(LONGEST)))]);
        assert_eq!(Notes::new(long), Err(InvalidNotes::TooLong));
    }

    #[test]
    fn notes_are_kept_up_to_a_depth_of_objects_and_lists() {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let nested = |depth: usize| -> Notes {
                let inner = format!("{}1{}", open.repeat(depth - 1), close.repeat(depth - 1));
                serde_json::from_str(&format!("{{\"n\":{inner}}}")).unwrap()
            };
            assert_eq!(nested(DEEPEST).check(), Ok(()));
            assert_eq!(nested(DEEPEST + 1).check(), Err(InvalidNotes::TooDeep));
        }
    }

    #[test]
    fn a_number_that_would_become_another_is_refused() {
        let with =
            |number: &str| -> Notes { serde_json::from_str(&format!("{{\"n\":[{number}]}}")).unwrap() };
        for kept in ["18446744073709551615", "-9223372036854775808", "0.1", "1e18", "-2.5"] {
            assert_eq!(with(kept).check(), Ok(()), "{kept}");
        }
        for other in ["18446744073709551617", "-99999999999999999999", "123456789012345678901234567890"] {
            assert_eq!(with(other).check(), Err(InvalidNotes::TooLargeNumber), "{other}");
        }
    }
}
