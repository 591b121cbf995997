//! What an administrator lent: whoever holds it and does not administer may say that it may less, and never more.

use super::{KeyAdmin, KeyChange};
use crate::error::AdminError;
use switchyard_domain::budget::Budget;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::VirtualKey;

/// What becomes of a key's grant by a change: whether it is lent, and whether it is barred.
pub(super) fn after(person: &User, before: &VirtualKey, change: &KeyChange) -> (Option<bool>, Option<bool>) {
    let owner = change.user.unwrap_or(before.user);
    if person.role != Role::Admin || owner == Some(person.id) {
        return (None, None);
    }
    let says_what_it_may = change.models.is_some()
        || change.limits.is_some()
        || change.budget.is_some()
        || change.expires_at.is_some()
        || change.user.is_some();
    (says_what_it_may.then_some(true), change.is_active.map(|is_active| !is_active))
}

impl KeyAdmin {
    /// The budget of a key whose holder may not widen it; `None` where they may.
    pub(super) async fn bound_of(
        &self,
        person: &User,
        key: &VirtualKey,
    ) -> Result<Option<Option<Budget>>, AdminError> {
        if person.role == Role::Admin || !(key.grant.is_lent || key.grant.is_barred) {
            return Ok(None);
        }
        let own = self.quotas.of(&[QuotaScope::Key(key.id)]).await?.pop();
        Ok(Some(own.and_then(|quota| quota.budget)))
    }
}

/// Refuses what would widen a key beyond what an administrator said.
pub(super) fn check(
    before: &VirtualKey,
    budget: Option<&Budget>,
    change: &KeyChange,
) -> Result<(), AdminError> {
    if before.grant.is_barred && change.is_active == Some(true) {
        let said = "an administrator switched this key off: only one switches it on again";
        return Err(AdminError::invalid("is_active", said));
    }
    if !before.grant.is_lent {
        return Ok(());
    }
    let wider = |param: &str, what: &str| {
        let said = format!("an administrator lent you this key with {what}, which you can only make tighter");
        Err(AdminError::invalid(param, said))
    };
    if change.models.as_ref().is_some_and(|models| !is_part(models.as_deref(), before)) {
        return wider("models", "these models");
    }
    if change.limits.is_some_and(|limits| limits.tightest(before.limits) != limits) {
        return wider("limits", "its limits");
    }
    if change.budget.as_ref().is_some_and(|wanted| !is_less(wanted.as_ref(), budget)) {
        return wider("budget", "its budget");
    }
    let ends_later = |end| before.expires_at.is_some_and(|before| end > before);
    if change.expires_at.is_some_and(|end| end.map_or(before.expires_at.is_some(), ends_later)) {
        return wider("expires_at", "its end");
    }
    Ok(())
}

fn is_part(models: Option<&[String]>, before: &VirtualKey) -> bool {
    models.map_or(before.models.is_none(), |models| models.iter().all(|entry| before.allows(entry)))
}

fn is_less(wanted: Option<&Budget>, before: Option<&Budget>) -> bool {
    match (wanted, before) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(wanted), Some(before)) => {
            wanted.window == before.window && wanted.zone == before.zone && wanted.amount <= before.amount
        }
    }
}
