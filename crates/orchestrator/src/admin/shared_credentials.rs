//! The shared credentials of a provider: added, replaced, removed, looked at, tried. No answer holds one.

use super::credentials::UNREADABLE;
use super::providers::{ProviderAdmin, hint_of, kept_secret};
use super::{AdminPorts, refuse_declared};
use crate::error::AdminError;
use crate::snapshot::{CredentialState, credential_binding};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::declaration::GivenKeys;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Credential, CredentialOwner, Provider, SharedPlace};
use switchyard_domain::time::Timestamp;
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::repositories::{RepositoryError, SealedSecret};
use switchyard_ports::vault::Vault;

/// How often a write is tried while others change the provider.
const TRIES: usize = 4;

/// A shared credential, as people may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedCredentialEntry {
    /// Its place, from 1.
    pub place: SharedPlace,
    /// The last characters, or [`UNREADABLE`].
    pub hint: String,
    /// When it was stored.
    pub set_at: Timestamp,
    /// How it stands with the provider, as this process has seen; `None` where no calls are served, the provider is switched off, or it
    /// can't be opened.
    pub state: Option<CredentialState>,
}

/// A provider by its id or its name, at any version or at an expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderRef<'a> {
    which: Which<'a>,
    expected_version: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which<'a> {
    Id(ProviderId),
    Name(&'a Name),
}

impl ProviderRef<'_> {
    /// The same at this version alone: [`RepositoryError::Stale`] at any other.
    #[must_use]
    pub fn at_version(self, expected_version: Option<i64>) -> Self {
        Self { expected_version, ..self }
    }
}

impl From<ProviderId> for ProviderRef<'_> {
    fn from(id: ProviderId) -> Self {
        Self { which: Which::Id(id), expected_version: None }
    }
}

impl<'a> From<&'a Name> for ProviderRef<'a> {
    fn from(name: &'a Name) -> Self {
        Self { which: Which::Name(name), expected_version: None }
    }
}

/// Administers the shared credentials of providers.
pub struct SharedCredentialAdmin {
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    vault: Arc<dyn Vault>,
}

