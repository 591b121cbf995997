use crate::gateway::{GatewayError, dialects};
use crate::idempotency::{self, IDEMPOTENCY_KEY, is_key};
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use switchyard_domain::route::When;

static X_SWITCHYARD_STRICT: HeaderName = HeaderName::from_static("x-switchyard-strict");
static X_SWITCHYARD_TAGS: HeaderName = HeaderName::from_static("x-switchyard-tags");

/// More tags than these say nothing more.
const MOST_TAGS: usize = 16;

/// Longest header that goes on to a provider. Clients with a dozen names in `anthropic-beta` stay below a quarter of it.
const LONGEST_PASSING: usize = 2048;

/// What a call's headers ask of us, and of providers. All others are ignored and never go on to a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallHeaders {
    /// Whether the caller wants a refusal rather than a loss.
    pub(crate) strict: bool,
    /// What the caller calls the call.
    pub(crate) tags: Vec<String>,
    /// The headers that any dialect lets pass, by names in lower case.
    pub(crate) passing: Vec<(&'static str, String)>,
}

impl CallHeaders {
    /// Adds a header that a dialect lets pass, or the tags of the call; all others are left out. What comes in several lines is one
    /// list.
    pub(crate) fn pass(&mut self, name: &str, value: &str) -> Result<(), GatewayError> {
        if name.eq_ignore_ascii_case(X_SWITCHYARD_TAGS.as_str()) {
            return self.tag(value);
        }
        let Some(name) = dialects::headers().find(|known| name.eq_ignore_ascii_case(known)) else {
            return Ok(());
        };
        let value = value.trim();
        let mut before = self.passing.iter_mut().find(|(known, _)| *known == name);
        let length = value.len() + before.as_ref().map_or(0, |(_, before)| before.len() + 1);
        let is_plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !is_plain || length > LONGEST_PASSING {
            let message =
                format!("`{name}` must have at most {LONGEST_PASSING} characters of visible ASCII.");
            return Err(GatewayError::invalid(message, name));
        }
        match &mut before {
            _ if value.is_empty() => {}
            Some((_, before)) => {
                before.push(',');
                before.push_str(value);
            }
            None => self.passing.push((name, value.to_owned())),
        }
        Ok(())
    }

    /// Adds tags, separated by commas.
    fn tag(&mut self, list: &str) -> Result<(), GatewayError> {
        for tag in list.split(',').map(str::trim) {
            let is_known = self.tags.iter().any(|known| known == tag);
            if !When::is_tag(tag) || (!is_known && self.tags.len() >= MOST_TAGS) {
                let message = format!(
                    "`x-switchyard-tags` must be at most {MOST_TAGS} tags, separated by commas, each of 1 to 64 letters, digits, \
                     `-`, `_`, `.` or `:`."
                );
                return Err(GatewayError::invalid(message, "x-switchyard-tags"));
            }
            if !is_known {
                self.tags.push(tag.to_owned());
            }
        }
        Ok(())
    }
}

impl FromRequest for CallHeaders {
    type Error = GatewayError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.headers()).map_err(|error| error.at(request)))
    }
}

fn read(headers: &HeaderMap) -> Result<CallHeaders, GatewayError> {
    if !headers.get_all(&IDEMPOTENCY_KEY).all(is_key) {
        return Err(GatewayError::invalid(idempotency::RULE, "Idempotency-Key"));
    }
    let strict = match headers.get(&X_SWITCHYARD_STRICT).map(HeaderValue::as_bytes) {
        None | Some(b"false") => false,
        Some(b"true") => true,
        Some(_) => {
            let message = "`x-switchyard-strict` must be true or false.";
            return Err(GatewayError::invalid(message, "x-switchyard-strict"));
        }
    };
    let mut asked = CallHeaders { strict, ..CallHeaders::default() };
    for value in headers.get_all(&X_SWITCHYARD_TAGS) {
        asked.tag(value.to_str().unwrap_or("\u{fffd}"))?;
    }
    for name in dialects::headers() {
        // Two dialects may let the same one pass.
        if asked.passing.iter().any(|(known, _)| *known == name) {
            continue;
        }
        for value in headers.get_all(name) {
            // What is no text is refused by the first character that stands for it.
            asked.pass(name, value.to_str().unwrap_or("\u{fffd}"))?;
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(name: &'static str, value: &str) -> Result<CallHeaders, GatewayError> {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        read(&headers)
    }

    #[test]
    fn idempotency_keys_out_of_shape_are_refused() {
        assert!(read_one("idempotency-key", &"k".repeat(255)).is_ok());
        for bad in ["", " ", "schlüssel", &"k".repeat(256)] {
            assert!(read_one("idempotency-key", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn strictness_is_asked_for_in_plain_words() {
        assert!(!read(&HeaderMap::new()).unwrap().strict);
        assert!(read_one("x-switchyard-strict", "true").unwrap().strict);
        assert!(!read_one("x-switchyard-strict", "false").unwrap().strict);
        assert!(read_one("x-switchyard-strict", "yes").is_err());
    }

    #[test]
    fn tags_are_a_short_list_of_plain_words() {
        let mut headers = HeaderMap::new();
        for value in ["team:a, batch", "batch,x-1_y.z"] {
            headers.append(X_SWITCHYARD_TAGS.clone(), HeaderValue::from_static(value));
        }
        assert_eq!(read(&headers).unwrap().tags, ["team:a", "batch", "x-1_y.z"]);
        let many: Vec<String> = (0..17).map(|number| format!("t{number}")).collect();
        assert!(read_one("x-switchyard-tags", &many[..16].join(",")).is_ok());
        for bad in ["", ",", "a,,b", "a b", "ä", &"x".repeat(65), &many.join(",")] {
            assert!(read_one("x-switchyard-tags", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_headers_that_a_dialect_lets_pass_are_kept_and_lines_of_one_name_are_one_list() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("anthropic-beta", "a-2025-01-01, b-2025-01-01 "),
            ("anthropic-beta", "c-2025-01-01"),
            ("openai-beta", "responses=v1"),
            ("anthropic-version", "2023-01-01"),
            ("openai-organization", "org-1"),
            ("cookie", "x=1"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut passing = read(&headers).unwrap().passing;
        passing.sort_unstable();
        let beta = "a-2025-01-01, b-2025-01-01,c-2025-01-01".to_owned();
        assert_eq!(passing, [("anthropic-beta", beta), ("openai-beta", "responses=v1".to_owned())]);
    }

    #[test]
    fn a_passing_header_is_bounded_and_plain() {
        let longest = "b".repeat(2048);
        assert_eq!(
            read_one("anthropic-beta", &longest).unwrap().passing,
            [("anthropic-beta", longest.clone())]
        );
        assert_eq!(read_one("anthropic-beta", " ").unwrap().passing, []);
        for bad in [format!("{longest}b"), "bêta".to_owned(), "a\tb".to_owned()] {
            assert!(read_one("anthropic-beta", &bad).is_err(), "{bad:?}");
        }
        let mut headers = HeaderMap::new();
        for _ in 0..2 {
            let half = HeaderValue::from_bytes("b".repeat(1024).as_bytes()).unwrap();
            headers.append(HeaderName::from_static("anthropic-beta"), half);
        }
        assert!(read(&headers).is_err());
    }
}
