//! Drains the journal into the ledger, batch by batch, each once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::clock::Clock;
use switchyard_ports::journal::{Journal, JournalError, Segment};
use switchyard_ports::repositories::{RepositoryError, UsageRepository, VirtualKeyRepository};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How long the writer rests at most when all is drained: the age that usage may reach before the ledger shows it.
const LONGEST_REST: Duration = Duration::from_millis(100);
/// How long it rests at least: each transaction has a price of its own.
const SHORTEST_REST: Duration = Duration::from_millis(20);
/// As many events as may come in while it rests. What was used between an event's writing and its recording has pushed it out of the
/// processor's memory: at 20,000 calls a second rests of 500 ms cost a fifth more of each call than such of 25 ms, of 100 ms a tenth.
const MEANWHILE: u64 = 512;
/// How long it waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The most events in one transaction.
const BATCH: usize = 1000;
/// The fewest that a batch shrinks to.
const SMALL_BATCH: usize = 16;

/// Why draining stopped for now.
#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// The one writer of a journal.
pub struct LedgerWriter {
    journal: Arc<dyn Journal>,
    usage: Arc<dyn UsageRepository>,
    keys: Arc<dyn VirtualKeyRepository>,
    clock: Arc<dyn Clock>,
    written: AtomicU64,
    damaged: AtomicU64,
    /// Held while draining, so that a flush and the loop do not read the same stretch twice.
    draining: Mutex<Drained>,
}

struct Drained {
    /// The stretch whose damage was told last; one that can't be written yet is read again and again.
    told: Option<String>,
    /// Events in the next transaction. Fewer after one that failed: a database so slow that a full batch never ends in time would
    /// otherwise be asked for the same one for ever.
    batch: usize,
}

impl Default for Drained {
    fn default() -> Self {
        Self { told: None, batch: BATCH }
    }
}

impl LedgerWriter {
    /// From this journal into these repositories.
    #[must_use]
    pub fn new(
        journal: Arc<dyn Journal>,
        usage: Arc<dyn UsageRepository>,
        keys: Arc<dyn VirtualKeyRepository>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (written, damaged) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { journal, usage, keys, clock, written, damaged, draining: Mutex::default() }
    }

    /// Events written to the ledger so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Journal records found damaged so far.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Drains until `stopping`, then once more.
    pub async fn run(&self, stopping: CancellationToken) {
        let mut failing = false;
        let mut rested = LONGEST_REST;
        loop {
            let before = self.written();
            let rest = match self.drain().await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("usage reaches the ledger again");
                    }
                    rested = rest_after(self.written() - before, rested);
                    rested
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(error = %error, "usage waits in the journal");
                    }
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => break,
                () = self.clock.sleep(rest) => {}
            }
        }
        if !self.drain_once().await {
            tracing::warn!("usage stays in the journal until the next start");
        }
    }

    /// Writes everything that waits, once; what fails stays in the journal. Answers whether all of it arrived.
    pub async fn drain_once(&self) -> bool {
        match self.drain().await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(error = %error, "usage waits in the journal");
                false
            }
        }
    }

    /// Drains what waits, by the journal's own order: a calendar that was set back tells nothing of it. What comes in meanwhile waits
    /// for the next time: under load the journal is never empty, and a transaction for every few calls would be the database's load
    /// instead.
    async fn drain(&self) -> Result<(), DrainError> {
        let mut drained = self.draining.lock().await;
        while let Some(segment) = self.journal.sealed().await? {
            self.note_damage(&segment, &mut drained);
            let mut rest = segment.events.as_slice();
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(drained.batch.min(rest.len()));
                self.record(batch, &mut drained).await?;
                rest = later;
            }
            self.journal.release(&segment.id).await?;
            // Not sooner: a stretch is read from its beginning again, and batches that grow on the way would fail at the same place.
            drained.batch = (drained.batch * 2).min(BATCH);
            let used = last_use(&segment.events);
            if !used.is_empty()
                && let Err(error) = self.keys.touch(&used).await
            {
                tracing::debug!(error = %error, "the last use of keys was not noted");
            }
            if segment.is_last {
                break;
            }
        }
        Ok(())
    }

    async fn record(&self, batch: &[UsageEvent], drained: &mut Drained) -> Result<(), DrainError> {
        match self.usage.record(batch).await {
            Ok(recorded) => {
                self.written.fetch_add(recorded.inserted, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                drained.batch = (drained.batch / 4).max(SMALL_BATCH);
                Err(error.into())
            }
        }
    }

    fn note_damage(&self, segment: &Segment, drained: &mut Drained) {
        if segment.damaged > 0 && drained.told.as_ref() != Some(&segment.id) {
            drained.told = Some(segment.id.clone());
            self.damaged.fetch_add(segment.damaged as u64, Ordering::Relaxed);
            tracing::error!(
                journal.segment = %segment.id,
                journal.damaged = segment.damaged,
                "records of the usage journal are damaged and could not be read"
            );
        }
    }
}

/// How long to rest where so many events came in during the last rest.
fn rest_after(events: u64, rested: Duration) -> Duration {
    let micros = u64::try_from(rested.as_micros()).unwrap_or(u64::MAX).saturating_mul(MEANWHILE);
    Duration::from_micros(micros / events.max(1)).clamp(SHORTEST_REST, LONGEST_REST)
}

/// When each key was last used, to the minute, so that a busy key is not written with every batch.
fn last_use(events: &[UsageEvent]) -> Vec<(VirtualKeyId, Timestamp)> {
    let mut used: HashMap<VirtualKeyId, Timestamp> = HashMap::new();
    for event in events {
        if let Some(key) = event.key {
            let minute = Timestamp(event.at.0 - event.at.0.rem_euclid(60_000));
            let last = used.entry(key).or_insert(minute);
            *last = (*last).max(minute);
        }
    }
    used.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busier_the_gateway_the_shorter_the_rest() {
        let rests = [0, 1, 100, 512, 1_024, 2_000, 1_000_000, u64::MAX]
            .map(|events| rest_after(events, LONGEST_REST).as_millis());
        assert_eq!(rests, [100, 100, 100, 100, 50, 25, 20, 20]);
    }

    #[test]
    fn a_steady_stream_of_calls_settles_at_one_rest() {
        let mut rest = LONGEST_REST;
        for _ in 0..5 {
            rest = rest_after(u64::try_from(rest.as_micros()).unwrap() / 50, rest);
        }
        assert_eq!(rest.as_millis(), 25);
    }
}
