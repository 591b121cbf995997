//! Where two JSON values differ.

use serde_json::Value;

/// The first place where two values differ. Numbers are the same if they mean the same.
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
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ => (got != expected).then(|| format!("{path}: got {got}, expected {expected}")),
    }
}
