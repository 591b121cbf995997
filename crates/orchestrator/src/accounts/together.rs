//! The use cases of accounts, put together.

use super::{
    AccountPorts, AccountSettings, Links, OwnAccount, Registration, SessionGate, SignIn, Throttles, UserAdmin,
};
use crate::snapshot::ConfigurationKeeper;
use std::sync::Arc;

/// The use cases of accounts. Only an argument list: whatever answers a request asks for the one that it calls.
#[derive(Clone)]
pub struct Accounts {
    /// New accounts.
    pub registration: Arc<Registration>,
    /// Sessions.
    pub sign_in: Arc<SignIn>,
    /// One's own account.
    pub own: Arc<OwnAccount>,
    /// Others' accounts.
    pub admin: Arc<UserAdmin>,
    /// Links of one use.
    pub links: Arc<Links>,
    /// How often may be tried.
    pub throttles: Arc<Throttles>,
}

impl Accounts {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: &AccountPorts, settings: &AccountSettings) -> Self {
        let sign_in = Arc::new(SignIn::new(ports.clone(), settings.clone()));
        let registration = Registration::new(ports.clone(), settings.clone(), Arc::clone(&sign_in));
        let registration = Arc::new(registration);
        Self {
            own: Arc::new(OwnAccount::new(ports.clone(), settings.clone())),
            admin: Arc::new(UserAdmin::new(ports.clone(), Arc::clone(&sign_in))),
            links: Arc::new(Links::new(ports.clone(), settings.clone(), Arc::clone(&registration))),
            throttles: Arc::clone(&ports.throttles),
            registration,
            sign_in,
        }
    }
}

/// Who presents a token, over the same ports and the people whom the keeper keeps.
#[must_use]
pub fn session_gate(ports: &AccountPorts, keeper: Arc<ConfigurationKeeper>) -> Arc<SessionGate> {
    Arc::new(SessionGate::new(ports, keeper))
}
