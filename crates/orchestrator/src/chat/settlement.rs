//! Settling a call exactly once, however it ends: completed, failed, cut, or abandoned by its client in any await. The guard
//! is owned by whatever still runs for the call; dropping it settles what was received.

use super::metering::Meter;
use super::service::ChatPorts;
use crate::principal::Principal;
use crate::snapshot::TargetEntry;
use std::sync::Arc;
use switchyard_domain::chat::LossReport;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::ids::{AttemptId, CallId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::cost;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::clock::Monotonic;
use switchyard_ports::journal::{JournalError, JournalPermit};
use switchyard_ports::limiter::Permit;
use switchyard_ports::provider::Received;

/// Who calls what, as every event of the call says it.
#[derive(Clone)]
pub(super) struct CallIdentity {
    pub(super) call: CallId,
    pub(super) request_id: String,
    pub(super) key: Option<VirtualKeyId>,
    pub(super) route: Option<String>,
}

struct OpenAttempt {
    id: AttemptId,
    number: u32,
    target: TargetEntry,
    at: Timestamp,
    began: Monotonic,
    first_content: Option<Monotonic>,
    received: Arc<Received>,
    dropped: Option<String>,
}

struct EndedAttempt {
    open: OpenAttempt,
    ended: Monotonic,
    outcome: Outcome,
    fault: Option<ProviderFault>,
}

/// What settling recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// What the call cost, where every attempt's price is known.
    pub(super) cost: Option<NanoUsd>,
}

/// The guard of one call.
pub(super) struct Settlement {
    ports: Arc<ChatPorts>,
    books: Option<Books>,
}

/// What is settled.
struct Books {
    identity: CallIdentity,
    call: Arc<dyn ClientCall>,
    journal: Box<dyn JournalPermit>,
    limits: Vec<Box<dyn Permit>>,
    open: Option<OpenAttempt>,
    ended: Vec<EndedAttempt>,
}

impl Settlement {
    pub(super) fn new(
        ports: Arc<ChatPorts>,
        principal: &Principal,
        identity: CallIdentity,
        call: Arc<dyn ClientCall>,
        journal: Box<dyn JournalPermit>,
    ) -> Self {
        ports.statistics.call_began();
        debug_assert_eq!(identity.key, principal.key_id(), "the payer is the principal");
        let books = Books { identity, call, journal, limits: Vec::new(), open: None, ended: Vec::new() };
        Self { ports, books: Some(books) }
    }

    /// Keeps a limit's permit until the call is settled.
    pub(super) fn hold(&mut self, permit: Option<Box<dyn Permit>>) {
        if let Some(books) = &mut self.books {
            books.limits.extend(permit);
        }
    }

    /// An attempt begins at `target`. From here on, leaving in any way records it.
    pub(super) fn begin(&mut self, target: &TargetEntry, losses: &LossReport) -> Arc<Received> {
        let received = Arc::new(Received::default());
        if let Some(books) = &mut self.books {
            let number = u32::try_from(books.ended.len()).unwrap_or(u32::MAX).saturating_add(1);
            books.open = Some(OpenAttempt {
                id: AttemptId(self.ports.entropy.new_id()),
                number,
                target: target.clone(),
                at: self.ports.clock.now(),
                began: self.ports.clock.monotonic(),
                first_content: None,
                received: Arc::clone(&received),
                dropped: (!losses.is_empty()).then(|| losses.to_string()),
            });
        }
        received
    }

    /// The open attempt's first content is there.
    pub(super) fn first_content(&mut self) {
        let now = self.ports.clock.monotonic();
        if let Some(open) = self.books.as_mut().and_then(|books| books.open.as_mut()) {
            open.first_content = Some(now);
        }
    }

    /// The open attempt ended.
    pub(super) fn end(&mut self, outcome: Outcome, fault: Option<ProviderFault>) {
        let now = self.ports.clock.monotonic();
        if let Some(books) = &mut self.books {
            books.end(outcome, fault, now);
        }
    }

    /// Attempts so far.
    pub(super) fn attempts(&self) -> u32 {
        self.books.as_ref().map_or(0, |books| {
            u32::try_from(books.ended.len() + usize::from(books.open.is_some())).unwrap_or(u32::MAX)
        })
    }

