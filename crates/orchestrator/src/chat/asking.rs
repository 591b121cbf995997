//! What a call asks of the limiter: for its caller, and for the target that it goes to.

use super::bound;
use crate::principal::Principal;
use crate::snapshot::{QuotaEntry, Quotas, TargetEntry, UserDirectory};
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::ids::UserId;
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::limiter::{Ask, Demand, Scope};

/// Output tokens that are reserved for a call without a limit of its own.
pub(crate) const OUTPUT_ESTIMATE: u64 = 1000;

/// The tokens that a call reserves where tokens are limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserve {
    /// Its prompt's, by estimate.
    pub(crate) prompt: u64,
    /// Its output limit, for each choice; where it has none, a guess.
    pub(crate) output: u64,
    /// Whether the output is a guess.
    pub(crate) is_guessed: bool,
}

impl Reserve {
    /// Of a call.
    pub(crate) fn of(facts: &CallFacts) -> Self {
        let output = facts.max_output_tokens.unwrap_or(OUTPUT_ESTIMATE);
        Self {
            prompt: facts.estimated_prompt_tokens(),
            output: output.saturating_mul(u64::from(facts.choices.max(1))),
            is_guessed: facts.max_output_tokens.is_none(),
        }
    }

    /// What is reserved under these demands. A guess takes no more than a tenth of the smallest limit, nor than that leaves beside the
    /// prompt: else calls that say nothing of their output would hardly pass a small limit, however short their answers are.
    pub(crate) fn under(self, demands: &[Demand]) -> u64 {
        let least = demands.iter().filter_map(|demand| demand.limits.tpm).min().filter(|_| self.is_guessed);
        let room = least.map_or(u64::MAX, |limit| limit.saturating_sub(self.prompt).min(limit / 10));
        self.prompt.saturating_add(self.output.min(room))
    }
}

/// What a call asks for its caller: the key, whose key it is, and all calls together.
pub(crate) fn of_caller(quotas: &Quotas, users: &UserDirectory, principal: &Principal) -> Arc<[Demand]> {
    let key = match principal {
        Principal::Key(key) => {
            let scope = QuotaScope::Key(key.id);
            demand(scope, quotas.find(scope), key.limits)
        }
        _ => None,
    };
    let user = principal.user_id().and_then(|user| of_user(quotas, users, user));
    shared(key, user, of_all(quotas, QuotaScope::Global))
}

/// What it asks for a target: the provider, its model, and the target inside the route.
pub(crate) fn of_target(quotas: &Quotas, target: &TargetEntry) -> Arc<[Demand]> {
    let limited = |scope: &Scope, limits: Limits| {
        (!limits.is_none()).then(|| Demand { scope: scope.clone(), limits, allowance: None })
    };
    let provider = of_all(quotas, QuotaScope::Provider(target.provider.id));
    let (model, own) =
        (limited(&target.model.scope, target.model.limits), limited(&target.scope, target.limits));
    shared(provider, model, own)
}

/// Those that there are, in this order. Gathered with an iterator they would be written twice, for each call.
fn shared(one: Option<Demand>, two: Option<Demand>, three: Option<Demand>) -> Arc<[Demand]> {
    match (one, two, three) {
        (None, None, None) => Arc::default(),
        (Some(one), None, None) | (None, Some(one), None) | (None, None, Some(one)) => Arc::from([one]),
        (Some(one), Some(two), None) | (Some(one), None, Some(two)) | (None, Some(one), Some(two)) => {
            Arc::from([one, two])
        }
        (Some(one), Some(two), Some(three)) => Arc::from([one, two, three]),
    }
}

/// A person has limits of their own and may have a quota: of each kind the smaller one holds, and both count together.
fn of_user(quotas: &Quotas, users: &UserDirectory, user: UserId) -> Option<Demand> {
    let own = users.find(user).map_or(Limits::NONE, |entry| entry.user.limits);
    let quota = quotas.find(QuotaScope::User(user));
    let limits = quota.map_or(Limits::NONE, |quota| quota.limits);
    demand(QuotaScope::User(user), quota, limits.tightest(own))
}

fn of_all(quotas: &Quotas, scope: QuotaScope) -> Option<Demand> {
    let quota = quotas.find(scope)?;
    demand(scope, Some(quota), quota.limits)
}

/// The demand for these limits and the quota's budget; none where there is neither.
fn demand(scope: QuotaScope, quota: Option<&QuotaEntry>, limits: Limits) -> Option<Demand> {
    let allowance = quota.and_then(|quota| quota.allowance.clone());
    if limits.is_none() && allowance.is_none() {
        return None;
    }
    let scope = quota.map_or_else(|| Scope(scope.to_string().into()), |quota| quota.scope.clone());
    Some(Demand { scope, limits, allowance })
}

/// Whether a budget is among the demands.
pub(super) fn has_budget(demands: &[Demand]) -> bool {
    demands.iter().any(|demand| demand.allowance.is_some())
}

/// An ask for the tokens and the money of a call.
pub(super) fn ask(demands: Arc<[Demand]>, tokens: Reserve, money: NanoUsd) -> Ask {
    let tokens = tokens.under(&demands);
    Ask { demands, tokens, money }
}

/// The price at the dearest of the targets that the call may reach; those without a price are not reached under a budget, unless there is a
/// ceiling for them.
pub(super) fn dearest<'t>(
    targets: impl Iterator<Item = &'t TargetEntry>,
    call: &dyn ClientCall,
    ceiling: Option<NanoUsd>,
    now: Timestamp,
) -> NanoUsd {
    let price = |target: &TargetEntry| bound::reserved(target, call, now).ok().or(ceiling);
    targets.filter_map(price).max().unwrap_or_default()
}
