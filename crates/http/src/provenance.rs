//! From where a request with a session's cookie comes. A browser sends the cookie whoever made the page; what else it sends tells.

use crate::api::ApiError;
use crate::middleware::AskedFor;
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
        request: &HttpRequest,
        is_csrf_value: impl FnOnce(&str) -> bool,
    ) -> Result<(), ApiError> {
        self.judged(request).map_err(forged)?;
        let value = csrf_header(request.headers()).ok_or_else(|| forged("it has no such header"))?;
        if is_csrf_value(value) { Ok(()) } else { Err(forged("the header's value is not this session's")) }
    }

    /// Refuses what another site's page sent.
    pub(crate) fn check(&self, request: &HttpRequest) -> Result<(), ApiError> {
        self.judged(request).map_err(foreign)
    }

    fn judged(&self, request: &HttpRequest) -> Result<(), &'static str> {
        let headers = request.headers();
        let mut origins = headers.get_all(ORIGIN);
        let origin = origins.next();
        if origins.next().is_some() {
            return Err("it names two origins");
        }
        let is_listed = origin.is_some_and(|origin| self.listed.contains(origin));
        if origin.is_some_and(|origin| !is_listed && !is_own(origin, request)) {
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

/// Whether an origin is the host that the request was sent to, as the request itself says, or a trusted proxy in front. By which scheme
/// only such a proxy knows: where its client came by HTTPS, pages without it are others.
fn is_own(origin: &HeaderValue, request: &HttpRequest) -> bool {
    let AskedFor { host, scheme } = AskedFor::of(request);
    let Some((by, page)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let default_port = match by {
        "https" => ":443",
        "http" if !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) => ":80",
        _ => return false,
    };
    let bare = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_ascii_lowercase();
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    [named, host.as_deref()].into_iter().flatten().any(|host| bare(host) == bare(page))
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
    use actix_web::HttpMessage;
    use actix_web::test::TestRequest;

    fn passes(pairs: &[(&str, &str)]) -> bool {
        passes_behind(None, pairs)
    }

    fn passes_behind(proxy: Option<AskedFor>, pairs: &[(&str, &str)]) -> bool {
        let request = pairs
            .iter()
            .fold(TestRequest::default().insert_header((HOST, "yard.example:3044")), |request, pair| {
                request.append_header(*pair)
            });
        let request = request.to_http_request();
        if let Some(asked) = proxy {
            request.extensions_mut().insert(asked);
        }
        let config =
            ServerConfig { cors_origins: vec!["https://app.example".to_owned()], ..ServerConfig::default() };
        Provenance::new(&config).check(&request).is_ok()
    }

    #[test]
    fn our_own_pages_are_those_of_the_host_that_a_trusted_proxy_was_asked_for() {
        let asked = |host: Option<&str>, scheme: Option<&str>| {
            Some(AskedFor { host: host.map(str::to_owned), scheme: scheme.map(str::to_owned) })
        };
        let [page, inside, plain] =
            ["https://chat.example", "http://yard.example:3044", "http://chat.example"]
                .map(|it| [("origin", it)]);
        assert!(!passes(&page));
        for (host, scheme) in [
            ("chat.example", None),
            ("Chat.Example:443", Some("HTTPS")),
            // The last of several proxies may not know how the first was called.
            ("chat.example", Some("http")),
        ] {
            assert!(passes_behind(asked(Some(host), scheme), &page), "{host} {scheme:?}");
            assert!(passes_behind(asked(Some(host), None), &inside), "the host that it names itself");
        }
        assert!(passes_behind(asked(Some("chat.example:80"), None), &plain));
        assert!(!passes_behind(asked(Some("chat.example"), Some("https")), &plain));
        assert!(!passes_behind(asked(Some("chat.example:8443"), None), &page));
        assert!(!passes_behind(asked(None, Some("https")), &inside));
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
