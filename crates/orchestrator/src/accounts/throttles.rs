//! How often something about accounts may be tried, and by whom.

use super::Client;
use super::error::AccountError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_ports::throttle::{Rate, Throttle};

const MINUTE: Duration = Duration::from_secs(60);

/// Wrong passwords for one account from one source. Others' tries never count against its owner.
const WRONG_PASSWORDS: Rate = Rate { count: 10, window: Duration::from_secs(15 * 60) };
/// Wrong links from one source.
const WRONG_LINKS: Rate = Rate { count: 10, window: MINUTE };

/// Writes of configuration by one person who does not administer: each leaves an entry in a log that is never cut.
const CHANGES: Rate = Rate { count: 120, window: MINUTE };

/// How often may be tried from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Registrations.
    pub register: Rate,
    /// Logins.
    pub login: Rate,
    /// Refreshes, and likewise logouts.
    pub session: Rate,
    /// Requests of the documented `/api/auth/*` and `/api/profile` together; absent: any number.
    pub documented: Option<Rate>,
}

impl Default for Rates {
    fn default() -> Self {
        let per_minute = |count| Rate { count, window: MINUTE };
        Self {
            register: per_minute(5),
            login: per_minute(10),
            session: per_minute(20),
            documented: Some(per_minute(60)),
        }
    }
}

/// Counts tries.
pub struct Throttles {
    throttle: Arc<dyn Throttle>,
    rates: Rates,
}

impl Throttles {
    /// Counts by these rates.
    #[must_use]
    pub fn new(throttle: Arc<dyn Throttle>, rates: Rates) -> Self {
        Self { throttle, rates }
    }

    pub(super) fn registration(&self, client: &Client) -> Result<(), AccountError> {
        self.take("register", client, self.rates.register)
    }

    pub(super) fn login(&self, client: &Client) -> Result<(), AccountError> {
        self.take("login", client, self.rates.login)
    }

    pub(super) fn refresh(&self, client: &Client) -> Result<(), AccountError> {
        self.take("refresh", client, self.rates.session)
    }

    pub(super) fn logout(&self, client: &Client) -> Result<(), AccountError> {
        self.take("logout", client, self.rates.session)
    }

    pub(super) fn link(&self, client: &Client) -> Result<(), AccountError> {
        self.take("link", client, WRONG_LINKS)
    }

    /// A request of the surface whose document names one rate for all.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub fn documented(&self, client: &Client) -> Result<(), AccountError> {
        self.rates.documented.map_or(Ok(()), |rate| self.take("documented", client, rate))
    }

    /// Somebody is about to write configuration of their own, such as a key.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub fn change(&self, person: &User) -> Result<(), AccountError> {
        if person.role == Role::Admin {
            return Ok(());
        }
        self.throttle.take(&format!("change:{}", person.id), CHANGES).map_err(AccountError::Throttled)
    }

    /// A password for this account is about to be looked at.
    pub(super) fn password(&self, key: &str, client: &Client) -> Result<(), AccountError> {
        let scope = password_scope(key, client);
        self.throttle.take(&scope, WRONG_PASSWORDS).map_err(AccountError::Throttled)
    }

    /// It was right: what came before counts no more.
    pub(super) fn password_was_right(&self, key: &str, client: &Client) {
        self.throttle.forget(&password_scope(key, client));
    }

    fn take(&self, what: &str, client: &Client, rate: Rate) -> Result<(), AccountError> {
        self.throttle.take(&format!("{what}:{}", source(client)), rate).map_err(AccountError::Throttled)
    }
}

fn password_scope(key: &str, client: &Client) -> String {
    // No account has a longer key, and scopes stay small.
    let key: String = key.chars().take(64).collect();
    format!("password:{}:{key}", source(client))
}

/// A network that one person may have for themselves: an IPv4 address, an IPv6 /64.
fn source(client: &Client) -> String {
    match client.address.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}
