//! A journal in memory that refuses or hangs where a test says so.

use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};

/// What an append does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Appends {
    /// Writes.
    #[default]
    Write,
    /// Fails, having written nothing.
    Fail,
    /// Never returns, having written nothing.
    HangUnwritten,
    /// Never returns, although the record is written: as when its disk syncs for ever.
    HangWritten,
}

/// A journal in memory.
#[derive(Debug, Default)]
pub struct ScriptedJournal {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    unwritable: bool,
    appends: Appends,
    records: Vec<Vec<UsageEvent>>,
    open: Vec<Vec<UsageEvent>>,
    sealed: VecDeque<(Segment, u64)>,
    segments: u64,
    damaged: usize,
    permits: usize,
    /// How many appends were begun.
    begun: usize,
}

impl ScriptedJournal {
    /// From now on no permit is given, or again.
    pub fn set_unwritable(&self, unwritable: bool) {
        self.shared().unwritable = unwritable;
    }

    /// What appends do from now on. Those that nobody waits for are always kept.
    pub fn set_appends(&self, appends: Appends) {
        self.shared().appends = appends;
    }

    /// The next segment holds so many damaged records beside its events.
    pub fn damage(&self, records: usize) {
        self.shared().damaged = records;
    }

    /// All records that were ever written, each the events of one append, in order.
    #[must_use]
    pub fn records(&self) -> Vec<Vec<UsageEvent>> {
        self.shared().records.clone()
    }

    /// The events of all records, in order.
    #[must_use]
    pub fn events(&self) -> Vec<UsageEvent> {
        self.records().into_iter().flatten().collect()
    }

    /// Permits that are held now.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.shared().permits
    }

    /// How many appends were begun.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.shared().begun
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn write(&mut self, events: Vec<UsageEvent>) {
        if !events.is_empty() {
            self.records.push(events.clone());
            self.open.push(events);
        }
    }
}

#[async_trait]
impl Journal for ScriptedJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        let mut shared = self.shared();
        if shared.unwritable {
            return Err(JournalError::Unwritable("a test says so".to_owned()));
        }
        shared.permits += 1;
        Ok(Box::new(ScriptedPermit { shared: Arc::clone(&self.shared), is_used: false }))
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        let mut shared = self.shared();
        if shared.sealed.is_empty() && !(shared.open.is_empty() && shared.damaged == 0) {
            shared.segments += 1;
            let records = std::mem::take(&mut shared.open);
            let segment = Segment {
                id: shared.segments.to_string(),
                damaged: std::mem::take(&mut shared.damaged),
                events: records.iter().flatten().cloned().collect(),
                is_last: false,
            };
            shared.sealed.push_back((segment, records.len() as u64));
        }
        let is_last = shared.sealed.len() == 1 && shared.open.is_empty();
        Ok(shared.sealed.front().map(|(segment, _)| Segment { is_last, ..segment.clone() }))
    }

    async fn release(&self, id: &str) -> Result<(), JournalError> {
        self.shared().sealed.retain(|(segment, _)| segment.id != id);
        Ok(())
    }

    fn backlog(&self) -> u64 {
        let shared = self.shared();
        shared.open.len() as u64 + shared.sealed.iter().map(|(_, records)| records).sum::<u64>()
    }

    fn is_writable(&self) -> bool {
        !self.shared().unwritable
    }
}

struct ScriptedPermit {
    shared: Arc<Mutex<Shared>>,
    is_used: bool,
}

#[async_trait]
impl JournalPermit for ScriptedPermit {
    async fn append(&mut self, events: &[UsageEvent]) -> Result<(), JournalError> {
        if self.is_used {
            return Err(JournalError::Closed);
        }
        let appends = {
            let mut shared = lock(&self.shared);
            shared.begun += 1;
            if matches!(shared.appends, Appends::Write | Appends::HangWritten) {
                shared.write(events.to_vec());
            }
            shared.appends
        };
        match appends {
            Appends::Write => {
                self.is_used = true;
                Ok(())
            }
            Appends::Fail => Err(JournalError::Unwritable("a test says so".to_owned())),
            Appends::HangUnwritten | Appends::HangWritten => std::future::pending().await,
        }
    }

    fn append_detached(&mut self, events: Vec<UsageEvent>) {
        if !std::mem::replace(&mut self.is_used, true) {
            lock(&self.shared).write(events);
        }
    }
}

impl Drop for ScriptedPermit {
    fn drop(&mut self) {
        lock(&self.shared).permits -= 1;
    }
}
