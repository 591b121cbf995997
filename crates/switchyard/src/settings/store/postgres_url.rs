//! A PostgreSQL URL: a secret as a whole, with the few facts about it that may be known and shown.

use crate::settings::listen::is_loopback;
use crate::settings::problem::Reason;
use secrecy::SecretString;
use std::fmt;
use std::net::IpAddr;

/// A connection URL for libpq. `Display` gives `host/database`, never user, password or parameters.
#[derive(Clone, Debug)]
pub struct PostgresUrl {
    url: SecretString,
    host: String,
    database: String,
    is_local: bool,
    sslmode: Option<String>,
}

impl PostgresUrl {
    /// Reads what follows the scheme and its colon.
    pub(super) fn parse(rest: &str) -> Result<Self, Reason> {
        let wrong = || Reason::new("expected postgresql://user:password@host:port/database");
        let place = rest.strip_prefix("//").ok_or_else(wrong)?;
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|item| item.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let named = parameter("hostaddr").or_else(|| parameter("host")).unwrap_or(hosts);
        let names: Vec<_> = named.split(',').map(without_port).collect::<Option<_>>().ok_or_else(wrong)?;
        let user = user.split(':').next().unwrap_or_default();
        let first_given =
            [path, parameter("dbname").unwrap_or_default(), user].into_iter().find(|name| !name.is_empty());
        let has_odd_character = rest.chars().any(|c| c.is_control() || c == ' ');
        // A password with a bare `/` or `?` in it ends up in the path: not to be taken for a name, nor shown as one.
        if has_odd_character || path.contains(['/', '@']) || query.contains('@') {
            return Err(wrong());
        }
        Ok(Self {
            url: SecretString::from(format!("postgresql:{rest}")),
            host: if named.is_empty() { "localhost".to_owned() } else { names.join(",") },
            database: first_given.unwrap_or("postgres").to_owned(),
            is_local: names.iter().all(|name| is_this_machine(name)),
            sslmode: parameter("sslmode").map(str::to_owned),
        })
    }

    /// The URL for the driver, scheme `postgresql:`, password and all.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Whether every host named is this machine, be it by loopback or by a socket in the file system.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// Whether a build that can't speak TLS to PostgreSQL may use the URL.
    pub(super) fn check_without_tls(&self) -> Result<(), Reason> {
        let advice = "append `?sslmode=disable` if the network up to the database is trusted, else use a build with TLS (the feature `postgres-tls`)";
        match self.sslmode.as_deref() {
            Some("disable") => Ok(()),
            Some("require" | "verify-ca" | "verify-full") => {
                Err(Reason::new("this build has no TLS for PostgreSQL, and the URL demands it").hint(advice))
            }
            _ if self.is_local => Ok(()),
            _ => {
                let message = format!(
                    "this build has no TLS for PostgreSQL, and `{}` is another machine: the URL must say \
                     `sslmode=disable`",
                    self.host
                );
                Err(Reason::new(message).hint(advice))
            }
        }
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.database)
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`; nothing if the port is none.
fn without_port(text: &str) -> Option<&str> {
    if text.starts_with('/') {
        return Some(text);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
        }
        // More than one colon without brackets: an IPv6 address given as a parameter, which takes no port.
        None if text.matches(':').count() > 1 => (text, ""),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    (port.is_empty() || port.parse::<u16>().is_ok()).then_some(host)
}

/// An empty host is libpq's own default: the local socket.
fn is_this_machine(host: &str) -> bool {
    let is_socket = host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    is_socket || host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(is_loopback)
}
