//! What stands in a backup: every provider and route, the keys sealed for the backup alone.
//!
//! The members of a documented backup come first; `declared` holds all that these can't say, and is what a restore reads. Names are
//! the keys: ids of the database that it was written from mean nothing in another one.

use super::error::RestoreError;
use crate::admin::{Index, Kept, KeptProvider, declared};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::provider::{CredentialOwner, Provider, SharedPlace};
use switchyard_domain::provider_health::{HealthFinding, HealthStatus, ProviderHealth};
use switchyard_domain::route::Route;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::StoredConfiguration;
use switchyard_ports::vault::{Binding, Vault, VaultError};

/// The version of this form. A reader of another one refuses what it does not know.
pub(super) const VERSION: u32 = 1;

/// A backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BackupDocument {
    pub(super) generated_at: String,
    pub(super) version: u32,
    /// What tells one database from another: the hash of the first entry of its audit log.
    pub(super) database: Option<String>,
    pub(super) providers: Vec<BackupProvider>,
    pub(super) routes: Vec<BackupRoute>,
}

/// A provider.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BackupProvider {
    name: Name,
    base_url: Option<String>,
    /// The credential at the first place.
    api_key_encrypted: Option<String>,
    models: Vec<String>,
    is_active: bool,
    status: String,
    latency_ms: Option<u64>,
    last_tested_at: Option<String>,
    created_at: String,
    updated_at: String,
    /// The credentials at further places.
    #[serde(default)]
    api_keys: Vec<BackupKey>,
    /// What else is known of its health.
    #[serde(default)]
    health: BackupHealth,
    /// What the configuration file says of it.
    #[serde(default)]
    declaration: Option<BackupDeclaration>,
    declared: DeclaredProvider,
}

impl BackupProvider {
    /// Its name, and its sealed keys by their places, as far as there are such places.
    pub(super) fn sealed(&self) -> impl Iterator<Item = (&Name, SharedPlace, &str)> {
        let first = self.api_key_encrypted.iter().map(|sealed| (SharedPlace::FIRST, sealed.as_str()));
        let further = self.api_keys.iter();
        let further =
            further.filter_map(|key| Some((SharedPlace::new(key.place)?, key.api_key_encrypted.as_str())));
        first.chain(further).map(|(place, sealed)| (&self.name, place, sealed))
    }
}

/// A credential at a further place.
#[derive(Debug, Serialize, Deserialize)]
struct BackupKey {
    place: u8,
    api_key_encrypted: String,
}

/// What the documented members do not tell of a provider's health.
#[derive(Debug, Serialize, Deserialize)]
struct BackupHealth {
    status_code: Option<u16>,
    detail: Option<String>,
    is_healthy: bool,
    consecutive_failures: u32,
}

impl Default for BackupHealth {
    fn default() -> Self {
        Self { status_code: None, detail: None, is_healthy: true, consecutive_failures: 0 }
    }
}

/// What the configuration file says of a provider.
#[derive(Debug, Serialize, Deserialize)]
struct BackupDeclaration {
    is_withdrawn: bool,
    given_keys: String,
}

/// A route.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BackupRoute {
    name: Name,
    mode: String,
    config: Notes,
    is_active: bool,
    nodes: Vec<BackupNode>,
    created_at: String,
    updated_at: String,
    /// Whether the configuration file declares it no more.
    #[serde(default)]
    is_withdrawn: Option<bool>,
    declared: DeclaredRoute,
}

/// A target, by the name of its provider.
#[derive(Debug, Serialize, Deserialize)]
struct BackupNode {
    api_name: Name,
    models: Vec<String>,
    strategy: String,
    priority: u32,
    metadata: Notes,
}

/// The place that a key is sealed for in a backup: of this provider, by its name, at this place, and of nothing else.
pub(super) fn binding(provider: &Name, place: SharedPlace) -> Binding {
    let owner = format!("{provider}/{}", CredentialOwner::Shared(place).to_word());
    Binding { table: "backup", row: i64::from(VERSION), owner, column: "api_key" }
}

