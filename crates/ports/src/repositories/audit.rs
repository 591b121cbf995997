//! The log of what people did.

use super::RepositoryError;
use async_trait::async_trait;
use switchyard_domain::audit::AuditRecord;

/// The log of what people did. Entries are only ever added. A write of configuration adds its entry in its own transaction; what
/// changes no configuration (signing in, a refused right, a secret used) is added by [`AuditLog::record`].
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds an entry.
    async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError>;
}
