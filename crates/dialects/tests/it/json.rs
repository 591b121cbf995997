//! Random JSON texts, spelled in every way that the grammar permits.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

/// A value before it is spelled.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// `null`, `true`, `false` or a number, as spelled.
    Scalar(&'static str),
    Number(f64),
    Integer(i64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "0.10",
    "1E5",
    "-2.50e-3",
    "1e+2",
    "18446744073709551616",
    "1e-999",
];

pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        proptest::sample::select(SCALARS).prop_map(Tree::Scalar),
        any::<i64>().prop_map(Tree::Integer),
        (-1e12..1e12).prop_map(Tree::Number),
        text().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Tree::Array),
            vec((text(), inner), 0..6).prop_map(|members| Tree::Object(distinct(members))),
        ]
    })
}

/// An object that has a `model` in one place or another, or none.
pub(crate) fn body() -> impl Strategy<Value = Tree> {
    let members = vec((text(), tree()), 0..24);
    (members, proptest::option::of((tree(), any::<proptest::sample::Index>()))).prop_map(
        |(mut members, model)| {
            if let Some((value, place)) = model {
                members.insert(place.index(members.len() + 1), ("model".to_owned(), value));
            }
            Tree::Object(distinct(members))
        },
    )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(&[
            "",
            "model",
            "mode",
            "stream",
            "role",
            "é",
            "💥",
            "\"\\/\u{8}\u{c}\n\r\t\0"
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,20}",
        any::<String>(),
    ]
}

fn distinct(members: Vec<(String, Tree)>) -> Vec<(String, Tree)> {
    let mut seen = HashSet::new();
    members.into_iter().filter(|(name, _)| seen.insert(name.clone())).collect()
}

/// The spelling of a tree; the noise decides on white space and escapes.
pub(crate) fn spell(tree: &Tree, noise: &[u8]) -> Vec<u8> {
    let mut speller = Speller { noise, next: 0, text: String::new() };
    speller.space();
    speller.value(tree);
    speller.space();
    speller.text.into_bytes()
}

struct Speller<'n> {
    noise: &'n [u8],
    next: usize,
    text: String,
}

impl Speller<'_> {
    fn draw(&mut self) -> u8 {
        let byte = self.noise.get(self.next % self.noise.len().max(1)).copied().unwrap_or(0);
        self.next += 1;
        byte
    }

    fn space(&mut self) {
        let space = ["", "", "", " ", "\n", "\r\n\t", "  "][usize::from(self.draw()) % 7];
        self.text.push_str(space);
    }

    fn value(&mut self, tree: &Tree) {
        match tree {
            Tree::Scalar(spelling) => self.text.push_str(spelling),
            Tree::Number(number) => self.text.push_str(&number.to_string()),
            Tree::Integer(number) => self.text.push_str(&number.to_string()),
            Tree::Text(text) => self.string(text),
            Tree::Array(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.separate(index);
                    self.value(element);
                }
                self.space();
                self.text.push(']');
            }
            Tree::Object(members) => {
                self.text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    self.separate(index);
                    self.string(name);
                    self.space();
                    self.text.push(':');
                    self.space();
                    self.value(value);
                }
                self.space();
                self.text.push('}');
            }
        }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.space();
            self.text.push(',');
        }
        self.space();
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            let must = (character as u32) < 0x20 || character == '"' || character == '\\';
            if must || self.draw().is_multiple_of(5) {
                self.escape(character);
            } else {
                self.text.push(character);
            }
        }
        self.text.push('"');
    }

    fn escape(&mut self, character: char) {
        let short = match character {
            '"' | '\\' | '/' => Some(character),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            _ => None,
        };
        match short {
            Some(letter) if self.draw().is_multiple_of(2) => {
                self.text.push('\\');
                self.text.push(letter);
            }
            _ => {
                let upper = self.draw().is_multiple_of(2);
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let escape = if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                    self.text.push_str(&escape);
                }
            }
        }
    }
}
