//! What is known of one target.

use std::time::Duration;
use switchyard_domain::fault::FaultKind;
use switchyard_domain::health::{Breaker, BreakerState, Entry, LatencyMeter, Verdict};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::route::{Availability, Avoidance};
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

#[derive(Clone, Copy, Debug)]
struct Rest {
    cause: HeldBackFor,
    until: Duration,
    /// Until when nobody is sent there, whatever is left.
    binds_until: Duration,
}

impl Cell {
    pub(super) fn view(&self, now: Duration, account: Account) -> TargetView {
        let availability = match (self.breaker.state(now), self.rest(now, account)) {
            (BreakerState::Open { left }, _) => Availability::Avoid(Avoidance::BreakerOpen { left }),
            (BreakerState::HalfOpen { is_probed: true }, _) => Availability::Avoid(Avoidance::Probed),
            (_, Some(rest)) => Availability::Avoid(Avoidance::Resting { left: rest.until - now }),
            _ => Availability::Ready,
        };
        let latency = self.latency.expected(now, self.in_flight > 0);
        TargetView { availability, latency, in_flight: self.in_flight }
    }

    /// Begins an attempt; says whether it is the breaker's probe.
    pub(super) fn begin(
        &mut self,
        now: Duration,
        account: Account,
        occasion: Occasion,
    ) -> Result<bool, HeldBack> {
        let is_last = matches!(occasion, Occasion::LastResort { .. });
        if let Some(rest) = self.rest(now, account) {
            let until = match occasion {
                Occasion::Turn => rest.until,
                Occasion::LastResort { is_first: true } => rest.binds_until,
                Occasion::LastResort { is_first: false } => rest.binds_until.max(self.began_at + AGAIN),
                // Whoever asks once more has waited for as long as the target said.
                Occasion::Retry => now,
            };
            if now < until {
                return Err(HeldBack { cause: rest.cause, wait: until - now });
            }
        }
        let is_probe = match self.breaker.enter(now, is_last) {
            Entry::Passes => false,
            Entry::Probes => true,
            Entry::Refused { wait } => return Err(HeldBack { cause: HeldBackFor::Failures, wait }),
        };
        self.in_flight += 1;
        self.began_at = now;
        Ok(is_probe)
    }

    pub(super) fn content(&mut self, now: Duration, latency: Duration, is_probe: bool) {
        self.measured(now, latency);
        if is_probe {
            self.breaker.content(now);
        }
    }

    pub(super) fn measured(&mut self, now: Duration, latency: Duration) {
        self.latency.measured(latency, now);
    }

    /// An attempt ended; `None` where nobody knows how.
    pub(super) fn ended(
        &mut self,
        now: Duration,
        fact: Option<&AttemptFact>,
        account: Account,
        is_probe: bool,
        draw: u64,
    ) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let verdict = match fact {
            None | Some(AttemptFact::Throttled { .. }) => Verdict::Neither,
            Some(AttemptFact::Lives) => Verdict::Works,
            Some(AttemptFact::Failed(kind)) => kind.verdict(),
        };
        self.breaker.ended(now, verdict, is_probe, draw);
        if account == Account::Own {
            return;
        }
        match fact {
            Some(AttemptFact::Lives) => self.rest = None,
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
            in_flight: self.in_flight,
        }
    }

    fn rest(&self, now: Duration, account: Account) -> Option<Rest> {
        self.rest.filter(|rest| account == Account::Shared && now < rest.until)
    }

    fn rest_for(&mut self, cause: HeldBackFor, now: Duration, rest: Duration, binds: Duration) {
        self.rest = Some(Rest { cause, until: now + rest, binds_until: now + binds });
    }
}