    /// Records the call and returns once the record is safe. A call without attempts records nothing.
    ///
    /// # Errors
    /// [`JournalError`] when the record could not be written; then the client must not get its last byte.
    pub(super) async fn settle(&mut self) -> Result<Settled, JournalError> {
        let Some(books) = self.books.take() else { return Ok(Settled::default()) };
        let ports = Arc::clone(&self.ports);
        if books.is_quick(&ports) {
            return books.settle(&ports).await;
        }
        // Counting may load a vocabulary: on a blocking thread, and on a task of its own, so that a client that leaves in the
        // meantime does not take the record with it.
        let (tell, told) = tokio::sync::oneshot::channel();
        self.ports.tasks.spawn("settle", async move {
            let counting = Arc::clone(&ports);
            let events = tokio::task::spawn_blocking(move || books.into_events(&counting)).await;
            let result = match events {
                Ok(events) => events.append(&ports).await,
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
        let ports = Arc::clone(&self.ports);
        if books.is_quick(&ports) {
            books.into_events(&ports).append_detached(&ports);
        } else {
            self.ports.tasks.spawn_blocking(move || books.into_events(&ports).append_detached(&ports));
        }
    }
}

impl Books {
    fn end(&mut self, outcome: Outcome, fault: Option<ProviderFault>, ended: Monotonic) {
        if let Some(open) = self.open.take() {
            self.ended.push(EndedAttempt { open, ended, outcome, fault });
        }
    }

    fn is_quick(&self, ports: &ChatPorts) -> bool {
        let prompt_bytes = self.call.facts().prompt_text_bytes;
        self.ended.iter().all(|attempt| self.meter(attempt).is_quick(ports.tokenizer.as_ref(), prompt_bytes))
    }

    async fn settle(self, ports: &ChatPorts) -> Result<Settled, JournalError> {
        self.into_events(ports).append(ports).await
    }

    fn meter(&self, attempt: &EndedAttempt) -> Meter {
        let facts = self.call.facts();
        let choices = u64::from(facts.choices.max(1));
        let model = &attempt.open.target.model;
        let allowed = facts.max_output_tokens.or(model.max_output_tokens);
        Meter {
            received: attempt.open.received.lock().clone(),
            complete: attempt.outcome == Outcome::Complete,
            vendor: attempt.open.target.provider.vendor.clone(),
            model: model.model.clone(),
            max_output: allowed.map(|tokens| tokens.saturating_mul(choices)),
        }
    }

    fn into_events(self, ports: &ChatPorts) -> Events {
        let last = self.ended.len().saturating_sub(1);
        let events = self
            .ended
            .iter()
            .enumerate()
            .map(|(index, attempt)| self.event(attempt, index == last, ports))
            .collect();
        Events { events, journal: self.journal, limits: self.limits }
    }

    fn event(&self, attempt: &EndedAttempt, is_final: bool, ports: &ChatPorts) -> UsageEvent {
        let open = &attempt.open;
        let measured = self.meter(attempt).measure(self.call.as_ref(), &ports.tokenizer);
        let price = open.target.model.price.as_deref();
        let bill = price.and_then(|price| cost(price, &measured.usage, open.at));
        let used = measured.source != switchyard_domain::chat::UsageSource::None;
        let facts = self.call.facts();
        let millis = |at: Monotonic| u64::try_from(at.since(open.began).as_millis()).unwrap_or(u64::MAX);
        UsageEvent {
            id: open.id,
            call: self.identity.call,
            attempt: open.number,
            is_final,
            request_id: self.identity.request_id.clone(),
            at: open.at,
            key: self.identity.key,
            dialect: facts.dialect.0.to_owned(),
            requested_model: facts.model.clone(),
            route: self.identity.route.clone(),
            provider: open.target.provider.id,
            provider_name: open.target.provider.name.clone(),
            model: open.target.model.model.clone(),
            stream: facts.stream,
            simulated: open.target.provider.simulated,
            outcome: attempt.outcome,
            status: attempt.fault.as_ref().and_then(|fault| fault.status),
            fault: attempt.fault.as_ref().map(|fault| fault.kind.as_str().to_owned()),
            usage: measured.usage,
            usage_source: measured.source,
            cost: bill.as_ref().filter(|_| used).map(|bill| bill.amount),
            price_version: price.filter(|_| used && bill.is_some()).map(|price| price.version.to_string()),
            lines: if used { bill.map(|bill| bill.lines).unwrap_or_default() } else { Vec::new() },
            dropped: open.dropped.clone(),
            first_content_ms: open.first_content.map(millis),
            duration_ms: millis(attempt.ended),
        }
    }
}

/// Measured events on their way to the journal.
struct Events {
    events: Vec<UsageEvent>,
    journal: Box<dyn JournalPermit>,
    limits: Vec<Box<dyn Permit>>,
}

impl Events {
    fn account(&self, ports: &ChatPorts) -> Settled {
        ports.statistics.count(&self.events);
        let tokens = self.events.iter().map(|event| event.usage.total()).sum();
        self.limits.iter().for_each(|limit| limit.settle(tokens));
        let used = self.events.iter().filter(|event| event.ledger_entry().is_some());
        let cost =
            used.map(|event| event.cost).try_fold(NanoUsd::ZERO, |sum, cost| Some(sum.saturating_add(cost?)));
        Settled { cost }
    }

    async fn append(mut self, ports: &ChatPorts) -> Result<Settled, JournalError> {
        let settled = self.account(ports);
        if !self.events.is_empty() {
            self.journal.append(std::mem::take(&mut self.events)).await?;
        }
        Ok(settled)
    }

    fn append_detached(mut self, ports: &ChatPorts) {
        self.account(ports);
        if !self.events.is_empty() {
            self.journal.append_detached(std::mem::take(&mut self.events));
        }
    }
}

/// The outcome that a fault leaves, before the client had content.
pub(super) fn outcome_of(fault: FaultKind) -> Outcome {
    match fault {
        FaultKind::Rejected | FaultKind::Unsupported => Outcome::Rejected,
        FaultKind::Throttled | FaultKind::QuotaExhausted => Outcome::Throttled,
        kind if kind.is_timeout() => Outcome::TimedOut,
        _ => Outcome::Failed,
    }
}
