//! Vendors' credentials, whoever's they are.

use super::configuration::{leave_to, place_of};
use super::{MemoryStore, State, Told, new_meta, raise, told};
use async_trait::async_trait;
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::{Credential, CredentialOwner};
use switchyard_ports::repositories::{
    Author, CredentialRepository, RepositoryError, SealForRow, SealedSecret, StoredCredential,
};

impl State {
    /// All credentials, by id.
    fn credentials(&self) -> Vec<StoredCredential> {
        let shared = self.providers.iter().flat_map(|provider| {
            provider
                .credentials
                .iter()
                .map(|credential| StoredCredential { provider: provider.id, credential: credential.clone() })
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

    pub(super) fn has_credential(&self, provider: ProviderId, owner: &CredentialOwner) -> bool {
        let is_theirs =
            |stored: &StoredCredential| stored.provider == provider && stored.credential.owner == *owner;
        self.credentials().iter().any(is_theirs)
    }

    /// Takes the credential of an owner out.
    fn take_credential(
        &mut self,
        provider: ProviderId,
        owner: &CredentialOwner,
    ) -> Result<Option<Credential>, RepositoryError> {
        let shared = &mut place_of(self, provider)?.credentials;
        if let Some(place) = shared.iter().position(|credential| credential.owner == *owner) {
            return Ok(Some(shared.remove(place)));
        }
        let own = |(of, credential): &(ProviderId, Credential)| *of == provider && credential.owner == *owner;
        let place = self.own_credentials.iter().position(own);
        Ok(place.map(|place| self.own_credentials.remove(place).1))
    }

    pub(super) fn put_credential(
        &mut self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        author: &Author,
    ) -> Result<((), Told), RepositoryError> {
        let what = if secret.is_some() { "stored" } else { "forgotten" };
        let Some(id) = self.write_credential(provider, owner, secret, author)? else {
            return Ok(((), None));
        };
        let place = place_of(self, provider)?;
        if owner.is_shared() {
            leave_to(place, author);
            raise(&mut place.meta, author);
        }
        let object = if owner.is_shared() { provider.0 } else { id.0 };
        let details = [
            ("name", place.name.to_string()),
            ("fields", "credential".to_owned()),
            ("credential_of", owner.to_word()),
            ("credential", what.to_owned()),
        ];
        Ok(((), told(object, details)))
    }

    /// Writes the first shared credential of a new provider, where it has one, as a part of the provider.
    pub(super) fn write_first_credential(
        &mut self,
        provider: ProviderId,
        seal: Option<SealForRow>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let Some(seal) = seal else { return Ok(()) };
        self.write_credential(provider, &CredentialOwner::SHARED, Some(seal(provider)?), author).map(drop)
    }

    /// Writes the credential of an owner or forgets it, and answers its id, if there was anything to do. The provider's version is the
    /// caller's to raise.
    pub(super) fn write_credential(
        &mut self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        author: &Author,
    ) -> Result<Option<CredentialId>, RepositoryError> {
        secret.as_ref().map_or(Ok(()), |secret| self.refuse_retired(&secret.sealed))?;
        let new_id = CredentialId(self.new_id());
        let before = self.take_credential(provider, owner)?;
        if secret.is_none() && before.is_none() {
            return Ok(None);
        }
        let (id, meta) = match before {
            Some(Credential { id, mut meta, .. }) => {
                raise(&mut meta, author);
                (id, meta)
            }
            None => (new_id, new_meta(author)),
        };
        let after = secret.map(|secret| Credential {
            id,
            owner: owner.clone(),
            sealed: secret.sealed,
            hint: secret.hint,
            meta,
        });
        let place = place_of(self, provider)?;
        if owner.is_shared() {
            place.credentials.extend(after);
            place.credentials.sort_by_key(Credential::shared_place);
        } else {
            self.own_credentials.extend(after.map(|credential| (provider, credential)));
        }
        Ok(Some(id))
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
            let shared = state.providers.iter_mut().flat_map(|provider| &mut provider.credentials);
            let own = state.own_credentials.iter_mut().map(|(_, credential)| credential);
            let place =
                shared.chain(own).find(|credential| credential.id == id && credential.sealed == before);
            let Some(credential) = place else { return Ok(false) };
            after.clone_into(&mut credential.sealed);
            Ok(true)
        })
    }
}
