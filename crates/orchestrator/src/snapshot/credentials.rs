//! Whose credential a call uses: the virtual key's own, then its owner's, then the shared one where that is permitted.
//!
//! The credentials of users and keys stand sealed in a directory in memory, beside the snapshot, and are opened when they are
//! used: calls ask no database, and no more secrets lie open than are needed.

use super::build::credential_binding;
use super::rests::Rests;
use super::{ProviderEntry, SharedUse, Snapshot};
use crate::principal::Principal;
use secrecy::SecretString;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::{CredentialOwner, CredentialSource};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::repositories::StoredCredential;
use switchyard_ports::vault::Vault;

type Place = (ProviderId, CredentialOwner);

/// The credentials of users and keys.
pub struct CredentialDirectory {
    vault: Arc<dyn Vault>,
    /// Whether calls may use shared credentials.
    shares: bool,
    stored: RwLock<Stored>,
    rests: Rests,
}

#[derive(Default)]
struct Stored {
    sealed: HashMap<Place, (CredentialId, Arc<str>)>,
    places: HashMap<CredentialId, Place>,
}

impl CredentialDirectory {
    /// An empty directory. `shares` says whether calls may use shared credentials.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, shares: bool) -> Self {
        Self { vault, shares, stored: RwLock::default(), rests: Rests::default() }
    }

    /// Whether calls may use shared credentials.
    #[must_use]
    pub fn shares(&self) -> bool {
        self.shares
    }

    /// Adds a credential or replaces it. Shared ones stand at their providers and are left out.
    pub fn put(&self, stored: StoredCredential) {
        let StoredCredential { provider, credential } = stored;
        if credential.owner.is_shared() {
            return;
        }
        let place = (provider, credential.owner);
        let mut all = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.sealed.insert(place.clone(), (credential.id, Arc::from(credential.sealed)));
        if let Some((id, _)) = before.filter(|(id, _)| *id != credential.id) {
            all.places.remove(&id);
        }
        all.places.insert(credential.id, place);
        drop(all);
        // It may be another secret.
        self.rests.forget(credential.id);
    }

    /// Removes a credential. One that was stored in its place since, under another id, stays.
    pub fn remove(&self, id: CredentialId) {
        let mut all = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.places.remove(&id)
            && all.sealed.get(&place).is_some_and(|(there, _)| *there == id)
        {
            all.sealed.remove(&place);
        }
    }

    /// Removes what belongs to providers that are gone.
    pub fn keep_only(&self, providers: &HashSet<ProviderId>) {
        let mut all = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        all.sealed.retain(|(provider, _), _| providers.contains(provider));
        all.places.retain(|_, (provider, _)| providers.contains(provider));
    }

    /// Removes what belongs to owners who are gone.
    pub fn remove_owners(&self, owners: &HashSet<CredentialOwner>) {
        if owners.is_empty() || self.is_empty() {
            return;
        }
        let mut all = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        all.sealed.retain(|(_, owner), _| !owners.contains(owner));
        all.places.retain(|_, (_, owner)| !owners.contains(owner));
    }

    /// The ids of all credentials.
    #[must_use]
    pub fn ids(&self) -> Vec<CredentialId> {
        let all = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        all.places.keys().copied().collect()
    }

    fn sealed(&self, place: &Place) -> Option<(CredentialId, Arc<str>)> {
        let all = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        all.sealed.get(place).map(|(id, sealed)| (*id, Arc::clone(sealed)))
    }

    fn is_empty(&self) -> bool {
        self.stored.read().unwrap_or_else(PoisonError::into_inner).sealed.is_empty()
    }
}

/// The owners whose credentials a call of this principal uses, in their order, before the shared one.
fn owners_of(principal: &Principal) -> Vec<CredentialOwner> {
    let key = principal.key_id().map(|id| CredentialOwner::VirtualKey(id.0));
    let user = principal.user_id().map(|id| CredentialOwner::User(id.0));
    key.into_iter().chain(user).collect()
}

/// A credential that a call uses.
#[derive(Debug)]
pub struct ChosenCredential {
    /// Whose it is.
    pub source: CredentialSource,
    /// The secret.
    pub secret: Arc<SecretString>,
    /// Which of the provider's shared ones it is, where it is one.
    pub shared: Option<SharedUse>,
    /// Which of the caller's own it is, where it is one.
    pub own: Option<OwnUse>,
}

/// A call's use of a credential of its caller's own.
#[derive(Clone)]
pub struct OwnUse {
    directory: Arc<CredentialDirectory>,
    id: CredentialId,
}

impl fmt::Debug for OwnUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnUse").field("id", &self.id).finish_non_exhaustive()
    }
}

impl OwnUse {
    /// A model of the provider throttled it: no call takes it there before this time is over.
    pub(crate) fn throttled(&self, model: &str, now: Monotonic, asked: Option<Duration>) {
        self.directory.rests.throttled(self.id, model, now, asked);
    }

