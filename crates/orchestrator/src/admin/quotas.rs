//! Limits and budgets of scopes: set, read, removed.

use super::{AdminPorts, check_limits};
use crate::error::AdminError;
use std::collections::HashMap;
use std::sync::Arc;
use switchyard_domain::budget::{Budget, Span};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_ports::repositories::{
    NewQuota, QuotaRepository, RepositoryError, UsageRepository, UserRepository, VirtualKeyRepository,
};

/// Limits and a budget that are wanted for a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRequest {
    /// What they are about.
    pub scope: QuotaScope,
    /// The limits; none for a key, which has its own.
    pub limits: Limits,
    /// The budget.
    pub budget: Option<Budget>,
    /// Refused when this is not the quota's version.
    pub expected_version: Option<i64>,
}

/// A quota, and what was spent of its budget in the window of now, by the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaState {
    /// The quota.
    pub quota: Quota,
    /// The window and what was spent in it.
    pub spent: Option<(Span, NanoUsd)>,
}

/// Administers quotas.
pub struct QuotaAdmin {
    ports: AdminPorts,
    quotas: Arc<dyn QuotaRepository>,
    keys: Arc<dyn VirtualKeyRepository>,
    users: Arc<dyn UserRepository>,
    usage: Arc<dyn UsageRepository>,
}

impl QuotaAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(
        ports: AdminPorts,
        quotas: Arc<dyn QuotaRepository>,
        keys: Arc<dyn VirtualKeyRepository>,
        users: Arc<dyn UserRepository>,
        usage: Arc<dyn UsageRepository>,
    ) -> Self {
        Self { ports, quotas, keys, users, usage }
    }

    /// Sets the limits and the budget of a scope, in place of those that it had. A key's budget that is set here is lent: whoever holds
    /// the key and does not administer can only say less. Calls that run go on under the old ones; new ones
    /// see it on every replica within a second.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for limits or amounts of zero, for limits of a key, and where nothing is asked for;
    /// [`RepositoryError::NotFound`] when the scope's object does not exist; [`RepositoryError::Stale`].
    pub async fn set(&self, request: QuotaRequest, by: &Writer) -> Result<(), AdminError> {
        let QuotaRequest { scope, limits, budget, expected_version } = request;
        check_limits(&limits, "limits")?;
        check_budget(budget.as_ref())?;
        if limits.is_none() && budget.is_none() {
            return Err(AdminError::invalid(
                "budget",
                "name a limit or a budget; to have none, remove the quota",
            ));
        }
        if matches!(scope, QuotaScope::Key(_)) && !limits.is_none() {
            return Err(AdminError::invalid("limits", "the limits of a key stand with the key"));
        }
        self.must_exist(scope).await?;
        self.quotas.put(NewQuota { scope, limits, budget }, expected_version, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }

    async fn must_exist(&self, scope: QuotaScope) -> Result<(), AdminError> {
        let is_there = match scope {
            QuotaScope::Global => true,
            QuotaScope::User(id) => self.users.by_id(id).await?.is_some(),
            QuotaScope::Key(id) => !self.keys.by_ids(&[id]).await?.is_empty(),
            QuotaScope::Provider(id) => {
                let stored = self.ports.configuration.load().await?;
                stored.providers.iter().any(|provider| provider.id == id)
            }
        };
        if is_there { Ok(()) } else { Err(RepositoryError::NotFound { what: scope.to_string() }.into()) }
    }

    /// Removes the limits and the budget of a scope.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when it has none.
    pub async fn remove(&self, scope: QuotaScope, by: &Writer) -> Result<(), AdminError> {
        self.quotas.remove(scope, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(())
    }

    /// The quotas of these scopes.
    pub(super) async fn of(&self, scopes: &[QuotaScope]) -> Result<Vec<Quota>, AdminError> {
        Ok(self.quotas.quotas_of(scopes).await?)
    }

    /// What many keys spent in a span, by the ledger.
    pub(super) async fn spent_by_keys(
        &self,
        keys: &[VirtualKeyId],
        span: Span,
    ) -> Result<HashMap<VirtualKeyId, NanoUsd>, AdminError> {
        Ok(self.usage.spent_by_keys(keys, span).await?)
    }

    /// What a scope spent in a span, by the ledger.
    pub(super) async fn spent(&self, scope: QuotaScope, span: Span) -> Result<NanoUsd, AdminError> {
        Ok(self.usage.spent(scope, span).await?)
    }

    /// All quotas with what was spent.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self) -> Result<Vec<QuotaState>, AdminError> {
        let mut states = Vec::new();
        for quota in self.quotas.quotas().await? {
            let span = quota.budget.as_ref().map(|budget| budget.span(self.ports.clock.now()));
            let spent = match span {
                Some(span) => Some((span, self.usage.spent(quota.scope, span).await?)),
                None => None,
            };
            states.push(QuotaState { quota, spent });
        }
        Ok(states)
    }
}

/// Refuses a budget that would let nothing pass.
pub(super) fn check_budget(budget: Option<&Budget>) -> Result<(), AdminError> {
    if budget.is_some_and(|budget| budget.amount.0 <= 0) {
        return Err(AdminError::invalid("budget", "a budget is more than nothing"));
    }
    Ok(())
}
