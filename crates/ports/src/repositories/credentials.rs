//! Vendors' credentials as rows, whoever's they are.

use super::RepositoryError;
use async_trait::async_trait;
use switchyard_domain::ids::{CredentialId, ProviderId};
use switchyard_domain::provider::{Credential, CredentialOwner};

/// A credential, and the provider that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCredential {
    /// The provider.
    pub provider: ProviderId,
    /// The credential.
    pub credential: Credential,
}

/// Vendors' credentials. They are written by
/// [`ConfigurationRepository::put_credential`](super::ConfigurationRepository::put_credential).
#[async_trait]
pub trait CredentialRepository: Send + Sync {
    /// At most `limit` credentials of every owner with ids above `after`, by id.
    async fn credentials(
        &self,
        after: Option<CredentialId>,
        limit: u32,
    ) -> Result<Vec<StoredCredential>, RepositoryError>;
    /// The credentials of these ids; those that are gone are absent.
    async fn credentials_by_ids(
        &self,
        ids: &[CredentialId],
    ) -> Result<Vec<StoredCredential>, RepositoryError>;
    /// The credentials of an owner, by id.
    async fn credentials_of(&self, owner: &CredentialOwner)
    -> Result<Vec<StoredCredential>, RepositoryError>;
    /// Puts another sealed text of the same secret in the place of `before`. Answers whether `before` still stood there; nothing
    /// is written where it did not. No change of configuration: no version, no revision.
    async fn reseal(&self, id: CredentialId, before: &str, after: &str) -> Result<bool, RepositoryError>;
}