impl SharedCredentialAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts, providers: Arc<ProviderAdmin>, vault: Arc<dyn Vault>) -> Self {
        Self { ports, providers, vault }
    }

    /// Stores another credential at the first free place, and answers which that is. Nobody is called.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for a text that can be no credential, for one that is stored already, and where every place is
    /// taken; [`RepositoryError::NotFound`] for an unknown provider; [`AdminError::FileOwned`] for anybody but the file where the file
    /// gives the provider a list of them; [`RepositoryError::Stale`] where somebody else changed it meanwhile.
    pub async fn add(
        &self,
        provider: impl Into<ProviderRef<'_>>,
        secret: &SecretString,
        by: &Writer,
    ) -> Result<SharedPlace, AdminError> {
        let secret = some_secret(secret)?;
        let which = provider.into();
        let _turn = self.providers.changes.wait(which.expected_version).await;
        let mut tries = TRIES;
        loop {
            let provider = self.read_at_version(which).await?;
            self.refuse_twin(&provider, &secret, None)?;
            let place = free_place(&provider)?;
            // Where the file gives a list it gives all of them: at the next start, what is added would be gone.
            if provider.declaration.given_keys == GivenKeys::All {
                refuse_given(&provider, place, by)?;
            }
            let owner = CredentialOwner::Shared(place);
            let sealed = self.sealed(&provider, &owner, &secret)?;
            let (version, author) = (Some(provider.meta.version), self.ports.author(by));
            let added =
                self.ports.configuration.add_credential(provider.id, &owner, sealed, version, &author);
            tries -= 1;
            match added.await {
                // Somebody else was quicker, or the encryption key was changed meanwhile.
                Err(error) if tries > 0 && which.may_try_again(&error) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    self.ports.read_own_write().await;
                    return Ok(place);
                }
            }
        }
    }

    /// Puts another credential in the place of one.
    ///
    /// # Errors
    /// As for [`SharedCredentialAdmin::add`]; [`RepositoryError::NotFound`] where none stands at this place; and
    /// [`AdminError::FileOwned`] where the file gives this one.
    pub async fn replace(
        &self,
        provider: impl Into<ProviderRef<'_>>,
        place: SharedPlace,
        secret: &SecretString,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let secret = some_secret(secret)?;
        self.put(provider.into(), place, Some(&secret), by).await
    }

    /// Forgets a credential. Those at other places stay where they are.
    ///
    /// # Errors
    /// As for [`SharedCredentialAdmin::replace`].
    pub async fn remove(
        &self,
        provider: impl Into<ProviderRef<'_>>,
        place: SharedPlace,
        by: &Writer,
    ) -> Result<(), AdminError> {
        self.put(provider.into(), place, None, by).await
    }

    /// The shared credentials of a provider, by their places.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] for an unknown provider.
    pub async fn list(
        &self,
        provider: impl Into<ProviderRef<'_>>,
    ) -> Result<Vec<SharedCredentialEntry>, AdminError> {
        let provider = self.read(provider.into()).await?;
        Ok(self.entries(&provider))
    }

    /// The shared credentials of a provider that was read, by their places.
    #[must_use]
    pub fn entries(&self, provider: &Provider) -> Vec<SharedCredentialEntry> {
        let entry = |credential: &Credential| {
            let opens = self.open(provider, credential).is_ok();
            Some(SharedCredentialEntry {
                place: credential.shared_place()?,
                hint: if opens { credential.hint.clone() } else { UNREADABLE.to_owned() },
                set_at: credential.meta.updated_at,
                state: if opens { self.state(provider, credential) } else { None },
            })
        };
        provider.credentials.iter().filter_map(entry).collect()
    }

    fn state(&self, provider: &Provider, credential: &Credential) -> Option<CredentialState> {
        let snapshot = self.ports.keeper.as_ref()?.snapshot();
        let entry = snapshot.providers.get(provider.name.as_str())?;
        let is_it = (credential.id, credential.meta.version);
        let known = entry.credentials.iter().find(|known| (known.id, known.version) == is_it)?;
        Some(known.state(self.ports.clock.as_ref()))
    }

    /// Tries one of them: asks the provider for its models, without a billed call. It is written down who did.
    ///
    /// # Errors
    /// As for [`ProviderAdmin::test`], and [`RepositoryError::NotFound`] where none stands at this place.
    pub async fn test(
        &self,
        provider: impl Into<ProviderRef<'_>>,
        place: SharedPlace,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let provider = self.read(provider.into()).await?;
        let credential = stored(&provider, place)?;
        let secret = Arc::new(self.open(&provider, credential)?);
        self.providers.probe(&provider, Some((credential.owner.clone(), secret)), timeout, by).await
    }

    async fn read(&self, which: ProviderRef<'_>) -> Result<Provider, AdminError> {
        match which.which {
            Which::Id(id) => self.providers.by_id(id).await,
            Which::Name(name) => self.providers.find(name).await,
        }
    }

    /// The credential at a place.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] where there is no such provider, or none stands at this place.
    pub async fn show(
        &self,
        provider: impl Into<ProviderRef<'_>>,
        place: SharedPlace,
    ) -> Result<SharedCredentialEntry, AdminError> {
        let provider = self.read(provider.into()).await?;
        let found = self.entries(&provider).into_iter().find(|entry| entry.place == place);
        Ok(found.ok_or_else(|| missing(&provider, place))?)
    }

    /// A secret that stands twice takes two turns, and is throttled twice.
    fn refuse_twin(
        &self,
        provider: &Provider,
        secret: &SecretString,
        except: Option<SharedPlace>,
    ) -> Result<(), AdminError> {
        let others =
            provider.credentials.iter().filter(|other| except.is_none() || other.shared_place() != except);
        let twin = others.into_iter().find(|other| self.is_same(provider, other, secret));
        match twin.and_then(Credential::shared_place) {
            Some(place) => {
                Err(AdminError::invalid("api_key", format!("this key stands at place {place} already")))
            }
            None => Ok(()),
        }
    }

    fn is_same(&self, provider: &Provider, stored: &Credential, secret: &SecretString) -> bool {
        self.open(provider, stored).is_ok_and(|stored| stored.expose_secret() == secret.expose_secret())
    }

    fn open(&self, provider: &Provider, stored: &Credential) -> Result<SecretString, AdminError> {
        let binding = credential_binding(provider.id, &stored.owner.to_word());
        Ok(self.vault.open(&stored.sealed, &binding)?)
    }

    fn sealed(
        &self,
        provider: &Provider,
        owner: &CredentialOwner,
        secret: &SecretString,
    ) -> Result<SealedSecret, AdminError> {
        let binding = credential_binding(provider.id, &owner.to_word());
        Ok(SealedSecret { sealed: self.vault.seal(secret, &binding)?, hint: hint_of(secret) })
    }

    /// Puts another credential in the place of one, or none. What was found out of the provider holds for the version that was read.
    async fn put(
        &self,
        which: ProviderRef<'_>,
        place: SharedPlace,
        secret: Option<&SecretString>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let owner = CredentialOwner::Shared(place);
        let _turn = self.providers.changes.wait(which.expected_version).await;
        let mut tries = TRIES;
        loop {
            let provider = self.read_at_version(which).await?;
            stored(&provider, place)?;
            refuse_given(&provider, place, by)?;
            if let Some(secret) = secret {
                self.refuse_twin(&provider, secret, Some(place))?;
            }
            let sealed = secret.map(|secret| self.sealed(&provider, &owner, secret)).transpose()?;
            let (version, author) = (Some(provider.meta.version), self.ports.author(by));
            let written =
                self.ports.configuration.put_credential(provider.id, &owner, sealed, version, &author);
            tries -= 1;
            match written.await {
                Err(error) if tries > 0 && which.may_try_again(&error) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    self.ports.read_own_write().await;
                    return Ok(());
                }
            }
        }
    }

    /// A provider, at the version that is expected.
    async fn read_at_version(&self, which: ProviderRef<'_>) -> Result<Provider, AdminError> {
        let provider = self.read(which).await?;
        let current = provider.meta.version;
        if which.expected_version.is_some_and(|expected| expected != current) {
            return Err(RepositoryError::Stale { current }.into());
        }
        Ok(provider)
    }
}

