//! What a call has used so far: its attempts, and the permits that it holds.

use super::super::passed::WhyHere;
use super::lost::Lost;
use super::payers::Payers;
use crate::chat::bought;
use crate::chat::metering::{Measured, Meter};
use crate::chat::service::ChatPorts;
use crate::snapshot::TargetEntry;
use std::borrow::Cow;
use std::sync::Arc;
use switchyard_domain::chat::{Dialect, LossReport, UsageSource};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::ids::{AttemptId, CallId, UserId, VirtualKeyId};
use switchyard_domain::money::NanoUsd;
use switchyard_domain::price::{ServiceTier, cost};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{MAX_SERVICE_TIER_CHARS, Outcome, RESERVED_PRICE, UsageEvent};
use switchyard_ports::client_call::{AnswerPiece, ClientCall};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::journal::JournalPermit;
use switchyard_ports::limiter::{Charge, Payer, Permit, Used};
use switchyard_ports::provider::Received;

/// Who calls what, as every event of the call says it.
#[derive(Clone)]
pub(in crate::chat) struct CallIdentity {
    pub(in crate::chat) call: CallId,
    pub(in crate::chat) request_id: String,
    pub(in crate::chat) key: Option<VirtualKeyId>,
    pub(in crate::chat) user: Option<UserId>,
    pub(in crate::chat) route: Option<String>,
    pub(in crate::chat) address: Option<&'static str>,
}

pub(super) struct OpenAttempt {
    pub(super) id: AttemptId,
    pub(super) target: Arc<TargetEntry>,
    pub(super) why: WhyHere,
    pub(super) credential: Option<CredentialSource>,
    pub(super) at: Timestamp,
    pub(super) began: Monotonic,
    pub(super) status: Option<u16>,
    pub(super) first_content: Option<Monotonic>,
    pub(super) received: Arc<Received>,
    pub(super) lost: Lost,
    /// The target's limits; given back when the attempt ends.
    pub(super) limits: Option<Box<dyn Permit>>,
    /// Whether the target's limits and budgets were told what it used.
    pub(super) is_target_settled: bool,
    /// What is reserved for it, where a budget asks: what it is charged when nobody can say what it cost.
    pub(super) reserved: Option<NanoUsd>,
}

struct EndedAttempt {
    open: OpenAttempt,
    ended: Monotonic,
    outcome: Outcome,
    fault: Option<ProviderFault>,
    /// Whether its answer came whole, though perhaps nobody heard the end of it.
    came_whole: bool,
}

impl EndedAttempt {
    /// What was reserved for it, if it is charged though its provider never began to answer: it was sent, and nothing says that nothing
    /// came of it.
    fn unanswered(&self, ports: &ChatPorts) -> Option<NanoUsd> {
        let is_untold = self.outcome == Outcome::ClientClosed
            || self.fault.as_ref().is_some_and(|fault| bought::is_untold(fault.kind));
        let is_charged = ports.budgets.terms().charges_unanswered && is_untold;
        self.open.reserved.filter(|_| is_charged && !self.open.received.lock().began)
    }
}

/// What is settled.
pub(super) struct Books {
    identity: CallIdentity,
    call: Arc<dyn ClientCall>,
    pub(super) journal: Box<dyn JournalPermit>,
    /// The caller's own limits.
    pub(super) limits: Option<Box<dyn Permit>>,
    payers: Payers,
    open: Option<OpenAttempt>,
    ended: Vec<EndedAttempt>,
}

impl Books {
    pub(super) fn new(
        identity: CallIdentity,
        call: Arc<dyn ClientCall>,
        journal: Box<dyn JournalPermit>,
        payers: Payers,
    ) -> Self {
        Self { identity, call, journal, limits: None, payers, open: None, ended: Vec::new() }
    }

    pub(super) fn begin(&mut self, attempt: OpenAttempt) {
        self.open = Some(attempt);
    }

    pub(super) fn first_content(&mut self, status: u16, now: Monotonic) {
        if let Some(open) = &mut self.open {
            open.status = Some(status);
            open.first_content = Some(now);
        }
    }

