//! On whose behalf a call is made.

use crate::accounts::SessionGate;
use crate::snapshot::{KeyDirectory, UserEntry};
use std::sync::Arc;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::clock::Clock;
use switchyard_ports::virtual_keys::KeyMint;

/// On whose behalf a call is made.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A virtual key's.
    Key(Arc<VirtualKey>),
    /// A person's who signed in.
    User(Arc<UserEntry>),
    /// Somebody's on this machine who tries the simulated models.
    Demo,
    /// Nobody's in particular, where the operator switched authentication off.
    Anonymous,
    /// The program's that embeds the library.
    Program,
}

impl Principal {
    /// Whether the call may use the route or provider's model of this public name.
    #[must_use]
    pub fn allows(&self, public_name: &str, simulated: bool) -> bool {
        match self {
            Self::Key(key) => key.allows(public_name),
            Self::Demo => simulated,
            Self::User(_) | Self::Anonymous | Self::Program => true,
        }
    }

    /// Who pays.
    #[must_use]
    pub fn key_id(&self) -> Option<VirtualKeyId> {
        if let Self::Key(key) = self { Some(key.id) } else { None }
    }

    /// Whose call it is: the person's who calls, or the owner's of the key.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Key(key) => key.user,
            Self::User(entry) => Some(entry.user.id),
            Self::Demo | Self::Anonymous | Self::Program => None,
        }
    }
}

/// Finds the principal of what a client presents.
pub struct Authenticator {
    mint: Arc<dyn KeyMint>,
    clock: Arc<dyn Clock>,
    directory: Arc<KeyDirectory>,
    sessions: Option<Arc<SessionGate>>,
}

impl Authenticator {
    /// Over the given directory.
    #[must_use]
    pub fn new(mint: Arc<dyn KeyMint>, clock: Arc<dyn Clock>, directory: Arc<KeyDirectory>) -> Self {
        Self { mint, clock, directory, sessions: None }
    }

    /// The same, which knows people by their access tokens too.
    #[must_use]
    pub fn with_sessions(self, sessions: Arc<SessionGate>) -> Self {
        Self { sessions: Some(sessions), ..self }
    }

    /// Whether somebody administers this server: then nobody needs to be shown around it.
    #[must_use]
    pub fn is_administered(&self) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| sessions.is_administered())
    }

    /// The person whose access token a client presents, if it is valid now. Asks no database.
    #[must_use]
    pub fn user(&self, presented: &str) -> Option<Principal> {
        let signed_in = self.sessions.as_ref()?.known(presented).ok()?;
        Some(Principal::User(signed_in.entry))
    }

    /// The key that a client presents, if it is one of ours and usable now. A key that was never made by us is refused
    /// without a look-up. Nor is one taken whose owner was switched off.
    #[must_use]
    pub fn virtual_key(&self, presented: &str) -> Option<Principal> {
        let hash = self.mint.hash(presented)?;
        let (key, now) = (self.directory.find(&hash)?, self.clock.now());
        let is_off = |gate: &Arc<SessionGate>| key.user.is_some_and(|owner| gate.is_switched_off(owner));
        if self.sessions.as_ref().is_some_and(is_off) {
            return None;
        }
        (key.is_usable(now) && key.is_hashed_as(&hash, now)).then_some(Principal::Key(key))
    }
}
