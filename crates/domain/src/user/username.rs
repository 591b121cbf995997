//! Names of people. Two names that a reader could take for one another are one name.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// The shortest name, in characters.
pub const MIN_USERNAME_CHARS: usize = 3;
/// The longest name, in characters.
pub const MAX_USERNAME_CHARS: usize = 50;

/// Beside letters and digits.
const MARKS: [char; 7] = ['.', '_', '-', '@', '+', '\'', ' '];

/// Words by which the audit log tells who is nobody.
const RESERVED: [&str; 7] = ["api", "file", "seed", "cli", "anonymous", "system", "program"];

/// A person's name of 3 to 50 characters, in Unicode's composed form (NFC), of one script, without control, direction and
/// invisible characters (UTS 39's identifiers and `. _ - @ + '` and single spaces inside).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Why a text is no name of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUsername {
    /// Not of 3 to 50 characters.
    #[error("a user name has {MIN_USERNAME_CHARS} to {MAX_USERNAME_CHARS} characters")]
    Length,
    /// Characters that a name does not hold.
    #[error(
        "a user name holds letters, digits, `. _ - @ + '` and single spaces inside, nothing that can't be seen"
    )]
    Character,
    /// Letters of several scripts.
    #[error("a user name is written in one script")]
    MixedScripts,
    /// A word that means nobody.
    #[error("this name is reserved")]
    Reserved,
}

impl Username {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidUsername`] says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, InvalidUsername> {
        // Composing lengthens no text, and a longer one is not worth looking at.
        if text.len() > MAX_USERNAME_CHARS * 16 {
            return Err(InvalidUsername::Length);
        }
        let name: String = text.nfc().collect();
        let chars = name.chars().count();
        if !(MIN_USERNAME_CHARS..=MAX_USERNAME_CHARS).contains(&chars) {
            return Err(InvalidUsername::Length);
        }
        let is_known = |c: char| MARKS.contains(&c) || (c.identifier_allowed() && !c.is_ascii_punctuation());
        let is_spaced = name.trim() != name || name.contains("  ");
        if is_spaced || !name.chars().all(is_known) || !name.chars().any(char::is_alphanumeric) {
            return Err(InvalidUsername::Character);
        }
        if !name.as_str().is_single_script() {
            return Err(InvalidUsername::MixedScripts);
        }
        if RESERVED.contains(&name_key(&name).as_str()) {
            return Err(InvalidUsername::Reserved);
        }
        Ok(Self(name))
    }

    /// A name that was taken once. The rules for new ones may have become stricter since, as new versions reserve words and know more
    /// characters that look alike.
    #[must_use]
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which people sign in: however it is written in capitals, composed or wide, it is the same.
    #[must_use]
    pub fn key(&self) -> String {
        name_key(&self.0)
    }

    /// The form that all names that look alike share (UTS 39's skeleton of the folded name): what makes it unique.
    #[must_use]
    pub fn look(&self) -> String {
        folded(&skeleton(&self.key()).collect::<String>())
    }
}

/// The folded form of any text, as [`Username::key`]: to find a person by what somebody typed.
#[must_use]
pub fn name_key(text: &str) -> String {
    folded(text)
}

/// NFKC without the difference of case. By way of the capitals, which letters with several small forms share.
fn folded(text: &str) -> String {
    let wide: String = text.nfkc().collect();
    wide.to_uppercase().to_lowercase().nfkc().collect()
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Username {
    type Error = InvalidUsername;

    fn try_from(text: String) -> Result<Self, InvalidUsername> {
        Self::new(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> InvalidUsername {
        Username::new(text).unwrap_err()
    }

    #[test]
    fn a_name_is_of_visible_characters_of_one_script() {
        for good in [
            "ana",
            "Ana.Müller-Lüdenscheidt",
            "o'neil",
            "Ana Two",
            "ana+bot@example.com",
            "Ωμέγα",
            "東京タワー",
            "山田た",
        ] {
            assert!(Username::new(good).is_ok(), "{good}");
        }
        for bad in [
            "an\u{0}a",
            "ana\r\n",
            "ana\u{202e}nimda",
            "an\u{200b}a",
            "an\u{feff}a",
            "an\u{2060}a",
            " ana",
            "ana ",
            "a  na",
            "ana/b",
            "ana:b",
            "<ana>",
            "---",
            "an\u{7f}a",
            "ana\u{1f600}",
            "ａｎａ",
            "an\u{ad}a",
        ] {
            assert_eq!(refused(bad), InvalidUsername::Character, "{bad:?}");
        }
        // A Cyrillic а among Latin letters.
        assert_eq!(refused("\u{430}dmin"), InvalidUsername::MixedScripts);
        for bad in ["", "ab", &"x".repeat(51), &"x".repeat(10_000)] {
            assert_eq!(refused(bad), InvalidUsername::Length, "{bad:?}");
        }
        for bad in ["api", "Seed", "ANONYMOUS"] {
            assert_eq!(refused(bad), InvalidUsername::Reserved, "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_signed_in_by_whatever_way_it_is_typed() {
        let name = Username::new("Jos\u{e9}").unwrap();
        assert_eq!(name.as_str(), "José");
        for typed in ["josé", "JOSÉ", "jose\u{301}", "ＪＯＳÉ"] {
            assert_eq!(name_key(typed), name.key(), "{typed}");
        }
        assert_ne!(name_key("jose"), name.key());
        assert_eq!(name_key("STRASSE"), name_key("straße"));
    }

    #[test]
    fn names_that_look_alike_are_one() {
        let look = |text: &str| Username::new(text).unwrap().look();
        assert_eq!(look("paypal"), look("PayPal"));
        assert_eq!(look("paypal"), look("paypa1"));
        // Whole words in Cyrillic that read as Latin ones.
        assert_eq!(look("сосо"), look("coco"));
        assert_ne!(look("anna"), look("hanna"));
    }
}
