//! What becomes of the shared credentials of a provider that a document declares.

use super::super::providers::{ProviderAdmin, kept_secret};
use super::super::shared_credentials::check_list;
use super::planning::KeptProvider;
use crate::error::AdminError;
use secrecy::{ExposeSecret, SecretString};
use switchyard_domain::declaration::GivenKeys;
use switchyard_domain::declared::DeclaredProvider;
use switchyard_domain::difference::FieldChange;
use switchyard_domain::provider::{CredentialOwner, Provider, SharedPlace};
use switchyard_ports::repositories::CredentialWrite;

/// What becomes of the credential at a place: another secret stands there, or none.
struct KeyChange {
    place: SharedPlace,
    /// What is told of the one that stands there now.
    before: Option<&'static str>,
    secret: Option<SecretString>,
}

/// What is told of a stored key that goes.
const SOME_KEY: &str = "a key";
/// What is told of a stored key in whose place the given one comes.
const ANOTHER_KEY: &str = "another key";
/// The same, where nobody can say whether it is another one.
const UNREADABLE_KEY: &str = "a key that does not open";
/// What is told of a key that a document or a backup gives.
const GIVEN_KEY: &str = "the given key";

/// What becomes of a provider's shared credentials.
pub(super) struct KeyChanges {
    changes: Vec<KeyChange>,
    /// Places whose credential is forgotten with the address that it was for.
    left_behind: Vec<SharedPlace>,
}

/// The secrets that are wanted at places, and what becomes of what stands at others.
struct WantedKeys {
    at: Vec<(SharedPlace, SecretString)>,
    others: Others,
}

/// What becomes of the credentials at places of which nothing is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Stay,
    Go,
    /// They stay, but for what comes back to another place: a secret that stands twice would take two turns.
    StayOnce,
}

impl WantedKeys {
    fn of(wanted: &DeclaredProvider, kept: Option<&KeptProvider>) -> Result<Self, AdminError> {
        if let Some(kept) = kept {
            return Ok(Self { at: kept.keys.clone(), others: Others::StayOnce });
        }
        if wanted.api_keys.is_empty() {
            let only = wanted.api_key.as_ref().map(kept_secret).transpose()?.flatten();
            let at = only.into_iter().map(|secret| (SharedPlace::FIRST, secret)).collect();
            return Ok(Self { at, others: Others::Stay });
        }
        let at = SharedPlace::all().zip(check_list(&wanted.api_keys)?).collect();
        Ok(Self { at, others: Others::Go })
    }

    /// Whether what stands at a place of which nothing is said goes.
    fn drops(&self, admin: &ProviderAdmin, stored: &Provider, place: SharedPlace) -> bool {
        match self.others {
            Others::Stay => false,
            Others::Go => true,
            Others::StayOnce => self.at.iter().any(|(_, secret)| admin.holds(stored, place, secret)),
        }
    }

    fn at(&self, place: SharedPlace) -> Option<&SecretString> {
        self.at.iter().find(|(known, _)| *known == place).map(|(_, secret)| secret)
    }
}

impl KeyChanges {
    /// What differs between the credentials that are stored and those that are wanted. `kept` is what a backup has of them; it counts
    /// alone then. Where the provider `is_moved`, none of the stored ones goes along.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for what can be no credential.
    pub(super) fn of(
        admin: &ProviderAdmin,
        current: Option<&Provider>,
        wanted: &DeclaredProvider,
        kept: Option<&KeptProvider>,
        is_moved: bool,
    ) -> Result<Self, AdminError> {
        let wanted = WantedKeys::of(wanted, kept)?;
        let (mut changes, mut left_behind) = (Vec::new(), Vec::new());
        for place in SharedPlace::all() {
            let stored = current.filter(|current| current.credential_at(place).is_some());
            match (wanted.at(place), stored) {
                (Some(secret), Some(stored)) if !is_moved && admin.holds(stored, place, secret) => {}
                (Some(secret), stored) => {
                    let before = stored.map(|stored| word_of(admin, stored, place, is_moved));
                    changes.push(KeyChange { place, before, secret: Some(secret.clone()) });
                }
                (None, Some(_)) if is_moved => left_behind.push(place),
                (None, Some(stored)) if wanted.drops(admin, stored, place) => {
                    changes.push(KeyChange { place, before: Some(SOME_KEY), secret: None });
                }
                (None, _) => {}
            }
        }
        Ok(Self { changes, left_behind })
    }

    /// As a plan tells them.
    pub(super) fn told(&self) -> impl Iterator<Item = FieldChange> {
        let changed = self.changes.iter().map(|change| {
            let after = change.secret.is_some().then_some(GIVEN_KEY);
            (change.place, change.before, after)
        });
        let behind = self.left_behind.iter().map(|place| (*place, Some(SOME_KEY), None));
        changed.chain(behind).map(|(place, before, after)| FieldChange::secret(&field(place), before, after))
    }

    /// What writes them.
    pub(super) fn writes(self, admin: &ProviderAdmin) -> Vec<CredentialWrite> {
        let write = |KeyChange { place, secret, .. }| match secret {
            Some(secret) => admin.sealing(place, secret),
            None => CredentialWrite { owner: CredentialOwner::Shared(place), secret: None },
        };
        self.changes.into_iter().map(write).collect()
    }
}

/// What is told of a stored key that another one takes the place of. The same key is written anew where the provider moves.
fn word_of(admin: &ProviderAdmin, stored: &Provider, place: SharedPlace, is_moved: bool) -> &'static str {
    match admin.opened(stored, place) {
        None => UNREADABLE_KEY,
        Some(_) if is_moved => SOME_KEY,
        Some(_) => ANOTHER_KEY,
    }
}

/// Which keys a document gives a provider that is the file's; `known` is which the file gave until now. A document that says whose the
/// provider is, as an export does, and gives no key, says nothing of it: no export holds keys.
pub(super) fn given_keys(wanted: &DeclaredProvider, known: GivenKeys) -> GivenKeys {
    let first = wanted.api_key.as_ref().is_some_and(|key| !key.expose_secret().trim().is_empty());
    match (wanted.api_keys.is_empty(), first) {
        (false, _) => GivenKeys::All,
        (true, true) => GivenKeys::First,
        (true, false) if wanted.owner.is_some() => known,
        (true, false) => GivenKeys::None,
    }
}

/// How the credential at a place is called.
fn field(place: SharedPlace) -> String {
    if place == SharedPlace::FIRST { "api_key".to_owned() } else { format!("api_key at place {place}") }
}
