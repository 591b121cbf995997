//! Functions that clients offer to the model.

use super::{RequestError, has_circular_reference};
use crate::scan::{Kind, Node};

const MAX_NAME_BYTES: usize = 64;

type Checked = Result<(), RequestError>;

/// The definition of a function: its name, what it does, the schema of its arguments.
pub(crate) fn check_function(function: Node<'_>, path: std::fmt::Arguments<'_>) -> Checked {
    if !function.get("name").is_some_and(is_name) {
        let message = format!("must have 1 to {MAX_NAME_BYTES} letters, digits, or any of _-.:");
        return Err(RequestError::new(format!("{path}.name"), message));
    }
    let present = |name: &str| function.get(name).filter(|value| !value.is_null());
    if present("description").is_some_and(|description| description.kind() != Kind::String) {
        return Err(RequestError::new(format!("{path}.description"), "must be a string"));
    }
    if present("strict").is_some_and(|strict| strict.as_bool().is_none()) {
        return Err(RequestError::new(format!("{path}.strict"), "must be true or false"));
    }
    let Some(parameters) = present("parameters") else { return Ok(()) };
    if parameters.kind() != Kind::Object {
        return Err(RequestError::new(format!("{path}.parameters"), "must be an object"));
    }
    if has_circular_reference(parameters) {
        return Err(RequestError::new(
            format!("{path}.parameters"),
            "has a `$ref` that leads back to itself",
        ));
    }
    Ok(())
}

/// Whether this is a name that a function may have.
pub(crate) fn is_name(name: Node<'_>) -> bool {
    let raw = name.raw();
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    name.kind() == Kind::String
        && (1..=MAX_NAME_BYTES).contains(&inner.len())
        && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(byte))
}
