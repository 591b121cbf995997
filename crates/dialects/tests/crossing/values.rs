//! JSON values as they may stand in the arguments of a tool call.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::text::text;

/// Numbers that a careless reader changes.
const NUMBERS: &[&str] = &[
    "0",
    "-0.0",
    "1.0",
    "0.10",
    "1e2",
    "1E-7",
    "9007199254740993",
    "18446744073709551615",
    "-9223372036854775808",
    "123456789012345678901234567890",
    "1.7976931348623157e308",
    "3.141592653589793238462643383279",
];

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        text().prop_map(|text| quoted(&text)),
        select(NUMBERS).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        select(vec!["null", "true", "false", "{}", "[]"]).prop_map(str::to_owned),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z_]{1,8}", 1 => text()]
}

fn object_of(value: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    btree_map(name(), value, 0..=most).prop_map(|members| {
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
        format!("{{{}}}", members.join(","))
    })
}

/// Any value without white space between its tokens.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            object_of(inner, 3),
        ]
    })
}

/// An object without white space between its tokens: what the arguments of a call are.
pub(crate) fn object() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just("{}".to_owned()), 6 => object_of(value(), 4)]
}
