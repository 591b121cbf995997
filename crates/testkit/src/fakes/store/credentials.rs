//! Vendors' credentials, whoever's they are.

use super::{MemoryStore, State};
use async_trait::async_trait;
use switchyard_domain::ids::CredentialId;
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::repositories::{CredentialRepository, RepositoryError, StoredCredential};

impl State {
    /// All credentials, by id.
    fn credentials(&self) -> Vec<StoredCredential> {
        let shared = self.providers.iter().filter_map(|provider| {
            Some(StoredCredential { provider: provider.id, credential: provider.credential.clone()? })
        });
        let own = self.own_credentials.iter();
        let own = own.map(|(provider, credential)| StoredCredential {
            provider: *provider,
            credential: credential.clone(),
        });
        let mut all: Vec<StoredCredential> = shared.chain(own).collect();
        all.sort_by_key(|stored| stored.credential.id);
        all
    }
}

#[async_trait]
impl CredentialRepository for MemoryStore {
    async fn credentials(
        &self,
        after: Option<CredentialId>,
        limit: u32,
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        self.read(|state| {
            let all = state.credentials().into_iter();
            let later = all.filter(|stored| after.is_none_or(|after| stored.credential.id > after));
            later.take(limit as usize).collect()
        })
    }

    async fn credentials_by_ids(
        &self,
        ids: &[CredentialId],
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        self.read(|state| {
            state.credentials().into_iter().filter(|stored| ids.contains(&stored.credential.id)).collect()
        })
    }

    async fn credentials_of(
        &self,
        owner: &CredentialOwner,
    ) -> Result<Vec<StoredCredential>, RepositoryError> {
        self.read(|state| {
            state.credentials().into_iter().filter(|stored| stored.credential.owner == *owner).collect()
        })
    }

    async fn reseal(&self, id: CredentialId, before: &str, after: &str) -> Result<bool, RepositoryError> {
        self.write(|state| {
            state.refuse_retired(after)?;
            let shared = state.providers.iter_mut().filter_map(|provider| provider.credential.as_mut());
            let own = state.own_credentials.iter_mut().map(|(_, credential)| credential);
            let place =
                shared.chain(own).find(|credential| credential.id == id && credential.sealed == before);
            let Some(credential) = place else { return Ok(false) };
            after.clone_into(&mut credential.sealed);
            Ok(true)
        })
    }
}
