use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json::{elements, members, shape, text};

/// The arguments of one call that come in pieces, each with the path of the value that it belongs to
/// (`google-streamgeneratecontent-d0afc7200c`, 2026).
#[derive(Debug, Default)]
pub(super) struct PartialArguments {
    value: Map<String, Value>,
    bytes: usize,
}

/// More than any call's arguments have; what goes beyond is left out.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 10_000;
/// What a value costs besides its text.
const VALUE_BYTES: usize = 32;

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl PartialArguments {
    /// Takes the pieces of a list of `partialArgs`.
    pub(super) fn take(&mut self, pieces: &RawValue) {
        for piece in elements(pieces).unwrap_or_default() {
            self.take_one(piece);
        }
    }

    /// Takes arguments that come whole after all.
    pub(super) fn replace(&mut self, arguments: &RawValue) {
        if let Ok(Value::Object(value)) = serde_json::from_str(arguments.get()) {
            self.value = value;
        }
    }

    /// The arguments as text.
    pub(super) fn finish(self) -> String {
        Value::Object(self.value).to_string()
    }

    fn take_one(&mut self, piece: &RawValue) {
        let Some(piece) = members(piece) else { return };
        let Some(path) = piece.get("jsonPath").and_then(text).and_then(|path| steps(&path)) else { return };
        let said = piece.get("stringValue").and_then(text);
        let value = match &said {
            Some(text) => Value::String(text.clone().into_owned()),
            None => plain_value(piece.get("numberValue").or_else(|| piece.get("boolValue"))),
        };
        self.bytes += VALUE_BYTES * path.len() + said.map_or(0, |said| said.len());
        if self.bytes > MAX_BYTES {
            return;
        }
        let Some(place) = place(&mut self.value, path) else { return };
        match (place, value) {
            (Value::String(text), Value::String(more)) => text.push_str(&more),
            (place, value) => *place = value,
        }
    }
}

/// A number or a truth; anything else is nothing, which `nullValue` says.
fn plain_value(raw: Option<&RawValue>) -> Value {
    use crate::json::Shape;
    let raw = raw.filter(|raw| matches!(shape(raw), Shape::Number | Shape::Bool));
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The place that a path leads to, which is made if it is not there yet.
fn place(root: &mut Map<String, Value>, path: Vec<Step>) -> Option<&mut Value> {
    let mut path = path.into_iter();
    let Some(Step::Name(first)) = path.next() else { return None };
    let mut place = root.entry(first).or_insert(Value::Null);
    for step in path {
        place = match step {
            Step::Name(name) => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                place.as_object_mut()?.entry(name).or_insert(Value::Null)
            }
            Step::Index(index) => {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let list = place.as_array_mut()?;
                // Elements come in their order.
                if index == list.len() && index < MAX_ELEMENTS {
                    list.push(Value::Null);
                }
                list.get_mut(index)?
            }
        };
    }
    Some(place)
}

/// The steps of a path such as `$.a[0]['b c']`; `None` if it is none, or none that leads into an object.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step;
        (step, rest) = if let Some(inner) = rest.strip_prefix('[') {
            bracketed(inner)?
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, rest) = name.split_at_checked(end)?;
            (Step::Name(name.to_owned()), rest)
        };
        if step == Step::Name(String::new()) || steps.len() >= MAX_DEPTH {
            return None;
        }
        steps.push(step);
    }
    (!steps.is_empty()).then_some(steps)
}

fn bracketed(inner: &str) -> Option<(Step, &str)> {
    let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        let (index, rest) = inner.split_once(']')?;
        return Some((Step::Index(index.trim().parse().ok()?), rest));
    };
    let mut name = String::new();
    let mut chars = inner.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            c if c == quote => {
                let rest = inner.get(at + 1..)?.strip_prefix(']')?;
                return Some((Step::Name(name), rest));
            }
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(pieces: &[&str]) -> Value {
        let mut arguments = PartialArguments::default();
        for piece in pieces {
            arguments.take(serde_json::from_str(piece).unwrap());
        }
        serde_json::from_str(&arguments.finish()).unwrap()
    }

    #[test]
    fn pieces_of_a_text_are_joined_and_other_values_set() {
        let found = collected(&[
            r#"[{"jsonPath":"$.list[0].name","stringValue":"a","willContinue":true}]"#,
            r#"[{"jsonPath":"$.list[0].name","stringValue":"b"},{"jsonPath":"$.list[1]","numberValue":0.5}]"#,
            r#"[{"jsonPath":"$['a b'][\"c.d\"]","boolValue":true},{"jsonPath":"$.n","nullValue":"NULL_VALUE"}]"#,
            r#"[{"jsonPath":"$.list[0].count","numberValue":3}]"#,
        ]);
        let expected = r#"{"list":[{"name":"ab","count":3},0.5],"a b":{"c.d":true},"n":null}"#;
        assert_eq!(found, serde_json::from_str::<Value>(expected).unwrap());
    }

    #[test]
    fn paths_that_lead_nowhere_are_left_out() {
        let deep = format!(r#"[{{"jsonPath":"$.{}","numberValue":1}}]"#, "a.".repeat(100));
        for pieces in [
            r#"[{"jsonPath":"$[0]","numberValue":1}]"#,
            r#"[{"jsonPath":"$.a[4000000000]","stringValue":"x"}]"#,
            r#"[{"jsonPath":"$","stringValue":"x"},{"jsonPath":"$.a['b","stringValue":"x"},7,{"stringValue":"x"}]"#,
            &deep,
        ] {
            let found = collected(&[pieces]);
            let nothing =
                found.as_object().unwrap().values().all(|value| value.as_array().is_some_and(Vec::is_empty));
            assert!(nothing, "{found}");
        }
    }
}
