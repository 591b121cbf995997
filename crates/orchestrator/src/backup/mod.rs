//! The backup of providers and routes: kept in a file beside the database, and restored from it.

mod document;
mod error;
mod kept_keys;
mod seal;
mod writer;

pub use error::RestoreError;
pub use writer::{BackupPorts, BackupState, BackupWriter, WrittenBackup};

use crate::admin::{DeclaredConfiguration, Plan, Rules};
use document::OpenedBackup;
use std::sync::Arc;
use switchyard_domain::meta::Writer;
use switchyard_ports::backup_file::BackupFile;

/// What a restore did, or would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// Providers in the backup.
    pub providers: usize,
    /// Routes in the backup.
    pub routes: usize,
    /// What becomes of each.
    pub plan: Plan,
}

/// Writes backups on request, and restores them.
pub struct Backups {
    writer: Option<Arc<BackupWriter>>,
    /// Where backups are read from, if not where they are written.
    source: Option<Arc<dyn BackupFile>>,
    declared: Arc<DeclaredConfiguration>,
}

impl Backups {
    /// Over this writer; none where everything is in memory.
    #[must_use]
    pub fn new(writer: Option<Arc<BackupWriter>>, declared: Arc<DeclaredConfiguration>) -> Self {
        Self { writer, source: None, declared }
    }

    /// The same, restoring from another file, which stays as it is.
    #[must_use]
    pub fn reading(&self, source: Arc<dyn BackupFile>) -> Self {
        Self { writer: self.writer.clone(), source: Some(source), declared: Arc::clone(&self.declared) }
    }

    /// Writes the backup now.
    ///
    /// # Errors
    /// [`RestoreError::NotKept`], or [`RestoreError::NotWritten`] with the reason: what was there stays.
    pub async fn write(&self) -> Result<WrittenBackup, RestoreError> {
        self.writer()?.write_now().await.map_err(RestoreError::NotWritten)
    }

    /// What restoring the backup would do. Nothing is written.
    ///
    /// # Errors
    /// As for [`Backups::restore`].
    pub async fn preview(&self) -> Result<Restored, RestoreError> {
        let OpenedBackup { declared: wanted, kept, .. } = self.read().await?;
        let plan = self.declared.planned_by(&wanted, Rules::restored(Arc::new(kept))).await?;
        Ok(Restored { providers: wanted.providers.len(), routes: wanted.routes.len(), plan })
    }

    /// Writes what the backup holds, in one transaction: providers and routes by their names, each as it was, with the key that it
    /// had. What is not in the backup stays. The backup is rewritten then.
    ///
    /// # Errors
    /// [`RestoreError`]. Nothing was changed then.
    pub async fn restore(&self, by: &Writer) -> Result<Restored, RestoreError> {
        let OpenedBackup { declared: wanted, kept, .. } = self.read().await?;
        let plan = self.declared.write(&wanted, Rules::restored(Arc::new(kept)), by).await?;
        if let Err(error) = self.writer()?.write_now().await {
            tracing::warn!("what was restored is not backed up again yet: {error}");
        }
        Ok(Restored { providers: wanted.providers.len(), routes: wanted.routes.len(), plan })
    }

    fn writer(&self) -> Result<&Arc<BackupWriter>, RestoreError> {
        self.writer.as_ref().ok_or(RestoreError::NotKept)
    }

    async fn read(&self) -> Result<OpenedBackup, RestoreError> {
        let ports = self.writer()?.ports();
        let source = self.source.as_ref().unwrap_or(&ports.file);
        let file = Arc::clone(source);
        let read = tokio::task::spawn_blocking(move || file.read()).await;
        let read = read.map_err(|error| RestoreError::Unreadable(error.to_string()))?;
        let text = read.map_err(|error| RestoreError::Unreadable(error.to_string()))?;
        let text = text.ok_or_else(|| RestoreError::NotFound(source.place()))?;
        seal::unsealed(&text, ports.vault.as_ref())?.opened(ports.vault.as_ref())
    }
}
