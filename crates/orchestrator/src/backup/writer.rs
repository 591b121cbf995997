//! Keeps the backup: rewritten after every change of a provider or a route, whoever made it.

use super::document::{self, BackupDocument};
use super::kept_keys::KeptKeys;
use super::seal;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::time::Timestamp;
use switchyard_ports::backup_file::BackupFile;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{AuditLog, ConfigurationRepository, Revision, StoredConfiguration};
use switchyard_ports::vault::Vault;
use tokio::sync::{Mutex as Turns, watch};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether another key seals by now.
const KEY_CHECK: Duration = Duration::from_secs(60);
/// How often what was written is written anew over what others change meanwhile.
const MOST_ROUNDS: usize = 4;
/// The place of the first entry of an audit log.
const FIRST_ENTRY: i64 = 1;

/// What the backup needs from the world.
#[derive(Clone)]
pub struct BackupPorts {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is backed up.
    pub configuration: Arc<dyn ConfigurationRepository>,
    /// What tells one database from another.
    pub audit: Arc<dyn AuditLog>,
    /// Opens and seals.
    pub vault: Arc<dyn Vault>,
    /// Where the backup is.
    pub file: Arc<dyn BackupFile>,
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBackup {
    /// Where.
    pub place: String,
    /// When.
    pub at: Timestamp,
    /// Providers in it.
    pub providers: usize,
    /// Routes in it.
    pub routes: usize,
    /// Keys that are not in it, since no key at hand opens them.
    pub lost_keys: usize,
}

/// How the backup is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupState {
    /// Where it is.
    pub place: String,
    /// The last one that this process wrote.
    pub written: Option<WrittenBackup>,
    /// Why the last try failed, if it did.
    pub error: Option<String>,
}

/// Writes the backup, one at a time. Whoever asks while one is written shares the next one.
pub struct BackupWriter {
    ports: BackupPorts,
    /// Off until the start is over: what a database is given when it is new must not take the place of a backup.
    is_awake: AtomicBool,
    asked: AtomicU64,
    turn: Turns<Turn>,
    state: Mutex<BackupState>,
}

/// What lies in the place of the backup.
enum Lying {
    Nothing,
    /// The backup of another database, or none at all.
    Foreign,
    /// A backup of this database: its text.
    Ours(String),
}

#[derive(Default)]
struct Turn {
    /// Up to which asking all was looked at.
    looked: u64,
    /// Up to which asking it was written.
    written: u64,
    /// The revision of what was looked at, where it was told.
    revision: Option<Revision>,
    /// What was written.
    content: Option<(Value, String)>,
    /// Whether the file is known to be this database's.
    is_ours: bool,
}

