//! JSON as the dialects need it: members read in their order with their values untouched, and a writer without a tree.

mod nesting;
mod read;
mod surrogates;
mod write;

pub(crate) use nesting::Nesting;
pub(crate) use read::{RawMembers, Shape, elements, integer, is_null, members, object, shape, text};
pub(crate) use surrogates::without_lone_surrogates;
pub(crate) use write::{ArrayWriter, ObjectWriter, write_text};

use serde_json::value::RawValue;
use switchyard_domain::chat::Json;

/// A value to keep: an owned copy of its spelling.
pub(crate) fn keep(raw: &RawValue) -> Json {
    Json(raw.to_owned())
}
