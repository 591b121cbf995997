//! Sealing anew what is stored, under the key that seals now: beside running servers, row by row, and taken up again where it
//! was broken off.
//!
//! What a server holds open it keeps; what it holds sealed it opens with the older key, which it has. So nothing fails meanwhile.
//! A key is retired only once nothing stands under it; what comes later than that under it is refused.

use crate::backup::BackupWriter;
use crate::error::AdminError;
use crate::snapshot::credential_binding;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::ids::CredentialId;
use switchyard_domain::meta::Writer;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{
    AuditLog, CredentialRepository, KeyringEntry, KeyringRepository, RepositoryError, StoredCredential,
};
use switchyard_ports::vault::{KeyRotation, RotationError, Vault};

const PAGE: u32 = 200;
/// How long most writes may still be under way that were sealed before the new key was there. What is slower is refused, and its
/// writer seals again.
const UNDER_WAY: Duration = Duration::from_secs(8);

/// What sealing anew needs from the world.
pub struct RekeyPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Which keys the data is sealed under.
    pub keyring: Arc<dyn KeyringRepository>,
    /// What is sealed.
    pub credentials: Arc<dyn CredentialRepository>,
    /// The log of what people did.
    pub audit: Arc<dyn AuditLog>,
    /// Opens and seals.
    pub vault: Arc<dyn Vault>,
    /// Changes keys.
    pub rotation: Arc<dyn KeyRotation>,
    /// The backup, which is sealed anew too.
    pub backup: Option<Arc<BackupWriter>>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RekeyReport {
    /// The key that seals.
    pub active: String,
    /// Whether it was made by this run. Not where an earlier run was not done yet: then that one's end is all that was asked for.
    pub is_new: bool,
    /// Rows that were sealed anew.
    pub resealed: u64,
    /// Rows that no key at hand opens.
    pub unreadable: u64,
    /// How many rows stand under each key, those in use included that have none.
    pub counts: Vec<(String, u64)>,
    /// Keys that were taken out of the file.
    pub retired: Vec<String>,
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// The keys can't be changed.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The database can't be used, or a secret not be sealed.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl From<RepositoryError> for RekeyError {
    fn from(error: RepositoryError) -> Self {
        Self::Admin(error.into())
    }
}

/// Seals anew.
pub struct Rekey {
    ports: Arc<RekeyPorts>,
}

/// What one pass over all rows did.
#[derive(Default)]
struct Pass {
    resealed: u64,
    unreadable: u64,
}

