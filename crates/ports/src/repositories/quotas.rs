//! Quotas of scopes.

use super::{Author, RepositoryError};
use async_trait::async_trait;
use switchyard_domain::budget::Budget;
use switchyard_domain::limits::Limits;
use switchyard_domain::quota::{Quota, QuotaScope};

/// A quota to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuota {
    /// What it is about.
    pub scope: QuotaScope,
    /// Its limits.
    pub limits: Limits,
    /// Its budget.
    pub budget: Option<Budget>,
}

/// Quotas, one for each scope. Writes are transactions like those of the configuration, with which quotas are read.
#[async_trait]
pub trait QuotaRepository: Send + Sync {
    /// Writes the quota of a scope, or replaces it whole. With an `expected_version` a quota that is absent is `NotFound`. A key whose
    /// quota is written is lent from then on, in the same transaction: what holders say of their own keys goes through
    /// [`VirtualKeyRepository`](super::VirtualKeyRepository), and whoever writes here administers.
    async fn put(
        &self,
        quota: NewQuota,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Removes the quota of a scope.
    async fn remove(&self, scope: QuotaScope, author: &Author) -> Result<(), RepositoryError>;
    /// All quotas, by id.
    async fn quotas(&self) -> Result<Vec<Quota>, RepositoryError>;
    /// The quotas of these scopes, by id; those that have none are absent.
    async fn quotas_of(&self, scopes: &[QuotaScope]) -> Result<Vec<Quota>, RepositoryError>;
}
