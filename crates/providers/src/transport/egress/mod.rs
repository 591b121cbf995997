//! The egress guard: which URLs and addresses this process connects to at all.
//!
//! Two questions, asked at two times. [`EgressPolicy::check_url`] judges what a URL says by itself:
//! scheme, user information, port, and the address where the host is one. [`EgressPolicy::check_address`]
//! judges each address that a name resolves to, at the moment of connecting, so that a name which moves
//! to a private address after it was saved gains nothing. A client needs both: a resolver is not asked for
//! literal addresses, and a URL check can't know what a name will resolve to.

mod allow_list;
mod refusal;
pub mod special_purpose;
mod target;
mod tunnels;

use std::net::IpAddr;

use url::Url;

use self::{allow_list::Rule, special_purpose::Reach};
pub use self::{
    allow_list::{AllowList, AllowListError, AllowListTrouble},
    refusal::EgressRefusal,
    target::{CheckedTarget, TargetHost},
};

/// The setting that holds the exceptions, named in every refusal that it can lift.
pub const ALLOW_SETTING: &str = "SWITCHYARD_EGRESS_ALLOW";

/// Who chose the URL, which decides how much is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An administrator configured it as a provider's base URL; a credential travels along. Any port;
    /// https only, unless the host is in the allow-list or is an admitted loopback.
    Provider,
    /// A signed-in user asked for it. Ports 80 and 443 only, unless the host is in the allow-list; the
    /// loopback exception never holds.
    External,
}

/// What may be called for one purpose. Immutable: a changed setting makes a new policy.
#[derive(Debug, Clone)]
pub struct EgressPolicy {
    purpose: Purpose,
    rules: Vec<Rule>,
    loopback: bool,
}

impl EgressPolicy {
    /// A policy for `purpose` with the operator's exceptions.
    ///
    /// `admit_loopback` says that this server is itself reachable from this machine only, so that a model
    /// server beside it (`http://localhost:11434`) may be called. It holds for providers alone, and only where
    /// the URL itself says loopback: a public name that resolves to 127.0.0.1 stays refused.
    #[must_use]
    pub fn new(purpose: Purpose, allow: &AllowList, admit_loopback: bool) -> Self {
        Self {
            purpose,
            rules: allow.rules_for(purpose).cloned().collect(),
            loopback: admit_loopback && purpose == Purpose::Provider,
        }
    }

    /// Reads and judges a URL as a person typed it, with less tolerance than a browser has.
    ///
    /// Names are not resolved here, so a URL may be saved while its host is unknown.
    ///
    /// # Errors
    ///
    /// Why the URL is not called.
    pub fn admit(&self, text: &str) -> Result<Url, EgressRefusal> {
        let url = target::read(text)?;
        self.check_url(&url).map(|_| url)
    }

    /// Judges a parsed URL: everything that can be known without asking a name server.
    ///
    /// # Errors
    ///
    /// Why the URL is not called.
    pub fn check_url(&self, url: &Url) -> Result<CheckedTarget, EgressRefusal> {
        let target = target::target_of(url)?;
        let usual_port = matches!(target.port, 80 | 443);
        if self.purpose == Purpose::External
            && !usual_port
            && !self.rules.iter().any(|rule| rule.covers_host(&target))
        {
            return Err(EgressRefusal::Port { target: target.shown(), port: target.port });
        }
        match target.known_addresses() {
            None => Ok(target),
            // Either will do: `localhost` with only [::1] in the allow-list resolves to both, and
            // connecting then judges each.
            Some([first, second]) => match self.check_address(&target, first) {
                Err(refusal) if self.check_address(&target, second).is_err() => Err(refusal),
                _ => Ok(target),
            },
        }
    }

    /// Judges one address that is about to be connected to for `target`.
    ///
    /// # Errors
    ///
    /// Why the address is not connected to.
    pub fn check_address(&self, target: &CheckedTarget, address: IpAddr) -> Result<(), EgressRefusal> {
        let unwrapped = tunnels::unwrapped(address);
        let outer = address.to_canonical();
        if self.rules.iter().any(|rule| rule.names_exactly(target, outer)) {
            return Ok(());
        }
        let named = self.rules.iter().any(|rule| rule.names_name(target));
        let mut listed = named;
        for address in unwrapped {
            let Some(row) = special_purpose::row_of(address) else { continue };
            let admitted = match row.reach {
                Reach::Global => true,
                Reach::ExactOnly => false,
                Reach::Special => {
                    let excepted = self.contains(address) || self.is_own_loopback(target, address);
                    listed |= excepted;
                    named || excepted
                }
            };
            if !admitted {
                return Err(EgressRefusal::of_row(target.shown(), address, row));
            }
        }
        if !target.tls && self.purpose == Purpose::Provider && !listed && !self.contains(outer) {
            return Err(EgressRefusal::PlainHttp { target: target.shown() });
        }
        Ok(())
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.rules.iter().any(|rule| rule.contains(address))
    }

    /// The loopback exception. An address carried by a tunnel is someone else's loopback: only the
    /// target's own counts.
    fn is_own_loopback(&self, target: &CheckedTarget, address: IpAddr) -> bool {
        self.loopback
            && address.is_loopback()
            && match &target.host {
                TargetHost::Address(own) => *own == address,
                TargetHost::Name(name) => target::is_localhost(name),
            }
    }
}
