//! What others ask of the journal without waiting for the one that writes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use switchyard_ports::journal::JournalError;

/// Whether the journal can be written, and how much waits.
#[derive(Debug, Default)]
pub(super) struct Status {
    is_failed: AtomicBool,
    is_closed: AtomicBool,
    backlog: AtomicU64,
    /// Why it is failed. A lock of its own: the writer's may be held by one whom a sick disk keeps waiting.
    reason: Mutex<String>,
}

impl Status {
    pub(super) fn fail(&self, reason: &dyn std::fmt::Display) {
        *self.reason() = reason.to_string();
        if !self.is_failed.swap(true, Ordering::AcqRel) {
            tracing::error!(error = %reason, "the usage journal can't be written: paid calls are refused until it can");
        }
    }

    pub(super) fn recover(&self) {
        if self.is_failed.swap(false, Ordering::AcqRel) {
            tracing::info!("the usage journal can be written again");
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.is_failed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Whether records are taken, and why not.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        if self.is_closed() { Err(JournalError::Closed) } else { self.check_disk() }
    }

    /// Whether the disk takes records, also of calls that were admitted before the journal was closed.
    pub(super) fn check_disk(&self) -> Result<(), JournalError> {
        if self.is_failed() { Err(JournalError::Unwritable(self.reason().clone())) } else { Ok(()) }
    }

    pub(super) fn add_backlog(&self, records: u64) {
        self.backlog.fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn take_backlog(&self, records: u64) {
        self.backlog.fetch_sub(records, Ordering::Relaxed);
    }

    pub(super) fn backlog(&self) -> u64 {
        self.backlog.load(Ordering::Relaxed)
    }

    fn reason(&self) -> MutexGuard<'_, String> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