    pub(super) fn fit(&mut self, source: Dialect, piece: AnswerPiece<'_>) -> LossReport {
        let losses = self.call.fit(source, piece);
        if let Some(open) = &mut self.open {
            open.lost.of_answer(&losses);
        }
        losses
    }

    pub(super) fn end(&mut self, outcome: Outcome, fault: Option<ProviderFault>, ended: Monotonic) {
        if let Some(open) = self.open.take() {
            self.ended.push(EndedAttempt { open, ended, outcome, fault, came_whole: false });
        }
    }

    /// The open attempt's answer came whole.
    pub(super) fn end_whole(&mut self, outcome: Outcome, ended: Monotonic) {
        if let Some(open) = self.open.take() {
            self.ended.push(EndedAttempt { open, ended, outcome, fault: None, came_whole: true });
        }
    }

    /// Gives back what the attempt that ended last held of its target's limits. Where its tokens would have to be counted first, or
    /// a budget pays for it, those that it reserved stay counted, and its money stays held until the end of the call, when the journal
    /// has the truth.
    pub(super) fn release_target(&mut self, ports: &ChatPorts) {
        let number = self.attempts();
        let Some(attempt) = self.ended.last().filter(|attempt| attempt.open.limits.is_some()) else { return };
        let is_known = self.meter(attempt).known_tokens().is_some();
        let payers = || self.payers.of([QuotaScope::Provider(attempt.open.target.provider.id)]);
        let used = is_known.then(|| used_of_attempt(&self.event(attempt, number, ports), payers()));
        let Some(attempt) = self.ended.last_mut() else { return };
        let is_owed = |used: &Used| used.charges.iter().any(|charge| charge.amount.0 > 0);
        match (used.filter(|used| !is_owed(used)), attempt.open.limits.take()) {
            (Some(used), Some(permit)) => {
                permit.end(&used);
                attempt.open.is_target_settled = true;
            }
            (None, Some(permit)) if is_known || attempt.open.reserved.is_some() => {
                permit.release_slots();
                attempt.open.limits = Some(permit);
            }
            _ => {}
        }
    }

    /// What the attempts so far may have cost: nothing where nothing came, else what was reserved.
    pub(super) fn committed(&self, ports: &ChatPorts) -> NanoUsd {
        let may_cost = |attempt: &&EndedAttempt| {
            attempt.open.received.lock().began || attempt.unanswered(ports).is_some()
        };
        let began = self.ended.iter().filter(may_cost);
        began.filter_map(|attempt| attempt.open.reserved).fold(NanoUsd::ZERO, NanoUsd::saturating_add)
    }

    pub(super) fn attempts(&self) -> u32 {
        u32::try_from(self.ended.len() + usize::from(self.open.is_some())).unwrap_or(u32::MAX)
    }

    pub(super) fn is_quick(&self, ports: &ChatPorts) -> bool {
        let meter = |attempt| self.meter(attempt).is_quick(ports.tokenizer.as_ref(), self.call.as_ref());
        self.ended.iter().all(meter)
    }

    fn meter<'a>(&'a self, attempt: &'a EndedAttempt) -> Meter<'a> {
        let facts = self.call.facts();
        let target = &attempt.open.target;
        Meter {
            received: &attempt.open.received,
            is_complete: attempt.came_whole,
            vendor: &target.provider.vendor,
            model: &target.model.model,
            limit: target.output_limit(facts),
            operation: facts.dialect.operation(),
        }
    }

    /// The events of all attempts, oldest first.
    pub(super) fn events(&self, ports: &ChatPorts) -> Vec<UsageEvent> {
        let numbered = (1..).zip(&self.ended);
        numbered.map(|(number, attempt)| self.event(attempt, number, ports)).collect()
    }

    /// The permits that are still held, each with what `events` say was used under it; and what was used under none, where a budget
    /// has to be told all the same.
    pub(super) fn permits(&mut self, events: &[UsageEvent]) -> Vec<(Option<Box<dyn Permit>>, Used)> {
        let mut permits = Vec::with_capacity(self.ended.len() + 1);
        let mut add = |permit: Option<Box<dyn Permit>>, used: Used| {
            if permit.is_some() || !used.payers.is_empty() {
                permits.push((permit, used));
            }
        };
        for (attempt, event) in self.ended.iter_mut().zip(events) {
            let open = &mut attempt.open;
            if !open.is_target_settled {
                let payers = self.payers.of([QuotaScope::Provider(open.target.provider.id)]);
                add(open.limits.take(), used_of_attempt(event, payers));
            }
        }
        let CallIdentity { key, user, .. } = &self.identity;
        let scopes = [Some(QuotaScope::Global), key.map(QuotaScope::Key), user.map(QuotaScope::User)];
        add(self.limits.take(), used(events, self.payers.of(scopes.into_iter().flatten())));
        permits
    }

