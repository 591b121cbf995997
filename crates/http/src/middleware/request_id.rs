use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::convert::Infallible;
use std::future::{Ready, ready};
use switchyard_ports::entropy::Entropy;
use uuid::fmt::Hyphenated;

/// Carries the id, in requests and in answers.
pub(super) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The id of a request: the client's own if it is well-formed, else one of ours. In the answer, in logs, and sent along
/// to providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id that a request came with, or a new one.
    pub(super) fn of(headers: &HeaderMap, entropy: &dyn Entropy) -> Self {
        match headers.get(&X_REQUEST_ID) {
            Some(given) if is_well_formed(given.as_bytes()) => Self(given.clone()),
            _ => Self::mint(entropy),
        }
    }

    fn mint(entropy: &dyn Entropy) -> Self {
        let mut text = [0; Hyphenated::LENGTH];
        let text = entropy.new_id().hyphenated().encode_lower(&mut text);
        // Hexadecimal digits and hyphens always are a header's value.
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("")))
    }

    /// That of a request which has passed the edge.
    pub(crate) fn noted(request: &HttpRequest) -> Self {
        let id = request.extensions().get::<Self>().cloned();
        id.unwrap_or(Self(HeaderValue::from_static("")))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// What is safe in logs, headers and the systems that collect them.
fn is_well_formed(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl FromRequest for RequestId {
    type Error = Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Every request passes the edge, which gives it one.
        ready(Ok(Self::noted(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_ids_of_plain_characters_are_kept() {
        for good in ["a", "7d3f-1.x_Y", &"x".repeat(128)] {
            assert!(is_well_formed(good.as_bytes()), "{good}");
        }
        for bad in ["", "a b", "a\tb", "ä", "a\r\nb", "{x}", &"x".repeat(129)] {
            assert!(!is_well_formed(bad.as_bytes()), "{bad:?}");
        }
    }
}
