//! A database in memory: all repositories over one state, each write all or nothing.

mod audit;
mod configuration;
mod credentials;
mod health;
mod keyring;
mod keys;
mod leading;
mod losing;
mod quotas;
mod routes;
mod sets;
mod usage;
mod users;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use switchyard_domain::audit::{AuditAction, AuditEntry, AuditHead};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::provider::{Credential, Provider};
use switchyard_domain::quota::Quota;
use switchyard_domain::route::Route;
use switchyard_domain::usage::{RefusedCall, UsageEvent};
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::passwords::PasswordHash;
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, DatabaseState, KeyringEntry, OneTimeLink, PoolState, RepositoryError,
    Revision, RouteVersion,
};

/// A database in memory. A test can take it away, lose its answers, or let something happen between two reads.
pub struct MemoryStore {
    state: Mutex<State>,
    faults: Mutex<Faults>,
    kept_changes: usize,
}

#[derive(Clone, Default)]
struct State {
    revision: i64,
    last_id: i64,
    last_seeded_id: i64,
    seeds: i64,
    providers: Vec<Provider>,
    /// Credentials of users and keys; the shared ones stand at their providers.
    own_credentials: Vec<(ProviderId, Credential)>,
    routes: Vec<Route>,
    route_versions: Vec<(RouteId, RouteVersion)>,
    keys: Vec<VirtualKey>,
    users: Vec<(User, PasswordHash)>,
    sessions: Vec<users::KeptSession>,
    links: Vec<OneTimeLink>,
    quotas: Vec<Quota>,
    keyring: Vec<KeyringEntry>,
    retired_keys: BTreeSet<String>,
    changes: Vec<Change>,
    events: Vec<UsageEvent>,
    refused: Vec<RefusedCall>,
    audit: Vec<AuditEntry>,
    audit_head: Option<AuditHead>,
}

/// What a write of configuration did: the object, and the details for the audit log; nothing where there was nothing to write.
type Told = Option<(i64, BTreeMap<String, String>)>;

fn told<const N: usize>(id: i64, details: [(&str, String); N]) -> Told {
    Some((id, details.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()))
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is made.
    Made,
    /// It is not made: the database is away.
    Refused,
    /// It is not made: somebody else was quicker.
    Overtaken,
    /// It is made, and the writer is told that the database is away.
    AnswerLost,
    /// It is made and answered, and then the database is away.
    Last,
}

type Interlude = Box<dyn FnOnce(&MemoryStore) + Send>;

#[derive(Default)]
struct Faults {
    away: bool,
    fates: VecDeque<Fate>,
    before_load: Option<Interlude>,
    reads: u64,
    recorded_batches: Vec<usize>,
    largest_batch: Option<usize>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::keeping(1_000)
    }
}

impl MemoryStore {
    /// A store that keeps so many changes.
    #[must_use]
    pub fn keeping(changes: usize) -> Self {
        Self { state: Mutex::default(), faults: Mutex::default(), kept_changes: changes }
    }

    /// From now on every function answers that the database is away, or works again.
    pub fn set_away(&self, away: bool) {
        self.faults().away = away;
    }

    /// What becomes of the next writes, one after the other; those that follow are made.
    pub fn next_writes(&self, fates: impl IntoIterator<Item = Fate>) {
        self.faults().fates.extend(fates);
    }

    /// Happens once, when the configuration is loaded next, before anything of it is read.
    pub fn before_next_load(&self, interlude: impl FnOnce(&Self) + Send + 'static) {
        self.faults().before_load = Some(Box::new(interlude));
    }

    /// Changes rows behind everybody's back, as a restored backup does.
    pub fn set_back_to(&self, revision: Revision) {
        let mut state = self.state();
        state.revision = revision.0;
        state.changes.retain(|change| change.revision <= revision);
    }

    /// Changes the rows of routes behind everybody's back, into what no repository would write.
    pub fn tamper_with_routes(&self, tamper: impl FnOnce(&mut Vec<Route>)) {
        tamper(&mut self.state().routes);
    }

