/// The longest text of a provider that is passed on.
const MAX_CHARS: usize = 500;

/// A text of a provider made safe to show: whatever may be a credential is replaced, control characters and runs of white
/// space become one space, and it ends before 500 characters.
///
/// `credential` is what was sent to the provider. Some echo it, whole (`openai-chat_completions-a1cc09a19e`, 2024), masked
/// in the middle (`openai-chat_completions-58e7e64e62`, 2024) or only its end (`deepseek-chat_completions-6dc79c9137`,
/// 2025).
#[must_use]
pub fn scrub(text: &str, credential: Option<&str>) -> String {
    let mut clean = String::new();
    let mut left = MAX_CHARS;
    let mut after_scheme = false;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let shown =
            if after_scheme || is_secret(word, credential) { redacted(word) } else { word.to_owned() };
        after_scheme = matches!(word.trim_end_matches(':').to_ascii_lowercase().as_str(), "bearer" | "basic");
        let length = shown.chars().count() + 1;
        // A word is never cut: its head could be that of a credential, too short to be recognised.
        if length >= left {
            clean.push('…');
            return clean;
        }
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(&shown);
        left -= length;
    }
    clean
}

/// The word with the sentence's own marks around it kept.
fn redacted(word: &str) -> String {
    let inner = word.trim_matches(is_mark);
    let before = word.len() - word.trim_start_matches(is_mark).len();
    let head = word.get(..before).unwrap_or_default();
    let tail = word.get(before + inner.len()..).unwrap_or_default();
    format!("{head}[redacted]{tail}")
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ',' | ';' | ':' | '.' | '!' | '?'
    )
}

fn is_secret(word: &str, credential: Option<&str>) -> bool {
    word.contains("***")
        || word.split(|c: char| is_mark(c) || "=/&".contains(c)).any(looks_like_key)
        || has_long_random_run(word)
        || credential.is_some_and(|credential| shares_a_piece(word, credential))
}

/// The prefixes by which vendors mark their keys, and that of a JSON web token.
fn looks_like_key(piece: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "sk-", "sk_", "pk-", "rk-", "gsk_", "xai-", "AIza", "hf_", "r8_", "pplx-", "nvapi-", "fw_", "csk-",
        "ya29.", "AKIA", "ASIA", "eyJ", "Bearer",
    ];
    // A model's name may begin like a key (`xai-grok`), but is not as long and mixed as one. OpenAI's own prefix is no
    // model's: there even a placeholder goes.
    piece.starts_with("sk-")
        || (piece.len() >= 20 && PREFIXES.iter().any(|prefix| piece.starts_with(prefix)) && mixes(piece))
}

/// 32 characters without a break in which letters and digits mix: a key, a token, a hash.
fn has_long_random_run(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_alphanumeric() && !"_+/=".contains(c))
        .any(|run| run.len() >= 32 && mixes(run))
}

fn mixes(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a word has eight bytes in a row of the credential, or the whole of a shorter one.
fn shares_a_piece(word: &str, credential: &str) -> bool {
    const PIECE: usize = 8;
    let secret = credential.as_bytes();
    match secret.len() {
        0..4 => false,
        length if length <= PIECE => memchr::memmem::find(word.as_bytes(), secret).is_some(),
        _ => secret
            .windows(PIECE)
            .any(|piece| word.len() >= PIECE && memchr::memmem::find(word.as_bytes(), piece).is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_credentials_disappear_in_every_recorded_form() {
        for (text, credential, expected) in [
            ("Incorrect API key provided: test-key. You can find", "test-key", "[redacted]. You can find"),
            ("provided: invalid-*****2345. You", "invalid-key-12345", "provided: [redacted]. You"),
            ("Your api key: ****-key is invalid", "my-own-key", "api key: [redacted] is invalid"),
            ("provided: sk-. You", "x", "provided: [redacted]. You"),
            ("provided: sk-wrong****-key", "x", "provided: [redacted]"),
            ("header 'Bearer abcdef'", "abcdef", "[redacted]"),
            ("Authorization: Bearer abc", "zzzz", "Bearer [redacted]"),
            ("key=AIzaSyA1234567890abcdefghij&alt=sse", "zzzz", "[redacted]"),
            ("tail 23456789ab of it", "sk-live-0123456789abcdef", "tail [redacted] of it"),
            ("hash 0123456789abcdef0123456789abcdef", "zzzz", "hash [redacted]"),
        ] {
            let clean = scrub(text, Some(credential));
            assert!(clean.contains(expected), "{clean}");
            assert!(!clean.contains(credential) || credential.len() < 4, "{clean}");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "The model `meta-llama/Llama-4-Scout-17B-16E-Instruct` does not exist",
            "prompt too long (ref: 96164522-08b2-4cbf-886e-e5a38961a688)",
            "see https://platform.openai.com/docs/guides/error-codes/api-errors",
            "xai-grok-4-fast is not a model; 'messages[3].content' is wrong",
            "Invalid value: 1119046 > 131072",
        ] {
            assert_eq!(scrub(text, Some("sk-another-key-4711")), text);
        }
    }

    #[test]
    fn control_characters_and_length_are_bounded() {
        assert_eq!(scrub("a\r\n\tb\0c \u{1b}[31m", None), "a b c [31m");
        let long = scrub(&"é ".repeat(1000), None);
        assert!((490..=MAX_CHARS).contains(&long.chars().count()));
        assert!(long.ends_with('…'));
        assert_eq!(scrub(&"x".repeat(1000), None), "…");
    }
}
