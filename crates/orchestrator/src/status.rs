//! The state of the server, from what its loops last saw: asking costs no query.

use crate::chat::CallStatistics;
use crate::snapshot::ConfigurationKeeper;
use crate::usage::LedgerWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use switchyard_ports::journal::Journal;
use switchyard_ports::limiter::SharedStore;
use switchyard_ports::repositories::DatabaseState;

/// The state of the server.
pub struct Status {
    keeper: Arc<ConfigurationKeeper>,
    journal: Arc<dyn Journal>,
    writer: Arc<LedgerWriter>,
    statistics: Arc<CallStatistics>,
    database: Arc<dyn DatabaseState>,
    shared: Option<Arc<dyn SharedStore>>,
    draining: AtomicBool,
}

/// What is known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFacts {
    /// Whether the database answered last.
    pub database_connected: bool,
    /// The store that processes share limits through, where there is one: whether it answers.
    pub shared_store_connected: Option<bool>,
    /// How many processes share it, as it was seen last.
    pub processes: u32,
    /// Whether the journal can be written, hence calls are served.
    pub journal_writable: bool,
    /// Records that wait to reach the ledger.
    pub journal_backlog: u64,
    /// Journal records found damaged.
    pub journal_damaged: u64,
    /// Usage events written to the ledger.
    pub events_written: u64,
    /// The configuration's revision.
    pub revision: i64,
    /// Calls in flight.
    pub calls_in_flight: u64,
    /// Whether the server is ending.
    pub draining: bool,
}

impl Status {
    /// Over the given parts.
    #[must_use]
    pub fn new(
        keeper: Arc<ConfigurationKeeper>,
        journal: Arc<dyn Journal>,
        writer: Arc<LedgerWriter>,
        statistics: Arc<CallStatistics>,
        database: Arc<dyn DatabaseState>,
        shared: Option<Arc<dyn SharedStore>>,
    ) -> Self {
        Self { keeper, journal, writer, statistics, database, shared, draining: AtomicBool::new(false) }
    }

    /// The server begins to end: readiness goes off.
    pub fn begin_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// How many of its shared credentials each provider does not take, by the provider's name.
    #[must_use]
    pub fn benched_credentials(&self) -> Vec<(String, u64)> {
        let snapshot = self.keeper.snapshot();
        let benched = snapshot.providers.values().map(|provider| {
            let benched = provider.credentials.iter().filter(|credential| credential.is_benched()).count();
            (provider.name.clone(), u64::try_from(benched).unwrap_or(u64::MAX))
        });
        let mut benched: Vec<(String, u64)> = benched.collect();
        benched.sort_unstable();
        benched
    }

    /// What is known now.
    #[must_use]
    pub fn facts(&self) -> StatusFacts {
        StatusFacts {
            database_connected: self.database.is_connected(),
            shared_store_connected: self.shared.as_ref().map(|shared| shared.is_connected()),
            processes: self.shared.as_ref().map_or(1, |shared| shared.processes()),
            journal_writable: self.journal.is_writable(),
            journal_backlog: self.journal.backlog(),
            journal_damaged: self.writer.damaged(),
            events_written: self.writer.written(),
            revision: self.keeper.revision().0,
            calls_in_flight: self.statistics.in_flight(),
            draining: self.draining.load(Ordering::Acquire),
        }
    }

    /// The counters of attempts.
    #[must_use]
    pub fn statistics(&self) -> &CallStatistics {
        &self.statistics
    }
}
