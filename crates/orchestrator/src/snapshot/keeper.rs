//! Keeps the snapshot and the key directory at the newest revision: after our own writes at once, after those of others by
//! asking for one integer.

use super::Snapshot;
use super::build::{Builder, MemoryOfTargets, Reading};
use super::directory::KeyDirectory;
use super::users::UserDirectory;
use arc_swap::ArcSwap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use switchyard_domain::ids::{CredentialId, UserId, VirtualKeyId};
use switchyard_domain::provider::CredentialOwner;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{
    Change, ChangeKind, ConfigurationRepository, RepositoryError, Revision, VirtualKeyRepository,
};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often the revision is asked for: half of the second in which a change must be visible everywhere.
const POLL: Duration = Duration::from_millis(400);
const ROWS_PER_PAGE: u32 = 1000;

/// Keeps what calls read.
pub struct ConfigurationKeeper {
    configuration: Arc<dyn ConfigurationRepository>,
    keys: Arc<dyn VirtualKeyRepository>,
    builder: Builder,
    snapshot: ArcSwap<Snapshot>,
    directory: Arc<KeyDirectory>,
    users: Arc<UserDirectory>,
    /// Up to which revision all is seen, keys included. Written only while refreshing.
    reached: AtomicI64,
    refreshing: Mutex<MemoryOfTargets>,
    /// The revision of the snapshot, for whoever waits for another one.
    rebuilt: watch::Sender<Revision>,
}

impl ConfigurationKeeper {
    /// Loads everything once.
    ///
    /// # Errors
    /// When the database can't be read: a server without configuration serves nobody.
    pub async fn start(
        configuration: Arc<dyn ConfigurationRepository>,
        keys: Arc<dyn VirtualKeyRepository>,
        users: Arc<UserDirectory>,
        builder: Builder,
    ) -> Result<Self, RepositoryError> {
        let keeper = Self {
            configuration,
            keys,
            users,
            builder,
            snapshot: ArcSwap::default(),
            directory: Arc::new(KeyDirectory::default()),
            reached: AtomicI64::new(0),
            refreshing: Mutex::default(),
            rebuilt: watch::Sender::default(),
        };
        let mut memory = keeper.refreshing.lock().await;
        let revision = keeper.configuration.revision().await?;
        keeper.load_all(revision, &mut memory, Reading::Changes).await?;
        drop(memory);
        Ok(keeper)
    }

