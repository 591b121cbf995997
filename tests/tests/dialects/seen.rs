use serde_json::Value;

/// What must stand where in a document: JSON pointers, and the values there. Null stands for nothing at all, too.
pub(crate) type Seen = Vec<(String, Value)>;

/// Writes out what must stand where.
macro_rules! seen {
    ($($place:expr => $value:tt),* $(,)?) => {
        vec![$((String::from($place), serde_json::json!($value))),*]
    };
}
pub(crate) use seen;

/// What does not stand there.
pub(crate) fn missing<'a>(document: &'a Value, seen: &'a Seen) -> impl Iterator<Item = String> + 'a {
    seen.iter().filter_map(move |(place, wanted)| {
        let found = document.pointer(place).unwrap_or(&Value::Null);
        (found != wanted).then(|| format!("{place} is {found}, not {wanted}"))
    })
}
