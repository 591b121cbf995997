//! The log of what people did: added to, read page by page, and checked, together with checkpoints that are kept outside of the
//! database.

use crate::error::AdminError;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{
    AuditCheck, AuditEntry, AuditFilter, AuditFlaw, AuditProblem, AuditRecord, Checkpoint, thinned,
};
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::{AuditSeal, CheckpointStore};
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, RepositoryError};
use tokio_util::sync::CancellationToken;

/// How often the end of the log is noted outside of the database, if it moved: what is cut off sooner than that together with
/// the record of the log's end is not noticed.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60);
/// How often checkpoints are compared with the log and thinned out.
const THINNING_PAUSE_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// The most entries of a page.
pub const MOST_ENTRIES: u32 = 10_000;

/// The log of what people did.
pub struct AuditTrail {
    log: Arc<dyn AuditLog>,
    seal: Arc<dyn AuditSeal>,
    checkpoints: Option<Arc<dyn CheckpointStore>>,
    clock: Arc<dyn Clock>,
    noted: tokio::sync::Mutex<Noted>,
}

/// What this process knows of the checkpoints, so that it need not read them whenever it adds one.
#[derive(Default)]
struct Noted {
    /// The place of the last one; `None` before they were read, 0 where there are none.
    last: Option<i64>,
    thinned_at: Option<Timestamp>,
}

impl AuditTrail {
    /// Over the given log, whose entries `seal` seals. Without `checkpoints` none are kept or looked at.
    #[must_use]
    pub fn new(
        log: Arc<dyn AuditLog>,
        seal: Arc<dyn AuditSeal>,
        checkpoints: Option<Arc<dyn CheckpointStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { log, seal, checkpoints, clock, noted: tokio::sync::Mutex::default() }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When the database can't be written. Whether what was done may stand without its entry is for the caller to say.
    pub async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError> {
        self.log.record(record).await
    }

    /// At most `limit` entries that the filter admits, the newest first, of places below `before`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn page(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AdminError> {
        Ok(self.log.page(filter, before, limit.min(MOST_ENTRIES)).await?)
    }

    /// Checks every entry, the end of the log, and what the checkpoints say of it.
    ///
    /// # Errors
    /// When the database can't be read. What is wrong with the log is no error but the answer.
    pub async fn verify(&self) -> Result<AuditCheck, AdminError> {
        // Before the log is read: what is added meanwhile is not missed in it.
        let checkpoints = self.read_checkpoints().await;
        let mut check = self.log.verify().await?;
        let flaw = match checkpoints {
            Ok(checkpoints) => {
                let proven = |one: &&Checkpoint| self.seal.seal_under(&one.key_id, &[]).is_some();
                check.checkpoints = checkpoints.iter().filter(proven).count() as u64;
                check.newest_checkpoint = checkpoints.iter().filter(proven).map(|one| one.at).max();
                self.first_contradiction(&checkpoints).await?
            }
            Err(reason) => {
                tracing::warn!(error = %reason, "the audit log's checkpoints can't be read");
                Some(AuditProblem { sequence: 0, flaw: AuditFlaw::CheckpointChanged })
            }
        };
        check.problem = [check.problem, flaw].into_iter().flatten().min_by_key(|problem| problem.sequence);
        Ok(check)
    }

    async fn read_checkpoints(&self) -> std::io::Result<Vec<Checkpoint>> {
        let Some(store) = self.checkpoints.clone() else { return Ok(Vec::new()) };
        blocking(move || store.all()).await
    }

    async fn first_contradiction(
        &self,
        checkpoints: &[Checkpoint],
    ) -> Result<Option<AuditProblem>, RepositoryError> {
        let places: Vec<i64> = checkpoints.iter().map(|checkpoint| checkpoint.sequence).collect();
        let found = self.log.hashes_at(&places).await?;
        let sealing = |key_id: &str, message: &[u8]| self.seal.seal_under(key_id, message);
        let flaws = checkpoints.iter().zip(found).filter_map(|(checkpoint, found)| {
            let flaw = checkpoint.flaw(found.as_deref(), &sealing)?;
            Some(AuditProblem { sequence: checkpoint.sequence, flaw })
        });
        Ok(flaws.min_by_key(|problem| problem.sequence))
    }

    /// Notes the end of the log outside of the database, unless it is where it was noted last. An end that is not what was written
    /// is not noted: the checkpoint would vouch for it.
    ///
    /// # Errors
    /// When the database can't be read, the checkpoint not be written, or the log is not what was noted of it, with the reason.
    pub async fn checkpoint(&self) -> Result<(), String> {
        let Some(store) = self.checkpoints.clone() else { return Ok(()) };
        let mut noted = self.noted.lock().await;
        let head = self.log.head().await.map_err(|error| error.to_string())?;
        let last = match noted.last {
            Some(last) => last,
            None => self
                .read_checkpoints()
                .await
                .map_err(|error| told(&error))?
                .last()
                .map_or(0, |last| last.sequence),
        };
        noted.last = Some(last);
        if head.sequence < last {
            return Err(format!(
                "the log ends at entry {}, and had entry {last}: it was cut off or put back. If the database was put back on purpose, \
                 move the file of the checkpoints away",
                head.sequence
            ));
        }
        if head.sequence > last {
            let seal = |message: &[u8]| self.seal.seal(message);
            head.check(self.seal.key_id(), seal).map_err(|unsound| unsound.to_string())?;
            let checkpoint = Checkpoint::of(&head, self.clock.now(), self.seal.key_id(), seal);
            blocking(move || store.add(&checkpoint)).await.map_err(|error| told(&error))?;
            noted.last = Some(head.sequence);
        }
        self.thin(&mut noted).await
    }

    /// Thins the checkpoints out, once a day. While one of them contradicts the log, all stay: they are the proof.
    async fn thin(&self, noted: &mut Noted) -> Result<(), String> {
        let (Some(store), now) = (self.checkpoints.clone(), self.clock.now()) else { return Ok(()) };
        let is_due = |at: Timestamp| at.0.saturating_add(THINNING_PAUSE_MILLIS) <= now.0;
        if !noted.thinned_at.is_none_or(is_due) {
            return Ok(());
        }
        let checkpoints = self.read_checkpoints().await.map_err(|error| told(&error))?;
        let wrong = self.first_contradiction(&checkpoints).await.map_err(|error| error.to_string())?;
        if let Some(AuditProblem { sequence, flaw }) = wrong {
            return Err(format!("entry {sequence}: {flaw}"));
        }
        blocking(move || store.thin(&|all| thinned(all, now))).await.map_err(|error| told(&error))?;
        noted.thinned_at = Some(now);
        Ok(())
    }

    /// Keeps checkpoints until `stopping`, the last one then.
    pub async fn keep_checkpoints(&self, stopping: CancellationToken) {
        let mut failing = false;
        loop {
            match self.checkpoint().await {
                Ok(()) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(error = %error, "no checkpoint of the audit log can be kept");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stopping.cancelled() => break,
                () = self.clock.sleep(CHECKPOINT_PAUSE) => {}
            }
        }
        if let Err(error) = self.checkpoint().await {
            tracing::debug!(error = %error, "the last checkpoint of the audit log was not kept");
        }
    }
}

fn told(error: &std::io::Error) -> String {
    error.to_string()
}

/// Checkpoints lie on a disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
