//! The shared credentials of a provider. Calls take turns with those that are usable.

use super::ProviderEntry;
use super::build::credential_binding;
use super::standing::{CredentialState, Fallen, Setback, Standing, Turn};
use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::{Credential, Provider, SharedPlace};
use switchyard_domain::time::Timestamp;
use switchyard_ports::clock::{Clock, Monotonic};
use switchyard_ports::vault::{Vault, VaultError};

/// Which secret it is: one that is stored in its place begins anew.
type Version = (CredentialId, i64, Timestamp);

/// A shared credential.
#[derive(Clone)]
pub struct SharedCredential {
    /// Its place among those of its provider.
    pub place: SharedPlace,
    /// Its id.
    pub id: CredentialId,
    /// Its version: sealed anew it is still the same.
    pub version: i64,
    /// The secret, or why it can't be used.
    pub secret: Result<Arc<SecretString>, String>,
    standing: Arc<Standing>,
}

impl SharedCredential {
    /// How it stands.
    #[must_use]
    pub fn state(&self, clock: &dyn Clock) -> CredentialState {
        self.standing.state(clock)
    }

    /// Whether the provider did not take it, and nothing showed since that it does.
    #[must_use]
    pub fn is_benched(&self) -> bool {
        self.standing.is_benched()
    }

    fn used(&self, turn: Turn) -> Option<SharedUse> {
        let secret = Arc::clone(self.secret.as_ref().ok()?);
        let standing = Arc::clone(&self.standing);
        Some(SharedUse { place: self.place, secret, standing, turn, is_told: false })
    }
}

/// The shared credentials of a provider, by their places.
#[derive(Clone, Default)]
pub struct SharedCredentials {
    list: Vec<SharedCredential>,
    /// Counts the calls that took one; outlives the snapshot.
    turn: Arc<AtomicUsize>,
}

/// What outlives snapshots of shared credentials.
#[derive(Default)]
pub(super) struct MemoryOfCredentials {
    standings: HashMap<Version, Arc<Standing>>,
    turns: HashMap<ProviderId, Arc<AtomicUsize>>,
}

impl MemoryOfCredentials {
    /// Forgets what is gone or was replaced; what is only switched off may come back.
    pub(super) fn keep_only(&mut self, providers: &[Provider]) {
        let ids: HashSet<ProviderId> = providers.iter().map(|provider| provider.id).collect();
        let versions: HashSet<Version> =
            providers.iter().flat_map(|provider| &provider.credentials).map(version_of).collect();
        self.turns.retain(|id, _| ids.contains(id));
        self.standings.retain(|version, _| versions.contains(version));
    }
}

fn version_of(credential: &Credential) -> Version {
    (credential.id, credential.meta.version, credential.meta.updated_at)
}

impl SharedCredentials {
    /// Opens those of a provider. One that does not open is kept with the reason.
    pub(super) fn open(
        provider: &Provider,
        before: Option<&ProviderEntry>,
        vault: &dyn Vault,
        memory: &mut MemoryOfCredentials,
    ) -> Self {
        let before = before.filter(|before| before.id == provider.id);
        let open = |credential: &Credential| {
            let place = credential.shared_place()?;
            let known =
                before.and_then(|before| before.credentials.of(credential.id, credential.meta.version));
            let secret = secret_of(provider, credential, known, vault);
            if let Err(reason) = &secret {
                tracing::warn!(
                    provider.name = %provider.name,
                    credential.place = place.number(),
                    reason = %reason,
                    "provider without one of its shared credentials"
                );
            }
            let standing = Arc::clone(memory.standings.entry(version_of(credential)).or_default());
            Some(SharedCredential {
                place,
                id: credential.id,
                version: credential.meta.version,
                secret,
                standing,
            })
        };
        let list = provider.credentials.iter().filter_map(open).collect();
        Self { list, turn: Arc::clone(memory.turns.entry(provider.id).or_default()) }
    }

    /// One that is stored nowhere.
    pub(super) fn given(secret: Arc<SecretString>) -> Self {
        let only = SharedCredential {
            place: SharedPlace::FIRST,
            id: CredentialId(0),
            version: 0,
            secret: Ok(secret),
            standing: Arc::default(),
        };
        Self { list: vec![only], turn: Arc::default() }
    }

    /// All of them, by their places.
    pub fn iter(&self) -> impl Iterator<Item = &SharedCredential> {
        self.list.iter()
    }

    /// Whether there is one that opens.
    #[must_use]
    pub fn any_opens(&self) -> bool {
        self.list.iter().any(|credential| credential.secret.is_ok())
    }

