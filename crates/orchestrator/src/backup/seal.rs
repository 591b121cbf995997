//! The text of a backup with its seal: a keyed proof over every byte before it, so that a part that was cut off, changed, or taken
//! from another backup is found before anything of it is believed.

use super::document::{BackupDocument, VERSION};
use super::error::RestoreError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use switchyard_ports::vault::{Binding, Vault, VaultError};

const BEFORE_SEAL: &str = ",\n  \"seal\": \"";
const AFTER_SEAL: &str = "\"\n}\n";

/// The place that seals of backups are made for. What is sealed is a digest of the text, under the vault's own key: nobody without
/// it can make one.
fn binding() -> Binding {
    Binding { table: "backup", row: i64::from(VERSION), owner: String::new(), column: "seal" }
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The text of a backup.
pub(super) fn sealed_text(document: &BackupDocument, vault: &dyn Vault) -> Result<String, VaultError> {
    let text = serde_json::to_string_pretty(document).map_err(|_| VaultError::Malformed)?;
    let body = text.strip_suffix("\n}").ok_or(VaultError::Malformed)?;
    let seal = vault.seal(&SecretString::from(digest(body)), &binding())?;
    Ok(format!("{body}{BEFORE_SEAL}{seal}{AFTER_SEAL}"))
}

/// Reads a text that this program sealed.
///
/// # Errors
/// [`RestoreError`] for a text that is none, is of a newer version, was sealed under a key that is not at hand, or was changed.
pub(super) fn unsealed(text: &str, vault: &dyn Vault) -> Result<BackupDocument, RestoreError> {
    let broken = |why: &str| RestoreError::Unreadable(why.to_owned());
    let value: Value = serde_json::from_str(text)
        .map_err(|error| RestoreError::Unreadable(format!("it is no JSON (line {})", error.line())))?;
    match value.get("version").map(Value::as_u64) {
        Some(Some(version)) if version == u64::from(VERSION) => {}
        Some(Some(version)) if version > u64::from(VERSION) => return Err(RestoreError::Newer(version)),
        _ => return Err(broken("it is no backup of this program")),
    }
    let (body, rest) = text.rsplit_once(BEFORE_SEAL).ok_or_else(|| broken("it has no seal at its end"))?;
    let seal = rest.strip_suffix(AFTER_SEAL).ok_or_else(|| broken("it has no seal at its end"))?;
    let proven = vault.open(seal, &binding()).map_err(RestoreError::from)?;
    if proven.expose_secret() != digest(body) {
        return Err(RestoreError::Tampered);
    }
    serde_json::from_str(text).map_err(|error| RestoreError::Unreadable(error.to_string()))
}

/// Whether a text is a backup of this database, or of one that did not know yet which it is. Its seal is not asked.
pub(super) fn is_of(text: &str, database: Option<&str>) -> bool {
    let told = serde_json::from_str::<Value>(text).ok();
    match told.as_ref().and_then(|told| told.get("database")) {
        Some(Value::Null) => true,
        Some(Value::String(named)) => Some(named.as_str()) == database,
        _ => false,
    }
}
