//! People: how they register, sign in, and stay signed in; what they may change of themselves, and what administrators may.

mod admin;
mod error;
mod familiar;
mod gate;
mod hashing;
mod links;
mod own;
mod refusals;
mod registration;
mod sign_in;
mod throttles;
mod together;
mod tokens;

pub use admin::{ChangedUser, IssuedLink, UserAdmin};
pub use error::AccountError;
pub use gate::{Refused, SessionGate, SignedIn};
pub use hashing::PasswordDesk;
pub use links::{LinkUse, Links};
pub use own::OwnAccount;
pub use registration::{Registration, RegistrationPolicy, RegistrationRequest};
pub use sign_in::{LogIn, SignIn};
pub use throttles::{Rates, Throttles};
pub use together::{Accounts, session_gate};
pub use tokens::IssuedTokens;

use crate::snapshot::ConfigurationKeeper;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::user::{PasswordPolicy, User};
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::repositories::{AuditLog, Author, SessionRepository, UserRepository};
use switchyard_ports::tokens::{CsrfValues, OneTimeSecrets, Tokens};

/// How accounts are administered here.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// How good passwords are.
    pub password_policy: PasswordPolicy,
    /// How long an access token lives.
    pub access_lifetime: Duration,
    /// How long a session can be refreshed, from its beginning.
    pub refresh_lifetime: Duration,
    /// How often may be tried.
    pub rates: Rates,
    /// How many virtual keys somebody may have who does not administer.
    pub most_keys: u32,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            registration: RegistrationPolicy::Closed,
            password_policy: PasswordPolicy::Standard,
            access_lifetime: Duration::from_secs(15 * 60),
            refresh_lifetime: Duration::from_secs(7 * 24 * 60 * 60),
            rates: Rates::default(),
            most_keys: crate::admin::MOST_KEYS,
        }
    }
}

/// What every use case of accounts needs.
#[derive(Clone)]
pub struct AccountPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of sessions and tokens.
    pub entropy: Arc<dyn Entropy>,
    /// People.
    pub users: Arc<dyn UserRepository>,
    /// Their sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// What they did.
    pub audit: Arc<dyn AuditLog>,
    /// The hashing of passwords.
    pub passwords: Arc<PasswordDesk>,
    /// Signed tokens.
    pub tokens: Arc<dyn Tokens>,
    /// Values against forged requests.
    pub csrf: Arc<dyn CsrfValues>,
    /// Secrets of links.
    pub secrets: Arc<dyn OneTimeSecrets>,
    /// How often may be tried.
    pub throttles: Arc<Throttles>,
    /// What calls read; absent where no calls are served (the command line).
    pub keeper: Option<Arc<ConfigurationKeeper>>,
}

/// From where somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// From which address.
    pub address: Option<IpAddr>,
    /// In which request.
    pub request_id: Option<String>,
    /// What the client calls itself.
    pub agent: Option<String>,
}

impl Client {
    /// A person who writes configuration from here.
    #[must_use]
    pub fn writer(&self, user: &User) -> Writer {
        self.named(user.username.to_string())
    }

    /// Somebody who need not say who they are.
    #[must_use]
    pub fn anonymous(&self) -> Writer {
        self.named("anonymous".to_owned())
    }

    /// Whoever holds a virtual key.
    #[must_use]
    pub fn holder(&self, key: VirtualKeyId) -> Writer {
        self.named(format!("key:{key}"))
    }

    fn named(&self, name: String) -> Writer {
        Writer {
            owner: Owner::Api,
            name: name.into(),
            address: self.address,
            request_id: self.request_id.clone(),
        }
    }
}

impl AccountPorts {
    fn author(&self, by: Writer) -> Author {
        Author { by, at: self.clock.now() }
    }

    /// Writes down what somebody was refused.
    async fn note_refusal(
        &self,
        by: &Writer,
        action: AuditAction,
        object: String,
    ) -> Result<(), AccountError> {
        let record = self.author(by.clone()).did_to(action, object);
        Ok(self.audit.record(AuditRecord { outcome: AuditOutcome::Refused, ..record }).await?)
    }

    /// Waits until the write is what calls read.
    async fn read_own_write(&self) {
        if let Some(keeper) = &self.keeper
            && let Err(error) = keeper.refresh().await
        {
            tracing::warn!(error = %error, "a change was written but can't be read back yet");
        }
    }
}
