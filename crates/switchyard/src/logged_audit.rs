//! What people did that changes no configuration, as lines of the process's log.

use async_trait::async_trait;
use switchyard_domain::audit::AuditRecord;
use switchyard_ports::repositories::{AuditLog, RepositoryError};

/// Writes entries to the process's log.
pub(crate) struct LoggedAudit;

#[async_trait]
impl AuditLog for LoggedAudit {
    async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError> {
        tracing::info!(
            actor = record.actor,
            action = ?record.action,
            object = record.object,
            outcome = ?record.outcome,
            address = record.address.map(tracing::field::display),
            request_id = record.request_id,
            "audit"
        );
        Ok(())
    }
}
