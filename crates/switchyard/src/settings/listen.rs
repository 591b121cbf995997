//! The addresses that the server listens on.

use super::problem::Reason;
use super::setting::Shape;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// One or more socket addresses, no two alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen(Vec<SocketAddr>);

impl Listen {
    /// Reads `127.0.0.1:3044`, `[::1]:3044`, `localhost:3044`, or several of them between commas.
    ///
    /// # Errors
    /// A [`Reason`] for anything else, an empty list, and an address that is named twice.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let addresses: Vec<_> = text.split(',').map(|item| address(item.trim())).collect::<Result<_, _>>()?;
        let is_twice = |(at, address): (usize, &SocketAddr)| {
            address.port() != 0 && addresses.iter().take(at).any(|other| other == address)
        };
        if addresses.iter().enumerate().any(is_twice) {
            return Err(Reason::new("the same address stands in the list twice"));
        }
        Ok(Self(addresses))
    }

    /// The addresses in the order given.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }

    /// Whether no other machine can connect.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.0.iter().all(|address| is_loopback(address.ip()))
    }

    /// The addresses that other machines can connect to.
    pub fn exposed(&self) -> impl Iterator<Item = &SocketAddr> {
        self.0.iter().filter(|address| !is_loopback(address.ip()))
    }

    /// The same hosts at another port.
    pub(super) fn at_port(&self, port: &str) -> Result<Self, Reason> {
        let port: u16 = port.trim().parse().map_err(|_| Reason::new("expected a port from 0 to 65535"))?;
        let moved: Vec<_> = self.0.iter().map(|address| SocketAddr::new(address.ip(), port)).collect();
        Self::parse(&Self(moved).to_string())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, address) in self.0.iter().enumerate() {
            write!(f, "{}{address}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// How listening addresses are written.
pub(super) struct Addresses;

impl Shape<Listen> for Addresses {
    fn parse(&self, text: &str) -> Result<Listen, Reason> {
        Listen::parse(text)
    }

    fn expected(&self) -> String {
        "addresses such as 127.0.0.1:3044, several separated by commas".to_owned()
    }

    fn is_list(&self) -> bool {
        true
    }
}

/// Whether only this machine reaches the address, its IPv6-mapped form included.
pub(super) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn address(text: &str) -> Result<SocketAddr, Reason> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        Reason::new("expected addresses such as 127.0.0.1:3044 or [::1]:3044, with a port from 0 to 65535")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_loopback_addresses_are_loopback_and_wildcards_are_not() {
        for local in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1"] {
            assert!(Listen::parse(local).unwrap().is_loopback_only(), "{local}");
        }
        for open in ["0.0.0.0:1", "[::]:1", "192.168.0.2:1", "127.0.0.1:1,10.0.0.1:1", "[::ffff:10.0.0.1]:1"]
        {
            assert!(!Listen::parse(open).unwrap().is_loopback_only(), "{open}");
        }
    }

    #[test]
    fn a_new_port_keeps_every_host() {
        let moved = Listen::parse("127.0.0.1:3044, [::1]:3044").unwrap().at_port("5000").unwrap();
        assert_eq!(moved.to_string(), "127.0.0.1:5000,[::1]:5000");
        assert!(Listen::parse("127.0.0.1:1,127.0.0.1:2").unwrap().at_port("3").is_err());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in
            ["", "3044", ":3044", "127.0.0.1", "127.0.0.1:99999", "host:80", "127.0.0.1:1,127.0.0.1:1"]
        {
            assert!(Listen::parse(wrong).is_err(), "{wrong}");
        }
    }
}
