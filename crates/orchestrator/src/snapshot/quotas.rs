//! The limits and budgets of scopes, as calls ask for them.

use std::collections::HashMap;
use switchyard_domain::limits::Limits;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_ports::limiter::{Allowance, Payer, Scope};

/// A scope's limits and budget.
#[derive(Clone, Debug)]
pub struct QuotaEntry {
    /// The scope, as the limiter knows it.
    pub scope: Scope,
    /// The limits.
    pub limits: Limits,
    /// The budget.
    pub allowance: Option<Allowance>,
}

impl QuotaEntry {
    fn payer(&self) -> Option<Payer> {
        Some(Payer { scope: self.scope.clone(), allowance: self.allowance.clone()? })
    }
}

/// All quotas, by scope.
#[derive(Clone, Debug, Default)]
pub struct Quotas(HashMap<QuotaScope, QuotaEntry>);

impl Quotas {
    /// Of stored ones.
    #[must_use]
    pub fn of(stored: &[Quota]) -> Self {
        let entry = |quota: &Quota| {
            let allowance = quota.budget.clone().map(|budget| Allowance::new(budget, quota.id));
            let scope = Scope(quota.scope.to_string().into());
            (quota.scope, QuotaEntry { scope, limits: quota.limits, allowance })
        };
        Self(stored.iter().map(entry).collect())
    }

    /// A scope's quota.
    #[must_use]
    pub fn find(&self, scope: QuotaScope) -> Option<&QuotaEntry> {
        self.0.get(&scope)
    }

    /// Every budget.
    #[must_use]
    pub fn payers(&self) -> Vec<Payer> {
        self.0.values().filter_map(QuotaEntry::payer).collect()
    }

    /// The scopes that have a limit of requests in a day.
    pub fn with_day_limits(&self) -> impl Iterator<Item = QuotaScope> {
        self.0.iter().filter(|(_, entry)| entry.limits.rpd.is_some()).map(|(scope, _)| *scope)
    }

    /// A scope's budget.
    #[must_use]
    pub fn payer(&self, scope: QuotaScope) -> Option<Payer> {
        self.find(scope)?.payer()
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
