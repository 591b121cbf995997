//! When a password is good enough. Nothing else limits it: any character, no demand to change it, pasted or not.

use super::{Email, Username, name_key};
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// The longest password, in characters.
pub const MAX_PASSWORD_CHARS: usize = 128;
/// A composed text of the longest password has no more bytes; a longer text is refused unseen.
const MAX_TYPED_BYTES: usize = MAX_PASSWORD_CHARS * 4 * 4;

/// What people make passwords of, one a line, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");
/// No password is made of the product's name.
const PRODUCT: &str = "switchyard";

/// How strict the operator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// 8 or more characters.
    #[default]
    Standard,
    /// 15 or more, and nothing of the block-list.
    Strict,
}

impl PasswordPolicy {
    /// The least number of characters.
    #[must_use]
    pub fn min_chars(self) -> usize {
        match self {
            Self::Standard => 8,
            Self::Strict => 15,
        }
    }
}

/// What a password must be at the address where it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PasswordRule {
    /// How strict the operator is.
    pub policy: PasswordPolicy,
    /// Whether an upper case letter, a lower case letter and a digit are demanded besides, as the documented `/api/auth` does.
    pub mixed: bool,
}

/// Why a password is not good enough. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer characters than the policy demands.
    #[error("a password has at least {0} characters")]
    TooShort(usize),
    /// More characters than anybody needs.
    #[error("a password has at most {MAX_PASSWORD_CHARS} characters")]
    TooLong,
    /// Without the three kinds of characters.
    #[error("a password has an upper case letter, a lower case letter and a digit")]
    NotMixed,
    /// The person's own name or address.
    #[error("a password must not be the user name or the e-mail address")]
    OwnName,
    /// On the block-list, or made of it.
    #[error("this password is among those that are tried first: choose another")]
    Common,
}

impl PasswordRule {
    /// The form of a new password that is kept as a hash.
    ///
    /// # Errors
    /// [`WeakPassword`] says why it is not good enough.
    pub fn check(
        self,
        password: &SecretString,
        username: &Username,
        email: Option<&Email>,
    ) -> Result<SecretString, WeakPassword> {
        let kept = kept_password(password).ok_or(WeakPassword::TooLong)?;
        let text = kept.expose_secret();
        let chars = text.chars().count();
        if chars < self.policy.min_chars() {
            return Err(WeakPassword::TooShort(self.policy.min_chars()));
        }
        let has = |kind: fn(char) -> bool| text.chars().any(kind);
        if self.mixed && !(has(char::is_uppercase) && has(char::is_lowercase) && has(|c| c.is_ascii_digit()))
        {
            return Err(WeakPassword::NotMixed);
        }
        let key = name_key(text);
        if key == username.key() || email.is_some_and(|email| key == email.key()) {
            return Err(WeakPassword::OwnName);
        }
        if self.policy == PasswordPolicy::Strict && is_common(&key, &username.key()) {
            return Err(WeakPassword::Common);
        }
        Ok(kept)
    }
}

/// The form in which a typed password is hashed: composed (NFC), otherwise as it is, its spaces and its case included. `None`
/// when it is longer than any password may be, so that nothing of that size is hashed.
#[must_use]
pub fn kept_password(typed: &SecretString) -> Option<SecretString> {
    let typed = typed.expose_secret();
    if typed.len() > MAX_TYPED_BYTES {
        return None;
    }
    let mut kept = String::with_capacity(typed.len() + 16);
    kept.extend(typed.nfc());
    (kept.chars().count() <= MAX_PASSWORD_CHARS).then(|| SecretString::from(kept))
}

/// Whether what is left of a password, once the words that are tried first are taken out of it, is too little.
fn is_common(key: &str, own: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (bare, own) = (bare(key), bare(own));
    let mut words: Vec<&str> = COMMON.lines().chain([PRODUCT, own.as_str()]).collect();
    // The longest first, so that no word spoils a longer one that it is part of.
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(bare, |rest, word| rest.replace(word, ""));
    let distinct = rest.chars().collect::<std::collections::BTreeSet<_>>().len();
    rest.chars().count() < 6 || distinct < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: PasswordRule = PasswordRule { policy: PasswordPolicy::Standard, mixed: false };
    const MIXED: PasswordRule = PasswordRule { policy: PasswordPolicy::Standard, mixed: true };
    const STRICT: PasswordRule = PasswordRule { policy: PasswordPolicy::Strict, mixed: false };

    fn judged(rule: PasswordRule, password: &str) -> Result<String, WeakPassword> {
        let email = Email::new("ana@example.com").unwrap();
        let username = Username::new("ana.miller").unwrap();
        rule.check(&SecretString::from(password), &username, Some(&email))
            .map(|kept| kept.expose_secret().to_owned())
    }

    #[test]
    fn a_password_has_8_to_128_characters_and_15_under_the_strict_policy() {
        for (rule, chars, good) in [
            (STANDARD, 7, false),
            (STANDARD, 8, true),
            (STANDARD, 128, true),
            (STANDARD, 129, false),
            (STRICT, 14, false),
            (STRICT, 15, true),
        ] {
            let password: String = "kV9ü".chars().cycle().take(chars).collect();
            assert_eq!(judged(rule, &password).is_ok(), good, "{chars}");
        }
        assert_eq!(judged(STANDARD, &"x".repeat(1 << 20)), Err(WeakPassword::TooLong));
        assert_eq!(judged(STANDARD, ""), Err(WeakPassword::TooShort(8)));
    }

    #[test]
    fn a_password_is_kept_composed_and_otherwise_as_it_was_typed() {
        assert_eq!(judged(STANDARD, " Cafe\u{301} au lait ").unwrap(), " Caf\u{e9} au lait ");
        assert_eq!(judged(STANDARD, "12345678\u{0}tail").unwrap(), "12345678\u{0}tail");
    }

    #[test]
    fn the_documented_sign_up_demands_three_kinds_of_characters() {
        assert!(judged(MIXED, "Passw0rdX").is_ok());
        for bad in ["passw0rdx", "PASSW0RDX", "PasswordX"] {
            assert_eq!(judged(MIXED, bad), Err(WeakPassword::NotMixed), "{bad}");
        }
    }

    #[test]
    fn ones_own_name_is_no_password() {
        for bad in ["ana.miller", "Ana.Miller", "ANA@example.com"] {
            assert_eq!(judged(STANDARD, bad), Err(WeakPassword::OwnName), "{bad}");
        }
    }

    #[test]
    fn the_strict_policy_refuses_what_is_tried_first() {
        for bad in [
            "passwordpassword",
            "Password1234567",
            "qwertyuiopasdfg",
            "123456789012345",
            "Switchyard-2026!",
            "SwitchyardSwitchyard",
            "iloveyouiloveyou",
            "letmeinletmein1",
            "aaaaaaaaaaaaaaaa",
            "ana.miller.12345",
            "administrator123",
            "correcthorsebatterystaple",
        ] {
            assert_eq!(judged(STRICT, bad), Err(WeakPassword::Common), "{bad}");
        }
        for good in ["gravel-otter-mints-7", "vier Zwerge backen Brot", "kV9üpL2mQx7Tz4bNw"] {
            assert!(judged(STRICT, good).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_block_list_is_in_the_form_in_which_it_is_searched() {
        let words: Vec<&str> = COMMON.lines().collect();
        assert!(words.len() > 150, "{}", words.len());
        for word in words {
            assert!(
                word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
                "{word:?}"
            );
        }
    }
}
