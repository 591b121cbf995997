use crate::gateway::GatewayError;
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static X_SWITCHYARD_STRICT: HeaderName = HeaderName::from_static("x-switchyard-strict");

/// Longest idempotency key.
const LONGEST_KEY: usize = 255;

/// What a call's headers ask of us. All others are ignored and never go on to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallHeaders {
    /// Whether the caller wants a refusal rather than a loss.
    pub(crate) strict: bool,
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
        return Err(GatewayError::invalid(
            "`Idempotency-Key` must have 1 to 255 characters of ASCII.",
            "Idempotency-Key",
        ));
    }
    match headers.get(&X_SWITCHYARD_STRICT).map(HeaderValue::as_bytes) {
        None | Some(b"false") => Ok(CallHeaders { strict: false }),
        Some(b"true") => Ok(CallHeaders { strict: true }),
        Some(_) => {
            Err(GatewayError::invalid("`x-switchyard-strict` must be true or false.", "x-switchyard-strict"))
        }
    }
}

fn is_key(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|key| !key.trim().is_empty() && key.len() <= LONGEST_KEY)
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
}
