//! The keys in the backup that lies there, and whether the one that takes its place would lose them.
//!
//! A start with a wrong encryption key opens no stored key, so that its backups have none. The last one that has them must outlive such a
//! start: it may be all that there is to restore from.

use super::document::{BackupDocument, binding};
use std::collections::HashSet;
use switchyard_domain::name::Name;
use switchyard_domain::provider::SharedPlace;
use switchyard_ports::repositories::StoredConfiguration;
use switchyard_ports::vault::Vault;

/// The keys of a backup, still sealed.
pub(super) struct KeptKeys(Option<BackupDocument>);

impl KeptKeys {
    /// Those of a text, whose seal is not asked.
    pub(super) fn of(text: &str) -> Self {
        Self(serde_json::from_str(text).ok())
    }

    /// Whether some of them would be gone for good with the text: the new backup has them not, and they are stored under a key that is
    /// not at hand, or are themselves sealed under one. A text that is not understood may have some.
    pub(super) fn would_lose(
        &self,
        new: &BackupDocument,
        stored: &StoredConfiguration,
        vault: &dyn Vault,
    ) -> bool {
        let Some(kept) = &self.0 else { return true };
        let backed_up = places(new);
        let is_stored = |name: &Name, place| {
            let provider = stored.providers.iter().find(|provider| provider.name == *name);
            provider.is_some_and(|provider| provider.credential_at(place).is_some())
        };
        let mut sealed = kept.providers.iter().flat_map(|provider| provider.sealed());
        sealed.any(|(name, place, sealed)| {
            !backed_up.contains(&(name, place))
                && (is_stored(name, place) || vault.open(sealed, &binding(name, place)).is_err())
        })
    }

    /// Whether all keys of the new backup are among them, whatever they are.
    pub(super) fn have_all_of(&self, new: &BackupDocument) -> bool {
        let kept = self.0.as_ref().map(places).unwrap_or_default();
        places(new).is_subset(&kept)
    }
}

/// The places of the keys of a backup.
fn places(document: &BackupDocument) -> HashSet<(&Name, SharedPlace)> {
    let sealed = document.providers.iter().flat_map(|provider| provider.sealed());
    sealed.map(|(name, place, _)| (name, place)).collect()
}
