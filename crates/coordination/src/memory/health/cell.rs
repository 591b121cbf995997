//! What is known of one target.

use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::{AnswerForm, Breaker, BreakerState, Entry, LatencyMeter, Ticket, Verdict};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::{Availability, Avoidance};
use switchyard_ports::clock::Monotonic;
use switchyard_ports::health::{
    Account, AttemptFact, HeldBack, HeldBackFor, Occasion, TargetState, TargetView,
};

/// The rest of a target that throttles without saying for how long.
const SHORT_REST: Duration = Duration::from_secs(1);
/// The longest rest that a provider's own word is believed for.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// How much of it binds even where nothing else is left: as long as a client is told to wait at most.
const LONGEST_BINDING: Duration = Duration::from_secs(60);
/// The rest of a target whose quota is used up or whose credential is refused.
const OPERATOR_REST: Duration = Duration::from_secs(300);
/// How often it is tried in vain by calls that failed elsewhere.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Cell {
    breaker: Breaker,
    rest: Option<Rest>,
    latency: LatencyMeter,
    in_flight: u32,
    /// When the last attempt began.
    began_at: Duration,
}

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) account: Account,
    pub(super) form: AnswerForm,
    pub(super) began: Duration,
    pub(super) ticket: Ticket,
    pub(super) has_content: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    cause: HeldBackFor,
    since: Duration,
    until: Duration,
    /// Until when nobody is sent there, whatever is left.
    binds_until: Duration,
}

impl Cell {
    pub(super) fn view(&self, now: Duration, account: Account, form: AnswerForm) -> TargetView {
        let availability = match (self.breaker.state(now), self.rest(now, account)) {
            (BreakerState::Open { left }, _) => Availability::Avoid(Avoidance::BreakerOpen { left }),
            (BreakerState::HalfOpen { is_probed: true }, _) => Availability::Avoid(Avoidance::Probed),
            (_, Some(rest)) => Availability::Avoid(Avoidance::Resting { left: rest.until - now }),
            _ => Availability::Ready,
        };
        let latency = self.latency.expected(form, now, self.in_flight > 0);
        TargetView { availability, latency, in_flight: self.in_flight }
    }

    /// Begins an attempt, which ends with this ticket.
    pub(super) fn begin(
        &mut self,
        now: Duration,
        account: Account,
        occasion: Occasion,
    ) -> Result<Ticket, HeldBack> {
        let is_last = matches!(occasion, Occasion::LastResort { .. });
        if let Some(rest) = self.rest(now, account) {
            let until = match occasion {
                Occasion::Turn => rest.until,
                Occasion::LastResort { is_first: true } => rest.binds_until,
                Occasion::LastResort { is_first: false } => rest.binds_until.max(self.began_at + AGAIN),
                // Whoever asks once more has waited for as long as the target had said.
                Occasion::Retry { failed_at } if rest.since <= failed_at.0 => now,
                Occasion::Retry { .. } => rest.until,
            };
            if now < until {
                return Err(HeldBack { cause: rest.cause, wait: until - now });
            }
        }
        let ticket = match self.breaker.enter(now, is_last) {
            Entry::Passes(ticket) => ticket,
            Entry::Refused { wait } => return Err(HeldBack { cause: HeldBackFor::Failures, wait }),
        };
        self.in_flight += 1;
        self.began_at = now;
        Ok(ticket)
    }

    pub(super) fn content(&mut self, now: Duration, attempt: &Attempt) {
        self.latency.measured(attempt.form, now.saturating_sub(attempt.began), now);
        self.breaker.content(attempt.ticket);
    }

    /// An attempt ended; `None` where nobody knows how.
    pub(super) fn ended(&mut self, now: Duration, fact: Option<&AttemptFact>, attempt: &Attempt, draw: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let verdict = match fact {
            None | Some(AttemptFact::Throttled { .. } | AttemptFact::Nothing) => Verdict::Neither,
            Some(AttemptFact::Lives) => Verdict::Works,
            Some(AttemptFact::Failed(kind)) => kind.verdict(),
        };
        self.breaker.ended(now, verdict, attempt.ticket, draw);
        if !attempt.has_content {
            let waited = now.saturating_sub(attempt.began);
            match fact {
                Some(AttemptFact::Nothing) => {}
                Some(AttemptFact::Lives) => self.latency.refused(attempt.form, now),
                // Its client did not wait for longer.
                None => self.latency.took_at_least(attempt.form, waited, now),
                Some(AttemptFact::Failed(kind)) if kind.is_slow() => {
                    self.latency.measured(attempt.form, waited, now);
                }
                Some(_) => self.latency.asked_in_vain(attempt.form, now),
            }
        }
        if attempt.account == Account::Shared {
            self.told(now, fact, attempt.began);
        }
    }

    /// What an attempt that began then says of the shared account.
    fn told(&mut self, now: Duration, fact: Option<&AttemptFact>, began: Duration) {
        match fact {
            Some(AttemptFact::Lives) => self.rest = self.rest.filter(|rest| began < rest.since),
            Some(AttemptFact::Throttled { retry_after }) => {
                let rest = retry_after.unwrap_or(SHORT_REST).min(LONGEST_REST);
                self.rest_for(HeldBackFor::Throttling, now, rest, rest.min(LONGEST_BINDING));
            }
            Some(AttemptFact::Failed(FaultKind::QuotaExhausted | FaultKind::AuthFailed)) => {
                self.rest_for(HeldBackFor::Account, now, OPERATOR_REST, Duration::ZERO);
            }
            _ => {}
        }
    }

    pub(super) fn state(&self, provider: ProviderId, model: String, now: Duration) -> TargetState {
        TargetState {
            provider,
            model,
            breaker: self.breaker.state(now),
            rest: self.rest(now, Account::Shared).map(|rest| rest.until - now),
            latency: self.latency.percentiles(),
            last_answer: self.latency.last().map(|(at, form)| (Monotonic(at), form)),
            in_flight: self.in_flight,
        }
    }

    fn rest(&self, now: Duration, account: Account) -> Option<Rest> {
        self.rest.filter(|rest| account == Account::Shared && now < rest.until)
    }

    /// It rests from now on. What was asked for before still holds, if it is more.
    fn rest_for(&mut self, cause: HeldBackFor, now: Duration, rest: Duration, binds: Duration) {
        let before = self.rest.filter(|before| now < before.until);
        let until = before.map_or(now + rest, |before| before.until.max(now + rest));
        let binds_until = before.map_or(now + binds, |before| before.binds_until.max(now + binds));
        let cause =
            before.filter(|before| before.binds_until > now + binds).map_or(cause, |before| before.cause);
        self.rest = Some(Rest { cause, since: now, until, binds_until });
    }
}
