//! A vendor's credential as it is kept: one rule for every door that it comes in by.

use secrecy::SecretString;
use serde::de::IgnoredAny;

/// The most bytes of a credential as it is kept. A service account's key has some 2,400.
const MOST_BYTES: usize = 8 * 1024;

/// Why a text can be no credential. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitCredential {
    /// It has characters that no vendor's key has.
    #[error("expected visible ASCII characters without white space, or a JSON object")]
    NotVisible,
    /// It begins like a key in JSON and is none.
    #[error("begins like JSON, but is no JSON object")]
    NotJson,
    /// It is longer than any key.
    #[error("a credential has at most {MOST_BYTES} bytes")]
    TooLong,
}

/// The form in which a credential is kept: without white space around it, and a JSON object, as some vendors issue their
/// keys, without the white space between its members. Empty if there is nothing in it.
///
/// # Errors
/// Why it can be none.
pub fn kept_form(text: &str) -> Result<SecretString, UnfitCredential> {
    let text = text.trim();
    let kept = if text.starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| UnfitCredential::NotJson)?;
        minified(text)
    } else if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        text.to_owned()
    } else {
        return Err(UnfitCredential::NotVisible);
    };
    if kept.len() > MOST_BYTES {
        return Err(UnfitCredential::TooLong);
    }
    Ok(SecretString::from(kept))
}

/// Valid JSON without the white space outside of its texts. All else stays as it is, names that stand twice included, so that
/// whoever reads it judges what was written.
fn minified(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let is_kept = |c: &char| {
        let keep = in_text || !c.is_ascii_whitespace();
        if escaped {
            escaped = false;
        } else if *c == '\\' {
            escaped = in_text;
        } else if *c == '"' {
            in_text = !in_text;
        }
        keep
    };
    json.chars().filter(is_kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn kept(text: &str) -> String {
        kept_form(text).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn a_key_is_kept_without_the_white_space_around_it() {
        assert_eq!(kept(" sk-live-1\r\n"), "sk-live-1");
        assert_eq!(kept(" \n"), "");
        for text in ["sk live", "sk\tlive", "schlüssel", "sk\u{0}"] {
            assert_eq!(kept_form(text).unwrap_err(), UnfitCredential::NotVisible, "{text:?}");
        }
        assert_eq!(kept_form(&"x".repeat(MOST_BYTES + 1)).unwrap_err(), UnfitCredential::TooLong);
    }

    #[test]
    fn a_json_object_is_kept_without_white_space_between_its_members() {
        let pretty = "\n{\n  \"type\": \"service_account\",\r\n\t\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMI \\\"x\\\\\",\n  \"é\": [1, 2]\n}\n";
        let written =
            r#"{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\nMI \"x\\","é":[1,2]}"#;
        assert_eq!(kept(pretty), written);
        assert_eq!(kept(written), written);
        assert_eq!(kept(r#"{"a": 1, "a": 2}"#), r#"{"a":1,"a":2}"#);
        for text in ["{", r#"{"a":1} x"#, r#"{"a": "#, "{sk-live}"] {
            assert_eq!(kept_form(text).unwrap_err(), UnfitCredential::NotJson, "{text}");
        }
        let roomy = format!("{{{}\"a\":1}}", " ".repeat(2 * MOST_BYTES));
        assert_eq!(kept(&roomy), r#"{"a":1}"#);
    }
}
