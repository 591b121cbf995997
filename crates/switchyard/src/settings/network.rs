//! Web origins, base URLs, networks and egress rules: texts about who talks to whom.

use super::problem::Reason;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// A web origin `https://host[:port]`, as a browser sends it.
///
/// Neither `*` nor `null` is one: answers carry credentials, and those may go to named origins only.
pub(super) fn web_origin(text: &str) -> Result<String, Reason> {
    let wrong =
        || Reason::new("expected origins such as https://chat.example.com, without a path; `*` is not one");
    let url = http_url(text).filter(|_| !text.contains('*')).ok_or_else(wrong)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let names_nobody = url.username().is_empty() && url.password().is_none();
    if is_bare && names_nobody { Ok(url.origin().ascii_serialization()) } else { Err(wrong()) }
}

/// The base URL of a vendor's API: http or https, without credentials, query and fragment; a final `/` is dropped.
pub(super) fn base_url(text: &str) -> Result<String, Reason> {
    let wrong = || {
        Reason::new("expected an http or https URL without credentials, query and fragment")
            .hint("a key belongs in its own setting")
    };
    let url = http_url(text).ok_or_else(wrong)?;
    let names_nobody = url.username().is_empty() && url.password().is_none();
    if !names_nobody || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn http_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A network such as `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, Reason> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Reason::new("expected networks such as 10.0.0.0/8 or addresses such as 10.0.0.1"))
}

/// Which of the two uses of the network an [`EgressEntry`] admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EgressUse {
    /// Calls to providers, and the documented proxy for external addresses.
    Any,
    /// Calls to providers only.
    Provider,
    /// The documented proxy for external addresses only.
    External,
}

/// A private destination that may be reached although the egress rule refuses its kind. The shape is checked; what it
/// admits is the egress guard's to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressEntry {
    /// For which use.
    pub usage: EgressUse,
    /// `host`, `host:port`, an address, `[v6]:port`, or a network in CIDR form.
    pub target: String,
}

impl EgressEntry {
    /// Reads `[provider=|external=]<host|host:port|CIDR>`.
    ///
    /// # Errors
    /// A [`Reason`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let (usage, target) = match text.split_once('=') {
            Some(("provider", target)) => (EgressUse::Provider, target),
            Some(("external", target)) => (EgressUse::External, target),
            _ => (EgressUse::Any, text),
        };
        if !is_target(target) {
            return Err(Reason::new(
                "expected host, host:port or a network, perhaps after `provider=` or `external=`",
            ));
        }
        Ok(Self { usage, target: target.to_ascii_lowercase() })
    }
}

impl fmt::Display for EgressEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.usage {
            EgressUse::Any => "",
            EgressUse::Provider => "provider=",
            EgressUse::External => "external=",
        })?;
        f.write_str(&self.target)
    }
}

fn is_target(text: &str) -> bool {
    if network(text).is_ok() || text.parse::<SocketAddr>().is_ok() {
        return true;
    }
    match text.rsplit_once(':') {
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok_and(|port| port != 0),
        None => is_host(text),
    }
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number is an address that didn't parse, such as 10.0.0.256.
    let ends_in_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(is_label) && !ends_in_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_a_browser_sends_and_never_a_wildcard() {
        assert_eq!(web_origin("https://Chat.Example.com/").unwrap(), "https://chat.example.com");
        assert_eq!(web_origin("http://localhost:3044").unwrap(), "http://localhost:3044");
        assert_eq!(web_origin("https://a.example:443").unwrap(), "https://a.example");
        for wrong in
            ["*", "null", "a.example", "https://*", "https://a.example/x", "ftp://a", "https://u@a.example"]
        {
            assert!(web_origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn base_urls_lose_a_final_slash_and_hold_no_key() {
        assert_eq!(base_url("https://api.example.com/v1/").unwrap(), "https://api.example.com/v1");
        assert_eq!(base_url("http://localhost:8080").unwrap(), "http://localhost:8080");
        for wrong in
            ["localhost:8080", "file:///x", "https://k@a.example", "https://a.example?key=1", "https://"]
        {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn egress_entries_have_one_of_four_shapes() {
        for right in
            ["ollama", "ollama.internal:11434", "10.0.0.0/8", "10.1.2.3", "10.1.2.3:80", "[fd00::1]:80"]
        {
            assert_eq!(EgressEntry::parse(right).unwrap().to_string(), right);
        }
        let only = EgressEntry::parse("external=Printer.lan").unwrap();
        assert_eq!((only.usage, only.target.as_str()), (EgressUse::External, "printer.lan"));
        for wrong in
            ["", "http://host", "host:0", "host:99999", "10.0.0.0/33", "10.0.0.256", "*.lan", "a b", "x=host"]
        {
            assert!(EgressEntry::parse(wrong).is_err(), "{wrong}");
        }
    }
}
