//! The journal in memory.

use crate::seats::{Seat, Seats};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::journal::{Journal, JournalError, JournalPermit, Segment};

/// How many records may wait, unless told otherwise: some tens of megabytes.
const CAPACITY: usize = 65_536;

/// Keeps records until they are released, or until the process ends. It takes no more than it has room for: when nobody
/// drains it, calls are refused rather than forgotten.
#[derive(Debug)]
pub struct MemoryJournal {
    shared: Arc<Mutex<Records>>,
    seats: Seats,
}

#[derive(Debug, Default)]
struct Records {
    open: Vec<Record>,
    sealed: VecDeque<Sealed>,
    count: u64,
}

#[derive(Debug)]
struct Record {
    events: Vec<UsageEvent>,
    _seat: Seat,
}

#[derive(Debug)]
struct Sealed {
    id: String,
    records: Vec<Record>,
}

impl MemoryJournal {
    /// A journal with room for so many records, those included that are reserved and not written yet.
    #[must_use]
    pub fn with_capacity(records: usize) -> Self {
        Self { shared: Arc::default(), seats: Seats::new(records) }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.shared)
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

fn lock(shared: &Mutex<Records>) -> MutexGuard<'_, Records> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Journal for MemoryJournal {
    fn reserve(&self) -> Result<Box<dyn JournalPermit>, JournalError> {
        let seat = self.seats.take().map_err(JournalError::Full)?;
        Ok(Box::new(MemoryPermit { shared: Arc::clone(&self.shared), seat: Some(seat) }))
    }

    async fn sealed(&self) -> Result<Option<Segment>, JournalError> {
        let mut records = self.records();
        if records.sealed.is_empty() && !records.open.is_empty() {
            records.count += 1;
            let sealed = Sealed { id: records.count.to_string(), records: std::mem::take(&mut records.open) };
            records.sealed.push_back(sealed);
        }
        Ok(records.sealed.front().map(|sealed| Segment {
            id: sealed.id.clone(),
            events: sealed.records.iter().flat_map(|record| &record.events).cloned().collect(),
            damaged: 0,
            is_last: records.sealed.len() == 1 && records.open.is_empty(),
        }))
    }

    async fn release(&self, segment: &str) -> Result<(), JournalError> {
        self.records().sealed.retain(|sealed| sealed.id != segment);
        Ok(())
    }

    fn backlog(&self) -> u64 {
        let records = self.records();
        let sealed: usize = records.sealed.iter().map(|sealed| sealed.records.len()).sum();
        (records.open.len() + sealed) as u64
    }

    fn is_writable(&self) -> bool {
        true
    }
}

struct MemoryPermit {
    shared: Arc<Mutex<Records>>,
    seat: Option<Seat>,
}

#[async_trait]
impl JournalPermit for MemoryPermit {
    async fn append(&mut self, events: &[UsageEvent]) -> Result<(), JournalError> {
        let seat = self.seat.take().ok_or(JournalError::Closed)?;
        if !events.is_empty() {
            lock(&self.shared).open.push(Record { events: events.to_vec(), _seat: seat });
        }
        Ok(())
    }

    fn append_detached(&mut self, events: Vec<UsageEvent>) {
        if let (Some(seat), false) = (self.seat.take(), events.is_empty()) {
            lock(&self.shared).open.push(Record { events, _seat: seat });
        }
    }
}
