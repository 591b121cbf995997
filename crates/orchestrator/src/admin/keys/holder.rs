//! Whose keys a person may see and change, and how much their keys may have.

use super::KeyAdmin;
use crate::error::AdminError;
use switchyard_domain::budget::Budget;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::RepositoryError;

/// Whose a key is that this person makes.
pub(super) fn owner_of(person: &User, wanted: Option<UserId>) -> Result<Option<UserId>, AdminError> {
    if person.role == Role::Admin {
        return Ok(wanted);
    }
    if wanted.is_some_and(|user| user != person.id) {
        return Err(AdminError::invalid("user", "only administrators make keys for others"));
    }
    Ok(Some(person.id))
}

/// Refuses whoever may not say whose a key is.
pub(super) fn may_give_away(person: &User) -> Result<(), AdminError> {
    if person.role == Role::Admin {
        return Ok(());
    }
    Err(AdminError::invalid("user", "only administrators give keys to others"))
}

/// Whether they may know of it.
fn may_see(person: &User, key: &VirtualKey) -> bool {
    matches!(person.role, Role::Admin | Role::Auditor) || key.user == Some(person.id)
}

fn may_change(person: &User, key: &VirtualKey) -> bool {
    person.role == Role::Admin || key.user == Some(person.id)
}

impl KeyAdmin {
    /// At most `limit` keys with ids above `after` that this person may know of.
    pub(super) async fn seen_page(
        &self,
        person: &User,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, AdminError> {
        Ok(match person.role {
            Role::Admin | Role::Auditor => self.keys.page(after, limit).await?,
            Role::Member => self.keys.page_of(person.id, after, limit).await?,
        })
    }

    /// A key that this person may know of.
    pub(super) async fn seen(&self, person: &User, id: VirtualKeyId) -> Result<VirtualKey, AdminError> {
        self.one(id, |key| may_see(person, key)).await
    }

    /// A key that this person may change.
    pub(super) async fn held(&self, person: &User, id: VirtualKeyId) -> Result<VirtualKey, AdminError> {
        self.one(id, |key| may_change(person, key)).await
    }

    /// Another's key is as if it were not there.
    async fn one(
        &self,
        id: VirtualKeyId,
        is_let: impl Fn(&VirtualKey) -> bool,
    ) -> Result<VirtualKey, AdminError> {
        let found = self.keys.by_ids(&[id]).await?.into_iter().find(is_let);
        Ok(found.ok_or_else(|| RepositoryError::NotFound { what: "this virtual key".to_owned() })?)
    }

    /// Refuses limits and a budget above the person's own. Administrators may give what they want.
    pub(super) async fn check_within(
        &self,
        person: &User,
        limits: &Limits,
        budget: Option<&Budget>,
    ) -> Result<(), AdminError> {
        if person.role == Role::Admin {
            return Ok(());
        }
        let quotas = self.quotas.of(&[QuotaScope::User(person.id)]).await?;
        let own = quotas.first();
        let bound = own.map_or(person.limits, |own| person.limits.tightest(own.limits));
        if !limits.is_within(bound) {
            return Err(AdminError::invalid(
                "limits",
                "a key of yours can't have higher limits than you have",
            ));
        }
        let own = own.and_then(|own| own.budget.as_ref());
        if let Some((_, own)) = budget.zip(own).filter(|(budget, own)| !budget.is_within(own)) {
            return Err(AdminError::invalid(
                "budget",
                format!(
                    "a key of yours can't have a larger budget than you have: {own}, or as much for a longer time, by the same time zone"
                ),
            ));
        }
        Ok(())
    }
}
