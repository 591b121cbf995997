//! From where a request with a session's cookie comes. A browser sends the cookie whoever made the page; what else it sends tells.

use crate::api::ApiError;
use crate::server::ServerConfig;
use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use actix_web::http::{Method, StatusCode};
use std::sync::Arc;

static X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whose pages may act for a session: our own, and those of the listed origins.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    listed: Arc<[HeaderValue]>,
}

impl Provenance {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        let listed = config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self { listed: listed.collect() }
    }

    /// Refuses what another site's page sent, and what does not carry the session's value against that.
    pub(crate) fn check_page(
        &self,
        headers: &HeaderMap,
        is_csrf_value: impl FnOnce(&str) -> bool,
    ) -> Result<(), ApiError> {
        self.judged(headers).map_err(forged)?;
        let value = csrf_header(headers).ok_or_else(|| forged("it has no such header"))?;
        if is_csrf_value(value) { Ok(()) } else { Err(forged("the header's value is not this session's")) }
    }

    /// Refuses what another site's page sent.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        self.judged(headers).map_err(foreign)
    }

    fn judged(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let mut origins = headers.get_all(ORIGIN);
        let origin = origins.next();
        if origins.next().is_some() {
            return Err("it names two origins");
        }
        let is_listed = origin.is_some_and(|origin| self.listed.contains(origin));
        if origin.is_some_and(|origin| !is_listed && !is_own(origin, headers.get(HOST))) {
            return Err(ANOTHER_SITE);
        }
        let site = headers.get(&SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        if matches!(site, None | Some(b"same-origin" | b"none")) || is_listed {
            Ok(())
        } else {
            Err(ANOTHER_SITE)
        }
    }
}

/// Whether an origin is the host that the request was sent to. By which scheme only a proxy in front may know.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let origin = origin.as_bytes();
    let rest = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    rest.zip(host).is_some_and(|(rest, host)| rest.eq_ignore_ascii_case(host.as_bytes()))
}

/// Whether a request changes something.
pub(crate) fn changes_something(request: &HttpRequest) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
}

const ANOTHER_SITE: &str = "it comes from a page of another site. An administrator can list those that may in SWITCHYARD_CORS_ORIGINS";

/// A request with a session's cookies that could be forged.
fn forged(why: &str) -> ApiError {
    foreign(&format!(
        "{why}. Send `X-CSRF-Token` with the value of the cookie `csrf_access_token` (`csrf_refresh_token` on refresh)"
    ))
}

/// A request that could be forged.
fn foreign(why: &str) -> ApiError {
    let message = format!("This request can't be told from a forged one: {why}.");
    ApiError::new(StatusCode::FORBIDDEN, "csrf_failed", message)
}

/// The header's value; two of them are none.
fn csrf_header(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(&X_CSRF_TOKEN);
    let first = values.next().filter(|_| values.next().is_none());
    first.and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("yard.example:3044"));
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let config =
            ServerConfig { cors_origins: vec!["https://app.example".to_owned()], ..ServerConfig::default() };
        Provenance::new(&config).check(&headers).is_ok()
    }

    #[test]
    fn our_own_pages_and_listed_origins_pass() {
        for good in [
            &[][..],
            &[("origin", "http://yard.example:3044")],
            &[("origin", "https://yard.example:3044"), ("sec-fetch-site", "same-origin")],
            &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(passes(good), "{good:?}");
        }
    }

    #[test]
    fn other_sites_pages_do_not() {
        for bad in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "https://yard.example")],
            &[("origin", "https://yard.example:3044.evil.example")],
            &[("origin", "https://app.example.evil.example")],
            &[("origin", "https://evilapp.example")],
            &[("origin", "ftp://yard.example:3044")],
            &[("origin", "http://yard.example:3044"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "")],
            &[("origin", "https://app.example"), ("origin", "https://evil.example")],
        ] {
            assert!(!passes(bad), "{bad:?}");
        }
    }
}
