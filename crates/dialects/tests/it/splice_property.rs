//! Edits of random bodies.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_dialects::splice::{self, Edit, SpliceError};

use crate::json::{body, spell};

fn scan(body: Bytes) -> Document {
    Document::scan(body, ScanLimits::default()).unwrap()
}

fn splice(document: &Document, edits: &[Edit<'_>]) -> Result<Bytes, SpliceError> {
    let (body, members) = (document.body(), document.wire_members());
    let whole = splice::splice(body, &members, edits);
    let pieces = splice::splice_pieces(body, &members, edits);
    assert!(pieces.iter().flatten().all(|piece| !piece.is_empty()), "a piece is empty");
    assert_eq!(pieces.map(|pieces| pieces.concat()), whole.clone().map(|whole| whole.to_vec()));
    whole
}

fn object(body: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(body).unwrap()
}

/// The spellings of all members but `except`, in order.
fn others(document: &Document, except: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let members = document.members().filter(|member| !member.is_named(except));
    members
        .map(|member| (document.body()[member.name_span()].to_vec(), member.value().raw().to_vec()))
        .collect()
}

const NEW: &[u8] = br#""gpt-4o""#;

proptest! {
    #[test]
    fn setting_the_model_changes_no_other_byte(tree in body(), noise: [u8; 32]) {
        let document = scan(spell(&tree, &noise).into());
        let old = document.body();
        let new = splice(&document, &[Edit::Set { name: "model", value: NEW }]).unwrap();
        if let Some(model) = document.get("model") {
            let span = model.span();
            prop_assert_eq!(&new[..], [&old[..span.start], NEW, &old[span.end..]].concat());
        } else {
            let comma = if document.members().next().is_some() { "," } else { "" };
            let added = [comma.as_bytes(), b"\"model\":", NEW].concat();
            let at = document.members().last().map_or(document.root().span().start + 1, |last| last.value().span().end);
            prop_assert_eq!(&new[..], [&old[..at], &added[..], &old[at..]].concat());
        }
        let mut expected = object(old);
        expected.insert("model".to_owned(), json!("gpt-4o"));
        prop_assert_eq!(object(&new), expected);
        prop_assert_eq!(others(&scan(new), "model"), others(&document, "model"));
    }

    #[test]
    fn removing_the_model_leaves_all_others_as_they_are(tree in body(), noise: [u8; 32]) {
        let document = scan(spell(&tree, &noise).into());
        let new = scan(splice(&document, &[Edit::Remove { name: "model" }]).unwrap());
        let mut expected = object(document.body());
        expected.remove("model");
        prop_assert_eq!(object(new.body()), expected);
        prop_assert_eq!(others(&new, "model"), others(&document, "model"));
    }

    #[test]
    fn any_set_of_members_can_be_removed(tree in body(), noise: [u8; 32], chosen: u32) {
        let document = scan(spell(&tree, &noise).into());
        let names: Vec<String> = document.members().map(|member| member.name().into_owned()).collect();
        let removed = |index: usize| chosen >> (index % 32) & 1 == 1;
        let gone: Vec<_> = names.iter().enumerate().filter(|(index, _)| removed(*index)).map(|(_, name)| name).collect();
        let mut edits: Vec<_> = gone.iter().map(|name| Edit::Remove { name }).collect();
        if !names.iter().any(|name| name == "added") {
            edits.push(Edit::Set { name: "added", value: b"1" });
        }
        let new = scan(splice(&document, &edits).unwrap());
        let mut expected = object(document.body());
        for name in gone {
            expected.remove(name);
        }
        expected.insert("added".to_owned(), json!(1));
        prop_assert_eq!(object(new.body()), expected);
    }

    #[test]
    fn renaming_the_model_keeps_its_place_and_value(tree in body(), noise: [u8; 32]) {
        let document = scan(spell(&tree, &noise).into());
        prop_assume!(document.get("deployment").is_none());
        let new = scan(splice(&document, &[Edit::Rename { from: "model", to: "deployment" }]).unwrap());
        let names = |document: &Document| document.members().map(|member| member.name().into_owned()).collect::<Vec<_>>();
        let mut expected = names(&document);
        for name in &mut expected {
            if name == "model" {
                *name = "deployment".to_owned();
            }
        }
        prop_assert_eq!(names(&new), expected);
        prop_assert_eq!(new.get("deployment").map(|node| node.raw()), document.get("model").map(|node| node.raw()));
    }

    #[test]
    fn a_member_inside_the_model_is_set_where_it_can_be(tree in body(), noise: [u8; 32]) {
        let document = scan(spell(&tree, &noise).into());
        let result = splice(&document, &[Edit::SetIn { object: "model", name: "role", value: b"[true]" }]);
        let mut expected = object(document.body());
        let inner = expected.entry("model").or_insert(Value::Null);
        if inner.is_null() {
            *inner = json!({});
        }
        match (inner.as_object_mut(), result) {
            (Some(inner), Ok(new)) => {
                inner.insert("role".to_owned(), json!([true]));
                prop_assert_eq!(object(&new), expected);
                prop_assert_eq!(others(&scan(new), "model"), others(&document, "model"));
            }
            (inner, result) => prop_assert!(inner.is_none() && result.is_err()),
        }
    }
}
