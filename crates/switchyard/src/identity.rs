//! What accounts stand on, and the use cases over it.

use crate::adapters::{Adapters, OpenSecrets};
use crate::error::OpenError;
use std::sync::Arc;
use switchyard_orchestrator::accounts::{AccountPorts, AccountSettings, PasswordDesk, Throttles};
use switchyard_orchestrator::snapshot::ConfigurationKeeper;
use switchyard_ports::repositories::{AuditLog, SessionRepository, UserRepository};
use switchyard_ports::throttle::Throttle;
use switchyard_ports::tokens::{CsrfValues, OneTimeSecrets, Tokens};
use switchyard_security::csrf::SessionCsrf;
use switchyard_security::derive::{Purpose, SubKey};
use switchyard_security::one_time::HashedSecrets;
use switchyard_security::passwords::{Argon2Passwords, Cost};
use switchyard_security::tokens::JwtTokens;

/// Hashes of passwords are made by at most so many threads, each with 64 MiB.
const MOST_AT_ONCE: usize = 4;

/// The adapters that know people.
#[derive(Clone)]
pub(crate) struct Identity {
    passwords: Arc<PasswordDesk>,
    tokens: Arc<dyn Tokens>,
    csrf: Arc<dyn CsrfValues>,
    secrets: Arc<dyn OneTimeSecrets>,
    throttle: Arc<dyn Throttle>,
}

impl Identity {
    pub(crate) fn new(
        secrets: &OpenSecrets,
        cost: Cost,
        throttle: Arc<dyn Throttle>,
    ) -> Result<Self, OpenError> {
        let passwords = Argon2Passwords::new(cost).map_err(|error| OpenError::Accounts(error.to_string()))?;
        let tokens = JwtTokens::new(&secrets.jwt_secret, secrets.jwt_secret_previous.as_ref())
            .map_err(|error| OpenError::Accounts(error.to_string()))?;
        let sub_key = |purpose| SubKey::of(&secrets.secret_key, purpose);
        Ok(Self {
            passwords: Arc::new(PasswordDesk::new(Arc::new(passwords), at_once())),
            tokens: Arc::new(tokens),
            csrf: Arc::new(SessionCsrf::new(&sub_key(Purpose::Csrf))),
            secrets: Arc::new(HashedSecrets::new(&sub_key(Purpose::OneTimeSecrets))),
            throttle,
        })
    }
}

/// Half of the processors: the others are for calls.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get() / 2).clamp(1, MOST_AT_ONCE)
}

/// What the use cases of accounts need.
pub(crate) fn account_ports(
    adapters: &Adapters,
    settings: &AccountSettings,
    keeper: Option<Arc<ConfigurationKeeper>>,
) -> AccountPorts {
    let identity = adapters.identity.clone();
    AccountPorts {
        clock: Arc::clone(&adapters.clock),
        entropy: Arc::clone(&adapters.entropy),
        users: Arc::clone(&adapters.database) as Arc<dyn UserRepository>,
        sessions: Arc::clone(&adapters.database) as Arc<dyn SessionRepository>,
        audit: Arc::clone(&adapters.database) as Arc<dyn AuditLog>,
        passwords: identity.passwords,
        tokens: identity.tokens,
        csrf: identity.csrf,
        secrets: identity.secrets,
        throttles: Arc::new(Throttles::new(identity.throttle, settings.rates)),
        keeper,
    }
}
