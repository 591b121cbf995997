//! What a call has used so far: its attempts, and the permits that it holds.

use super::lost::Lost;
use crate::chat::metering::Meter;
use crate::chat::service::ChatPorts;
use crate::snapshot::TargetEntry;
use std::sync::Arc;
use switchyard_domain::chat::{Dialect, LossReport, UsageSource};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::ids::{AttemptId, CallId, UserId, VirtualKeyId};
use switchyard_domain::price::{ServiceTier, cost};
use switchyard_domain::provider::CredentialSource;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{MAX_SERVICE_TIER_CHARS, Outcome, UsageEvent};
use switchyard_ports::client_call::{AnswerPiece, ClientCall};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::journal::JournalPermit;
use switchyard_ports::limiter::Permit;
use switchyard_ports::provider::Received;

/// Who calls what, as every event of the call says it.
#[derive(Clone)]
pub(in crate::chat) struct CallIdentity {
    pub(in crate::chat) call: CallId,
    pub(in crate::chat) request_id: String,
    pub(in crate::chat) key: Option<VirtualKeyId>,
    pub(in crate::chat) user: Option<UserId>,
    pub(in crate::chat) route: Option<String>,
}

pub(super) struct OpenAttempt {
    pub(super) id: AttemptId,
    pub(super) target: TargetEntry,
    pub(super) credential: Option<CredentialSource>,
    pub(super) at: Timestamp,
    pub(super) began: Monotonic,
    pub(super) status: Option<u16>,
    pub(super) first_content: Option<Monotonic>,
    pub(super) received: Arc<Received>,
    pub(super) lost: Lost,
    /// The target's limits; given back when the attempt ends.
    pub(super) limits: Option<Box<dyn Permit>>,
}

struct EndedAttempt {
    open: OpenAttempt,
    ended: Monotonic,
    outcome: Outcome,
    fault: Option<ProviderFault>,
}

/// What is settled.
pub(super) struct Books {
    identity: CallIdentity,
    call: Arc<dyn ClientCall>,
    pub(super) journal: Box<dyn JournalPermit>,
    /// The caller's own limits.
    pub(super) limits: Option<Box<dyn Permit>>,
    open: Option<OpenAttempt>,
    ended: Vec<EndedAttempt>,
}

impl Books {
    pub(super) fn new(
        identity: CallIdentity,
        call: Arc<dyn ClientCall>,
        journal: Box<dyn JournalPermit>,
    ) -> Self {
        Self { identity, call, journal, limits: None, open: None, ended: Vec::new() }
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
            self.ended.push(EndedAttempt { open, ended, outcome, fault });
        }
    }

    /// Gives back what the attempt that ended last held of its target's limits. Where its tokens would have to be counted first,
    /// those that it reserved stay counted.
    pub(super) fn release_target(&mut self) {
        let Some(attempt) = self.ended.last() else { return };
        let tokens = self.meter(attempt).known_tokens();
        let Some(permit) = self.ended.last_mut().and_then(|attempt| attempt.open.limits.take()) else {
            return;
        };
        if let Some(tokens) = tokens {
            permit.settle(tokens);
        }
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
        let allowed = facts.max_output_tokens.or(target.model.max_output_tokens);
        Meter {
            received: &attempt.open.received,
            is_complete: attempt.outcome == Outcome::Complete,
            vendor: &target.provider.vendor,
            model: &target.model.model,
            max_output: allowed.map(|tokens| tokens.saturating_mul(u64::from(facts.choices.max(1)))),
            operation: facts.dialect.operation(),
        }
    }

    /// The events of all attempts, oldest first.
    pub(super) fn events(&self, ports: &ChatPorts) -> Vec<UsageEvent> {
        let numbered = (1..).zip(&self.ended);
        numbered.map(|(number, attempt)| self.event(attempt, number, ports)).collect()
    }

    /// The permits that are still held, each with the tokens that `events` say were used under it.
    pub(super) fn permits(&mut self, events: &[UsageEvent]) -> Vec<(Box<dyn Permit>, u64)> {
        let tokens = |event: &UsageEvent| event.usage.total();
        let of_targets = self.ended.iter_mut().zip(events);
        let of_targets =
            of_targets.filter_map(|(attempt, event)| Some((attempt.open.limits.take()?, tokens(event))));
        let all = events.iter().map(tokens).fold(0, u64::saturating_add);
        of_targets.chain(self.limits.take().map(|permit| (permit, all))).collect()
    }

    fn event(&self, attempt: &EndedAttempt, number: u32, ports: &ChatPorts) -> UsageEvent {
        let EndedAttempt { open, ended, outcome, fault } = attempt;
        let TargetEntry { provider, model, .. } = &open.target;
        let measured = self.meter(attempt).measure(self.call.as_ref(), ports.tokenizer.as_ref());
        let used = measured.source != UsageSource::None;
        let price = model.price.as_deref().filter(|_| used && measured.is_whole);
        let service_tier = served_tier(&open.received);
        let tier = ServiceTier::of_answer(service_tier.as_deref().unwrap_or_default());
        let bill = price.and_then(|price| cost(price, &measured.usage, open.at, tier));
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
            cost: bill.as_ref().map(|bill| bill.amount),
            price_version: price.filter(|_| bill.is_some()).map(|price| price.version.to_string()),
            lines: bill.map(|bill| bill.lines).unwrap_or_default(),
            dropped: open.lost.recorded(),
            first_content_ms: open.first_content.map(millis),
            duration_ms: millis(*ended),
        }
    }
}

/// The provider's word for the tier that it served. A word of any length is a provider's to send, but not ours to keep.
fn served_tier(received: &Received) -> Option<String> {
    received.lock().service_tier.as_ref().map(|word| word.chars().take(MAX_SERVICE_TIER_CHARS).collect())
}
