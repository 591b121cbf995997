//! The local usage journal: where an event is safe before the client sees the end of its answer.

use async_trait::async_trait;
use switchyard_domain::usage::UsageEvent;

/// Why the journal can't take or give records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Disk full, read-only, file gone: paid calls must be refused until it can write again.
    #[error("the usage journal can't be written: {0}")]
    Unwritable(String),
    /// Too many records wait to be written.
    #[error("the usage journal is behind by {0} records")]
    Full(usize),
    /// The journal is shut down.
    #[error("the usage journal is closed")]
    Closed,
    /// A segment can't be read.
    #[error("a segment of the usage journal can't be read: {0}")]
    Unreadable(String),
}

/// A place for the records of one call, reserved at admission so that settlement can't be refused for want of room.
#[async_trait]
pub trait JournalPermit: Send + Sync {
    /// Writes the call's events and returns once they are safe (written with checksum; synced as configured). The permit is
    /// used up by its first append that succeeds. After one that failed, or that was dropped before it returned,
    /// `append_detached` MUST still take the events; if they were written all the same, their ids make them count once.
    async fn append(&mut self, events: &[UsageEvent]) -> Result<(), JournalError>;
    /// Writes the events without waiting for anything, or keeps them until they can be written: for `Drop`, which can't
    /// wait.
    fn append_detached(&mut self, events: Vec<UsageEvent>);
}

/// A sealed stretch of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its name, which `release` takes.
    pub id: String,
    /// Its records, oldest first.
    pub events: Vec<UsageEvent>,
    /// Records that were damaged (a torn tail after a power cut), reported and never hidden.
    pub damaged: usize,
    /// Whether nothing waited behind it when it was asked for: with it, whoever drains has all that waited when they began.
    pub is_last: bool,
}

/// The journal. Records MUST survive the death of the process once `append` returned. `sealed` and `release` belong to the one
/// writer that drains it; a segment that was read but not released MUST be read again.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Reserves a place for one call's records; fails while the journal can't be written.
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError>;
    /// The oldest stretch that is not released yet, closing the open one if it is not empty; `None` when all is drained.
    async fn sealed(&self) -> Result<Option<Segment>, JournalError>;
    /// Forgets a stretch: its records are in the ledger.
    async fn release(&self, segment: &str) -> Result<(), JournalError>;
    /// Records that wait to be drained, for metrics.
    fn backlog(&self) -> u64;
    /// Whether it can be written now.
    fn is_writable(&self) -> bool;
}
