//! Vendors' credentials of a user or a virtual key: stored, listed by name, tried on request, forgotten. No answer holds one.

use super::AdminPorts;
use super::providers::{ProviderAdmin, hint_of, kept_secret};
use crate::error::AdminError;
use crate::snapshot::{ProviderEntry, credential_binding};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::credential::kept_form;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, Provider};
use switchyard_domain::time::Timestamp;
use switchyard_ports::probe::ProbeReport;
use switchyard_ports::repositories::{CredentialRepository, RepositoryError, SealedSecret, StoredCredential};
use switchyard_ports::vault::Vault;

/// What stands in the place of a hint where the credential was sealed under a key that is not at hand.
pub const UNREADABLE: &str = "***...***";

/// What an empty secret means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptySecret {
    /// The stored one stays.
    LeavesAlone,
    /// The stored one is forgotten.
    Clears,
}

/// A stored credential, as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialEntry {
    /// The provider.
    pub provider: ProviderId,
    /// The provider's name.
    pub name: Name,
    /// The last characters, or [`UNREADABLE`].
    pub hint: String,
    /// When it was stored.
    pub set_at: Timestamp,
}

/// Administers the credentials of users and virtual keys.
pub struct CredentialAdmin {
    ports: AdminPorts,
    credentials: Arc<dyn CredentialRepository>,
    providers: Arc<ProviderAdmin>,
    vault: Arc<dyn Vault>,
}

