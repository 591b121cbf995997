//! The log of what people did.

use super::RepositoryError;
use async_trait::async_trait;
use switchyard_domain::audit::{AuditCheck, AuditEntry, AuditFilter, AuditHead, AuditRecord};
use switchyard_domain::time::Timestamp;

/// The log of what people did. Entries are only ever added. A write of configuration adds its entry in its own transaction; what
/// changes no configuration (signing in, a refused right, a secret used) is added by [`AuditLog::record`].
///
/// Every entry is sealed together with the one before it ([`switchyard_domain::audit::append`]) by the
/// [`AuditSeal`](crate::audit_seal::AuditSeal) that the adapter was given.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry. `Corrupt` where the log's end is not what was written, or stands under another key
    /// ([`switchyard_domain::audit::UnsoundEnd`]); so answers every write that lands an entry.
    async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError>;
    /// Lets a log that ends under another key go on under the one that seals now: adds the entry that says so
    /// ([`switchyard_domain::audit::join`]), of several processes at once one. Answers the end before it; `None`, and nothing is
    /// written, where the log is empty or ends under this key.
    async fn take_over(&self, at: Timestamp) -> Result<Option<AuditHead>, RepositoryError>;
    /// At most `limit` entries that the filter admits, the newest first, of places below `before`.
    async fn page(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, RepositoryError>;
    /// The end of the log.
    async fn head(&self) -> Result<AuditHead, RepositoryError>;
    /// The hashes of the entries at these places, in their order; `None` where there is no entry.
    async fn hashes_at(&self, places: &[i64]) -> Result<Vec<Option<Vec<u8>>>, RepositoryError>;
    /// Looks at every entry and at the recorded end, in one state of the database.
    async fn verify(&self) -> Result<AuditCheck, RepositoryError>;
}
