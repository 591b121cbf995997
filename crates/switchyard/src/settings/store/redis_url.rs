//! `REDIS_URL`, and the single variables that one origin's code read in its place.

use crate::settings::problem::Reason;
use secrecy::SecretString;
use std::fmt;
use url::Url;

/// Where Redis is. `Display` gives host and port, never the password.
#[derive(Clone, Debug)]
pub struct RedisUrl {
    url: SecretString,
    place: String,
}

impl RedisUrl {
    /// What [`RedisUrl::parse`] reads.
    pub(in crate::settings) const EXPECTED: &'static str =
        "redis://[user:password@]host:port/number, or rediss:// for TLS";

    /// Reads a `redis://` or `rediss://` URL.
    ///
    /// # Errors
    /// A [`Reason`] for any other scheme, a missing host, or a database that is no number.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let wrong = || Reason::new(format!("expected {}", Self::EXPECTED));
        let url = Url::parse(text).map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let number = url.path().trim_start_matches('/');
        let is_number = number.is_empty() || number.parse::<u16>().is_ok();
        if !matches!(url.scheme(), "redis" | "rediss") || !is_number {
            return Err(wrong());
        }
        let place = format!("{host}:{}", url.port().unwrap_or(6379));
        Ok(Self { url: SecretString::from(text), place })
    }

    /// The URL for the client, password and all.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// The URL that single variables describe.
    pub(in crate::settings) fn compose(
        host: &str,
        port: Option<&str>,
        database: Option<&str>,
        password: Option<&str>,
    ) -> String {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let login = password.map(|password| format!(":{}@", percent_encode(password))).unwrap_or_default();
        format!("redis://{login}{host}:{}/{}", port.unwrap_or("6379"), database.unwrap_or("0"))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