impl CredentialAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(
        ports: AdminPorts,
        credentials: Arc<dyn CredentialRepository>,
        providers: Arc<ProviderAdmin>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self { ports, credentials, providers, vault }
    }

    /// Stores the owner's credential at a provider, without the white space around it. Nobody is called: what can't work is
    /// stored too. Answers whether anything changed.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for a text that can be no credential; [`RepositoryError::NotFound`] for an unknown provider.
    pub async fn set(
        &self,
        owner: &CredentialOwner,
        provider: &Name,
        secret: &SecretString,
        empty: EmptySecret,
        by: &Writer,
    ) -> Result<bool, AdminError> {
        let provider = self.providers.find(provider).await?;
        let Some(secret) = kept_secret(secret)? else {
            return match empty {
                EmptySecret::LeavesAlone => Ok(false),
                EmptySecret::Clears => self.put(owner, provider.id, None, by).await.map(|()| true),
            };
        };
        let binding = credential_binding(provider.id, &owner.to_word());
        let sealed = SealedSecret { sealed: self.vault.seal(&secret, &binding)?, hint: hint_of(&secret) };
        self.put(owner, provider.id, Some(sealed), by).await?;
        Ok(true)
    }

    /// Stores the owner's credentials at several providers, or none of them where one is wrong. A provider that is only named stays
    /// as it is.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for a text that can be no credential and for an unknown provider, by its name. Where the database
    /// fails in between, those before it are stored.
    pub async fn set_all(
        &self,
        owner: &CredentialOwner,
        given: Vec<(String, Option<SecretString>)>,
        empty: EmptySecret,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let providers = self.providers.list().await?;
        let mut wanted = Vec::with_capacity(given.len());
        for (name, secret) in given {
            let provider = providers.iter().find(|provider| provider.name.as_str() == name);
            let provider = provider.ok_or_else(|| AdminError::invalid(&name, "there is no such provider"))?;
            let Some(secret) = secret else { continue };
            let form = kept_form(secret.expose_secret());
            let secret = form.map_err(|unfit| AdminError::invalid(&name, unfit.to_string()))?;
            if secret.expose_secret().is_empty() {
                wanted.extend((empty == EmptySecret::Clears).then_some((provider.id, None)));
                continue;
            }
            wanted.push((provider.id, Some(secret)));
        }
        let author = self.ports.author(by);
        for (provider, secret) in wanted {
            // Sealed not before the write before it is done: an encryption key may be changed meanwhile.
            let seal = |secret: SecretString| -> Result<SealedSecret, AdminError> {
                let binding = credential_binding(provider, &owner.to_word());
                Ok(SealedSecret { sealed: self.vault.seal(&secret, &binding)?, hint: hint_of(&secret) })
            };
            let secret = secret.map(seal).transpose()?;
            self.ports.configuration.put_credential(provider, owner, secret, None, &author).await?;
        }
        self.ports.read_own_write().await;
        Ok(())
    }

    /// The names of the providers whose shared credential everybody's calls may use.
    ///
    /// # Errors
    /// When the database can't be read, where no calls are served; else nobody asks it.
    pub async fn shared(&self) -> Result<Vec<String>, AdminError> {
        let Some(keeper) = &self.ports.keeper else {
            let with_key =
                |provider: Provider| provider.credential().is_some().then(|| provider.name.to_string());
            return Ok(self.providers.list().await?.into_iter().filter_map(with_key).collect());
        };
        let snapshot = keeper.snapshot();
        if snapshot.credentials.as_ref().is_some_and(|directory| !directory.shares()) {
            return Ok(Vec::new());
        }
        let is_everybodys =
            |entry: &&Arc<ProviderEntry>| entry.set_apart_for.is_none() && entry.credentials.any_opens();
        let usable = snapshot.providers.values().filter(is_everybodys);
        Ok(usable.map(|entry| entry.name.clone()).collect())
    }

    /// Forgets the owner's credential at a provider.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] where there is no such provider or no such credential.
    pub async fn forget(
        &self,
        owner: &CredentialOwner,
        provider: &Name,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let provider = self.providers.find(provider).await?;
        self.stored(owner, &provider).await?;
        self.put(owner, provider.id, None, by).await
    }

    async fn put(
        &self,
        owner: &CredentialOwner,
        provider: ProviderId,
        secret: Option<SealedSecret>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let author = self.ports.author(by);
        self.ports.configuration.put_credential(provider, owner, secret, None, &author).await?;
        self.ports.read_own_write().await;
        Ok(())
    }

    /// The owner's credentials: names and hints only, by provider.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self, owner: &CredentialOwner) -> Result<Vec<CredentialEntry>, AdminError> {
        let stored = self.credentials.credentials_of(owner).await?;
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        let providers = self.providers.list().await?;
        let entry = |stored: &StoredCredential| {
            let provider = providers.iter().find(|provider| provider.id == stored.provider)?;
            Some(CredentialEntry {
                provider: provider.id,
                name: provider.name.clone(),
                hint: if self.open(stored).is_ok() {
                    stored.credential.hint.clone()
                } else {
                    UNREADABLE.to_owned()
                },
                set_at: stored.credential.meta.updated_at,
            })
        };
        let mut entries: Vec<CredentialEntry> = stored.iter().filter_map(entry).collect();
        entries.sort_by_key(|entry| entry.provider);
        Ok(entries)
    }

    /// Tries the owner's credential: asks the provider for its models, without a billed call. It is written down who did.
    ///
    /// # Errors
    /// As [`ProviderAdmin::test`], [`AdminError::Provider`] with what ended it, and [`RepositoryError::NotFound`] where the owner has no credential there.
    pub async fn test(
        &self,
        owner: &CredentialOwner,
        provider: &Name,
        timeout: Duration,
        by: &Writer,
    ) -> Result<ProbeReport, AdminError> {
        let provider = self.providers.find(provider).await?;
        let stored = self.stored(owner, &provider).await?;
        let secret = Arc::new(self.open(&stored)?);
        let report = self.providers.probe(&provider, Some((owner.clone(), secret)), timeout, by).await?;
        match report.fault {
            Some(fault) => Err(fault.into()),
            None => Ok(report),
        }
    }

    async fn stored(
        &self,
        owner: &CredentialOwner,
        provider: &Provider,
    ) -> Result<StoredCredential, AdminError> {
        let found = self.credentials.credentials_of(owner).await?;
        let found = found.into_iter().find(|stored| stored.provider == provider.id);
        let missing =
            || RepositoryError::NotFound { what: format!("a key of yours for `{}`", provider.name) };
        Ok(found.ok_or_else(missing)?)
    }

    fn open(&self, stored: &StoredCredential) -> Result<SecretString, AdminError> {
        let binding = credential_binding(stored.provider, &stored.credential.owner.to_word());
        Ok(self.vault.open(&stored.credential.sealed, &binding)?)
    }
}
