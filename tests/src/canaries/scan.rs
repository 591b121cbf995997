//! Looks for all forms of all secrets in whatever was written.

use super::forms::{Form, patterns};
use super::secrets::Canary;
use std::collections::{BTreeMap, HashMap};

/// Bytes of a pattern by which it is looked up.
const KEY: usize = 8;

/// Where a secret was found, in which form, and how often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The secret.
    pub canary: String,
    /// Where it was found.
    pub place: String,
    /// How it was written.
    pub form: Form,
    /// What stands around it.
    pub around: String,
}

/// Knows what to look for.
pub(super) struct Scanner {
    patterns: HashMap<[u8; KEY], Vec<Pattern>>,
    /// By the first two bytes, whether anything begins with them.
    beginnings: Vec<bool>,
}

struct Pattern {
    canary: String,
    form: Form,
    rest: Vec<u8>,
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

impl Scanner {
    /// Looks for these.
    #[must_use]
    pub(super) fn new(canaries: &[Canary]) -> Self {
        let mut scanner = Self { patterns: HashMap::new(), beginnings: vec![false; 1 << 16] };
        for canary in canaries {
            for (form, bytes) in patterns(canary) {
                scanner.beginnings[beginning(&bytes)] = true;
                let (key, rest) = bytes.split_first_chunk::<KEY>().expect("patterns are longer");
                let pattern = Pattern { canary: canary.name.clone(), form, rest: rest.to_vec() };
                scanner.patterns.entry(*key).or_default().push(pattern);
            }
        }
        scanner
    }

    /// What is found in these bytes: of each secret and form the first place.
    #[must_use]
    pub(super) fn scan(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = BTreeMap::new();
        for at in 0..bytes.len().saturating_sub(KEY - 1) {
            if !self.beginnings[beginning(&bytes[at..])] {
                continue;
            }
            let key: [u8; KEY] = bytes[at..at + KEY].try_into().expect("so many bytes");
            let Some(candidates) = self.patterns.get(&key) else { continue };
            for pattern in candidates.iter().filter(|pattern| bytes[at + KEY..].starts_with(&pattern.rest)) {
                hits.entry((pattern.canary.clone(), pattern.form)).or_insert_with(|| around(bytes, at));
            }
        }
        let hit = |((canary, form), around)| Hit { canary, place: place.to_owned(), form, around };
        hits.into_iter().map(hit).collect()
    }
}

fn around(bytes: &[u8], at: usize) -> String {
    let piece = &bytes[at.saturating_sub(60)..(at + 40).min(bytes.len())];
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    piece.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canaries::secrets::Canaries;

    #[test]
    fn a_secret_is_found_in_every_form_and_in_part_and_nothing_else_is() {
        let mut canaries = Canaries::new(7);
        let text = canaries.text("text");
        canaries.key("key");
        let scanner = Scanner::new(canaries.all());
        for canary in canaries.all() {
            for form in Form::ALL {
                let Some(written) = form.written(canary) else { continue };
                let leak = [b"noise \"", written.as_slice(), b"\" noise"].concat();
                let hits = scanner.scan("here", &leak);
                assert!(
                    hits.iter().any(|hit| hit.canary == canary.name && hit.form == form),
                    "{} as {form:?}: {hits:?}",
                    canary.name
                );
            }
        }
        assert_eq!(scanner.scan("part", &text.as_bytes()[10..22]).len(), 1);
        assert_eq!(scanner.scan("hint", &text.as_bytes()[..11]), []);
        assert_eq!(scanner.scan("other", Canaries::new(8).text("other").as_bytes()), []);
        assert_eq!(scanner.scan("nothing", b""), []);
    }

    #[test]
    fn base64_of_a_longer_text_is_seen_through_wherever_the_secret_stands_in_it() {
        use base64::Engine;
        let mut canaries = Canaries::new(9);
        let text = canaries.text("text");
        let scanner = Scanner::new(canaries.all());
        for before in 0..7 {
            let longer = format!("{}{text}{}", "x".repeat(before), "y".repeat(6 - before));
            let encoded = base64::engine::general_purpose::STANDARD.encode(longer);
            assert_eq!(scanner.scan("here", encoded.as_bytes()).len(), 1, "{before}");
        }
    }
}
