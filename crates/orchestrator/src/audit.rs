//! The log of what people did: added to, read page by page, and checked, together with checkpoints that are kept outside of the
//! database.

use crate::error::AdminError;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{
    AuditCheck, AuditEntry, AuditFilter, AuditFlaw, AuditProblem, AuditRecord, Checkpoint,
};
use switchyard_ports::audit_seal::{AuditSeal, CheckpointStore};
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, RepositoryError};
use tokio_util::sync::CancellationToken;

/// How often the end of the log is noted outside of the database, if it moved: what is cut off sooner than that together with
/// the record of the log's end is not noticed.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60);

/// The most entries of a page.
pub const MOST_ENTRIES: u32 = 10_000;

/// The log of what people did.
pub struct AuditTrail {
    log: Arc<dyn AuditLog>,
    seal: Arc<dyn AuditSeal>,
    checkpoints: Option<Arc<dyn CheckpointStore>>,
    clock: Arc<dyn Clock>,
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
        Self { log, seal, checkpoints, clock }
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
            Ok(checkpoints) => self.first_contradiction(&checkpoints).await?,
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
        tokio::task::spawn_blocking(move || store.all())
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
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

    /// Notes the end of the log outside of the database, unless it is where it was noted last.
    ///
    /// # Errors
    /// When the database can't be read or the checkpoint not be written, with the reason.
    pub async fn checkpoint(&self) -> Result<(), String> {
        let Some(store) = self.checkpoints.clone() else { return Ok(()) };
        let head = self.log.head().await.map_err(|error| error.to_string())?;
        let known = self.read_checkpoints().await.map_err(|error| error.to_string())?;
        if head.sequence == 0 || known.last().is_some_and(|last| last.sequence == head.sequence) {
            return Ok(());
        }
        let seal = |message: &[u8]| self.seal.seal(message);
        let checkpoint = Checkpoint::of(&head, self.clock.now(), self.seal.key_id(), seal);
        let added = tokio::task::spawn_blocking(move || store.add(&checkpoint)).await;
        added.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
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
