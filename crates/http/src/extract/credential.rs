//! The one place that reads credentials of the virtual-key surfaces. A cookie never is one, and a query only has one where Google's
//! clients put it.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
static API_KEY: HeaderName = HeaderName::from_static("api-key");

/// No key or token is longer; what is longer is not worth hashing.
const LONGEST: usize = 1024;

/// Why what a client presents can't be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialFault {
    #[error("`{0}` stands there more than once")]
    Repeated(&'static str),
    #[error("the request carries two different credentials")]
    Differing,
    #[error("`authorization` is not of the form `Bearer <key>`")]
    NotBearer,
    #[error("the credential is empty, too long, or not plain ASCII")]
    Malformed,
}

impl CredentialFault {
    /// Whether there are several, so that it is not known which is meant.
    pub(crate) fn is_ambiguous(self) -> bool {
        matches!(self, Self::Repeated(_) | Self::Differing)
    }
}

/// The credential that a request presents, in `authorization` or in the header of whichever dialect the client speaks; and in `key` of
/// its query, where one is given to look at.
pub(crate) fn presented<'r>(
    headers: &'r HeaderMap,
    query: Option<&'r str>,
) -> Result<Option<Cow<'r, str>>, CredentialFault> {
    let found = in_headers(headers)?;
    let Some(asked) = query.map(in_query).transpose()?.flatten() else { return Ok(found.map(Cow::Borrowed)) };
    match found {
        Some(found) if found != asked => Err(CredentialFault::Differing),
        Some(found) => Ok(Some(Cow::Borrowed(found))),
        None => Ok(Some(asked)),
    }
}

fn in_headers(headers: &HeaderMap) -> Result<Option<&str>, CredentialFault> {
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

fn in_query(query: &str) -> Result<Option<Cow<'_, str>>, CredentialFault> {
    let mut keys = query.split('&').filter_map(|pair| match pair.split_once('=') {
        Some(("key", value)) => Some(value),
        None if pair == "key" => Some(""),
        _ => None,
    });
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(CredentialFault::Repeated("key"));
    }
    let key = if key.contains('%') {
        Cow::Owned(percent_decoded(key).ok_or(CredentialFault::Malformed)?)
    } else {
        Cow::Borrowed(key)
    };
    let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && checked(&key).is_ok() { Ok(Some(key)) } else { Err(CredentialFault::Malformed) }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next()?.to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|byte| is_hexadecimal && byte.is_ascii())?;
        decoded.push(char::from(byte));
        decoded.push_str(rest);
    }
    Some(decoded)
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
        asked(pairs, None)
    }

    fn asked(pairs: &[(&str, &str)], query: Option<&str>) -> Result<Option<String>, CredentialFault> {
        presented(&headers(pairs), query).map(|key| key.map(Cow::into_owned))
    }

    #[test]
    fn a_query_has_the_key_where_it_may() {
        let key = Ok(Some("sy-1".to_owned()));
        for query in [
            "key=sy-1",
            "alt=sse&key=sy-1",
            "key=sy-1&alt=sse",
            "key=sy%2D1",
            "key=%73y-1",
            "k=x&key=sy-1&keys=y",
        ] {
            assert_eq!(asked(&[], Some(query)), key, "{query}");
            assert_eq!(asked(&[("x-goog-api-key", "sy-1")], Some(query)), key, "{query}");
            let differing = asked(&[("authorization", "Bearer sy-2")], Some(query));
            assert_eq!(differing, Err(CredentialFault::Differing), "{query}");
        }
        for query in ["", "alt=sse", "keys=sy-1", "Key=sy-1", "xkey=sy-1"] {
            assert_eq!(asked(&[], Some(query)), Ok(None), "{query}");
            assert_eq!(asked(&[("x-api-key", "sy-1")], Some(query)), key, "{query}");
        }
        assert_eq!(asked(&[], None), Ok(None));
    }

    #[test]
    fn a_query_that_has_no_one_key_has_none() {
        assert_eq!(asked(&[], Some("key=sy-1&key=sy-1")), Err(CredentialFault::Repeated("key")));
        for query in [
            "key",
            "key=",
            "key=%20",
            "key=sy%",
            "key=sy%2",
            "key=sy%zz",
            "key=sy%+1",
            "key=sy-%c3%a4",
            "key=sy%0a",
        ] {
            assert_eq!(asked(&[], Some(query)), Err(CredentialFault::Malformed), "{query}");
        }
        let long = format!("key={}", "x".repeat(1025));
        assert_eq!(asked(&[], Some(&long)), Err(CredentialFault::Malformed));
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
        assert_eq!(found(&[("x-api-key", &"x".repeat(1025))]), Err(CredentialFault::Malformed));
    }
}
