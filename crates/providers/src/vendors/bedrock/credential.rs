//! The credentials that Bedrock takes, as people store them.

use aws_credential_types::Credentials;
use serde::Deserialize;

/// A stored credential.
pub(super) enum Credential {
    /// A Bedrock API key, sent as a bearer.
    Key,
    /// An access key, with which requests are signed.
    Pair(Credentials),
}

/// An access key in JSON, in the names of the command line's answers, of configuration files, or of environments.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(
        alias = "AccessKeyId",
        alias = "accessKeyId",
        alias = "aws_access_key_id",
        alias = "AWS_ACCESS_KEY_ID"
    )]
    access_key_id: String,
    #[serde(
        alias = "SecretAccessKey",
        alias = "secretAccessKey",
        alias = "aws_secret_access_key",
        alias = "AWS_SECRET_ACCESS_KEY"
    )]
    secret_access_key: String,
    #[serde(
        alias = "SessionToken",
        alias = "sessionToken",
        alias = "aws_session_token",
        alias = "AWS_SESSION_TOKEN"
    )]
    session_token: Option<String>,
    // The command line tells these as well; a token that has expired is refused by the service.
    #[serde(default, rename = "Version")]
    _version: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "Expiration")]
    _expiration: Option<serde::de::IgnoredAny>,
}

impl Credential {
    /// Reads a stored credential: JSON, `ID:SECRET`, `ID:SECRET:SESSION`, or else a key. `None` for JSON of another kind.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with('{') {
            let Members { access_key_id, secret_access_key, session_token, .. } =
                serde_json::from_str(text).ok()?;
            return Some(Self::Pair(pair(access_key_id, secret_access_key, session_token)));
        }
        let mut parts = text.splitn(3, ':');
        Some(match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(secret), session) if is_access_key_id(id) => {
                Self::Pair(pair(id.to_owned(), secret.to_owned(), session.map(str::to_owned)))
            }
            _ => Self::Key,
        })
    }
}

fn pair(id: String, secret: String, session: Option<String>) -> Credentials {
    Credentials::new(id, secret, session.filter(|token| !token.is_empty()), None, "stored")
}

/// Twenty letters and digits, as Amazon makes them; no Bedrock key has a colon after so few.
fn is_access_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";

    fn parts(text: &str) -> Option<(String, String, Option<String>)> {
        match Credential::read(text)? {
            Credential::Key => None,
            Credential::Pair(pair) => Some((
                pair.access_key_id().to_owned(),
                pair.secret_access_key().to_owned(),
                pair.session_token().map(str::to_owned),
            )),
        }
    }

    #[test]
    fn access_keys_are_read_in_every_form() {
        let expected = Some((ID.to_owned(), "se/cret+".to_owned(), None));
        for text in [
            format!("{ID}:se/cret+"),
            format!(" {ID}:se/cret+:\n"),
            format!(r#"{{"access_key_id":"{ID}","secret_access_key":"se/cret+"}}"#),
            format!(
                r#"{{"AWS_ACCESS_KEY_ID":"{ID}","AWS_SECRET_ACCESS_KEY":"se/cret+","AWS_SESSION_TOKEN":""}}"#
            ),
        ] {
            assert_eq!(parts(&text), expected, "{text}");
        }
        let session = Some((ID.to_owned(), "s".to_owned(), Some("a:b==".to_owned())));
        assert_eq!(parts(&format!("{ID}:s:a:b==")), session);
        let told = format!(
            r#"{{"Version":1,"AccessKeyId":"{ID}","SecretAccessKey":"s","SessionToken":"a:b==","Expiration":"2026-11-21T12:00:00Z"}}"#
        );
        assert_eq!(parts(&told), session);
    }

    #[test]
    fn everything_else_is_a_key_but_json_of_another_kind() {
        for text in ["ABSKQmVkcm9jazEyMzQ=", "bedrock-api-key-YmVkcm9jaw==", "sk-1:2", "a:b"] {
            assert!(matches!(Credential::read(text), Some(Credential::Key)), "{text}");
        }
        for text in [r#"{"type":"service_account"}"#, r#"{"access_key_id":"x"}"#, "{"] {
            assert!(Credential::read(text).is_none(), "{text}");
        }
    }
}
