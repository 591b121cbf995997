//! The four cookies of a session, written and read. Their values are tokens of plain characters, so nothing is encoded.

use actix_web::HttpResponse;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use secrecy::ExposeSecret;
use std::time::Duration;
use switchyard_orchestrator::accounts::IssuedTokens;

/// The name of the cookie that lets requests through.
pub const ACCESS: &str = "access_token_cookie";
/// The name of the cookie that is changed for new ones.
pub const REFRESH: &str = "refresh_token_cookie";
const CSRF_ACCESS: &str = "csrf_access_token";
const CSRF_REFRESH: &str = "csrf_refresh_token";

/// Where the refresh token is sent, and nowhere else.
const REFRESH_PATH: &str = "/api/v1/auth";

/// Whether browsers send the cookies over HTTPS only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieRule {
    pub(crate) secure: bool,
}

struct Cookie<'a> {
    name: &'static str,
    value: &'a str,
    path: &'static str,
    is_for_scripts: bool,
    max_age: Duration,
}

impl CookieRule {
    /// Gives a browser the tokens of its session.
    pub(crate) fn give(self, response: &mut HttpResponse, tokens: &IssuedTokens) {
        let cookies = all(
            [tokens.access.expose_secret(), tokens.refresh.expose_secret()],
            [&tokens.csrf_access, &tokens.csrf_refresh],
            [tokens.access_lifetime, tokens.refresh_lifetime],
        );
        self.set(response, cookies);
    }

    /// Takes them away.
    pub(crate) fn take(self, response: &mut HttpResponse) {
        self.set(response, all([""; 2], [""; 2], [Duration::ZERO; 2]));
    }

    fn set(self, response: &mut HttpResponse, cookies: [Cookie<'_>; 4]) {
        for cookie in cookies {
            if let Ok(value) = HeaderValue::from_str(&self.written(&cookie)) {
                response.headers_mut().append(SET_COOKIE, value);
            }
        }
    }

    fn written(self, cookie: &Cookie<'_>) -> String {
        let Cookie { name, value, path, is_for_scripts, max_age } = cookie;
        let http_only = if *is_for_scripts { "" } else { "; HttpOnly" };
        let secure = if self.secure { "; Secure" } else { "" };
        let seconds = max_age.as_secs();
        format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite=Strict{http_only}{secure}")
    }
}

fn all<'a>(tokens: [&'a str; 2], csrf: [&'a str; 2], lifetimes: [Duration; 2]) -> [Cookie<'a>; 4] {
    let ([access, refresh], [csrf_access, csrf_refresh]) = (tokens, csrf);
    let [briefly, long] = lifetimes;
    let cookie =
        |name, value, path, is_for_scripts, max_age| Cookie { name, value, path, is_for_scripts, max_age };
    [
        cookie(ACCESS, access, "/", false, briefly),
        cookie(REFRESH, refresh, REFRESH_PATH, false, long),
        cookie(CSRF_ACCESS, csrf_access, "/", true, briefly),
        cookie(CSRF_REFRESH, csrf_refresh, "/", true, long),
    ]
}

/// Two cookies of one name: nobody knows which of them is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// The value of a cookie. An empty one is none.
pub(crate) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Ambiguous> {
    // Another application's cookie on the same host may hold anything; a line that is no text holds none of ours.
    value_in(headers.get_all(COOKIE).map(|line| line.to_str().unwrap_or_default()), name)
}

/// The value of a cookie in the `Cookie` lines of a request. An empty one is none.
///
/// # Errors
/// Where two of one name differ.
pub fn value_in<'h>(
    lines: impl IntoIterator<Item = &'h str>,
    name: &str,
) -> Result<Option<&'h str>, Ambiguous> {
    let mut found = None;
    for line in lines {
        for value in line.split(';').filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=')) {
            if found.is_some_and(|found| found != value) {
                return Err(Ambiguous);
            }
            found = Some(value);
        }
    }
    Ok(found.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let found =
            headers(&["a=1; xaccess_token_cookie=2;access_token_cookie=t.o.k; access_token_cookie2=3"]);
        assert_eq!(read(&found, ACCESS), Ok(Some("t.o.k")));
        assert_eq!(read(&headers(&["a=1", "access_token_cookie=t"]), ACCESS), Ok(Some("t")));
        for none in [
            "",
            "access_token_cookie",
            "access_token_cookie=",
            "Access_Token_Cookie=t",
            "a=access_token_cookie=t",
        ] {
            assert_eq!(read(&headers(&[none]), ACCESS), Ok(None), "{none}");
        }
    }

    #[test]
    fn two_cookies_of_one_name_are_none() {
        assert_eq!(read(&headers(&["access_token_cookie=t; access_token_cookie=u"]), ACCESS), Err(Ambiguous));
        assert_eq!(
            read(&headers(&["access_token_cookie=t", "access_token_cookie="]), ACCESS),
            Err(Ambiguous)
        );
        assert_eq!(read(&headers(&["access_token_cookie=t; access_token_cookie=t"]), ACCESS), Ok(Some("t")));
    }

    #[test]
    fn tokens_are_out_of_the_reach_of_scripts_and_the_refresh_token_of_all_other_paths() {
        let cookies = all(["a", "r"], ["ca", "cr"], [Duration::from_secs(900), Duration::from_secs(604_800)]);
        let written = cookies.map(|cookie| CookieRule { secure: true }.written(&cookie));
        assert_eq!(
            written,
            [
                "access_token_cookie=a; Path=/; Max-Age=900; SameSite=Strict; HttpOnly; Secure",
                "refresh_token_cookie=r; Path=/api/v1/auth; Max-Age=604800; SameSite=Strict; HttpOnly; Secure",
                "csrf_access_token=ca; Path=/; Max-Age=900; SameSite=Strict; Secure",
                "csrf_refresh_token=cr; Path=/; Max-Age=604800; SameSite=Strict; Secure",
            ]
        );
        let [gone, ..] = all([""; 2], [""; 2], [Duration::ZERO; 2]);
        assert_eq!(
            CookieRule { secure: false }.written(&gone),
            "access_token_cookie=; Path=/; Max-Age=0; SameSite=Strict; HttpOnly"
        );
    }
}
