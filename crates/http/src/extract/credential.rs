//! The one place that reads credentials of the virtual-key surfaces. A cookie or a query never is one.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
static API_KEY: HeaderName = HeaderName::from_static("api-key");

/// No key is longer; what is longer is not worth hashing.
const LONGEST: usize = 512;

/// Why what a client presents can't be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialFault {
    #[error("the header `{0}` stands there more than once")]
    Repeated(&'static str),
    #[error("the request carries two different credentials")]
    Differing,
    #[error("`authorization` is not of the form `Bearer <key>`")]
    NotBearer,
    #[error("the credential is empty, too long, or not plain ASCII")]
    Malformed,
}

/// The credential that a request presents, in `authorization` or in the header of whichever dialect the client speaks.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<&str>, CredentialFault> {
    let mut found = bearer(headers)?;
    for (name, word) in
        [(&X_API_KEY, "x-api-key"), (&X_GOOG_API_KEY, "x-goog-api-key"), (&API_KEY, "api-key")]
    {
        let Some(value) = only(headers, name, word)? else { continue };
        let key = plain(value)?;
        if found.is_some_and(|found| found != key) {
            return Err(CredentialFault::Differing);
        }
        found = Some(key);
    }
    Ok(found)
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, CredentialFault> {
    let Some(value) = only(headers, &AUTHORIZATION, "authorization")? else { return Ok(None) };
    let text = value.to_str().map_err(|_| CredentialFault::Malformed)?;
    let (scheme, key) = text.split_once(' ').ok_or(CredentialFault::NotBearer)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CredentialFault::NotBearer);
    }
    checked(key.trim()).map(Some)
}

fn only<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    word: &'static str,
) -> Result<Option<&'h HeaderValue>, CredentialFault> {
    let mut values = headers.get_all(name);
    let first = values.next();
    if values.next().is_some() { Err(CredentialFault::Repeated(word)) } else { Ok(first) }
}

fn plain(value: &HeaderValue) -> Result<&str, CredentialFault> {
    checked(value.to_str().map_err(|_| CredentialFault::Malformed)?.trim())
}

fn checked(key: &str) -> Result<&str, CredentialFault> {
    if key.is_empty() || key.len() > LONGEST { Err(CredentialFault::Malformed) } else { Ok(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn found(pairs: &[(&str, &str)]) -> Result<Option<String>, CredentialFault> {
        presented(&headers(pairs)).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn every_dialects_header_carries_the_key() {
        for pair in [
            ("authorization", "Bearer sy-1"),
            ("authorization", "bearer  sy-1 "),
            ("x-api-key", "sy-1"),
            ("x-goog-api-key", "sy-1"),
            ("api-key", "sy-1"),
        ] {
            assert_eq!(found(&[pair]), Ok(Some("sy-1".to_owned())), "{pair:?}");
        }
        assert_eq!(found(&[("cookie", "access_token_cookie=sy-1")]), Ok(None));
    }

    #[test]
    fn the_same_key_twice_is_one_and_two_keys_are_none() {
        let same = [("authorization", "Bearer sy-1"), ("x-api-key", "sy-1")];
        assert_eq!(found(&same), Ok(Some("sy-1".to_owned())));
        let differing = [("authorization", "Bearer sy-1"), ("x-api-key", "sy-2")];
        assert_eq!(found(&differing), Err(CredentialFault::Differing));
        assert_eq!(found(&[("x-api-key", "sy-1"), ("api-key", "sy-2")]), Err(CredentialFault::Differing));
    }

    #[test]
    fn a_repeated_header_is_refused_even_where_both_agree() {
        let twice = [("authorization", "Bearer sy-1"), ("authorization", "Bearer sy-1")];
        assert_eq!(found(&twice), Err(CredentialFault::Repeated("authorization")));
        let twice = [("x-api-key", "sy-1"), ("x-api-key", "sy-1")];
        assert_eq!(found(&twice), Err(CredentialFault::Repeated("x-api-key")));
    }

    #[test]
    fn what_can_not_be_a_key_is_told_from_nothing() {
        assert_eq!(found(&[("authorization", "sy-1")]), Err(CredentialFault::NotBearer));
        assert_eq!(found(&[("authorization", "Basic c3k6MQ==")]), Err(CredentialFault::NotBearer));
        assert_eq!(found(&[("authorization", "")]), Err(CredentialFault::NotBearer));
        assert_eq!(found(&[("authorization", "Bearer ")]), Err(CredentialFault::Malformed));
        assert_eq!(found(&[("x-api-key", " ")]), Err(CredentialFault::Malformed));
        assert_eq!(found(&[("x-api-key", "sy-ä")]), Err(CredentialFault::Malformed));
        assert_eq!(found(&[("x-api-key", &"x".repeat(513))]), Err(CredentialFault::Malformed));
    }
}