    /// Why none can be used, where there are some and none of them opens.
    #[must_use]
    pub fn unreadable(&self) -> Option<&str> {
        if self.any_opens() {
            return None;
        }
        self.list.iter().find_map(|credential| credential.secret.as_ref().err()).map(String::as_str)
    }

    /// Whether they are the same as `other`, whatever became of them.
    pub(super) fn are(&self, other: &Self) -> bool {
        let each = |shared: &Self| -> Vec<_> { shared.list.iter().map(|it| (it.id, it.version)).collect() };
        each(self) == each(other)
    }

    fn of(&self, id: CredentialId, version: i64) -> Option<&SharedCredential> {
        self.list.iter().find(|credential| (credential.id, credential.version) == (id, version))
    }

    fn opened(&self) -> impl Iterator<Item = &SharedCredential> {
        self.list.iter().filter(|credential| credential.secret.is_ok())
    }

    /// The usable one whose turn it is.
    pub(crate) fn usable(&self, now: Monotonic) -> Option<SharedUse> {
        if let [only] = self.list.as_slice() {
            return if only.secret.is_ok() { only.used(only.standing.take(now)?) } else { None };
        }
        let usable: Vec<&SharedCredential> =
            self.opened().filter(|credential| credential.standing.is_usable(now)).collect();
        let first = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(usable.len())?;
        // Another call may have taken the trial of one meanwhile.
        let in_turn = usable.iter().cycle().skip(first).take(usable.len());
        in_turn.copied().find_map(|credential| credential.used(credential.standing.take(now)?))
    }

    /// The one that a call uses: the usable one whose turn it is, else the one that will be usable first. `None` where none opens.
    pub(crate) fn choose(&self, now: Monotonic) -> Option<SharedUse> {
        self.usable(now).or_else(|| {
            let next = self.opened().min_by_key(|credential| credential.standing.until())?;
            next.used(Turn::LastResort)
        })
    }

    /// Whether a call may use one of them now.
    pub(crate) fn any_is_usable(&self, now: Monotonic) -> bool {
        self.opened().any(|credential| credential.standing.until() <= now)
    }

    /// When the first of those is usable that are not benched, but were throttled.
    pub(crate) fn next_of_the_resting(&self) -> Option<Monotonic> {
        let resting = self.opened().filter(|credential| !credential.standing.is_benched());
        resting.map(|credential| credential.standing.until()).min()
    }
}

/// A stored secret, opened, or why it can't be.
fn secret_of(
    provider: &Provider,
    credential: &Credential,
    known: Option<&SharedCredential>,
    vault: &dyn Vault,
) -> Result<Arc<SecretString>, String> {
    let binding = credential_binding(provider.id, &credential.owner.to_word());
    match (vault.open(&credential.sealed, &binding), known.map(|known| &known.secret)) {
        (Ok(secret), _) => Ok(Arc::new(secret)),
        // The same secret, sealed anew by somebody who has a key that is not at hand here: calls go on with it.
        (Err(VaultError::UnknownKey { key_id }), Some(Ok(secret))) => {
            tracing::warn!(
                provider.name = %provider.name,
                keyring.key = %key_id,
                "a stored key was sealed anew under an encryption key that this server does not have: give it that key \
                 before it starts again"
            );
            Ok(Arc::clone(secret))
        }
        (Err(error), _) => Err(format!("its stored credential can't be opened: {error}")),
    }
}

/// A call's use of a shared credential. Dropped without a word, it says nothing of the credential.
#[derive(Debug)]
pub struct SharedUse {
    /// Its place among those of its provider.
    pub place: SharedPlace,
    pub(super) secret: Arc<SecretString>,
    standing: Arc<Standing>,
    turn: Turn,
    is_told: bool,
}

impl SharedUse {
    /// The provider took it.
    pub(crate) fn accepted(mut self) {
        self.is_told = true;
        self.standing.accepted(self.turn);
    }

    /// The call failed. Answers until when the credential is not used now, and why, where it was benched by this: nothing where the
    /// fault says nothing of it.
    pub(crate) fn failed(
        mut self,
        fault: &ProviderFault,
        clock: &dyn Clock,
    ) -> Option<(Monotonic, Option<Setback>)> {
        let Fallen { until, benched } = self.standing.failed(self.turn, fault, clock)?;
        self.is_told = true;
        Some((until, benched))
    }
}

impl Drop for SharedUse {
    fn drop(&mut self) {
        if !self.is_told {
            self.standing.undecided(self.turn);
        }
    }
}
