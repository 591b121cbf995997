//! Quotas.

use super::{MemoryStore, State, check_version, new_meta, raise, told};
use async_trait::async_trait;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::budget::Budget;
use switchyard_domain::limits::Limits;
use switchyard_domain::quota::{Quota, QuotaScope, stated};
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::{Author, ChangeKind, NewQuota, QuotaRepository, RepositoryError};

#[async_trait]
impl QuotaRepository for MemoryStore {
    async fn put(
        &self,
        quota: NewQuota,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Quota, AuditAction::Update, author, |state| {
            let scope = quota.scope;
            let known = state.quotas.iter().find(|known| known.scope == scope);
            let before = known.map_or_else(
                || stated(&Limits::NONE, None),
                |known| stated(&known.limits, known.budget.as_ref()),
            );
            let after = stated(&quota.limits, quota.budget.as_ref());
            let id = put(state, quota, expected_version, author)?;
            lend(state, scope, author);
            Ok(((), told(id, [("name", scope.to_string()), ("before", before), ("after", after)])))
        })
    }

    async fn remove(&self, scope: QuotaScope, author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Quota, AuditAction::Delete, author, |state| {
            let place = state.quotas.iter().position(|known| known.scope == scope);
            let quota = state.quotas.remove(place.ok_or_else(|| missing(scope))?);
            let before = stated(&quota.limits, quota.budget.as_ref());
            Ok(((), told(quota.id, [("name", scope.to_string()), ("before", before)])))
        })
    }

    async fn quotas(&self) -> Result<Vec<Quota>, RepositoryError> {
        self.read(|state| state.quotas.clone())
    }

    async fn quotas_of(&self, scopes: &[QuotaScope]) -> Result<Vec<Quota>, RepositoryError> {
        let is_asked = |quota: &&Quota| scopes.contains(&quota.scope);
        let mut found: Vec<Quota> =
            self.read(|state| state.quotas.iter().filter(is_asked).cloned().collect())?;
        found.sort_by_key(|quota| quota.id);
        Ok(found)
    }
}

/// The key whose quota this is was spoken about by an administrator.
fn lend(state: &mut State, scope: QuotaScope, author: &Author) {
    let is_meant = |key: &&mut VirtualKey| QuotaScope::Key(key.id) == scope;
    if let Some(key) = state.keys.iter_mut().find(is_meant) {
        key.grant.is_lent = true;
        raise(&mut key.meta, author);
        let id = key.id.0;
        state.note(ChangeKind::VirtualKey, id);
    }
}

fn put(
    state: &mut State,
    quota: NewQuota,
    expected_version: Option<i64>,
    author: &Author,
) -> Result<i64, RepositoryError> {
    let NewQuota { scope, limits, budget } = quota;
    let new_id = state.new_id();
    if let Some(known) = state.quotas.iter_mut().find(|known| known.scope == scope) {
        check_version(expected_version, &known.meta)?;
        let windows = |budget: &Budget| (budget.window, budget.zone.to_string());
        if budget.is_some() && known.budget.as_ref().map(windows) != budget.as_ref().map(windows) {
            known.id = new_id;
        }
        (known.limits, known.budget) = (limits, budget);
        raise(&mut known.meta, author);
        known.meta.owner = author.by.owner.clone();
        return Ok(known.id);
    }
    if expected_version.is_some() {
        return Err(missing(scope));
    }
    state.quotas.push(Quota { id: new_id, scope, limits, budget, meta: new_meta(author) });
    Ok(new_id)
}

/// Writes a key's budget, or removes it, within another write.
pub(super) fn put_budget(
    state: &mut State,
    scope: QuotaScope,
    budget: Option<Budget>,
    author: &Author,
) -> Result<(), RepositoryError> {
    let id = match budget {
        Some(_) => put(state, NewQuota { scope, limits: Limits::NONE, budget }, None, author)?,
        None => {
            let Some(place) = state.quotas.iter().position(|known| known.scope == scope) else {
                return Ok(());
            };
            state.quotas.remove(place).id
        }
    };
    state.note(ChangeKind::Quota, id);
    Ok(())
}

fn missing(scope: QuotaScope) -> RepositoryError {
    RepositoryError::NotFound { what: format!("the quota of {scope}") }
}
