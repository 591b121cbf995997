//! All people by their id, and which of their sessions were ended: what turns a presented token into a principal without a database.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_ports::clock::Clock;
use switchyard_ports::repositories::{ENDED_KNOWN_FOR, RepositoryError, UserRepository};

const PER_PAGE: u32 = 1000;

/// A person, as calls need to know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEntry {
    /// The person.
    pub user: User,
    ended: HashSet<SessionId>,
}

impl UserEntry {
    /// Whether they may do anything at all in this session.
    #[must_use]
    pub fn admits(&self, session: SessionId) -> bool {
        self.user.is_active && !self.ended.contains(&session)
    }
}

/// People by id.
pub struct UserDirectory {
    repository: Arc<dyn UserRepository>,
    clock: Arc<dyn Clock>,
    entries: RwLock<HashMap<UserId, Arc<UserEntry>>>,
}

impl UserDirectory {
    /// An empty directory that is filled from this repository.
    #[must_use]
    pub fn new(repository: Arc<dyn UserRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { repository, clock, entries: RwLock::default() }
    }

    /// The person of this id.
    #[must_use]
    pub fn find(&self, id: UserId) -> Option<Arc<UserEntry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Whether somebody administers.
    #[must_use]
    pub fn has_administrator(&self) -> bool {
        let administers = |entry: &Arc<UserEntry>| entry.user.is_active && entry.user.role == Role::Admin;
        self.entries.read().unwrap_or_else(PoisonError::into_inner).values().any(administers)
    }

    /// Those who have a limit of requests in a day.
    #[must_use]
    pub fn with_day_limits(&self) -> Vec<UserId> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let limited = entries.values().filter(|entry| entry.user.limits.rpd.is_some());
        limited.map(|entry| entry.user.id).collect()
    }

    /// Reads everybody.
    ///
    /// # Errors
    /// When the database can't be read; what was known stays.
    pub(crate) async fn load_all(&self) -> Result<(), RepositoryError> {
        let mut all = HashMap::new();
        let mut after = None;
        loop {
            let page = self.repository.page(after, PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let ids: Vec<UserId> = page.iter().map(|user| user.id).collect();
            all.extend(self.read(&ids).await?);
        }
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }

    /// Reads these people again.
    ///
    /// # Errors
    /// When the database can't be read; what was known stays.
    pub(crate) async fn reload(&self, ids: HashSet<UserId>) -> Result<(), RepositoryError> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<UserId> = ids.into_iter().collect();
        let read = self.read(&ids).await?;
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        ids.iter().for_each(|id| drop(entries.remove(id)));
        entries.extend(read);
        Ok(())
    }

    async fn read(&self, ids: &[UserId]) -> Result<HashMap<UserId, Arc<UserEntry>>, RepositoryError> {
        let since = self.clock.now().before(ENDED_KNOWN_FOR);
        let states = self.repository.states(ids, since).await?;
        let entry = |user: User, ended| (user.id, Arc::new(UserEntry { user, ended }));
        Ok(states.into_iter().map(|state| entry(state.user, state.ended.into_iter().collect())).collect())
    }
}
