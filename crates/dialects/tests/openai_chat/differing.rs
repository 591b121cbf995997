//! Where two JSON values differ.

use serde_json::{Value, json};

pub(crate) fn numbers_as_decimals(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap()),
        Value::Array(list) => list.into_iter().map(numbers_as_decimals).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, numbers_as_decimals(value))).collect()
        }
        value => value,
    }
}

/// The first place where two values differ.
pub(crate) fn difference(path: &str, got: &Value, expected: &Value) -> Option<String> {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            let names = got.keys().chain(expected.keys());
            names.into_iter().find_map(|name| {
                let null = Value::Null;
                let pair = (got.get(name).unwrap_or(&null), expected.get(name).unwrap_or(&null));
                difference(&format!("{path}.{name}"), pair.0, pair.1)
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(&format!("{path}[{index}]"), a, b))
        }
        _ => (got != expected).then(|| format!("{path}: got {got}, expected {expected}")),
    }
}
