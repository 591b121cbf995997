//! Texts of every kind: any Unicode, and much of what JSON must escape.

use proptest::prelude::*;

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z \\\\\"\n\u{0}é😀]{0,12}"]
}

/// One that is not empty.
pub(crate) fn filled() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("{text}."))
}
