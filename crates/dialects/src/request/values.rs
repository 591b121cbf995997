//! Values of members that mean the same in every dialect.

use std::borrow::Cow;

use super::RequestError;
use crate::scan::{Kind, Node};

const MAX_MODEL_CHARS: usize = 256;
const MAX_WORD_BYTES: usize = 1024;

/// The most output tokens that anyone may ask for.
pub(crate) const MAX_OUTPUT_TOKENS: u64 = i32::MAX as u64;

/// The model, as written. Any spelling but a NUL may be asked for: what is no model's name is answered as unknown.
pub(crate) fn model(value: Node<'_>) -> Result<String, RequestError> {
    let model = value.text().ok_or_else(|| RequestError::new("model", "must be a string"))?;
    if model.trim().is_empty() {
        return Err(RequestError::new("model", "must not be empty"));
    }
    if model.len() > MAX_MODEL_CHARS && model.chars().count() > MAX_MODEL_CHARS {
        return Err(RequestError::new("model", format!("must have at most {MAX_MODEL_CHARS} characters")));
    }
    if model.contains('\0') {
        return Err(RequestError::new("model", "must not contain U+0000"));
    }
    Ok(model.into_owned())
}

pub(crate) fn boolean(name: &str, value: Node<'_>) -> Result<bool, RequestError> {
    value.as_bool().ok_or_else(|| RequestError::new(name, "must be true or false"))
}

pub(crate) fn integer(name: &str, value: Node<'_>, least: u64, most: u64) -> Result<u64, RequestError> {
    value
        .as_u64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| RequestError::new(name, format!("must be an integer from {least} to {most}")))
}

pub(crate) fn decimal(name: &str, value: Node<'_>, least: f64, most: f64) -> Result<(), RequestError> {
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(RequestError::new(name, format!("must be a number from {least} to {most}"))),
    }
}

pub(crate) fn word(name: &str, value: Node<'_>) -> Result<(), RequestError> {
    match value.text_len() {
        Some(length) if length <= MAX_WORD_BYTES => Ok(()),
        Some(_) => Err(RequestError::new(name, format!("must have at most {MAX_WORD_BYTES} bytes"))),
        None => Err(RequestError::new(name, "must be a string")),
    }
}

/// Whether a value is an address that may go to a provider. We never fetch it; schemes by which a provider would read its own
/// files are refused.
pub(crate) fn has_known_scheme(url: Node<'_>) -> bool {
    if url.kind() != Kind::String {
        return false;
    }
    let raw = url.raw();
    let head = raw.get(1..raw.len().min(64)).unwrap_or_default();
    // An escape within the scheme: nobody writes addresses so, save to slip one through.
    let head = if head.contains(&b'\\') {
        Cow::Owned(url.text().unwrap_or_default().into_owned().into_bytes())
    } else {
        Cow::Borrowed(head)
    };
    let url = head.trim_ascii_start();
    let end = url.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)));
    let scheme = end.filter(|end| url.get(*end) == Some(&b':')).and_then(|end| url.get(..end));
    let known: [&[u8]; 5] = [b"https", b"http", b"data", b"gs", b"s3"];
    scheme.is_none_or(|scheme| known.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}
