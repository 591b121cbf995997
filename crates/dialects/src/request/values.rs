//! Values that mean the same in several client dialects.

use super::RequestError;
use crate::scan::{Kind, Node};

const MAX_MODEL_CHARS: usize = 256;
const MAX_WORD_BYTES: usize = 1024;
const MAX_METADATA: usize = 64;

/// The largest limit of output tokens that means anything.
pub(crate) const MAX_OUTPUT_TOKENS: u64 = i32::MAX as u64;

type Checked = Result<(), RequestError>;

/// The model, as written. Any spelling but a NUL may be asked for: what is no model's name is answered as unknown.
pub(crate) fn model(value: Node<'_>) -> Result<String, RequestError> {
    let model = value.text().ok_or_else(|| RequestError::new("model", "must be a string"))?;
    check_model(&model)?;
    Ok(model.into_owned())
}

/// [`model`], wherever it was written.
pub(crate) fn check_model(model: &str) -> Checked {
    if model.trim().is_empty() {
        return Err(RequestError::new("model", "must not be empty"));
    }
    if model.len() > MAX_MODEL_CHARS && model.chars().count() > MAX_MODEL_CHARS {
        return Err(RequestError::new("model", format!("must have at most {MAX_MODEL_CHARS} characters")));
    }
    if model.contains('\0') {
        return Err(RequestError::new("model", "must not contain U+0000"));
    }
    Ok(())
}

/// A switch.
pub(crate) fn boolean(name: &str, value: Node<'_>) -> Result<bool, RequestError> {
    value.as_bool().ok_or_else(|| RequestError::new(name, "must be true or false"))
}

/// An integer within these bounds, both included.
pub(crate) fn integer(name: &str, value: Node<'_>, least: u64, most: u64) -> Result<u64, RequestError> {
    value
        .as_u64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| RequestError::new(name, format!("must be an integer from {least} to {most}")))
}

/// A number within these bounds, both included.
pub(crate) fn decimal(name: &str, value: Node<'_>, least: f64, most: f64) -> Checked {
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(RequestError::new(name, format!("must be a number from {least} to {most}"))),
    }
}

/// A short text.
pub(crate) fn word(name: &str, value: Node<'_>) -> Checked {
    match value.text_len() {
        Some(length) if length <= MAX_WORD_BYTES => Ok(()),
        Some(_) => Err(RequestError::new(name, format!("must have at most {MAX_WORD_BYTES} bytes"))),
        None => Err(RequestError::new(name, "must be a string")),
    }
}

/// Labels: a small object of strings.
pub(crate) fn metadata(value: Node<'_>) -> Checked {
    let good = value.kind() == Kind::Object
        && value.members().take(MAX_METADATA + 1).count() <= MAX_METADATA
        && value.members().all(|member| member.value().kind() == Kind::String);
    let message = || format!("must be an object of up to {MAX_METADATA} strings");
    if good { Ok(()) } else { Err(RequestError::new("metadata", message())) }
}
