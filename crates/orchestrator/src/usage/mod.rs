//! From the journal to the ledger, and what people read of it.

mod history;
mod proof;
mod refused;
mod sight;
mod table;
mod writer;

pub use history::CallHistory;
pub use proof::{BooksProof, LiveCounters};
pub use refused::RefusedCalls;
pub use sight::Sight;
pub use table::{TableLine, TableRequest, UsageTable};
pub use writer::LedgerWriter;

use crate::error::AdminError;
use crate::room::Room;
use std::sync::Arc;
use switchyard_domain::usage::{GroupBy, LedgerCheck, UsageEvent, UsageFilter, UsageRow};
use switchyard_ports::repositories::UsageRepository;

/// How many tables of stretches of time are made at once: each asks the database many questions, and who signs in waits for its
/// readers too.
const TABLES_AT_ONCE: usize = 2;

/// Reads usage.
pub struct UsageReports {
    repository: Arc<dyn UsageRepository>,
    /// The turns of those who want such tables.
    tables: Room,
}

impl UsageReports {
    /// Over the given repository.
    #[must_use]
    pub fn new(repository: Arc<dyn UsageRepository>) -> Self {
        Self { repository, tables: Room::of(TABLES_AT_ONCE) }
    }

    /// Sums by group.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn report(&self, filter: UsageFilter, group_by: GroupBy) -> Result<Vec<UsageRow>, AdminError> {
        Ok(self.repository.report(filter, group_by).await?)
    }

    /// Proves that the sums are the ledger's.
    ///
    /// # Errors
    /// When the database can't be read; differences are not errors but findings.
    pub async fn verify(&self) -> Result<LedgerCheck, AdminError> {
        Ok(self.repository.verify().await?)
    }

    /// What happened in a call.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn events_of(&self, request_id: &str) -> Result<Vec<UsageEvent>, AdminError> {
        Ok(self.repository.events_of(request_id).await?)
    }
}
