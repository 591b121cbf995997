//! E-mail addresses, as far as a sign-up can judge them.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321: a path has 256 octets, its angle brackets included.
const MAX_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;

/// An address with one `@`, a local part, and a domain of two or more labels; letters of any script.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// A text that is no e-mail address. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address: expected name@example.com, of at most {MAX_BYTES} bytes")]
pub struct InvalidEmail;

impl Email {
    /// Checks and takes an address.
    ///
    /// # Errors
    /// [`InvalidEmail`] when it can't be one.
    pub fn new(text: &str) -> Result<Self, InvalidEmail> {
        if text.len() > MAX_BYTES * 4 {
            return Err(InvalidEmail);
        }
        let text: String = text.nfc().collect();
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let is_local = !local.is_empty()
            && local.len() <= MAX_LOCAL_BYTES
            && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
        let labels: Vec<&str> = domain.split('.').collect();
        let is_domain = labels.len() >= 2 && labels.iter().all(|label| is_label(label));
        if is_local && is_domain && text.len() <= MAX_BYTES { Ok(Self(text)) } else { Err(InvalidEmail) }
    }

    /// An address that was taken once, whatever the rules for new ones are by now.
    #[must_use]
    pub fn stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that makes it unique: nobody tells addresses apart by capitals.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.nfkc().collect::<String>().to_lowercase()
    }
}

fn is_atom(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL_BYTES
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::new(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_sign_and_nothing_that_ends_a_line() {
        for good in ["ana@example.com", "a.b+c@mail.example.org", "ana@bücher.example", "用户@例え.jp"] {
            assert!(Email::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "a@b@example.com",
            "ana@example.com\r\nBcc: x@example.com",
            "a b@example.com",
            "ana@-example.com",
            "ana@example..com",
            ".ana@example.com",
            "ana@exam_ple.com",
            "ana@example.com\u{0}",
        ] {
            assert_eq!(Email::new(bad), Err(InvalidEmail), "{bad:?}");
        }
        assert_eq!(Email::new(&format!("{}@example.com", "x".repeat(10_000))), Err(InvalidEmail));
        assert_eq!(Email::new(&format!("{}@example.com", "x".repeat(65))), Err(InvalidEmail));
    }

    #[test]
    fn an_address_is_the_same_in_capitals() {
        assert_eq!(Email::new("Ana@Example.com").unwrap().key(), "ana@example.com");
    }
}
