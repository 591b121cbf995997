//! What operators keep with their objects for themselves.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The longest notes, in bytes of JSON.
const LONGEST: usize = 16 * 1024;

/// The deepest notes, in objects and lists within each other, the notes themselves counted. Parsers of JSON and YAML end at about twice
/// this depth, and what can be written must be read again wherever it stands: in an export, a backup, a version.
pub const DEEPEST: usize = 32;

/// Numbers from here on are none that all readers of JSON keep.
const LARGEST_NUMBER: f64 = 18_446_744_073_709_551_616.0;

/// A JSON object that is kept as it was given. It means nothing here. None is read in which an object, however deep, has two members of
/// one name: only one of them could be kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Notes(Map<String, Value>);

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object).map(Self)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Any(value))) = members.next_entry::<String, Any>()? {
            if object.contains_key(&name) {
                return Err(Error::custom(format_args!("duplicate field `{name}`")));
            }
            object.insert(name, value);
        }
        Ok(object)
    }
}

/// Any value, as [`Value`] reads it but for twins.
struct Any(Value);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_string<E>(self, value: String) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Any::deserialize(deserializer).map(|Any(value)| value)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(Any(value)) = elements.next_element()? {
                    list.push(value);
                }
                Ok(Value::Array(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
                Object.visit_map(members).map(Value::Object)
            }
        }
        deserializer.deserialize_any(Anything).map(Self)
    }
}

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
fn is_kept(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.abs() < LARGEST_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_as_they_were_given_and_none_with_two_members_of_one_name() {
        let text = r#"{"a":[1,-1,1.5,true,null,"x",{"b":{}}],"c":18446744073709551615}"#;
        let notes: Notes = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(notes.object().clone()), serde_json::from_str::<Value>(text).unwrap());
        for twins in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":[{"c":1,"\u0063":2}]}}"#] {
            let error = serde_json::from_str::<Notes>(twins).unwrap_err();
            assert!(error.to_string().contains("duplicate field"), "{error}");
        }
        serde_json::from_str::<Notes>("[]").unwrap_err();
    }

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
