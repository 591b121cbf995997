//! JSON as this dialect needs it: members read in their order with their values untouched, and a writer without a tree.

mod read;
mod surrogates;
mod write;

pub(super) use read::{RawMembers, Shape, elements, integer, is_null, members, object, shape, text};
pub(super) use surrogates::without_lone_surrogates;
pub(super) use write::{ArrayWriter, ObjectWriter, write_text};

use serde_json::value::RawValue;
use switchyard_domain::chat::Json;

/// A value to keep: an owned copy of its spelling.
pub(super) fn keep(raw: &RawValue) -> Json {
    Json(raw.to_owned())
}
