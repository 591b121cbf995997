//! The way from a call's books to the journal. Each stage is a guard of its own: whoever drops it on the way, in an await or with
//! a task that never ran, hands the record over without waiting.

use super::books::Books;
use crate::chat::bill::CallBill;
use crate::chat::service::ChatPorts;
use std::sync::Arc;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::journal::{JournalError, JournalPermit};
use switchyard_ports::limiter::{Permit, Used};

/// What settling recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Settled {
    /// What the call was charged for.
    pub(in crate::chat) bill: CallBill,
}

/// Books that are closed: no attempt follows.
pub(super) struct Closing {
    books: Option<Books>,
    ports: Arc<ChatPorts>,
}

impl Closing {
    pub(super) fn new(books: Books, ports: Arc<ChatPorts>) -> Self {
        Self { books: Some(books), ports }
    }

    /// Whether measuring holds up nobody.
    pub(super) fn is_quick(&self) -> bool {
        self.books.as_ref().is_none_or(|books| books.is_quick(&self.ports))
    }

    /// Counts what was used. May load a vocabulary when [`Closing::is_quick`] said no.
    pub(super) fn measure(mut self) -> Record {
        Record::of(self.books.take(), &self.ports)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        drop(Record::of(self.books.take(), &self.ports));
    }
}

/// Measured events on their way to the journal, and the permits that are held until they are there: only then limits and budgets are told
/// what was used, so that what was told to a budget is what the ledger will say.
pub(super) struct Record {
    events: Vec<UsageEvent>,
    journal: Option<Box<dyn JournalPermit>>,
    used: Vec<(Option<Box<dyn Permit>>, Used)>,
    /// When the journal was offered it first: the ledger may know of it since then, whatever became of that.
    offered: Option<Monotonic>,
    ports: Arc<ChatPorts>,
}

impl Record {
    fn of(books: Option<Books>, ports: &Arc<ChatPorts>) -> Self {
        let ports = Arc::clone(ports);
        let Some(mut books) = books else {
            return Self { events: Vec::new(), journal: None, used: Vec::new(), offered: None, ports };
        };
        let events = books.events(&ports);
        ports.statistics.count(&events);
        let used = books.permits(&events);
        Self { events, journal: Some(books.journal), used, offered: None, ports }
    }

    /// Writes the events and returns once they are safe.
    pub(super) async fn append(mut self) -> Result<Settled, JournalError> {
        let settled = Settled { bill: CallBill::of(&self.events) };
        let since = self.offer();
        let Some(journal) = self.journal.as_mut().filter(|_| !self.events.is_empty()) else {
            return Ok(settled);
        };
        // Only shown to it, so that an append that fails or is abandoned does not take the events with it.
        let appended = journal.append(&self.events).await;
        match appended {
            Ok(()) => {
                self.events.clear();
                self.settle(since);
                Ok(settled)
            }
            Err(error) => {
                self.withhold();
                Err(error)
            }
        }
    }

    fn offer(&mut self) -> Monotonic {
        let now = || self.ports.clock.monotonic();
        *self.offered.get_or_insert_with(now)
    }

    /// Tells limits and budgets what was used, of which the ledger may know since then.
    fn settle(&mut self, since: Monotonic) {
        for (permit, used) in self.used.drain(..) {
            let used = Used { since: Some(since), ..used };
            match permit {
                Some(permit) => permit.end(&used),
                None => self.ports.limiter.charge(&used),
            }
        }
    }

    /// The provider is owed for an answer whose end the client does not get.
    fn withhold(&mut self) {
        if let Some(last) = self.events.last_mut().filter(|last| last.outcome == Outcome::Complete) {
            last.outcome = if last.stream { Outcome::Partial } else { Outcome::Failed };
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let since = self.offer();
        if let Some(journal) = self.journal.as_mut().filter(|_| !self.events.is_empty()) {
            journal.append_detached(std::mem::take(&mut self.events));
        }
        self.settle(since);
    }
}
