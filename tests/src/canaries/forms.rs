//! The forms in which a secret may turn up: as it is and in part, and as programs write what they carry.

use super::secrets::Canary;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// So many characters of a secret in a row are a hit: hints and prefixes that people are shown are shorter.
const PART: usize = 12;
/// The same of what is written in base64.
const PART_OF_BASE64: usize = 16;

/// A way of writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// As it is.
    Plain,
    /// The bytes that it stands for.
    Bytes,
    /// In base64, in either alphabet, wherever in a longer text it stands.
    Base64,
    /// In hexadecimal digits.
    Hex,
    /// With every character as a URL writes special ones.
    Percent,
    /// With every character as JSON may write any.
    JsonEscapes,
    /// As a list of numbers.
    Numbers,
    /// With two bytes for each character.
    Wide,
}

impl Form {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Plain,
        Self::Bytes,
        Self::Base64,
        Self::Hex,
        Self::Percent,
        Self::JsonEscapes,
        Self::Numbers,
        Self::Wide,
    ];

    /// A secret written in this way whole, as a leak would; nothing where it has no such form.
    #[must_use]
    pub(super) fn written(self, canary: &Canary) -> Option<Vec<u8>> {
        let text = canary.text.as_bytes();
        let each =
            |write: fn(u8) -> String| text.iter().map(|byte| write(*byte)).collect::<String>().into_bytes();
        Some(match self {
            Self::Plain => text.to_vec(),
            Self::Bytes => canary.bytes.clone()?,
            Self::Base64 => STANDARD_NO_PAD.encode([b"k=", text, b";"].concat()).into_bytes(),
            Self::Hex => each(|byte| format!("{byte:02x}")),
            Self::Percent => each(|byte| format!("%{byte:02X}")),
            Self::JsonEscapes => each(|byte| format!("\\u{byte:04x}")),
            Self::Numbers => format!("{text:?}").into_bytes(),
            Self::Wide => text.iter().flat_map(|byte| [*byte, 0]).collect(),
        })
    }
}

/// Every text whose presence means that a part of this secret is there.
pub(super) fn patterns(canary: &Canary) -> Vec<(Form, Vec<u8>)> {
    let mut found = Vec::new();
    of(canary.text.as_bytes(), true, &mut found);
    if let Some(bytes) = &canary.bytes {
        of(bytes, false, &mut found);
    }
    found
}

fn of(secret: &[u8], is_text: bool, found: &mut Vec<(Form, Vec<u8>)>) {
    for part in secret.windows(PART) {
        let mut add = |form, bytes: Vec<u8>| found.push((form, bytes));
        let each =
            |write: fn(u8) -> String| part.iter().map(|byte| write(*byte)).collect::<String>().into_bytes();
        add(if is_text { Form::Plain } else { Form::Bytes }, part.to_vec());
        // The bytes of a key in hexadecimal digits are its text.
        if is_text {
            add(Form::Hex, each(|byte| format!("{byte:02x}")));
            add(Form::Hex, each(|byte| format!("{byte:02X}")));
            add(Form::Percent, each(|byte| format!("%{byte:02x}")));
            add(Form::Percent, each(|byte| format!("%{byte:02X}")));
            add(Form::JsonEscapes, each(|byte| format!("\\u{byte:04x}")));
            add(Form::JsonEscapes, each(|byte| format!("\\u{byte:04X}")));
            add(Form::Wide, part.iter().flat_map(|byte| [*byte, 0]).collect());
        }
        let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
        add(Form::Numbers, numbers.join(", ").into_bytes());
        add(Form::Numbers, numbers.join(",").into_bytes());
    }
    for before in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let whole = engine.encode([&[0; 3][..before], secret].concat());
            // What stands beside it shares its first and its last character.
            let own = &whole.as_bytes()[(before * 8).div_ceil(6)..whole.len() - 1];
            found.extend(own.windows(PART_OF_BASE64).map(|part| (Form::Base64, part.to_vec())));
        }
    }
}
