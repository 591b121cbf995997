//! Virtual keys as people see them: with what they spent and what holds for them.

use super::{KeyAdmin, above};
use crate::error::AdminError;
use std::collections::HashMap;
use switchyard_domain::budget::{Budget, Span};
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::RowMeta;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::{Quota, QuotaScope};
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::User;
use switchyard_domain::virtual_key::{KeyGrant, VirtualKey};
use switchyard_ports::repositories::{Author, NewVirtualKey, RepositoryError};

/// The most keys on a page.
const MOST: u32 = 100;

/// A key with what is about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The key.
    pub key: VirtualKey,
    /// How much it may spend.
    pub budget: Option<Budget>,
    /// What it spent, by the ledger: in the budget's window of now, or ever where it has no budget.
    pub spent: NanoUsd,
    /// The limits that hold for its calls: its own, its owner's and those of all calls together, of each kind the smallest.
    pub effective_limits: Limits,
}

impl KeyAdmin {
    /// At most `limit` keys (100 at most) with ids above `after` that a person may know of, and the id to go on from, where there
    /// are more.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn page(
        &self,
        person: &User,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<(Vec<KeyState>, Option<VirtualKeyId>), AdminError> {
        let most = limit.clamp(1, MOST);
        let mut found = self.seen_page(person, after, most + 1).await?;
        let is_more = found.len() > most as usize;
        found.truncate(most as usize);
        let next = found.last().map(|key| key.id).filter(|_| is_more);
        Ok((self.states(found).await?, next))
    }

    /// A key that a person may know of.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`], also where it is another's.
    pub async fn find(&self, person: &User, id: VirtualKeyId) -> Result<KeyState, AdminError> {
        let key = self.seen(person, id).await?;
        self.state(key).await
    }

    /// A key to whoever holds it, and what it spent ever.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] where it was removed in the meantime.
    pub async fn itself(&self, id: VirtualKeyId) -> Result<(KeyState, NanoUsd), AdminError> {
        let found = self.keys.by_ids(&[id]).await?.pop();
        let key = found.ok_or_else(|| RepositoryError::NotFound { what: "this virtual key".to_owned() })?;
        let total = self.total(id).await?;
        Ok((self.state(key).await?, total))
    }

    /// What a key of the person's spent ever.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn total(&self, id: VirtualKeyId) -> Result<NanoUsd, AdminError> {
        self.quotas.spent(QuotaScope::Key(id), Span::ENDLESS).await
    }

    pub(super) async fn state(&self, key: VirtualKey) -> Result<KeyState, AdminError> {
        let id = key.id;
        let state = self.states(vec![key]).await?.pop();
        Ok(state.ok_or_else(|| RepositoryError::NotFound { what: format!("virtual key {id}") })?)
    }

    /// Of a page of keys: what was spent is one question for each window that their budgets have, and not one for each key.
    async fn states(&self, keys: Vec<VirtualKey>) -> Result<Vec<KeyState>, AdminError> {
        let mut scopes: Vec<QuotaScope> = keys.iter().map(|key| QuotaScope::Key(key.id)).collect();
        scopes.extend(keys.iter().flat_map(|key| above(key.user)));
        scopes.sort_unstable();
        scopes.dedup();
        let quotas = self.quotas.of(&scopes).await?;
        let now = self.ports.clock.now();
        let asked = keys.into_iter().map(|key| {
            let quota = quotas.iter().find(|quota| quota.scope == QuotaScope::Key(key.id));
            let budget = quota.and_then(|quota| quota.budget.clone());
            let span = budget.as_ref().map_or(Span::ENDLESS, |budget| budget.span(now));
            (key, budget, span)
        });
        let asked: Vec<(VirtualKey, Option<Budget>, Span)> = asked.collect();
        let mut by_span: HashMap<(Timestamp, Timestamp), Vec<VirtualKeyId>> = HashMap::new();
        for (key, _, span) in &asked {
            by_span.entry((span.start, span.end)).or_default().push(key.id);
        }
        let mut spent: HashMap<VirtualKeyId, NanoUsd> = HashMap::new();
        for ((start, end), keys) in by_span {
            spent.extend(self.quotas.spent_by_keys(&keys, Span { start, end }).await?);
        }
        let state = |(key, budget, _): (VirtualKey, Option<Budget>, Span)| KeyState {
            spent: spent.get(&key.id).copied().unwrap_or_default(),
            effective_limits: self.effective(&key, &quotas),
            key,
            budget,
        };
        Ok(asked.into_iter().map(state).collect())
    }

    /// A key that was just written.
    pub(super) fn state_of_new(
        &self,
        id: VirtualKeyId,
        key: NewVirtualKey,
        author: &Author,
        quotas: &[Quota],
    ) -> KeyState {
        let NewVirtualKey {
            name, prefix, hash, models, limits, expires_at, user, tags, budget, is_lent, ..
        } = key;
        let made_by = author.by.name.to_string();
        let key = VirtualKey {
            id,
            name,
            prefix,
            hash,
            previous: None,
            user,
            tags,
            is_active: true,
            models,
            limits,
            expires_at,
            last_used_at: None,
            grant: KeyGrant { is_lent, is_barred: false, made_by: Some(made_by.clone()) },
            meta: RowMeta {
                version: 1,
                owner: author.by.owner.clone(),
                created_at: author.at,
                updated_at: author.at,
                updated_by: made_by,
            },
        };
        let effective_limits = self.effective(&key, quotas);
        KeyState { key, budget, spent: NanoUsd::ZERO, effective_limits }
    }

    fn effective(&self, key: &VirtualKey, quotas: &[Quota]) -> Limits {
        let of = |scope: QuotaScope| quotas.iter().find(|quota| quota.scope == scope);
        let owner =
            self.ports.keeper.as_ref().zip(key.user).and_then(|(keeper, user)| keeper.users().find(user));
        let own = owner.map_or(key.limits, |owner| key.limits.tightest(owner.user.limits));
        above(key.user).into_iter().filter_map(of).fold(own, |limits, quota| limits.tightest(quota.limits))
    }
}
