//! What scripts answer.

use redis::Value;

/// An answer as its parts: the first one is a word that says what it is.
pub(super) struct Answer {
    word: String,
    parts: std::vec::IntoIter<Value>,
}

impl Answer {
    /// Reads an answer; one that has not the form of one is the word ``.
    pub(super) fn read(value: Value) -> Self {
        let Value::Array(parts) = value else {
            return Self { word: String::new(), parts: Vec::new().into_iter() };
        };
        let mut parts = parts.into_iter();
        let word = parts.next().and_then(text).unwrap_or_default();
        Self { word, parts }
    }

    pub(super) fn word(&self) -> &str {
        &self.word
    }

    /// Whether the server does not know the process that asks.
    pub(super) fn is_for_a_stranger(&self) -> bool {
        self.word == "stranger"
    }

    pub(super) fn text(&mut self) -> Option<String> {
        self.parts.next().and_then(text)
    }

    /// A whole number.
    pub(super) fn number<N: std::str::FromStr + TryFrom<i64>>(&mut self) -> Option<N> {
        self.parts.next().and_then(number)
    }

    /// What is in a list.
    pub(super) fn list(&mut self) -> Vec<Value> {
        match self.parts.next() {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.parts.next()? {
            Value::BulkString(bytes) => Some(bytes),
            _ => None,
        }
    }
}

pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        Value::Int(number) => Some(number.to_string()),
        Value::Okay => Some("OK".to_owned()),
        _ => None,
    }
}

/// A whole number, of which a script may give the digits where it is too large for its own.
pub(super) fn number<N: std::str::FromStr + TryFrom<i64>>(value: Value) -> Option<N> {
    match value {
        Value::Int(number) => N::try_from(number).ok(),
        value => text(value)?.parse().ok(),
    }
}
