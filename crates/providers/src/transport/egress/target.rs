//! What a URL points at, once it is known to be a URL that we are willing to read.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use url::Url;

use super::EgressRefusal;

/// Longest URL text that is read at all. Base URLs are a tenth of it.
const LONGEST_URL: usize = 2048;
/// Longest name that DNS can carry.
const LONGEST_NAME: usize = 253;
/// How much of a name or scheme is repeated to the caller.
const LONGEST_ECHO: usize = 120;

/// The host of a URL in its one canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHost {
    /// A DNS name: lower case, punycode, without the trailing dot.
    Name(Box<str>),
    /// A literal address, however it was spelled; IPv4-mapped IPv6 is already IPv4.
    Address(IpAddr),
}

/// Scheme, host and port of a URL that passed the guard: an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTarget {
    pub(super) host: TargetHost,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl CheckedTarget {
    /// The host that is connected to, and that the certificate must name.
    #[must_use]
    pub fn host(&self) -> &TargetHost {
        &self.host
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the scheme is https.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Whether `url` has this origin. Allocates nothing: it is asked before every request.
    #[must_use]
    pub fn is_origin_of(&self, url: &Url) -> bool {
        let scheme = if self.tls { "https" } else { "http" };
        url.scheme() == scheme
            && url.port_or_known_default() == Some(self.port)
            && match (&self.host, url.host()) {
                (TargetHost::Name(name), Some(url::Host::Domain(other))) => **name == *undotted(other),
                (TargetHost::Address(address), Some(url::Host::Ipv4(other))) => *address == IpAddr::V4(other),
                (TargetHost::Address(address), Some(url::Host::Ipv6(other))) => {
                    *address == IpAddr::V6(other).to_canonical()
                }
                _ => false,
            }
    }

    /// The addresses that the host means without asking anyone: its own, or loopback for the names that are
    /// reserved for it (RFC 6761). A name server's opinion on `localhost` is never asked for.
    pub(super) fn known_addresses(&self) -> Option<[IpAddr; 2]> {
        match &self.host {
            TargetHost::Address(address) => Some([*address, *address]),
            TargetHost::Name(name) if is_localhost(name) => {
                Some([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
            }
            TargetHost::Name(_) => None,
        }
    }

    /// Host and port for a message, cut to a bounded length.
    pub(crate) fn shown(&self) -> String {
        self.to_string().chars().take(LONGEST_ECHO).collect()
    }
}

impl fmt::Display for CheckedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            TargetHost::Name(name) => write!(f, "{name}:{}", self.port),
            TargetHost::Address(IpAddr::V4(v4)) => write!(f, "{v4}:{}", self.port),
            TargetHost::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]:{}", self.port),
        }
    }
}

/// Reads a URL that a person typed. Stricter than WHATWG parsing, which repairs what it can: a text
/// that two parsers could read in two ways (backslashes, white space, missing or extra slashes, percent
/// signs in the host) is refused, so that what was reviewed is what is called.
pub(super) fn read(text: &str) -> Result<Url, EgressRefusal> {
    let unreadable = |reason| EgressRefusal::Unreadable { reason };
    let too_long = || unreadable("it is longer than 2048 bytes");
    if text.len() > LONGEST_URL {
        return Err(too_long());
    }
    if text.chars().any(|c| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err(unreadable("it has white space, control characters or backslashes"));
    }
    let (scheme, rest) =
        text.split_once("://").ok_or_else(|| unreadable("it has no \"://\" after the scheme"))?;
    check_scheme(&scheme.to_ascii_lowercase())?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(EgressRefusal::UserInfo);
    }
    if authority.is_empty() {
        return Err(unreadable("it has no host"));
    }
    if authority.contains('%') {
        return Err(unreadable("its host is percent-encoded"));
    }
    let url = Url::parse(text).map_err(|_| unreadable("it is not a valid URL"))?;
    // Letters that are not ASCII take more room as they are sent, and what was admitted is admitted again.
    if url.as_str().len() > LONGEST_URL { Err(too_long()) } else { Ok(url) }
}

/// The origin of `url`, if its shape is one that is ever called. Says nothing about the address yet.
pub(super) fn target_of(url: &Url) -> Result<CheckedTarget, EgressRefusal> {
    check_scheme(url.scheme())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EgressRefusal::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(EgressRefusal::Fragment);
    }
    let host = match url.host() {
        Some(url::Host::Domain(name)) => TargetHost::Name(name_of(name)?.into()),
        Some(url::Host::Ipv4(address)) => TargetHost::Address(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => TargetHost::Address(IpAddr::V6(address).to_canonical()),
        None => return Err(EgressRefusal::Unreadable { reason: "it has no host" }),
    };
    let port = url.port_or_known_default().unwrap_or_default();
    let target = CheckedTarget { host, port, tls: url.scheme() == "https" };
    if port == 0 {
        return Err(EgressRefusal::Port { target: target.shown(), port });
    }
    Ok(target)
}

fn check_scheme(scheme: &str) -> Result<(), EgressRefusal> {
    if matches!(scheme, "http" | "https") {
        return Ok(());
    }
    Err(EgressRefusal::Scheme { scheme: scheme.chars().take(LONGEST_ECHO).collect() })
}

fn name_of(domain: &str) -> Result<&str, EgressRefusal> {
    let name = undotted(domain);
    if name.len() > LONGEST_NAME || name.split('.').any(str::is_empty) {
        return Err(EgressRefusal::Unreadable { reason: "its host is not a DNS name" });
    }
    Ok(name)
}

/// One trailing dot marks a name as fully qualified; it is the same host with or without.
pub(super) fn undotted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}
