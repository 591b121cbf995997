//! What must not be found: secrets that were given to the server, those that it made, and what people said in private.

use crate::dice::Dice;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Canary {
    /// What it is, in words.
    pub name: String,
    /// What must not be found of it: characters that have no other meaning in any notation.
    pub text: String,
    /// What it stands for, where that is no text.
    pub bytes: Option<Vec<u8>>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Canaries {
    all: Vec<Canary>,
    dice: Dice,
}

const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 36;

impl Canaries {
    /// None yet; the same seed makes the same ones.
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        Self { all: Vec::new(), dice: Dice::new(seed) }
    }

    /// A new secret that can stand wherever a text can.
    pub(super) fn text(&mut self, name: &str) -> String {
        let letter =
            |_| char::from(LETTERS[usize::try_from(self.dice.below(LETTERS.len() as u64)).expect("small")]);
        let text: String = (0..LENGTH).map(letter).collect();
        self.note(name, &text);
        text
    }

    /// A new secret of 32 bytes, in hexadecimal digits.
    pub(super) fn key(&mut self, name: &str) -> String {
        let bytes: Vec<u8> = (0..4).flat_map(|_| self.dice.roll().to_be_bytes()).collect();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.all.push(Canary { name: name.to_owned(), text: text.clone(), bytes: Some(bytes) });
        text
    }

    /// A secret that the server made; its name, which is the earlier one where it was made before.
    pub(super) fn note(&mut self, name: &str, text: &str) -> String {
        if let Some(known) = self.all.iter().find(|canary| canary.text == text) {
            return known.name.clone();
        }
        self.all.push(Canary { name: name.to_owned(), text: text.to_owned(), bytes: None });
        name.to_owned()
    }

    /// A signed token that the server made: its head is that of all tokens, so its signature is the secret.
    pub(super) fn note_token(&mut self, name: &str, token: &str) -> String {
        let signature = token.rsplit('.').next().expect("a last part");
        self.note(name, signature)
    }

    /// All of them.
    #[must_use]
    pub(super) fn all(&self) -> &[Canary] {
        &self.all
    }
}
