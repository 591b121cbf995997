//! What operators keep with their objects for themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest notes, in bytes of JSON.
const LONGEST: usize = 16 * 1024;

/// A JSON object that is kept as it was given. It means nothing here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notes(Map<String, Value>);

/// Notes that are too long to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {LONGEST} bytes of JSON are kept")]
pub struct NotesTooLong;

impl Notes {
    /// Of an object.
    ///
    /// # Errors
    /// [`NotesTooLong`].
    pub fn new(object: Map<String, Value>) -> Result<Self, NotesTooLong> {
        let notes = Self(object);
        notes.check()?;
        Ok(notes)
    }

    /// Whether they can be kept.
    ///
    /// # Errors
    /// [`NotesTooLong`].
    pub fn check(&self) -> Result<(), NotesTooLong> {
        let length = serde_json::to_string(&self.0).map_or(usize::MAX, |text| text.len());
        if length > LONGEST { Err(NotesTooLong) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_as_they_were_given_up_to_a_length() {
        let text = r#"{"b":1.5,"a":{"x":[null]}}"#;
        let notes: Notes = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&notes).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        let long = Map::from_iter([("a".to_owned(), Value::from("x".repeat(LONGEST)))]);
        assert_eq!(Notes::new(long), Err(NotesTooLong));
    }
}
