//! Changes to virtual keys.

use super::{
    CreatedKey, KeyAdmin, KeyState, check_budget, check_limits, check_models, check_tags, holder, lent,
};
use crate::error::AdminError;
use std::time::Duration;
use switchyard_domain::budget::Budget;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::{PreviousHash, VirtualKey};
use switchyard_ports::repositories::{KeyPatch, KeyRotation, RepositoryError};

/// The longest time for which a key is good beside the one that took its place.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a change is judged whose key is written by somebody else at the same time.
const JUDGED: u32 = 5;

/// What is wanted changed of a key; `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Its unique name.
    pub name: Option<Name>,
    /// Whose it is: `Some(None)` means nobody's in particular. Only administrators give keys to others.
    pub user: Option<Option<UserId>>,
    /// Whether calls may use it.
    pub is_active: Option<bool>,
    /// What it may call: `Some(None)` means all.
    pub models: Option<Option<Vec<String>>>,
    /// Its limits, replaced whole.
    pub limits: Option<Limits>,
    /// How much it may spend: `Some(None)` means any amount.
    pub budget: Option<Option<Budget>>,
    /// When it ends: `Some(None)` means never.
    pub expires_at: Option<Option<Timestamp>>,
    /// What people sort keys by.
    pub tags: Option<Vec<String>>,
    /// Refused as stale when this is not the key's version.
    pub expected_version: Option<i64>,
}

impl KeyAdmin {
    /// Changes a key of the person's, or as an administrator anybody's, and answers it as it is now. Calls that run go on; new ones
    /// see it on every replica within a second.
    ///
    /// # Errors
    /// As [`KeyAdmin::create_for`]; [`RepositoryError::NotFound`](switchyard_ports::repositories::RepositoryError::NotFound), also where it is another's; [`RepositoryError::Conflict`](switchyard_ports::repositories::RepositoryError::Conflict) where the
    /// new name is taken; [`RepositoryError::Stale`](switchyard_ports::repositories::RepositoryError::Stale).
    pub async fn change(
        &self,
        person: &User,
        id: VirtualKeyId,
        change: KeyChange,
        by: &Writer,
    ) -> Result<KeyState, AdminError> {
        let mut judged = 1;
        while let Err(error) = self.judge_and_change(person, id, change.clone(), by).await {
            if judged == JUDGED || change.expected_version.is_some() || !is_stale(&error) {
                return Err(error);
            }
            judged += 1;
        }
        self.ports.read_own_write().await;
        let after = self.held(person, id).await?;
        self.state(after).await
    }

    async fn judge_and_change(
        &self,
        person: &User,
        id: VirtualKeyId,
        change: KeyChange,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let before = self.held(person, id).await?;
        let expected_version = judged_version(person, &before, change.expected_version)?;
        self.check_change(person, &before, &change).await?;
        let (is_lent, is_barred) = lent::after(person, &before, &change);
        let KeyChange { name, user, is_active, models, limits, budget, expires_at, tags, .. } = change;
        let patch = KeyPatch {
            // What it is called and whose it is already is no change.
            name: name.filter(|name| *name != before.name),
            user: user.filter(|user| *user != before.user),
            is_active,
            models,
            limits,
            expires_at,
            tags,
            budget,
            is_lent,
            is_barred,
            expected_version,
            rotation: None,
        };
        Ok(self.keys.update(id, patch, &self.ports.author(by)).await?)
    }

    async fn check_change(
        &self,
        person: &User,
        before: &VirtualKey,
        change: &KeyChange,
    ) -> Result<(), AdminError> {
        if let Some(user) = change.user.filter(|user| *user != before.user) {
            holder::may_give_away(person)?;
            self.check_owner(user)?;
        }
        let limits = change.limits.unwrap_or(Limits::NONE);
        let budget = change.budget.as_ref().and_then(Option::as_ref);
        check_limits(&limits, "limits")?;
        check_budget(budget)?;
        self.check_expiry(change.expires_at.flatten())?;
        check_models(change.models.as_ref().and_then(Option::as_deref))?;
        check_tags(change.tags.as_deref().unwrap_or_default())?;
        self.check_within(person, &limits, budget).await?;
        let bound = self.bound_of(person, before).await?;
        bound.map_or(Ok(()), |bound| lent::check(before, bound.as_ref(), change))
    }

