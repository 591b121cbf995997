//! What guessing starts with: common passwords, the words that people make tokens of, and published samples.

use switchyard_security::weak::is_published;

/// In lower case, without separators.
const COMMON: [&str; 48] = [
    "password",
    "passw0rd",
    "p4ssw0rd",
    "p@ssw0rd",
    "passwort",
    "password1",
    "password12",
    "password123",
    "password1234",
    "12345678",
    "123456789",
    "1234567890",
    "123123123",
    "87654321",
    "qwertyui",
    "qwerty12",
    "qwerty123",
    "qwertyuiop",
    "1q2w3e4r",
    "1qaz2wsx",
    "abcd1234",
    "abc12345",
    "iloveyou",
    "letmein",
    "letmein1",
    "letmein123",
    "welcome",
    "welcome1",
    "welcome123",
    "admin",
    "admin123",
    "admin1234",
    "administrator",
    "sunshine",
    "football",
    "baseball",
    "trustno1",
    "superman",
    "switchyard",
    "supersecret",
    "secretkey",
    "secret",
    "secret123",
    "default",
    "example",
    "token",
    "test",
    "key",
];

/// What people put between words.
const SEPARATORS: &str = " -_.,:;/!?'\"<>()[]";

/// The text in lower case without separators.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !SEPARATORS.contains(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether the text asks to be filled in with one's own: `your-256-bit-secret`, `your_gemini_api_key`.
pub(super) fn is_call_for_your_own(text: &str) -> bool {
    let bare = bare(text);
    bare.starts_with("your") && ["key", "secret", "token", "password"].iter().any(|what| bare.ends_with(what))
}

/// Whether guessing starts with this text: a published one, a common one, once or over and over, or a single character over
/// and over.
pub(super) fn is_guessed_first(text: &str) -> bool {
    let bare = bare(text);
    let is_common = !bare.is_empty() && COMMON.iter().any(|word| bare.replace(word, "").is_empty());
    is_common || is_published(text) || text.chars().all(|c| text.starts_with(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_texts_in_any_dress_are_guessed_first_and_chosen_ones_are_not() {
        for common in [
            "",
            "Password1!",
            "secret",
            "SECRET-secret_secret",
            "zzzzzzzzzz",
            "let me in",
            "????????",
            "a-string-secret-at-least-256-bits-long",
        ] {
            assert!(is_guessed_first(common), "{common}");
        }
        for chosen in ["blue-kettle-77", "join-7f3a", "passwords-are-dull", "?!?!?!#+", "tokenizer"] {
            assert!(!is_guessed_first(chosen), "{chosen}");
        }
    }
}