/// Refuses to change what the file gives at a place: it would be there again when the file is read.
fn refuse_given(provider: &Provider, place: SharedPlace, by: &Writer) -> Result<(), AdminError> {
    let what = || match provider.declaration.given_keys {
        GivenKeys::All => format!("the list of keys of the provider `{}`", provider.name),
        GivenKeys::First | GivenKeys::None => format!("this key of the provider `{}`", provider.name),
    };
    refuse_declared(provider.is_given(place), what, by)
}

impl ProviderRef<'_> {
    /// Whether a write that failed so can be tried anew over what is stored by then.
    fn may_try_again(self, error: &RepositoryError) -> bool {
        match error {
            RepositoryError::Conflict { .. } => true,
            RepositoryError::Stale { .. } => self.expected_version.is_none(),
            _ => false,
        }
    }
}

/// The secrets of a list in the form that is kept.
///
/// # Errors
/// [`AdminError::Invalid`], naming the place in the list, for a text that can be no credential, one that stands there twice, and a
/// list that is too long.
pub(super) fn check_list(secrets: &[SecretString]) -> Result<Vec<SecretString>, AdminError> {
    if secrets.len() > usize::from(SharedPlace::MOST) {
        return Err(AdminError::invalid("api_keys", full()));
    }
    let mut kept: Vec<SecretString> = Vec::with_capacity(secrets.len());
    for (index, secret) in secrets.iter().enumerate() {
        let param = format!("api_keys[{index}]");
        let form = switchyard_domain::credential::kept_form(secret.expose_secret());
        let secret = form.map_err(|unfit| AdminError::invalid(&param, unfit.to_string()))?;
        if secret.expose_secret().is_empty() {
            return Err(AdminError::invalid(&param, "is empty"));
        }
        if kept.iter().any(|known| known.expose_secret() == secret.expose_secret()) {
            return Err(AdminError::invalid(&param, "stands in the list twice"));
        }
        kept.push(secret);
    }
    Ok(kept)
}

fn some_secret(secret: &SecretString) -> Result<SecretString, AdminError> {
    kept_secret(secret)?.ok_or_else(|| AdminError::invalid("api_key", "is empty"))
}

fn stored(provider: &Provider, place: SharedPlace) -> Result<&Credential, RepositoryError> {
    provider.credential_at(place).ok_or_else(|| missing(provider, place))
}

fn missing(provider: &Provider, place: SharedPlace) -> RepositoryError {
    RepositoryError::NotFound { what: format!("a key of `{}` at place {place}", provider.name) }
}

fn free_place(provider: &Provider) -> Result<SharedPlace, AdminError> {
    let free = SharedPlace::all().find(|place| provider.credential_at(*place).is_none());
    free.ok_or_else(|| AdminError::invalid("api_key", full()))
}

fn full() -> String {
    format!("a provider has at most {} shared keys", SharedPlace::MOST)
}
