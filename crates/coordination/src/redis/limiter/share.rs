//! A process's share of the limits: what it may admit while it can't ask the others.

use std::sync::Arc;
use switchyard_domain::limits::Limits;
use switchyard_ports::limiter::{Ask, Demand, LimiterError, Refusal};

/// One of so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) of: u32,
}

/// The demands with other limits, and without their budgets: money is given by Redis alone.
fn demands(ask: &Ask, limits: impl Fn(Limits) -> Limits) -> Arc<[Demand]> {
    let only = |demand: &Demand| Demand {
        scope: demand.scope.clone(),
        limits: limits(demand.limits),
        allowance: None,
    };
    ask.demands.iter().map(only).collect()
}

impl Share {
    /// The same ask of this process's share. All shares together are never more than the limit: what can't be divided is nobody's.
    pub(super) fn ask(self, ask: &Ask) -> Ask {
        Ask { demands: demands(ask, |limits| self.limits(limits)), ..*ask }
    }

    fn limits(self, limits: Limits) -> Limits {
        Limits {
            rpm: limits.rpm.map(|limit| limit / self.of),
            tpm: limits.tpm.map(|limit| limit / u64::from(self.of)),
            rpd: limits.rpd.map(|limit| limit / self.of),
            concurrency: limits.concurrency.map(|limit| limit / self.of),
        }
    }

    /// A refusal tells the limit that was set, not the share of it.
    pub(super) fn tell(self, error: LimiterError, asks: &[Ask]) -> LimiterError {
        let LimiterError::Refused(refusal) = error else { return error };
        let demands = asks.iter().flat_map(|ask| &*ask.demands);
        let mut set = demands.filter(|demand| demand.scope == refusal.scope).filter_map(|demand| {
            let limits = demand.limits;
            match refusal.kind {
                switchyard_domain::limits::LimitKind::Requests => limits.rpm.map(u64::from),
                switchyard_domain::limits::LimitKind::Tokens => limits.tpm,
                switchyard_domain::limits::LimitKind::DailyRequests => limits.rpd.map(u64::from),
                switchyard_domain::limits::LimitKind::Concurrency => limits.concurrency.map(u64::from),
                _ => None,
            }
        });
        let limit = set.find(|limit| limit / u64::from(self.of) == refusal.limit).unwrap_or(refusal.limit);
        LimiterError::Refused(Refusal { limit, ..refusal })
    }
}
