//! The kinds of secret, from a signing key to a vendor's API key, each with as much suspicion as it deserves.

use super::ADVICE;
use super::encryption_key::decode;
use super::guessing::{is_call_for_your_own, is_guessed_first};
use crate::settings::problem::Reason;
use crate::settings::setting::Shape;
use secrecy::SecretString;
use switchyard_domain::credential::kept_form;
use switchyard_security::weak::{Weakness, weakness, weakness_of_key};

/// Whether the text is a sample file's request to fill something in.
pub(super) fn is_placeholder(text: &str) -> bool {
    weakness(text) == Some(Weakness::Placeholder) || is_call_for_your_own(text)
}

/// A secret that keys are made of.
pub(in crate::settings) struct Passphrase {
    /// The least number of characters.
    pub(in crate::settings) min_chars: usize,
}

impl Passphrase {
    fn weakness(&self, text: &str) -> Option<String> {
        let weakness = weakness(text).or_else(|| decode(text).as_ref().and_then(weakness_of_key));
        let is_long_enough = text.chars().count() >= self.min_chars;
        match weakness {
            _ if is_placeholder(text) => Some("is a placeholder, not a secret".to_owned()),
            Some(Weakness::Empty) => Some("is empty".to_owned()),
            Some(Weakness::TooShort) if !is_long_enough => {
                Some(format!("is too short: expected {}", self.expected()))
            }
            // Long enough for this use, though not for the rule, which has then looked no further.
            Some(Weakness::TooShort) | None => {
                is_guessed_first(text).then(|| "is weak: guessing starts with it".to_owned())
            }
            Some(weakness) => Some(format!("is weak: {weakness}")),
        }
    }
}

impl Shape<SecretString> for Passphrase {
    fn parse(&self, text: &str) -> Result<SecretString, Reason> {
        match self.weakness(text.trim()) {
            Some(weakness) => Err(Reason::new(weakness).hint(ADVICE)),
            None => Ok(SecretString::from(text.trim())),
        }
    }

    fn expected(&self) -> String {
        format!("a random text of {} or more characters", self.min_chars)
    }
}

/// The first administrator's password; the password policy adds its rules when all settings are known.
pub(in crate::settings) struct Password;

impl Shape<SecretString> for Password {
    fn parse(&self, text: &str) -> Result<SecretString, Reason> {
        if text.is_empty() {
            return Err(Reason::new("is empty").hint("leave the setting out to be given a one-time link"));
        }
        if is_placeholder(text) {
            return Err(Reason::new("is a placeholder, not a password").hint(ADVICE));
        }
        if is_guessed_first(text) {
            return Err(Reason::new("is weak: guessing starts with it").hint(ADVICE));
        }
        if !(8..=128).contains(&text.chars().count()) {
            return Err(Reason::new(format!("expected {}", self.expected())));
        }
        Ok(SecretString::from(text))
    }

    fn expected(&self) -> String {
        "8 to 128 characters".to_owned()
    }
}

/// A text that a person hands to others, such as an invitation: no placeholder, nothing that guessing starts with.
pub(in crate::settings) struct Token;

impl Shape<SecretString> for Token {
    fn parse(&self, text: &str) -> Result<SecretString, Reason> {
        let text = text.trim();
        if is_placeholder(text) {
            return Err(Reason::new("is a placeholder, not a secret").hint(ADVICE));
        }
        if is_guessed_first(text) {
            return Err(Reason::new("is weak: guessing starts with it").hint(ADVICE));
        }
        Ok(SecretString::from(text))
    }

    fn expected(&self) -> String {
        "a text that can't be guessed".to_owned()
    }
}

/// A key that a vendor issued: its quality is theirs, but a sample file's placeholder is none.
pub(in crate::settings) struct ApiKey;

impl Shape<SecretString> for ApiKey {
    fn parse(&self, text: &str) -> Result<SecretString, Reason> {
        let text = text.trim();
        if is_placeholder(text) {
            return Err(
                Reason::new("is a placeholder, not a key").hint("leave the setting out if there is no key")
            );
        }
        kept_form(text).map_err(|unfit| Reason::new(unfit.to_string()))
    }

    fn expected(&self) -> String {
        "an API key as the vendor issued it".to_owned()
    }
}
