//! Settling a call exactly once, however it ends: completed, failed, cut, or abandoned by its client in any await. The guard
//! is owned by whatever still runs for the call; dropping it settles what was received.

mod books;
mod closing;
mod lost;
mod payers;

pub(super) use books::CallIdentity;
pub(super) use closing::Settled;
pub(super) use payers::Payers;

use super::admission::Admitted;
use super::passed::WhyHere;
use super::service::ChatPorts;
use crate::snapshot::TargetEntry;
use books::{Books, OpenAttempt};
use closing::Closing;
use lost::Lost;
use std::sync::Arc;
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::ids::AttemptId;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::usage::Outcome;
use switchyard_ports::client_call::{AnswerPiece, ClientCall};
use switchyard_ports::journal::{JournalError, JournalPermit};
use switchyard_ports::limiter::{Permit, Rooms};
use switchyard_ports::provider::Received;

/// The guard of one call.
pub(super) struct Settlement {
    ports: Arc<ChatPorts>,
    books: Option<Books>,
    is_admitted: bool,
    rooms: Rooms,
}

impl Settlement {
    pub(super) fn new(
        ports: Arc<ChatPorts>,
        identity: CallIdentity,
        call: Arc<dyn ClientCall>,
        journal: Box<dyn JournalPermit>,
        payers: Payers,
    ) -> Self {
        ports.statistics.call_began();
        let books = Some(Books::new(identity, call, journal, payers));
        Self { ports, books, is_admitted: false, rooms: Rooms::default() }
    }

    /// The call is admitted: keeps the permit of the caller's limits and budgets, if there are any, until it is settled.
    pub(super) fn admit(&mut self, permit: Option<Box<dyn Permit>>) {
        self.is_admitted = true;
        if let Some(books) = &mut self.books {
            self.rooms = permit.as_ref().map(|permit| permit.rooms()).unwrap_or_default();
            books.limits = permit;
        }
    }

    /// Whether the call was admitted.
    pub(super) fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// The permit of the caller's limits and budgets.
    pub(super) fn permit(&self) -> Option<&dyn Permit> {
        self.books.as_ref()?.limits.as_deref()
    }

    /// What was left of the caller's limits when the call was admitted.
    pub(super) fn rooms(&self) -> Rooms {
        self.rooms
    }

    /// What the attempts so far may have cost.
    pub(super) fn committed(&self) -> NanoUsd {
        self.books.as_ref().map(|books| books.committed(&self.ports)).unwrap_or_default()
    }

    /// An attempt begins at `target`, with what is held for it and with somebody's credential. From here on, leaving in any way records
    /// it.
    pub(super) fn begin(
        &mut self,
        target: &Arc<TargetEntry>,
        why: WhyHere,
        losses: &LossReport,
        admitted: Admitted,
        credential: Option<CredentialSource>,
    ) -> Arc<Received> {
        let received = Arc::new(Received::default());
        if let Some(books) = &mut self.books {
            books.begin(OpenAttempt {
                id: AttemptId(self.ports.entropy.new_id()),
                target: Arc::clone(target),
                why,
                credential,
                at: admitted.at.unwrap_or_else(|| self.ports.clock.now()),
                began: self.ports.clock.monotonic(),
                status: None,
                first_content: None,
                received: Arc::clone(&received),
                lost: Lost::of_request(losses),
                limits: admitted.permit,
                is_target_settled: false,
                reserved: admitted.reserved,
            });
        }
        received
    }

    /// The open attempt's first content is there.
    pub(super) fn first_content(&mut self, status: u16) {
        let now = self.ports.clock.monotonic();
        if let Some(books) = &mut self.books {
            books.first_content(status, now);
        }
    }

    /// Takes out of a piece of the open attempt's answer what its client could not read, and notes what is lost so. That the
    /// caller is strict changes nothing: the answer is paid for.
    pub(super) fn fit(&mut self, source: Dialect, piece: AnswerPiece<'_>) -> LossReport {
        self.books.as_mut().map(|books| books.fit(source, piece)).unwrap_or_default()
    }

    /// The open attempt failed before its client had content, and another may follow: what it held of its target's limits is
    /// free from now on.
    pub(super) fn fail(&mut self, fault: ProviderFault) {
        let now = self.ports.clock.monotonic();
        if let Some(books) = &mut self.books {
            books.end(outcome_of(fault.kind), Some(fault), now);
            books.release_target(&self.ports);
        }
    }

    /// The open attempt's answer came whole, and the call ended with it: complete, or unheard.
    pub(super) fn end_whole(&mut self, outcome: Outcome) {
        let now = self.ports.clock.monotonic();
        if let Some(books) = &mut self.books {
            books.end_whole(outcome, now);
        }
    }

    /// The open attempt's answer broke off, and the call ended with it.
    pub(super) fn end_broken(&mut self, fault: ProviderFault) {
        let now = self.ports.clock.monotonic();
        if let Some(books) = &mut self.books {
            books.end(Outcome::Partial, Some(fault), now);
        }
    }

    /// Attempts so far.
    pub(super) fn attempts(&self) -> u32 {
        self.books.as_ref().map_or(0, Books::attempts)
    }

    /// Records the call and returns once the record is safe. A call without attempts records nothing. Whoever drops the future
    /// leaves the record to be written without them.
    ///
    /// # Errors
    /// [`JournalError`] when the record could not be written; then the client must not get its last byte.
    pub(super) async fn settle(&mut self) -> Result<Settled, JournalError> {
        let Some(books) = self.books.take() else { return Ok(Settled::default()) };
        let closing = Closing::new(books, Arc::clone(&self.ports));
        if closing.is_quick() {
            return closing.measure().append().await;
        }
        // Counting may load a vocabulary: on a blocking thread, and on a task of its own.
        let (tell, told) = tokio::sync::oneshot::channel();
        self.ports.tasks.spawn("settle", async move {
            let result = match tokio::task::spawn_blocking(move || closing.measure()).await {
                Ok(record) => record.append().await,
                Err(_) => Err(JournalError::Closed),
            };
            let _client_may_have_left = tell.send(result);
        });
        told.await.unwrap_or(Err(JournalError::Closed))
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        self.ports.statistics.call_ended();
        let Some(mut books) = self.books.take() else { return };
        books.end(Outcome::ClientClosed, None, self.ports.clock.monotonic());
        let closing = Closing::new(books, Arc::clone(&self.ports));
        if !closing.is_quick() {
            // Dropping it is what settles it, also where no thread takes the work any more.
            self.ports.tasks.spawn_blocking(move || drop(closing));
        }
    }
}

/// The outcome that a fault leaves, before the client had content.
fn outcome_of(fault: FaultKind) -> Outcome {
    match fault {
        FaultKind::Rejected | FaultKind::Unsupported => Outcome::Rejected,
        FaultKind::Throttled | FaultKind::QuotaExhausted => Outcome::Throttled,
        // It is paid for as far as it was read.
        FaultKind::TooLarge => Outcome::Partial,
        kind if kind.is_timeout() => Outcome::TimedOut,
        _ => Outcome::Failed,
    }
}
