//! Virtual keys.

use super::{MemoryStore, check_version, missing, new_meta, quotas, raise, taken, told};
use async_trait::async_trait;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::name::Name;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::{KeyGrant, VirtualKey};
use switchyard_ports::repositories::{
    Author, ChangeKind, KeyPatch, NewVirtualKey, RepositoryError, UNUSED_KEYS_COUNT_FOR_MS,
    VirtualKeyRepository, enough_keys, enough_unused_keys,
};

#[async_trait]
impl VirtualKeyRepository for MemoryStore {
    async fn create(&self, key: NewVirtualKey, author: &Author) -> Result<VirtualKeyId, RepositoryError> {
        self.change(ChangeKind::VirtualKey, AuditAction::Create, author, |state| {
            if state.keys.iter().any(|known| known.hash == key.hash) {
                let reason = "a key with the same hash exists".to_owned();
                return Err(RepositoryError::Conflict { reason });
            }
            if state.keys.iter().any(|known| known.name == key.name && known.user == key.user) {
                return Err(taken("key", key.name.as_str()));
            }
            let is_unused = |known: &VirtualKey| {
                known.last_used_at.is_none()
                    && known.grant.made_by.as_deref() == Some(author.by.name.as_ref())
                    && known.meta.created_at.0 > author.at.0.saturating_sub(UNUSED_KEYS_COUNT_FOR_MS)
            };
            let counts =
                |known: &&VirtualKey| known.user == key.user && (key.user.is_some() || is_unused(known));
            let there = state.keys.iter().filter(counts).count();
            if let Some(most) = key.at_most.filter(|most| there >= *most as usize) {
                let enough = if key.user.is_some() { enough_keys } else { enough_unused_keys };
                return Err(RepositoryError::Conflict { reason: enough(most) });
            }
            let id = VirtualKeyId(state.new_id());
            let changed = told(id.0, [("name", key.name.to_string())]);
            state.keys.push(VirtualKey {
                id,
                name: key.name,
                prefix: key.prefix,
                hash: key.hash,
                previous: None,
                user: key.user,
                tags: key.tags,
                is_active: true,
                models: key.models,
                limits: key.limits,
                expires_at: key.expires_at,
                last_used_at: None,
                grant: KeyGrant {
                    is_lent: key.is_lent,
                    is_barred: false,
                    made_by: Some(author.by.name.to_string()),
                },
                meta: new_meta(author),
            });
            if key.budget.is_some() {
                quotas::put_budget(state, QuotaScope::Key(id), key.budget, author)?;
            }
            Ok((id, changed))
        })
    }

    async fn update(
        &self,
        id: VirtualKeyId,
        patch: KeyPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let action = if patch.rotation.is_some() { AuditAction::Rotate } else { AuditAction::Update };
        self.change(ChangeKind::VirtualKey, action, author, |state| {
            let key = state.keys.iter().find(|key| key.id == id);
            let key = key.ok_or_else(|| missing("virtual key", id.0))?;
            check_version(patch.expected_version, &key.meta)?;
            let name = patch.name.clone().unwrap_or_else(|| key.name.clone());
            let user = patch.user.unwrap_or(key.user);
            if state.keys.iter().any(|other| other.id != id && other.name == name && other.user == user) {
                return Err(taken("key", name.as_str()));
            }
            let key = state.keys.iter_mut().find(|key| key.id == id);
            let key = key.ok_or_else(|| missing("virtual key", id.0))?;
            if patch == (KeyPatch { expected_version: patch.expected_version, ..KeyPatch::default() }) {
                return Ok(((), None));
            }
            let (fields, name) = (patch.fields().join(", "), key.name.to_string());
            key.name = patch.name.unwrap_or_else(|| key.name.clone());
            key.is_active = patch.is_active.unwrap_or(key.is_active);
            key.models = patch.models.unwrap_or(key.models.take());
            key.limits = patch.limits.unwrap_or(key.limits);
            key.expires_at = patch.expires_at.unwrap_or(key.expires_at);
            key.user = patch.user.unwrap_or(key.user);
            key.tags = patch.tags.unwrap_or_else(|| std::mem::take(&mut key.tags));
            key.grant.is_lent = patch.is_lent.unwrap_or(key.grant.is_lent);
            key.grant.is_barred = patch.is_barred.unwrap_or(key.grant.is_barred);
            if let Some(rotation) = patch.rotation {
                (key.prefix, key.hash, key.previous) = (rotation.prefix, rotation.hash, rotation.previous);
            }
            raise(&mut key.meta, author);
            if let Some(budget) = patch.budget {
                quotas::put_budget(state, QuotaScope::Key(id), budget, author)?;
            }
            Ok(((), told(id.0, [("name", name), ("fields", fields)])))
        })
    }

    async fn delete(
        &self,
        id: VirtualKeyId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::VirtualKey, AuditAction::Delete, author, |state| {
            let place = state.keys.iter().position(|key| key.id == id);
            let place = place.ok_or_else(|| missing("virtual key", id.0))?;
            if let Some(key) = state.keys.get(place) {
                check_version(expected_version, &key.meta)?;
            }
            let gone = state.keys.remove(place);
            let owner = CredentialOwner::VirtualKey(id.0);
            state.own_credentials.retain(|(_, credential)| credential.owner != owner);
            quotas::put_budget(state, QuotaScope::Key(id), None, author)?;
            Ok(((), told(id.0, [("name", gone.name.to_string())])))
        })
    }

    async fn page(
        &self,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        self.read(|state| {
            let later = state.keys.iter().filter(|key| after.is_none_or(|after| key.id > after));
            later.take(limit as usize).cloned().collect()
        })
    }

    async fn page_of(
        &self,
        user: UserId,
        after: Option<VirtualKeyId>,
        limit: u32,
    ) -> Result<Vec<VirtualKey>, RepositoryError> {
        let is_theirs =
            |key: &&VirtualKey| key.user == Some(user) && after.is_none_or(|after| key.id > after);
        self.read(|state| state.keys.iter().filter(is_theirs).take(limit as usize).cloned().collect())
    }

    async fn by_ids(&self, ids: &[VirtualKeyId]) -> Result<Vec<VirtualKey>, RepositoryError> {
        self.read(|state| state.keys.iter().filter(|key| ids.contains(&key.id)).cloned().collect())
    }

    async fn by_name(&self, name: &Name) -> Result<Vec<VirtualKey>, RepositoryError> {
        self.read(|state| state.keys.iter().filter(|key| key.name == *name).cloned().collect())
    }

    async fn touch(&self, used: &[(VirtualKeyId, Timestamp)]) -> Result<(), RepositoryError> {
        self.write(|state| {
            for (id, at) in used {
                for key in state.keys.iter_mut().filter(|key| key.id == *id) {
                    key.last_used_at = key.last_used_at.max(Some(*at));
                }
            }
            Ok(())
        })
    }
}
