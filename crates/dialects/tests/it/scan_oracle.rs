//! The scan against another parser that is told to be as strict.

use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use switchyard_dialects::scan::{Document, Kind, Node, ScanLimits};

use crate::json::{body, spell, tree};

/// Reads any JSON in which no object has two members of one name.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Strict, A::Error> {
        while elements.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate"));
            }
            members.next_value::<Strict>()?;
        }
        Ok(Strict)
    }
}

fn scan(body: &[u8]) -> Option<Document> {
    Document::scan(Bytes::copy_from_slice(body), ScanLimits::default()).ok()
}

/// Whether the other parser takes the body as one object.
fn oracle_accepts(body: &[u8]) -> bool {
    serde_json::from_slice::<Strict>(body).is_ok()
        && serde_json::from_slice::<Value>(body).is_ok_and(|value| value.is_object())
}

/// What the table says that the value is.
fn value_of(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::True | Kind::False => Value::Bool(node.as_bool().unwrap()),
        Kind::String => Value::String(node.text().unwrap().into_owned()),
        Kind::Array => node.elements().map(value_of).collect(),
        Kind::Object => {
            let members = node.members().map(|member| (member.name().into_owned(), value_of(member.value())));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Kind::Number => match (node.as_u64(), node.as_i64(), node.as_f64()) {
            // Another parser keeps the sign of zero by making it a double.
            (_, Some(0), _) if node.raw().starts_with(b"-") => Value::from(-0.0),
            (Some(number), _, _) => Value::from(number),
            (_, Some(number), _) => Value::from(number),
            (_, _, number) => Value::Number(Number::from_f64(number.unwrap()).unwrap()),
        },
    }
}

fn assert_same_numbers(ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            // Their default conversion may be off by one unit in the last place.
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= a.abs() * f64::EPSILON, "{a} {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| assert_same_numbers(a, b));
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{a:?} {b:?}");
            a.values().zip(b.values()).for_each(|(a, b)| assert_same_numbers(a, b));
        }
        _ => assert_eq!(ours, theirs),
    }
}

/// Pieces out of which nearly valid texts are made.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\"a\"",
    b"\"b\":",
    b"\"a\":",
    b"\"\\u0061\":",
    b"\\",
    b"\\u",
    b"\\ud83d",
    b"\\ude00",
    b"\\n",
    b"0",
    b"1",
    b"-",
    b"+",
    b".",
    b"e",
    b"E5",
    b"1e400",
    b"true",
    b"false",
    b"null",
    b"nul",
    b" ",
    b"\n",
    b"\t",
    b"\x0b",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\xc3\xa9",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"/",
];

proptest! {
    #[test]
    fn a_valid_body_is_accepted_and_means_the_same_to_another_parser(tree in body(), noise: [u8; 32]) {
        let text = spell(&tree, &noise);
        let document = scan(&text).unwrap();
        let theirs: Value = serde_json::from_slice(&text).unwrap();
        assert_same_numbers(&value_of(document.root()), &theirs);
    }

    #[test]
    fn a_changed_body_is_judged_as_another_parser_judges_it(
        tree in body(),
        noise: [u8; 32],
        place: Index,
        cut in 0_usize..4,
        piece in select(PIECES),
    ) {
        let mut text = spell(&tree, &noise);
        let start = place.index(text.len());
        let end = (start + cut).min(text.len());
        text.splice(start..end, piece.iter().copied());
        prop_assert_eq!(scan(&text).is_some(), oracle_accepts(&text), "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn pieces_of_json_in_any_order_are_judged_as_another_parser_judges_them(pieces in vec(select(PIECES), 0..12)) {
        for text in [pieces.concat(), [b"{\"x\":", &pieces.concat()[..], b"}"].concat()] {
            prop_assert_eq!(scan(&text).is_some(), oracle_accepts(&text), "{:?}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn any_bytes_at_all_are_judged_without_harm(bytes in vec(any::<u8>(), 0..64)) {
        for text in [bytes.clone(), [b"{\"x\":\"", &bytes[..], b"\"}"].concat()] {
            prop_assert_eq!(scan(&text).is_some(), oracle_accepts(&text));
        }
    }

    #[test]
    fn every_value_stands_where_the_table_says(tree in tree(), noise: [u8; 32]) {
        let text = [b"{\"x\":", &spell(&tree, &noise)[..], b"}"].concat();
        let document = scan(&text).unwrap();
        let node = document.get("x").unwrap();
        let theirs: Value = serde_json::from_slice(node.raw()).unwrap();
        assert_same_numbers(&value_of(node), &theirs);
        prop_assert_eq!(node.raw(), &text[node.span()]);
    }
}