    /// Puts a new secret in the place of the key's. The one before stays good for `overlap`, so that clients can be changed over.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for an overlap of more than 30 days; [`RepositoryError::NotFound`](switchyard_ports::repositories::RepositoryError::NotFound), also where it is another's;
    /// [`RepositoryError::Stale`](switchyard_ports::repositories::RepositoryError::Stale), also where somebody else rotates it at the same time.
    pub async fn rotate(
        &self,
        person: &User,
        id: VirtualKeyId,
        overlap: Duration,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<CreatedKey, AdminError> {
        let before = self.held(person, id).await?;
        judged_version(person, &before, expected_version)?;
        if overlap > LONGEST_OVERLAP {
            return Err(AdminError::invalid("overlap_seconds", "a key stays good for 30 days at most"));
        }
        let until = self.ports.clock.now().after(overlap);
        let previous = (!overlap.is_zero()).then_some(PreviousHash { hash: before.hash, until });
        let mut state = self.state(before.clone()).await?;
        let minted = self.mint.mint();
        let rotation = KeyRotation { prefix: minted.prefix.clone(), hash: minted.hash, previous };
        let patch = KeyPatch {
            rotation: Some(rotation),
            expected_version: Some(before.meta.version),
            ..KeyPatch::default()
        };
        let author = self.ports.author(by);
        self.keys.update(id, patch, &author).await?;
        self.ports.read_own_write().await;
        let (key, meta) = (&mut state.key, &before.meta);
        (key.prefix, key.hash, key.previous) = (minted.prefix.clone(), minted.hash, previous);
        (key.meta.version, key.meta.updated_at) = (meta.version + 1, author.at);
        key.meta.updated_by = author.by.name.to_string();
        Ok(CreatedKey { id, key: minted.key, prefix: minted.prefix, state })
    }

    /// Removes a key with its budget and its credentials. Its usage and ledger stay.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`](switchyard_ports::repositories::RepositoryError::NotFound), also where it is another's; [`RepositoryError::Stale`](switchyard_ports::repositories::RepositoryError::Stale).
    pub async fn remove(
        &self,
        person: &User,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let mut judged = 1;
        while let Err(error) = self.judge_and_remove(person, id, expected_version, by).await {
            if judged == JUDGED || expected_version.is_some() || !is_stale(&error) {
                return Err(error);
            }
            judged += 1;
        }
        self.ports.read_own_write().await;
        Ok(())
    }

    async fn judge_and_remove(
        &self,
        person: &User,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        by: &Writer,
    ) -> Result<(), AdminError> {
        let before = self.held(person, id).await?;
        let expected_version = judged_version(person, &before, expected_version)?;
        Ok(self.keys.delete(id, expected_version, &self.ports.author(by)).await?)
    }
}

/// The version that a change may be written over. Whoever does not administer writes over the one that was judged and over no other:
/// what an administrator says of the key meanwhile holds.
fn judged_version(
    person: &User,
    judged: &VirtualKey,
    expected: Option<i64>,
) -> Result<Option<i64>, AdminError> {
    let current = judged.meta.version;
    if expected.is_some_and(|expected| expected != current) {
        return Err(RepositoryError::Stale { current }.into());
    }
    Ok(expected.or_else(|| (person.role != Role::Admin).then_some(current)))
}

fn is_stale(error: &AdminError) -> bool {
    matches!(error, AdminError::Repository(RepositoryError::Stale { .. }))
}