    /// How often something was read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.faults().reads
    }

    /// The sizes of the batches of usage that were written, in order.
    #[must_use]
    pub fn recorded_batches(&self) -> Vec<usize> {
        self.faults().recorded_batches.clone()
    }

    /// From now on a batch of usage that is larger than this takes the database too long, and is not written.
    pub fn set_largest_batch(&self, events: usize) {
        self.faults().largest_batch = Some(events);
    }

    /// All events, in the order in which they came.
    #[must_use]
    pub fn events(&self) -> Vec<UsageEvent> {
        self.state().events.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, RepositoryError> {
        let mut faults = self.faults();
        faults.reads += 1;
        if faults.away {
            return Err(away());
        }
        drop(faults);
        Ok(read(&self.state()))
    }

    fn write<T>(
        &self,
        write: impl FnOnce(&mut State) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let mut faults = self.faults();
        let fate = faults.fates.pop_front().unwrap_or(Fate::Made);
        if faults.away || fate == Fate::Refused {
            return Err(away());
        }
        if fate == Fate::Overtaken {
            return Err(RepositoryError::Stale { current: i64::MAX });
        }
        let mut state = self.state();
        let mut after = state.clone();
        let value = write(&mut after)?;
        *state = after;
        faults.away = fate == Fate::Last;
        if fate == Fate::AnswerLost { Err(away()) } else { Ok(value) }
    }

    /// A write of configuration: one revision, one change and one entry in the audit log, unless there was nothing to write.
    fn change<T>(
        &self,
        kind: ChangeKind,
        action: AuditAction,
        author: &Author,
        write: impl FnOnce(&mut State) -> Result<(T, Told), RepositoryError>,
    ) -> Result<T, RepositoryError> {
        self.write(|state| {
            let (value, changed) = write(state)?;
            if let Some((id, details)) = changed {
                state.append(author.did(action, kind, id, details))?;
                state.note(kind, id);
                let outdated = state.changes.len().saturating_sub(self.kept_changes);
                state.changes.drain(..outdated);
            }
            Ok(value)
        })
    }
}

impl DatabaseState for MemoryStore {
    fn is_connected(&self) -> bool {
        !self.faults().away
    }

    fn pools(&self) -> Vec<PoolState> {
        Vec::new()
    }
}

impl State {
    /// A revision and a change.
    fn note(&mut self, kind: ChangeKind, id: i64) {
        self.revision += 1;
        self.changes.push(Change { revision: Revision(self.revision), kind, id });
    }

    fn new_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// The id of a provider or a route. What comes with the product is counted apart.
    fn new_id_of(&mut self, owner: &Owner) -> i64 {
        if *owner != Owner::Seed {
            return self.new_id();
        }
        self.last_seeded_id += 1;
        999_999 + self.last_seeded_id
    }
}

fn away() -> RepositoryError {
    RepositoryError::Unavailable("a test took it away".to_owned())
}

fn missing(what: &str, id: i64) -> RepositoryError {
    RepositoryError::NotFound { what: format!("{what} {id}") }
}

fn taken(what: &str, name: &str) -> RepositoryError {
    RepositoryError::Conflict { reason: format!("a {what} named `{name}` exists") }
}

fn new_meta(author: &Author) -> RowMeta {
    RowMeta {
        version: 1,
        owner: author.by.owner.clone(),
        created_at: author.at,
        updated_at: author.at,
        updated_by: author.by.name.to_string(),
    }
}

fn raise(meta: &mut RowMeta, author: &Author) {
    meta.version += 1;
    meta.updated_at = author.at;
    author.by.name.as_ref().clone_into(&mut meta.updated_by);
}

fn check_version(expected: Option<i64>, meta: &RowMeta) -> Result<(), RepositoryError> {
    match expected {
        Some(version) if version != meta.version => Err(RepositoryError::Stale { current: meta.version }),
        _ => Ok(()),
    }
}
