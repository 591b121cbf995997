//! A place for one call's records.

use super::Shared;
use super::options::Fsync;
use super::writer::Writer;
use crate::record;
use crate::seats::Seat;
use async_trait::async_trait;
use std::io;
use std::sync::Arc;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::journal::{JournalError, JournalPermit};
use tokio::sync::oneshot;

type Synced = oneshot::Receiver<Result<(), JournalError>>;

/// A permit. An append that failed has not used it up, so that what could not be written at once can still be handed over
/// with [`JournalPermit::append_detached`], which keeps it until it can.
pub(super) struct FilePermit {
    shared: Arc<Shared>,
    seat: Option<Seat>,
}

impl FilePermit {
    pub(super) fn new(shared: Arc<Shared>, seat: Seat) -> Self {
        Self { shared, seat: Some(seat) }
    }
}

#[async_trait]
impl JournalPermit for FilePermit {
    async fn append(&mut self, events: &[UsageEvent]) -> Result<(), JournalError> {
        if self.seat.is_none() {
            return Err(JournalError::Closed);
        }
        if !events.is_empty() {
            let record = record::encode(events)?;
            if let Some(synced) = self.shared.append(&record, events.to_vec())? {
                synced.await.map_err(|_| JournalError::Closed)??;
            }
        }
        self.seat = None;
        Ok(())
    }

    fn append_detached(&mut self, events: Vec<UsageEvent>) {
        let (Some(seat), false) = (self.seat.take(), events.is_empty()) else { return };
        match record::encode(&events) {
            Ok(record) => self.shared.append_or_keep(record, events, seat),
            Err(error) => tracing::error!(%error, "usage was lost: it can't be written as a record"),
        }
    }
}

impl Shared {
    /// Writes a record; returns what to wait for until it is synced, if the policy says so.
    fn append(&self, record: &[u8], events: Vec<UsageEvent>) -> Result<Option<Synced>, JournalError> {
        let mut writer = self.writer();
        // Asked under the lock: after a failure the records that were kept back come first.
        self.status.check_disk()?;
        let was_clean = writer.unsynced.is_empty();
        self.or_fail(writer.write_new(record, events))?;
        self.status.add_backlog(1);
        if writer.is_alone {
            self.or_fail(self.sync(&mut writer))?;
            return Ok(None);
        }
        let synced = match self.options.fsync {
            Fsync::Group(_) => None,
            Fsync::Always => {
                let (waiter, synced) = oneshot::channel();
                writer.unsynced.waiters.push(waiter);
                Some(synced)
            }
        };
        drop(writer);
        if was_clean {
            self.work.notify_one();
        }
        Ok(synced)
    }

    /// Writes a record that nobody waits for, now or when the disk works again.
    fn append_or_keep(&self, record: Vec<u8>, events: Vec<UsageEvent>, seat: Seat) {
        let mut writer = self.writer();
        self.status.add_backlog(1);
        let was_clean = writer.unsynced.is_empty();
        if self.status.is_failed() || self.or_fail(writer.write_new(&record, events)).is_err() {
            writer.keep(record, seat);
        }
        if writer.is_alone {
            self.finish(&mut writer);
            return;
        }
        drop(writer);
        if was_clean {
            self.work.notify_one();
        }
    }

    /// Does at once, after the thread has ended, what it would have done.
    pub(super) fn finish(&self, writer: &mut Writer) {
        let written = writer.write_kept().and_then(|()| self.sync(writer));
        if self.or_fail(written).is_err() {
            tracing::error!(
                journal.records = writer.kept(),
                "the usage journal was closed while its disk can't be written: these records are lost with the process"
            );
        }
    }

    /// Passes a result on; an error makes the journal fail until the thread finds that it can be written again.
    pub(super) fn or_fail<T>(&self, done: io::Result<T>) -> Result<T, JournalError> {
        done.map_err(|error| {
            self.status.fail(&error);
            self.work.notify_one();
            JournalError::Unwritable(error.to_string())
        })
    }
}