impl Rekey {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: RekeyPorts) -> Self {
        Self { ports: Arc::new(ports) }
    }

    /// Seals everything under the key that seals now; with `new`, under one that is made for it, unless an earlier run that made
    /// one is not done yet. Older keys of the file under which nothing stands any more are retired.
    ///
    /// # Errors
    /// [`RotationError`] where the key is not this program's to change; [`AdminError`] where the database can't be used. What was
    /// done until then stays, and the next run goes on from there.
    pub async fn run(&self, new: bool, by: &Writer) -> Result<RekeyReport, RekeyError> {
        // What the file says, not what this process can open: it keeps keys that were retired long ago.
        let in_file = self.with_keys(|keys| keys.file_key_ids()).await??;
        let is_new = new && in_file.is_none_or(|keys| keys.len() <= 1);
        let active = if is_new { self.begin().await? } else { self.ports.vault.active_key_id() };
        self.register(&active).await?;
        self.write_down(&active, "began", 0, by).await?;
        let mut pass = self.pass(&active).await?;
        let older: Vec<String> = self.keys_in_use().await?.into_iter().filter(|key| *key != active).collect();
        if !older.is_empty() {
            self.ports.clock.sleep(UNDER_WAY).await;
            let late = self.pass(&active).await?;
            pass = Pass { resealed: pass.resealed + late.resealed, unreadable: late.unreadable };
        }
        let mut counts: BTreeMap<String, u64> =
            self.ports.keyring.sealed_counts().await?.into_iter().collect();
        for key in older.iter().chain([&active]) {
            counts.entry(key.clone()).or_default();
        }
        let empty: BTreeSet<&String> = older.iter().filter(|key| counts.get(*key) == Some(&0)).collect();
        let mut retired = Vec::new();
        for key in empty {
            if self.retire(key).await? {
                retired.push(key.clone());
            }
        }
        self.write_down(&active, "done", pass.resealed, by).await?;
        if let Some(backup) = &self.ports.backup {
            backup.keep_current(None).await;
        }
        let Pass { resealed, unreadable } = pass;
        Ok(RekeyReport {
            active,
            is_new,
            resealed,
            unreadable,
            counts: counts.into_iter().collect(),
            retired,
        })
    }

    /// Looks at every row once.
    async fn pass(&self, active: &str) -> Result<Pass, RekeyError> {
        let (mut pass, mut after): (Pass, Option<CredentialId>) = Default::default();
        loop {
            let page = self.ports.credentials.credentials(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(pass) };
            after = Some(last.credential.id);
            for stored in &page {
                match self.reseal(stored, active).await? {
                    Some(true) => pass.resealed += 1,
                    Some(false) => {}
                    None => pass.unreadable += 1,
                }
            }
        }
    }

    /// Seals one row anew unless it is already. Answers whether it was, and `None` where no key at hand opens it. A row that
    /// somebody else wrote meanwhile is theirs: it was sealed by them, or is seen by the next pass.
    async fn reseal(&self, stored: &StoredCredential, active: &str) -> Result<Option<bool>, RekeyError> {
        let StoredCredential { provider, credential } = stored;
        if credential.sealed.split('.').nth(1) == Some(active) {
            return Ok(Some(false));
        }
        let binding = credential_binding(*provider, &credential.owner.to_word());
        let secret = match self.ports.vault.open(&credential.sealed, &binding) {
            Ok(secret) => secret,
            Err(error) => {
                tracing::warn!(credential.id = credential.id.0, error = %error, "a stored key can't be sealed anew");
                return Ok(None);
            }
        };
        let sealed = self.ports.vault.seal(&secret, &binding).map_err(AdminError::from)?;
        Ok(Some(self.ports.credentials.reseal(credential.id, &credential.sealed, &sealed).await?))
    }

    async fn begin(&self) -> Result<String, RekeyError> {
        Ok(self.with_keys(|keys| keys.begin()).await??)
    }

    async fn keys_in_use(&self) -> Result<Vec<String>, RekeyError> {
        Ok(self.with_keys(|keys| keys.key_ids()).await??)
    }

    /// Whether the key was taken out of the file. A key that is given as a setting stays until it is no longer given. The database is
    /// told first: what was sealed under it and is still on its way is refused there, however slow it is.
    async fn retire(&self, key: &str) -> Result<bool, RekeyError> {
        if !self.ports.keyring.retire(key, self.ports.clock.now()).await? {
            return Ok(false);
        }
        let key = key.to_owned();
        match self.with_keys(move |keys| keys.retire(&key)).await? {
            Ok(()) => Ok(true),
            Err(RotationError::Given | RotationError::InUse(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The keys lie on a disk.
    async fn with_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn KeyRotation) -> T + Send + 'static,
    ) -> Result<T, RekeyError> {
        let keys = Arc::clone(&self.ports.rotation);
        let done = tokio::task::spawn_blocking(move || work(keys.as_ref())).await;
        done.map_err(|error| RotationError::File(error.to_string()).into())
    }

    async fn register(&self, key_id: &str) -> Result<(), RekeyError> {
        let Some(check_value) = self.ports.vault.check_value(key_id) else { return Ok(()) };
        let entry =
            KeyringEntry { key_id: key_id.to_owned(), check_value, created_at: self.ports.clock.now() };
        Ok(self.ports.keyring.register(entry).await?)
    }

    async fn write_down(&self, key: &str, step: &str, resealed: u64, by: &Writer) -> Result<(), RekeyError> {
        let record = AuditRecord {
            at: self.ports.clock.now(),
            actor: by.name.to_string(),
            action: AuditAction::Rekey,
            object: format!("encryption_key:{key}"),
            outcome: AuditOutcome::Done,
            address: by.address,
            request_id: by.request_id.clone(),
            details: [("step".to_owned(), step.to_owned()), ("resealed".to_owned(), resealed.to_string())]
                .into(),
        };
        Ok(self.ports.audit.record(record).await?)
    }
}