    /// For how long it is left alone at a model yet, for who asks there for the first time, or once more after a failure.
    pub(crate) fn rests(
        &self,
        model: &str,
        now: Monotonic,
        failed_at: Option<Monotonic>,
    ) -> Option<Duration> {
        self.directory.rests.left(self.id, model, now, failed_at)
    }
}

impl From<SharedUse> for ChosenCredential {
    fn from(shared: SharedUse) -> Self {
        let secret = Arc::clone(&shared.secret);
        Self { source: CredentialSource::Shared, secret, shared: Some(shared), own: None }
    }
}

/// The credentials that one caller may use.
#[derive(Clone)]
pub struct CallerCredentials {
    directory: Option<Arc<CredentialDirectory>>,
    owners: Vec<CredentialOwner>,
    shares: bool,
}

/// The credentials that calls of this principal may use.
#[must_use]
pub fn credentials_of(snapshot: &Snapshot, principal: &Principal) -> CallerCredentials {
    let directory = snapshot.credentials.as_ref();
    // The program that embeds the library has no other credentials than those that it stored itself.
    let shares =
        matches!(principal, Principal::Program) || directory.is_none_or(|directory| directory.shares);
    match directory.filter(|directory| !directory.is_empty()) {
        Some(directory) => {
            CallerCredentials { directory: Some(Arc::clone(directory)), owners: owners_of(principal), shares }
        }
        None => CallerCredentials { directory: None, owners: Vec::new(), shares },
    }
}

impl CallerCredentials {
    /// The first of the caller's own credentials for a provider, sealed, and whose it is.
    fn own(&self, provider: &ProviderEntry) -> Option<(CredentialOwner, CredentialId, Arc<str>)> {
        let directory = self.directory.as_ref()?;
        self.owners.iter().find_map(|owner| {
            let (id, sealed) = directory.sealed(&(provider.id, owner.clone()))?;
            Some((owner.clone(), id, sealed))
        })
    }

    /// Of the caller's own credential for a provider: how long it is left alone at a model yet, where it is. `None` where the caller has
    /// none of their own.
    pub(crate) fn own_rest(
        &self,
        provider: &ProviderEntry,
        model: &str,
        now: Monotonic,
    ) -> Option<Option<Duration>> {
        let (_, id, _) = self.own(provider)?;
        Some(self.directory.as_ref()?.rests.left(id, model, now, None))
    }

    /// Whether there is a credential for a provider. It may turn out not to open.
    #[must_use]
    pub fn has(&self, provider: &ProviderEntry) -> bool {
        self.own(provider).is_some() || (self.may_use_shared(provider) && provider.credentials.any_opens())
    }

    /// Whether the provider's shared credentials may be used: those that are set apart for a route are there to be shared by its calls.
    fn may_use_shared(&self, provider: &ProviderEntry) -> bool {
        self.shares || provider.set_apart_for.is_some()
    }

    /// The credential that a call to a provider uses now; `None` where there is none.
    ///
    /// # Errors
    /// Why the one that would be used can't be opened. Another one is not used then: it would be another account's bill.
    pub fn choose(
        &self,
        provider: &ProviderEntry,
        now: Monotonic,
    ) -> Result<Option<ChosenCredential>, String> {
        if let Some((source, secret, own)) = self.opened_own(provider)? {
            let secret = Arc::new(secret);
            return Ok(Some(ChosenCredential { source, secret, shared: None, own: Some(own) }));
        }
        if !self.may_use_shared(provider) {
            return Ok(None);
        }
        match provider.credentials.unreadable() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(provider.credentials.choose(now).map(ChosenCredential::from)),
        }
    }

    /// Whose credential a call to a provider would use. No turn is taken.
    ///
    /// # Errors
    /// As for [`CallerCredentials::choose`].
    pub fn source(&self, provider: &ProviderEntry) -> Result<Option<CredentialSource>, String> {
        if let Some((source, ..)) = self.opened_own(provider)? {
            return Ok(Some(source));
        }
        if !self.may_use_shared(provider) {
            return Ok(None);
        }
        match provider.credentials.unreadable() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(provider.credentials.any_opens().then_some(CredentialSource::Shared)),
        }
    }

    fn opened_own(
        &self,
        provider: &ProviderEntry,
    ) -> Result<Option<(CredentialSource, SecretString, OwnUse)>, String> {
        let (Some((owner, id, sealed)), Some(directory)) = (self.own(provider), &self.directory) else {
            return Ok(None);
        };
        let opened = directory.vault.open(&sealed, &credential_binding(provider.id, &owner.to_word()));
        let secret = opened.map_err(|error| format!("a stored credential can't be opened: {error}"))?;
        let own = OwnUse { directory: Arc::clone(directory), id };
        Ok(Some((CredentialSource::of(&owner), secret, own)))
    }
}
