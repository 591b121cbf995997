//! Objects whose members are sent on, in their order.

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// The members of an object. One that stands there twice is refused: which of them counts is for nobody to guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pairs<V>(pub(super) Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members(PhantomData))
    }
}

struct Members<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// `null` is as nothing.
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut pairs, mut names) = (Vec::new(), HashSet::new());
        while let Some((name, value)) = map.next_entry::<String, V>()? {
            if !names.insert(name.clone()) {
                return Err(Error::custom("duplicate member"));
            }
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

/// A value that a query or a form can carry: a text, a number, true or false, or a list of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Texts {
    /// One.
    One(Text),
    /// Several of one name.
    Several(Vec<Text>),
}

/// One value.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Text {
    Plain(String),
    Flag(bool),
    Number(serde_json::Number),
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::Plain(text) => text,
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Texts {
    /// A pair for each value.
    pub(super) fn flat(pairs: Pairs<Self>) -> Vec<(String, String)> {
        let each = |(name, values): (String, Self)| {
            let values = match values {
                Self::One(value) => vec![value],
                Self::Several(values) => values,
            };
            values.into_iter().map(move |value| (name.clone(), value.into_string()))
        };
        pairs.0.into_iter().flat_map(each).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Option<Vec<(String, String)>> {
        serde_json::from_str(text).ok().map(Texts::flat)
    }

    #[test]
    fn members_keep_their_order_and_lists_stand_for_several() {
        let pairs = flat(r#"{"b":"x y","a":[1,true,"z"],"c":-0.5}"#).unwrap();
        let shown: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["b=x y", "a=1", "a=true", "a=z", "c=-0.5"]);
        assert_eq!(flat("null"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_object_of_plain_values_is_refused() {
        for bad in [
            "[]",
            "\"a\"",
            "7",
            r#"{"a":null}"#,
            r#"{"a":{}}"#,
            r#"{"a":[[]]}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(flat(bad), None, "{bad}");
        }
        assert!(serde_json::from_str::<Pairs<String>>(r#"{"a":7}"#).is_err());
    }
}