    fn event(&self, attempt: &EndedAttempt, number: u32, ports: &ChatPorts) -> UsageEvent {
        let EndedAttempt { open, ended, outcome, fault, .. } = attempt;
        let TargetEntry { provider, model, .. } = &*open.target;
        let measured = match attempt.unanswered(ports) {
            Some(_) => Measured::unknown(),
            None => self.meter(attempt).measure(self.call.as_ref(), ports.tokenizer.as_ref()),
        };
        let used = measured.source != UsageSource::None;
        let price = model.price.as_deref().filter(|_| used && measured.is_whole);
        let service_tier = served_tier(&open.received);
        let tier = ServiceTier::of_answer(service_tier.as_deref().unwrap_or_default());
        let bill = price.and_then(|price| cost(price, &measured.usage, open.at, tier));
        // What nobody can price is charged as it was reserved: a budget must not take it for nothing.
        let charged = open.reserved.filter(|_| used && bill.is_none());
        let facts = self.call.facts();
        let millis = |at: Monotonic| u64::try_from(at.since(open.began).as_millis()).unwrap_or(u64::MAX);
        UsageEvent {
            id: open.id,
            call: self.identity.call,
            attempt: number,
            is_final: number == self.attempts(),
            request_id: self.identity.request_id.clone(),
            at: open.at,
            key: self.identity.key,
            user: self.identity.user,
            dialect: facts.dialect.0.to_owned(),
            requested_model: facts.model.clone(),
            route: self.identity.route.clone(),
            provider: provider.id,
            provider_name: provider.name.clone(),
            model: model.model.clone(),
            stream: facts.stream,
            simulated: provider.simulated,
            outcome: *outcome,
            status: fault.as_ref().map_or(open.status, |fault| fault.status),
            fault: fault.as_ref().map(|fault| fault.kind.as_str().to_owned()),
            usage: measured.usage,
            usage_source: measured.source,
            service_tier,
            credential: open.credential,
            address: self.identity.address.map(str::to_owned),
            target: open.target.id,
            rule: open.why.rule.map(Cow::Borrowed),
            passed_over: open.why.passed_over.clone(),
            cost: bill.as_ref().map(|bill| bill.amount).or(charged),
            price_version: match charged {
                Some(_) => Some(RESERVED_PRICE.to_owned()),
                None => price.filter(|_| bill.is_some()).map(|price| price.version.to_string()),
            },
            lines: bill.map(|bill| bill.lines).unwrap_or_default(),
            dropped: open.lost.recorded(),
            first_content_ms: open.first_content.map(millis),
            duration_ms: millis(*ended),
        }
    }
}

/// What some attempts used.
fn used(events: &[UsageEvent], payers: Vec<Payer>) -> Used {
    let events = || events.iter();
    let charge = |event: &UsageEvent| event.cost.map(|amount| Charge { at: event.at, amount });
    Used {
        tokens: events().map(|event| event.usage.total()).fold(0, u64::saturating_add),
        charges: events().filter(|event| event.is_billed()).filter_map(charge).collect(),
        payers,
        is_void: false,
        since: None,
    }
}

/// What an attempt used of its target's limits and budgets.
fn used_of_attempt(event: &UsageEvent, payers: Vec<Payer>) -> Used {
    let is_void = !event.outcome.counts_for_the_day();
    Used { is_void, ..used(std::slice::from_ref(event), payers) }
}

/// The provider's word for the tier that it served. A word of any length is a provider's to send, but not ours to keep.
fn served_tier(received: &Received) -> Option<String> {
    received.lock().service_tier.as_ref().map(|word| word.chars().take(MAX_SERVICE_TIER_CHARS).collect())
}