/// A backup of what is stored, and how many keys it has to leave out, since no key at hand opens them.
pub(super) fn of_stored(
    stored: &StoredConfiguration,
    vault: &dyn Vault,
    database: Option<String>,
    at: Timestamp,
) -> Result<(BackupDocument, usize), VaultError> {
    let Declared { providers: declared, routes, .. } = declared(stored);
    let (mut providers, mut lost) = (Vec::with_capacity(declared.len()), 0);
    let index = Index::of(stored);
    for declared in declared {
        let Some(row) = index.provider(&declared.name) else { continue };
        let (keys, unreadable) = sealed_keys(row, vault)?;
        lost += unreadable;
        providers.push(of_provider(declared, row, keys));
    }
    let route = |declared: DeclaredRoute| {
        let row = index.route(&declared.name)?;
        Some(of_route(declared, row))
    };
    let routes = routes.into_iter().filter_map(route).collect();
    let generated_at = at.to_string();
    Ok((BackupDocument { generated_at, version: VERSION, database, providers, routes }, lost))
}

/// A provider's shared credentials, sealed for the backup, by their places; and how many can't be opened.
fn sealed_keys(
    provider: &Provider,
    vault: &dyn Vault,
) -> Result<(Vec<(SharedPlace, String)>, usize), VaultError> {
    let (mut keys, mut lost) = (Vec::new(), 0);
    for credential in &provider.credentials {
        let Some(place) = credential.shared_place() else { continue };
        let stored = crate::snapshot::credential_binding(provider.id, &credential.owner.to_word());
        match vault.open(&credential.sealed, &stored) {
            Ok(secret) => keys.push((place, vault.seal(&secret, &binding(&provider.name, place))?)),
            Err(error) => {
                tracing::warn!(
                    provider = %provider.name,
                    credential.place = place.number(),
                    error = %error,
                    "a key can't be backed up"
                );
                lost += 1;
            }
        }
    }
    Ok((keys, lost))
}

fn of_provider(
    declared: DeclaredProvider,
    row: &Provider,
    keys: Vec<(SharedPlace, String)>,
) -> BackupProvider {
    let (first, further): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|(place, _)| *place == SharedPlace::FIRST);
    let further = further
        .into_iter()
        .map(|(place, api_key_encrypted)| BackupKey { place: place.number(), api_key_encrypted });
    let ProviderHealth { last, last_tested_at, is_healthy, consecutive_failures, .. } = row.health.clone();
    let HealthFinding { status, status_code, latency_ms, detail } = last;
    let Declaration { is_withdrawn, given_keys } = row.declaration;
    BackupProvider {
        name: declared.name.clone(),
        base_url: declared.base_url.clone(),
        api_key_encrypted: first.into_iter().next().map(|(_, sealed)| sealed),
        models: declared.models.iter().map(|model| model.model.clone()).collect(),
        is_active: declared.enabled,
        status: status.as_str().to_owned(),
        latency_ms,
        last_tested_at: last_tested_at.map(|at| at.to_string()),
        created_at: row.meta.created_at.to_string(),
        updated_at: row.meta.updated_at.to_string(),
        api_keys: further.collect(),
        health: BackupHealth { status_code, detail, is_healthy, consecutive_failures },
        declaration: Some(BackupDeclaration { is_withdrawn, given_keys: given_keys.as_str().to_owned() }),
        declared,
    }
}

fn of_route(declared: DeclaredRoute, row: &Route) -> BackupRoute {
    let node = |target: &DeclaredTarget| BackupNode {
        api_name: target.provider.clone(),
        models: target.models.named().to_vec(),
        strategy: target.strategy.unwrap_or(declared.strategy).as_str().replace('_', "-"),
        priority: target.priority,
        metadata: target.metadata.clone(),
    };
    BackupRoute {
        name: declared.name.clone(),
        mode: declared.mode.as_str().to_owned(),
        config: declared.config.clone(),
        is_active: declared.enabled,
        nodes: declared.targets.iter().map(node).collect(),
        created_at: row.meta.created_at.to_string(),
        updated_at: row.meta.updated_at.to_string(),
        is_withdrawn: Some(row.is_withdrawn),
        declared,
    }
}

