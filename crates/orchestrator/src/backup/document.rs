//! What stands in a backup: every provider and route, the keys sealed for the backup alone.
//!
//! The members of a documented backup come first; `declared` holds all that these can't say, and is what a restore reads. Names are
//! the keys: ids of the database that it was written from mean nothing in another one.

use crate::admin::exported;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::provider::{CredentialOwner, Provider};
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
    api_key_encrypted: Option<String>,
    models: Vec<String>,
    is_active: bool,
    status: String,
    latency_ms: Option<f64>,
    last_tested_at: Option<String>,
    created_at: String,
    updated_at: String,
    declared: DeclaredProvider,
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

/// The place that a key is sealed for in a backup: of this provider, by its name, and of nothing else.
fn binding(provider: &Name, owner: &CredentialOwner) -> Binding {
    let owner = format!("{provider}/{}", owner.to_word());
    Binding { table: "backup", row: i64::from(VERSION), owner, column: "api_key" }
}

/// A backup of what is stored, and how many keys it has to leave out, since no key at hand opens them.
pub(super) fn of_stored(
    stored: &StoredConfiguration,
    vault: &dyn Vault,
    database: Option<String>,
    at: Timestamp,
) -> Result<(BackupDocument, usize), VaultError> {
    let Declared { providers, routes } = exported(stored);
    let mut lost = 0;
    let provider = |declared: DeclaredProvider| {
        let row = stored.providers.iter().find(|row| row.name == declared.name);
        let sealed = match row.and_then(|row| opened(row, vault)) {
            Some(Ok(secret)) => {
                Some(vault.seal(&secret, &binding(&declared.name, &CredentialOwner::Shared))?)
            }
            Some(Err(error)) => {
                tracing::warn!(provider = %declared.name, error = %error, "a key can't be backed up");
                lost += 1;
                None
            }
            None => None,
        };
        Ok(of_provider(declared, row, sealed))
    };
    let providers = providers.into_iter().map(provider).collect::<Result<_, VaultError>>()?;
    let route = |declared: DeclaredRoute| {
        let row = stored.routes.iter().find(|row| row.name == declared.name);
        let times = row.map(|row| (row.meta.created_at, row.meta.updated_at)).unwrap_or_default();
        of_route(declared, times)
    };
    let routes = routes.into_iter().map(route).collect();
    let generated_at = at.to_string();
    Ok((BackupDocument { generated_at, version: VERSION, database, providers, routes }, lost))
}

/// A provider's shared credential, opened; `None` where it has none.
fn opened(provider: &Provider, vault: &dyn Vault) -> Option<Result<SecretString, VaultError>> {
    let credential = provider.credential.as_ref()?;
    let binding = crate::snapshot::credential_binding(provider.id, &credential.owner.to_word());
    Some(vault.open(&credential.sealed, &binding))
}

fn of_provider(declared: DeclaredProvider, row: Option<&Provider>, sealed: Option<String>) -> BackupProvider {
    let (created, updated) = row.map(|row| (row.meta.created_at, row.meta.updated_at)).unwrap_or_default();
    BackupProvider {
        name: declared.name.clone(),
        base_url: declared.base_url.clone(),
        api_key_encrypted: sealed,
        models: declared.models.iter().map(|model| model.model.clone()).collect(),
        is_active: declared.enabled,
        // What tests find is not kept yet.
        status: "unknown".to_owned(),
        latency_ms: None,
        last_tested_at: None,
        created_at: created.to_string(),
        updated_at: updated.to_string(),
        declared,
    }
}

fn of_route(declared: DeclaredRoute, (created, updated): (Timestamp, Timestamp)) -> BackupRoute {
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
        created_at: created.to_string(),
        updated_at: updated.to_string(),
        declared,
    }
}

impl BackupDocument {
    /// What it declares, with its keys opened.
    pub(super) fn declared(self, vault: &dyn Vault) -> Result<Declared, VaultError> {
        let provider = |provider: BackupProvider| {
            let binding = binding(&provider.name, &CredentialOwner::Shared);
            let sealed = provider.api_key_encrypted;
            let api_key = sealed.map(|sealed| vault.open(&sealed, &binding)).transpose()?;
            Ok(DeclaredProvider { name: provider.name, api_key, ..provider.declared })
        };
        let providers = self.providers.into_iter().map(provider).collect::<Result<_, VaultError>>()?;
        let route = |route: BackupRoute| DeclaredRoute { name: route.name, ..route.declared };
        Ok(Declared { providers, routes: self.routes.into_iter().map(route).collect() })
    }

    /// What it says of the configuration itself: equal in two backups between which nothing changed. Sealed texts differ each time,
    /// so that the credentials' versions stand for them.
    pub(super) fn fingerprint(&self, stored: &StoredConfiguration) -> Value {
        let credentials: Vec<Option<(i64, i64)>> = stored
            .providers
            .iter()
            .map(|provider| provider.credential.as_ref().map(|known| (known.id.0, known.meta.version)))
            .collect();
        let routes: Vec<&DeclaredRoute> = self.routes.iter().map(|route| &route.declared).collect();
        let providers: Vec<_> = self
            .providers
            .iter()
            .map(|known| (&known.declared, &known.status, &known.last_tested_at))
            .collect();
        serde_json::json!([self.database, providers, routes, credentials])
    }
}
