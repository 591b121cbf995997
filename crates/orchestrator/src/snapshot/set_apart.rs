//! Providers that are set apart for one route: what the settings say of the route behind `/llm/chat` serves that route alone. No name leads
//! to their models directly, no other route leads to them, and their credentials are stored nowhere.

use secrecy::SecretString;
use std::sync::Arc;
use switchyard_domain::provider::Provider;

/// A provider that is set apart, as the settings say it.
#[derive(Clone, Debug)]
pub struct ApartProvider {
    /// Its name. A provider of that name and vendor is set apart, whoever wrote it.
    pub name: String,
    /// The vendor's key.
    pub vendor: String,
    /// The address that the credential is meant for; absent means the vendor's own.
    pub base_url: Option<String>,
    /// The credential. It goes before a stored one, and to no other address.
    pub api_key: Option<Arc<SecretString>>,
}

/// What is set apart.
#[derive(Clone, Debug, Default)]
pub struct SetApart {
    /// The name of the route.
    pub route: String,
    /// The providers.
    pub providers: Vec<ApartProvider>,
    /// What an administrator can do while the route leads to nothing that can be tried.
    pub advice: Arc<str>,
}

impl SetApart {
    /// What is said of a stored provider; `None` where it serves everybody.
    pub(super) fn of(&self, provider: &Provider) -> Option<&ApartProvider> {
        let is_it =
            |apart: &&ApartProvider| apart.name == provider.name.as_str() && apart.vendor == provider.vendor;
        self.providers.iter().find(is_it)
    }

    /// The credential for a stored provider.
    pub(super) fn credential(&self, provider: &Provider) -> Option<Arc<SecretString>> {
        let apart = self.of(provider)?;
        let key = apart.api_key.as_ref()?;
        if apart.base_url != provider.base_url {
            tracing::warn!(
                provider.name = %provider.name,
                "the key of the settings is not used: the provider was moved to an address that they do not name"
            );
            return None;
        }
        Some(Arc::clone(key))
    }
}