impl BackupWriter {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: BackupPorts) -> Self {
        let state = BackupState { place: ports.file.place(), ..BackupState::default() };
        Self {
            ports,
            is_awake: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            turn: Turns::default(),
            state: Mutex::new(state),
        }
    }

    pub(super) fn ports(&self) -> &BackupPorts {
        &self.ports
    }

    /// How the backup is.
    #[must_use]
    pub fn state(&self) -> BackupState {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, BackupState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on changes are backed up.
    pub fn wake(&self) {
        self.is_awake.store(true, Ordering::Release);
    }

    /// The same, and writes what is there now, unless the backup of another database lies in its place, or one of this database with keys
    /// that could only be taken away from it: whoever lost a database and starts with an empty one, or starts with a wrong encryption
    /// key, has that backup to restore.
    pub async fn wake_and_begin(&self) {
        self.wake();
        let place = self.ports.file.place();
        match self.lying().await {
            Ok(Lying::Foreign) => tracing::warn!(
                "the backup at {place} is another database's and was left as it is: restore it, or it is set aside at the next change"
            ),
            Ok(Lying::Ours(text)) if self.only_takes_away(&text).await => tracing::warn!(
                "the backup at {place} has keys that don't open under the encryption key of this start, and was left as it is: start with \
                 the key that they were sealed under, or it is set aside at the next change"
            ),
            Ok(Lying::Nothing | Lying::Ours(_)) => self.keep_current(None).await,
            Err(error) => self.failed(&error),
        }
    }

    /// Writes the backup if what it should hold is not what was written last. `seen` is the revision of what calls are served by,
    /// where it is known. A failure is logged and told in the state: it never stands in the way of what was changed.
    pub async fn keep_current(&self, seen: Option<Revision>) {
        if !self.is_awake.load(Ordering::Acquire) {
            return;
        }
        let ticket = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.turn.lock().await;
        let is_seen = seen.is_some() && turn.revision >= seen;
        if turn.looked >= ticket || is_seen {
            return;
        }
        let covered = self.asked.load(Ordering::Acquire);
        if self.attempt(&mut turn, false).await.is_ok() {
            turn.looked = covered;
            turn.revision = seen.or(turn.revision);
        }
    }

    /// Writes the backup in any case.
    ///
    /// # Errors
    /// Why it can't be written, as it is logged too.
    pub async fn write_now(&self) -> Result<WrittenBackup, String> {
        let ticket = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.turn.lock().await;
        let shared = self.state().written.filter(|_| turn.written >= ticket);
        if let Some(written) = shared {
            return Ok(written);
        }
        let covered = self.asked.load(Ordering::Acquire);
        let written = self.attempt(&mut turn, true).await?;
        (turn.looked, turn.written) = (covered, covered);
        written.or_else(|| self.state().written).ok_or_else(|| "nothing was written".to_owned())
    }

    /// The same, where changes are backed up at all. What stands in the way is logged.
    pub async fn write_after_test(&self) {
        if self.is_awake.load(Ordering::Acquire) {
            let _told_in_the_log = self.write_now().await;
        }
    }

    /// Follows what others change: whenever `rebuilt` tells that calls are served by something else, and when another key seals.
    pub async fn follow(&self, mut rebuilt: watch::Receiver<Revision>, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                changed = rebuilt.changed() => match changed {
                    Ok(()) => {
                        let seen = *rebuilt.borrow_and_update();
                        self.keep_current(Some(seen)).await;
                    }
                    Err(_) => return,
                },
                () = self.ports.clock.sleep(KEY_CHECK) => self.follow_key().await,
            }
        }
    }

    /// Seals the backup anew where another key seals by now.
    pub async fn follow_key(&self) {
        let active = self.ports.vault.active_key_id();
        let is_other = self.turn.lock().await.content.as_ref().is_some_and(|(_, key)| *key != active);
        if is_other {
            self.keep_current(None).await;
        }
    }

    async fn attempt(&self, turn: &mut Turn, forced: bool) -> Result<Option<WrittenBackup>, String> {
        let done = self.write(turn, forced).await;
        match &done {
            Ok(written) => {
                let mut state = self.kept();
                state.error = None;
                state.written = written.clone().or(state.written.take());
            }
            Err(error) => self.failed(error),
        }
        done
    }

    fn failed(&self, error: &str) {
        tracing::error!("the backup at {} can't be written: {error}", self.ports.file.place());
        self.kept().error = Some(error.to_owned());
    }

    /// Writes unless nothing changed; answers what was written.
    ///
    /// Other processes may write the same file. Whoever puts it there last looks afterwards whether somebody changed something meanwhile:
    /// so an older state never stays in the place of a newer one.
    async fn write(&self, turn: &mut Turn, forced: bool) -> Result<Option<WrittenBackup>, String> {
        let mut written = None;
        for _ in 0..MOST_ROUNDS {
            let (of, done) = self.write_once(turn, forced && written.is_none()).await?;
            let Some(done) = done else { break };
            written = Some(done);
            if self.ports.configuration.revision().await.is_ok_and(|now| now == of) {
                break;
            }
        }
        Ok(written)
    }

    /// The same once: of which revision it is, and what was written.
    async fn write_once(
        &self,
        turn: &mut Turn,
        forced: bool,
    ) -> Result<(Revision, Option<WrittenBackup>), String> {
        let BackupPorts { clock, configuration, vault, file, .. } = &self.ports;
        let stored = configuration.load().await.map_err(|error| error.to_string())?;
        let database = self.database().await?;
        let at = clock.now();
        let (document, lost_keys) = document::of_stored(&stored, vault.as_ref(), database, at)
            .map_err(|error| format!("a key can't be sealed: {error}"))?;
        let content = (document.fingerprint(&stored), vault.active_key_id());
        if !forced && turn.content.as_ref() == Some(&content) {
            return Ok((stored.revision, None));
        }
        if !turn.is_ours || lost_keys > 0 {
            self.set_aside_unless_held_by(&document, &stored).await?;
        }
        let BackupDocument { providers, routes, .. } = &document;
        let written = WrittenBackup {
            place: file.place(),
            at,
            providers: providers.len(),
            routes: routes.len(),
            lost_keys,
        };
        let text = seal::sealed_text(&document, vault.as_ref()).map_err(|error| error.to_string())?;
        self.with_file(move |file| file.write(&text)).await?;
        (turn.content, turn.is_ours) = (Some(content), true);
        Ok((stored.revision, Some(written)))
    }

    /// Which database this is; nothing while nothing was written into it.
    async fn database(&self) -> Result<Option<String>, String> {
        let first = self.ports.audit.hashes_at(&[FIRST_ENTRY]).await.map_err(|error| error.to_string())?;
        Ok(first.into_iter().next().flatten().map(hex::encode))
    }

    /// What lies in the place of the backup.
    async fn lying(&self) -> Result<Lying, String> {
        let Some(text) = self.with_file(|file| file.read()).await? else { return Ok(Lying::Nothing) };
        let is_ours = seal::is_of(&text, self.database().await?.as_deref());
        Ok(if is_ours { Lying::Ours(text) } else { Lying::Foreign })
    }

    /// Whether what would be written now has no key that this text has not, and lacks some that can't be had any more.
    async fn only_takes_away(&self, text: &str) -> bool {
        let BackupPorts { clock, configuration, vault, .. } = &self.ports;
        let Ok(stored) = configuration.load().await else { return false };
        let Ok((document, _)) = document::of_stored(&stored, vault.as_ref(), None, clock.now()) else {
            return false;
        };
        let kept = KeptKeys::of(text);
        kept.would_lose(&document, &stored, vault.as_ref()) && kept.have_all_of(&document)
    }

    /// What is another database's backup, cannot be read, or has keys that are lost with it, is kept beside what takes its place.
    async fn set_aside_unless_held_by(
        &self,
        document: &BackupDocument,
        stored: &StoredConfiguration,
    ) -> Result<(), String> {
        let what = match self.lying().await {
            Ok(Lying::Nothing) => return Ok(()),
            Ok(Lying::Foreign) => "the backup of another database",
            Ok(Lying::Ours(text)) => {
                if !KeptKeys::of(&text).would_lose(document, stored, self.ports.vault.as_ref()) {
                    return Ok(());
                }
                "a backup with keys that don't open under the encryption key of this start"
            }
            Err(error) => {
                tracing::warn!("what lies in the place of the backup can't be read: {error}");
                "what can't be read"
            }
        };
        let aside = self.with_file(|file| file.set_aside()).await?;
        tracing::warn!("{what} was kept at {aside}");
        Ok(())
    }

    /// The file lies on a disk.
    async fn with_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn BackupFile) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let file = Arc::clone(&self.ports.file);
        let done = tokio::task::spawn_blocking(move || work(file.as_ref())).await;
        done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}