impl BackupProvider {
    /// What it declares, and what a document can't say of it, with its keys opened.
    fn opened(self, vault: &dyn Vault) -> Result<(DeclaredProvider, KeptProvider), RestoreError> {
        let Self { name, api_key_encrypted, api_keys, status, latency_ms, last_tested_at, health, .. } = self;
        let mut keys = Vec::with_capacity(api_keys.len() + 1);
        if let Some(sealed) = api_key_encrypted {
            keys.push((SharedPlace::FIRST, vault.open(&sealed, &binding(&name, SharedPlace::FIRST))?));
        }
        for BackupKey { place, api_key_encrypted } in api_keys {
            let place = SharedPlace::new(place).filter(|place| keys.iter().all(|(known, _)| known != place));
            let place = place.ok_or_else(|| unreadable(&name, "api_keys"))?;
            keys.push((place, vault.open(&api_key_encrypted, &binding(&name, place))?));
        }
        let BackupHealth { status_code, detail, is_healthy, consecutive_failures } = health;
        let status = HealthStatus::parse(&status).ok_or_else(|| unreadable(&name, "status"))?;
        let tested = last_tested_at.as_deref().map(Timestamp::parse).transpose();
        let health = ProviderHealth {
            last: HealthFinding { status, status_code, latency_ms, detail },
            last_tested_at: tested.map_err(|_| unreadable(&name, "last_tested_at"))?,
            is_healthy,
            consecutive_failures,
            checked_at: None,
        };
        let declaration = self.declaration.map(|said| said.read(&name)).transpose()?;
        Ok((DeclaredProvider { name, ..self.declared }, KeptProvider { keys, health, declaration }))
    }
}

impl BackupDeclaration {
    fn read(self, provider: &Name) -> Result<Declaration, RestoreError> {
        let given_keys = GivenKeys::parse(&self.given_keys);
        let given_keys = given_keys.ok_or_else(|| unreadable(provider, "declaration.given_keys"))?;
        Ok(Declaration { is_withdrawn: self.is_withdrawn, given_keys })
    }
}

fn unreadable(provider: &Name, member: &str) -> RestoreError {
    RestoreError::Unreadable(format!("`{member}` of the provider `{provider}` is not understood"))
}

/// What a backup holds, opened.
pub(super) struct OpenedBackup {
    /// What it declares.
    pub(super) declared: Declared,
    /// What no document can say.
    pub(super) kept: Kept,
}

impl BackupDocument {
    /// What it holds, with its keys opened.
    ///
    /// # Errors
    /// [`RestoreError`] for a key that does not open, and a member that is not understood.
    pub(super) fn opened(self, vault: &dyn Vault) -> Result<OpenedBackup, RestoreError> {
        let (mut providers, mut kept) = (Vec::with_capacity(self.providers.len()), Kept::default());
        for provider in self.providers {
            let (declared, besides) = provider.opened(vault)?;
            kept.providers.insert(declared.name.clone(), besides);
            providers.push(declared);
        }
        let said = |route: &BackupRoute| Some((route.name.clone(), route.is_withdrawn?));
        kept.withdrawn_routes = self.routes.iter().filter_map(said).collect();
        // No backup is kept from being restored by a target that leads nowhere; older ones have such.
        let lists = |provider: &DeclaredProvider| -> HashSet<String> {
            provider.models.iter().map(|listed| listed.model.clone()).collect()
        };
        let listed: HashMap<Name, HashSet<String>> =
            providers.iter().map(|provider| (provider.name.clone(), lists(provider))).collect();
        let is_listed =
            |name: &Name, model: &str| listed.get(name).is_none_or(|models| models.contains(model));
        let route =
            |route: BackupRoute| DeclaredRoute { name: route.name, ..route.declared }.naming_only(is_listed);
        let routes = self.routes.into_iter().map(route).collect();
        Ok(OpenedBackup { declared: Declared { whole: false, providers, routes }, kept })
    }

    /// What it says of the configuration itself: equal in two backups between which nothing changed. Sealed texts differ each time,
    /// so that the credentials' versions stand for them.
    pub(super) fn fingerprint(&self, stored: &StoredConfiguration) -> Value {
        let credentials: Vec<(i64, i64)> = stored
            .providers
            .iter()
            .flat_map(|provider| &provider.credentials)
            .map(|credential| (credential.id.0, credential.meta.version))
            .collect();
        let routes: Vec<_> = self.routes.iter().map(|route| (&route.declared, route.is_withdrawn)).collect();
        let said: Vec<_> = self.providers.iter().map(|provider| &provider.declaration).collect();
        let providers: Vec<_> = self
            .providers
            .iter()
            .map(|known| (&known.declared, &known.status, &known.last_tested_at, known.health.is_healthy))
            .collect();
        serde_json::json!([self.database, providers, said, routes, credentials])
    }
}
