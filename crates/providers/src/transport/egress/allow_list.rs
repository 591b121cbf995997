//! The operator's exceptions to the egress guard.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{ALLOW_SETTING, CheckedTarget, Purpose, TargetHost, target::undotted};

/// The parsed value of [`ALLOW_SETTING`]: a comma list of `host`, `host:port`, an address, `address:port`
/// (IPv6 in brackets) or a network in CIDR form, each for every purpose or, prefixed with `provider=` or
/// `external=`, for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    entries: Vec<(Option<Purpose>, Rule)>,
}

/// One exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// A name, wherever it resolves to; with a port, that port only.
    Name { name: Box<str>, port: Option<u16> },
    /// An address, under whatever name; with a port, that port only.
    Address { address: IpAddr, port: Option<u16> },
    /// Every address of a network, on any port.
    Network(IpNet),
}

/// An entry that can't be read. Names the setting and the entry: the value is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{ALLOW_SETTING}: entry {entry:?} {trouble}")]
pub struct AllowListError {
    /// The entry as written.
    pub entry: String,
    /// What is wrong with it.
    pub trouble: AllowListTrouble,
}

/// What can be wrong with an entry of the allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllowListTrouble {
    /// Two commas in a row, or a prefix with nothing behind it.
    #[error("is empty")]
    Empty,
    /// A prefix other than the two known ones.
    #[error("has an unknown prefix: only \"provider=\" and \"external=\" exist")]
    Prefix,
    /// A whole URL where a host is meant.
    #[error("is a URL: write host or host:port")]
    Url,
    /// A pattern. Names are exact.
    #[error("has a wildcard: name each host, or give a network such as 10.0.0.0/8")]
    Wildcard,
    /// Not a network in CIDR form.
    #[error("is not a network such as 10.0.0.0/8 or fd00::/8")]
    Network,
    /// `10.1.2.3/8`: it is not clear whether the host or the network is meant.
    #[error("is a network with host bits set: {0} is the network")]
    HostBits(IpNet),
    /// `::ffff:10.0.0.0/104`: such addresses are judged as IPv4.
    #[error("is an IPv4-mapped network: write it as IPv4")]
    Mapped,
    /// Not a number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// Neither a DNS name nor an address.
    #[error("is neither a host name nor an address (an IPv6 address with a port goes in brackets)")]
    Host,
}

impl AllowList {
    /// Reads the comma list. An empty text is an empty list.
    ///
    /// # Errors
    ///
    /// The first entry that can't be read. Nothing is skipped: an exception that silently does not hold would be
    /// looked for in the wrong place.
    pub fn parse(text: &str) -> Result<Self, AllowListError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let entries = text.split(',').map(str::trim).map(|entry| {
            entry_of(entry).map_err(|trouble| AllowListError { entry: entry.to_owned(), trouble })
        });
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// The rules that hold for `purpose`.
    pub(super) fn rules_for(&self, purpose: Purpose) -> impl Iterator<Item = &Rule> {
        self.entries
            .iter()
            .filter(move |(only, _)| only.is_none_or(|only| only == purpose))
            .map(|(_, rule)| rule)
    }
}

impl Rule {
    /// Whether the rule names this very endpoint: the address itself, or host *and* port.
    pub(super) fn names_exactly(&self, target: &CheckedTarget, address: IpAddr) -> bool {
        match self {
            Self::Name { port: None, .. } | Self::Network(_) => false,
            Self::Name { .. } => self.names_name(target),
            Self::Address { address: named, port } => *named == address && fits(*port, target),
        }
    }

    /// Whether the rule is the name that the URL has as its host.
    pub(super) fn names_name(&self, target: &CheckedTarget) -> bool {
        match (self, &target.host) {
            (Self::Name { name, port }, TargetHost::Name(host)) => name == host && fits(*port, target),
            _ => false,
        }
    }

    /// Whether the rule covers the host as the URL has it, be it a name or a literal address.
    pub(super) fn covers_host(&self, target: &CheckedTarget) -> bool {
        match (self, &target.host) {
            (Self::Address { address, port }, TargetHost::Address(host)) => {
                address == host && fits(*port, target)
            }
            (Self::Network(network), TargetHost::Address(host)) => network.contains(host),
            _ => self.names_name(target),
        }
    }

    /// Whether the rule is a network that contains the address.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        matches!(self, Self::Network(network) if network.contains(&address))
    }
}

fn fits(port: Option<u16>, target: &CheckedTarget) -> bool {
    port.is_none_or(|port| port == target.port)
}

fn entry_of(entry: &str) -> Result<(Option<Purpose>, Rule), AllowListTrouble> {
    let (purpose, rule) = match entry.split_once('=') {
        None => (None, entry),
        Some(("provider", rule)) => (Some(Purpose::Provider), rule),
        Some(("external", rule)) => (Some(Purpose::External), rule),
        Some(_) => return Err(AllowListTrouble::Prefix),
    };
    Ok((purpose, rule_of(rule.trim())?))
}

fn rule_of(text: &str) -> Result<Rule, AllowListTrouble> {
    if text.is_empty() {
        return Err(AllowListTrouble::Empty);
    }
    if text.contains("://") {
        return Err(AllowListTrouble::Url);
    }
    if text.contains('*') {
        return Err(AllowListTrouble::Wildcard);
    }
    if text.contains('/') {
        return network_of(text).map(Rule::Network);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Rule::Address { address: address.to_canonical(), port: None });
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(AllowListTrouble::Host)?;
        let address: std::net::Ipv6Addr = address.parse().map_err(|_| AllowListTrouble::Host)?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port_of(port)?),
            None if port.is_empty() => None,
            None => return Err(AllowListTrouble::Host),
        };
        return Ok(Rule::Address { address: IpAddr::V6(address).to_canonical(), port });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port_of(port)?)),
        None => (text, None),
    };
    host_rule(host, port)
}

fn host_rule(host: &str, port: Option<u16>) -> Result<Rule, AllowListTrouble> {
    match url::Host::parse(host).map_err(|_| AllowListTrouble::Host)? {
        url::Host::Ipv4(address) => Ok(Rule::Address { address: IpAddr::V4(address), port }),
        url::Host::Ipv6(address) => Ok(Rule::Address { address: IpAddr::V6(address).to_canonical(), port }),
        url::Host::Domain(name) => {
            let name = undotted(&name);
            if name.split('.').any(str::is_empty) {
                return Err(AllowListTrouble::Host);
            }
            Ok(Rule::Name { name: name.into(), port })
        }
    }
}

fn network_of(text: &str) -> Result<IpNet, AllowListTrouble> {
    let network: IpNet = text.parse().map_err(|_| AllowListTrouble::Network)?;
    if network.trunc() != network {
        return Err(AllowListTrouble::HostBits(network.trunc()));
    }
    if matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() && v6.prefix_len() >= 96) {
        return Err(AllowListTrouble::Mapped);
    }
    Ok(network)
}

fn port_of(text: &str) -> Result<u16, AllowListTrouble> {
    match text.parse() {
        Ok(port) if port != 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port),
        _ => Err(AllowListTrouble::Port),
    }
}