    /// The configuration now. A call takes it once and keeps it to its end.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The revision up to which everything is seen. Ahead of the snapshot's own when only keys were written since.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision(self.reached.load(Ordering::Acquire))
    }

    /// Tells whenever calls are served by another configuration: its revision.
    #[must_use]
    pub fn rebuilt(&self) -> watch::Receiver<Revision> {
        self.rebuilt.subscribe()
    }

    /// The virtual keys.
    #[must_use]
    pub fn directory(&self) -> Arc<KeyDirectory> {
        Arc::clone(&self.directory)
    }

    /// The people.
    #[must_use]
    pub fn users(&self) -> Arc<UserDirectory> {
        Arc::clone(&self.users)
    }

    /// Catches up with the database. Writers call it to read their own write.
    ///
    /// # Errors
    /// When the database can't be read; the last good configuration stays.
    pub async fn refresh(&self) -> Result<(), RepositoryError> {
        let mut memory = self.refreshing.lock().await;
        let current = self.revision();
        let newest = self.configuration.revision().await?;
        if newest == current {
            return Ok(());
        }
        match self.configuration.changes_since(current).await? {
            Some(changes) if newest > current => self.apply(&changes, newest, &mut memory).await,
            _ => self.load_all(newest, &mut memory, Reading::Changes).await,
        }
    }

    /// Reads everything again, whether or not a revision or a version says that something changed.
    ///
    /// # Errors
    /// When the database can't be read; the last good configuration stays.
    pub async fn reload(&self) -> Result<(), RepositoryError> {
        let mut memory = self.refreshing.lock().await;
        let newest = self.configuration.revision().await?;
        self.load_all(newest, &mut memory, Reading::Anew).await
    }

    async fn load_all(
        &self,
        newest: Revision,
        memory: &mut MemoryOfTargets,
        reading: Reading,
    ) -> Result<(), RepositoryError> {
        self.load_all_keys().await?;
        self.load_all_credentials().await?;
        self.users.load_all().await?;
        self.rebuild(newest, memory, reading).await
    }

    async fn apply(
        &self,
        changes: &[Change],
        newest: Revision,
        memory: &mut MemoryOfTargets,
    ) -> Result<(), RepositoryError> {
        let of_kind = |kind| changes.iter().filter(move |change| change.kind == kind).map(|change| change.id);
        self.reload_keys(of_kind(ChangeKind::VirtualKey).map(VirtualKeyId).collect()).await?;
        self.reload_credentials(of_kind(ChangeKind::Credential).map(CredentialId).collect()).await?;
        self.users.reload(of_kind(ChangeKind::User).map(UserId).collect()).await?;
        let stands_beside =
            |kind| matches!(kind, ChangeKind::VirtualKey | ChangeKind::Credential | ChangeKind::User);
        if changes.iter().any(|change| !stands_beside(change.kind)) {
            return self.rebuild(newest, memory, Reading::Changes).await;
        }
        let reached = changes.iter().map(|change| change.revision).max().unwrap_or(newest);
        self.reached.store(reached.0, Ordering::Release);
        Ok(())
    }

    async fn rebuild(
        &self,
        seen: Revision,
        memory: &mut MemoryOfTargets,
        reading: Reading,
    ) -> Result<(), RepositoryError> {
        let mut stored = self.configuration.load().await?;
        // A key may have changed between the two reads: claim only what was seen before, so that it is looked at again.
        stored.revision = seen;
        let snapshot = self.builder.build(&stored, &self.snapshot.load(), memory, reading);
        if let Some(own) = self.builder.own_credentials() {
            own.directory.keep_only(&stored.providers.iter().map(|provider| provider.id).collect());
        }
        tracing::debug!(
            revision = snapshot.revision.0,
            providers = snapshot.providers.len(),
            routes = snapshot.routes.len(),
            "configuration loaded"
        );
        let snapshot = Arc::new(snapshot);
        let before = self.snapshot.swap(Arc::clone(&snapshot));
        self.builder.forget_what_is_gone(&before, &snapshot);
        self.reached.store(seen.0, Ordering::Release);
        self.rebuilt.send_replace(seen);
        Ok(())
    }

    async fn reload_keys(&self, ids: HashSet<VirtualKeyId>) -> Result<(), RepositoryError> {
        let ids: Vec<VirtualKeyId> = ids.into_iter().collect();
        for chunk in ids.chunks(ROWS_PER_PAGE as usize) {
            let mut gone: HashSet<VirtualKeyId> = chunk.iter().copied().collect();
            for key in self.keys.by_ids(chunk).await? {
                gone.remove(&key.id);
                self.directory.put(key);
            }
            if let Some(own) = self.builder.own_credentials() {
                own.directory
                    .remove_owners(&gone.iter().map(|id| CredentialOwner::VirtualKey(id.0)).collect());
            }
            gone.into_iter().for_each(|id| self.directory.remove(id));
        }
        Ok(())
    }

    async fn reload_credentials(&self, ids: HashSet<CredentialId>) -> Result<(), RepositoryError> {
        let Some(own) = self.builder.own_credentials() else { return Ok(()) };
        let ids: Vec<CredentialId> = ids.into_iter().collect();
        for chunk in ids.chunks(ROWS_PER_PAGE as usize) {
            let mut gone: HashSet<CredentialId> = chunk.iter().copied().collect();
            for stored in own.repository.credentials_by_ids(chunk).await? {
                gone.remove(&stored.credential.id);
                own.directory.put(stored);
            }
            gone.into_iter().for_each(|id| own.directory.remove(id));
        }
        Ok(())
    }

    async fn load_all_credentials(&self) -> Result<(), RepositoryError> {
        let Some(own) = self.builder.own_credentials() else { return Ok(()) };
        let mut gone: HashSet<CredentialId> = own.directory.ids().into_iter().collect();
        let mut after = None;
        loop {
            let page = own.repository.credentials(after, ROWS_PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.credential.id);
            for stored in page {
                gone.remove(&stored.credential.id);
                own.directory.put(stored);
            }
        }
        gone.into_iter().for_each(|id| own.directory.remove(id));
        Ok(())
    }

    async fn load_all_keys(&self) -> Result<(), RepositoryError> {
        let mut gone: HashSet<VirtualKeyId> = self.directory.ids().into_iter().collect();
        let mut after = None;
        loop {
            let page = self.keys.page(after, ROWS_PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for key in page {
                gone.remove(&key.id);
                self.directory.put(key);
            }
        }
        gone.into_iter().for_each(|id| self.directory.remove(id));
        Ok(())
    }

    /// Polls the revision until `stopping`. While the database is away the last good configuration serves.
    pub async fn poll(&self, clock: Arc<dyn Clock>, stopping: CancellationToken) {
        let mut failing = false;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = clock.sleep(POLL) => {}
            }
            match self.refresh().await {
                Ok(()) if failing => {
                    failing = false;
                    tracing::info!("the database answers again");
                }
                Ok(()) => {}
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(error = %error, "configuration can't be refreshed; the last good one serves");
                }
                Err(_) => {}
            }
        }
    }
}
