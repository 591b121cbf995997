//! Whether a secret is weak: what an attacker tries before trying everything.
//!
//! A refusal must not hit what a generator made: a random secret, as hex or base64, breaks these rules less than once in
//! ten million times.

use std::fmt;

/// The least length of a secret in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// What is wrong with a secret. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing, or white space.
    Empty,
    /// A sample file's request to fill something in.
    Placeholder,
    /// Fewer than [`MIN_SECRET_BYTES`].
    TooShort,
    /// It stands in a public document.
    Published,
    /// One piece over and over.
    Repetitive,
    /// Characters that follow each other on the keyboard or in the alphabet.
    Sequential,
    /// Made of a handful of characters.
    FewCharacters,
    /// Made of words that people make secrets of.
    Words,
    /// 32 bytes that were typed, not drawn.
    Typed,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Placeholder => "it is a placeholder from a document",
            Self::TooShort => "it is shorter than 32 bytes",
            Self::Published => "it is published as a sample",
            Self::Repetitive => "it repeats itself",
            Self::Sequential => "it is a sequence",
            Self::FewCharacters => "it has too few different characters",
            Self::Words => "it is made of common words",
            Self::Typed => "it is typed text, not random bytes",
        })
    }
}

/// Phrases that ask the reader to put something else; without separators, in lower case.
const PLACEHOLDERS: [&str; 24] = [
    "changeme",
    "changethis",
    "changeit",
    "changein",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yourstrong",
    "yoursuper",
    "yourjwt",
    "yourkey",
    "yourencryption",
    "yourapi",
    "yourpassword",
    "yourown",
    "insertyour",
    "putyour",
    "enteryour",
    "setyour",
    "fillthisin",
    "placeholder",
    "secrethere",
    "keyhere",
];

/// Words that people make secrets of, and other products' defaults; in lower case.
const WORDS: [&str; 60] = [
    "authentication",
    "administrator",
    "authorization",
    "configuration",
    "development",
    "environment",
    "application",
    "correcthorsebatterystaple",
    "keyboardcat",
    "production",
    "encryption",
    "switchyard",
    "passphrase",
    "supersecret",
    "temporary",
    "langroute",
    "signature",
    "password",
    "passw0rd",
    "insecure",
    "qwertyui",
    "iloveyou",
    "letmein",
    "welcome",
    "default",
    "example",
    "testing",
    "gateway",
    "private",
    "session",
    "signing",
    "hashing",
    "monkey",
    "dragon",
    "secret",
    "s3cr3t",
    "qwerty",
    "string",
    "random",
    "cookie",
    "server",
    "master",
    "strong",
    "simple",
    "llmselect",
    "litellm",
    "backend",
    "refresh",
    "access",
    "super",
    "admin",
    "token",
    "proxy",
    "local",
    "test",
    "user",
    "root",
    "salt",
    "jwt",
    "key",
];

/// Secrets that public documents show: test vectors, tutorials. In lower case, without separators.
const PUBLISHED: [&str; 10] = [
    "astringsecretatleast256bitslong",                                  // jwt.io
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", // Flask's tutorial
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
    "730ff4c7af3d46923e8ed451ee813c87f790b0a226bc96a92de49b5e9c05e1ee",
    "6368616e676520746869732070617373776f726420746f206120736563726574",
];

/// What makes a secret text weak, if anything. Ends of white space do not count.
#[must_use]
pub fn weakness(secret: &str) -> Option<Weakness> {
    let secret = secret.trim();
    let bare = bare(secret);
    if secret.is_empty() {
        Some(Weakness::Empty)
    } else if is_template(secret) || PLACEHOLDERS.iter().any(|phrase| bare.contains(phrase)) {
        Some(Weakness::Placeholder)
    } else if secret.len() < MIN_SECRET_BYTES {
        Some(Weakness::TooShort)
    } else if PUBLISHED.contains(&bare.as_str()) {
        Some(Weakness::Published)
    } else if let Some(pattern) = pattern(secret.as_bytes(), 6) {
        Some(pattern)
    } else {
        let rest = WORDS.iter().fold(bare, |rest, word| rest.replace(word, ""));
        // What words leave over must itself be long and irregular: sixteen characters are 64 bits or more.
        let is_little = rest.len() < MIN_SECRET_BYTES / 2 || pattern(rest.as_bytes(), 6).is_some();
        is_little.then_some(Weakness::Words)
    }
}

/// Whether a text of any length is a sample that public documents show.
#[must_use]
pub fn is_published(secret: &str) -> bool {
    PUBLISHED.contains(&bare(secret).as_str())
}

/// The text in lower case without separators.
fn bare(secret: &str) -> String {
    secret.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What makes a 256-bit key weak, if anything.
#[must_use]
pub fn weakness_of_key(key: &[u8; 32]) -> Option<Weakness> {
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    if PUBLISHED.contains(&hex.as_str()) {
        Some(Weakness::Published)
    } else if key.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        Some(Weakness::Typed)
    } else {
        pattern(key, 12)
    }
}

/// `<your key>`, `${SECRET}`, `{{ secret }}`, `xxxx`.
fn is_template(secret: &str) -> bool {
    let is_bracketed = [('<', '>'), ('[', ']')]
        .iter()
        .any(|(open, close)| secret.starts_with(*open) && secret.ends_with(*close));
    let is_blank = secret.chars().all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '-' | '_' | '?'));
    is_bracketed || is_blank || secret.contains("${") || secret.contains("{{")
}

fn pattern(bytes: &[u8], least_distinct: usize) -> Option<Weakness> {
    if repeats(bytes) {
        Some(Weakness::Repetitive)
    } else if is_sequence(bytes) {
        Some(Weakness::Sequential)
    } else {
        let distinct = bytes.iter().collect::<std::collections::BTreeSet<_>>().len();
        (distinct < least_distinct).then_some(Weakness::FewCharacters)
    }
}

/// Whether the whole is one piece over and over, the last one perhaps cut short.
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2)
        .any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(one, later)| one == later))
}

/// Whether two of three neighbours are one step apart, in one direction.
fn is_sequence(bytes: &[u8]) -> bool {
    let steps_of = |step: u8| {
        bytes.iter().zip(bytes.iter().skip(1)).filter(|(one, next)| next.wrapping_sub(**one) == step).count()
    };
    let neighbours = bytes.len().saturating_sub(1);
    neighbours > 0 && steps_of(1).max(steps_of(u8::MAX)) * 3 >= neighbours * 2
}
