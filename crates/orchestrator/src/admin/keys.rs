//! Virtual keys: made, listed, revoked. The key itself leaves this place once, when it is made.

use super::{AdminPorts, check_limits};
use crate::error::AdminError;
use secrecy::SecretString;
use std::sync::Arc;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_ports::repositories::{KeyPatch, NewVirtualKey, RepositoryError, VirtualKeyRepository};
use switchyard_ports::virtual_keys::KeyMint;

const PAGE: u32 = 500;
const MAX_MODELS: usize = 1000;

/// A key that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Its unique name.
    pub name: Name,
    /// The routes and models that it may call; absent means all.
    pub models: Option<Vec<String>>,
    /// Its limits.
    pub limits: Limits,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whose it is.
    pub user: Option<UserId>,
}

/// A key that was made.
#[derive(Debug)]
pub struct CreatedKey {
    /// Its id.
    pub id: VirtualKeyId,
    /// The key, to be shown once.
    pub key: SecretString,
    /// Its first characters, by which it is known later.
    pub prefix: String,
}

/// Administers virtual keys.
pub struct KeyAdmin {
    ports: AdminPorts,
    keys: Arc<dyn VirtualKeyRepository>,
    mint: Arc<dyn KeyMint>,
}

impl KeyAdmin {
    /// Over the given ports.
    #[must_use]
    pub fn new(ports: AdminPorts, keys: Arc<dyn VirtualKeyRepository>, mint: Arc<dyn KeyMint>) -> Self {
        Self { ports, keys, mint }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for limits of zero, an expiry in the past or an unusable list of models;
    /// [`RepositoryError::Conflict`] when the name is taken.
    pub async fn create(&self, request: KeyRequest, by: &Writer) -> Result<CreatedKey, AdminError> {
        self.check(&request)?;
        let minted = self.mint.mint();
        let key = NewVirtualKey {
            name: request.name,
            prefix: minted.prefix.clone(),
            hash: minted.hash,
            models: request.models,
            limits: request.limits,
            expires_at: request.expires_at,
            user: request.user,
            tags: Vec::new(),
        };
        let id = self.keys.create(key, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(CreatedKey { id, key: minted.key, prefix: minted.prefix })
    }

    fn check(&self, request: &KeyRequest) -> Result<(), AdminError> {
        check_limits(&request.limits, "limits")?;
        if request.expires_at.is_some_and(|end| end <= self.ports.clock.now()) {
            return Err(AdminError::invalid("expires_at", "the expiry lies in the past"));
        }
        if let Some(models) = &request.models
            && (models.is_empty()
                || models.len() > MAX_MODELS
                || models.iter().any(|entry| entry.trim().is_empty()))
        {
            let message = format!("name 1 to {MAX_MODELS} routes or models, or leave the list out for all");
            return Err(AdminError::invalid("models", message));
        }
        Ok(())
    }

    /// All keys, by id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn list(&self) -> Result<Vec<VirtualKey>, AdminError> {
        let mut all: Vec<VirtualKey> = Vec::new();
        loop {
            let page = self.keys.page(all.last().map(|key| key.id), PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Switches a key off for good. Calls that run go on; new ones are refused on every replica within a second.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`] when there is no key of this name.
    pub async fn revoke(&self, name: &Name, by: &Writer) -> Result<VirtualKeyId, AdminError> {
        let key = self
            .keys
            .by_name(name)
            .await?
            .ok_or_else(|| RepositoryError::NotFound { what: format!("the virtual key `{name}`") })?;
        let patch = KeyPatch { is_active: Some(false), ..KeyPatch::default() };
        self.keys.update(key.id, patch, &self.ports.author(by)).await?;
        self.ports.read_own_write().await;
        Ok(key.id)
    }
}
