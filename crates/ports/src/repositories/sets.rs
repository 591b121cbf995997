//! Providers and routes that are written together.

use super::{NewProvider, ProviderPatch, RepositoryError, SealedSecret};
use std::fmt;
use std::sync::Arc;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Owner;
use switchyard_domain::provider::CredentialOwner;
use switchyard_domain::provider_health::ProviderHealth;

/// Seals a secret for the provider's row, whose id a new one gets only when it is written. It does not block, and may be asked
/// again when a write is tried again.
pub type SealForRow = Arc<dyn Fn(ProviderId) -> Result<SealedSecret, RepositoryError> + Send + Sync>;

/// A shared credential that is written with its provider.
#[derive(Clone)]
pub struct CredentialWrite {
    /// Which of the provider's.
    pub owner: CredentialOwner,
    /// What seals it; `None` forgets it.
    pub secret: Option<SealForRow>,
}

impl fmt::Debug for CredentialWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialWrite").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// What becomes of a provider.
#[derive(Clone, Debug)]
pub enum ProviderStep {
    /// It is written anew, as by `create_provider`.
    Create(NewProvider),
    /// It is changed, as by `update_provider`. A patch that says nothing leaves it as it is.
    Update(ProviderId, ProviderPatch),
}

/// A provider of a set.
#[derive(Clone, Debug)]
pub struct ProviderWrite {
    /// What becomes of it.
    pub step: ProviderStep,
    /// Its shared credentials that change, each by its place.
    pub credentials: Vec<CredentialWrite>,
    /// What was known of its health where it was before: kept where nothing is known here.
    pub health: Option<ProviderHealth>,
    /// What the file says of it then. Where this alone is different, the provider is changed all the same.
    pub declaration: Declaration,
    /// Whose a new one is.
    pub owner: Owner,
}

/// A route of a set, by the names of what it leads to: these may be written with it.
#[derive(Clone, Debug)]
pub struct RouteWrite {
    /// The route that it replaces, with the version that it must have.
    pub current: Option<(RouteId, i64)>,
    /// What it is to be.
    pub route: DeclaredRoute,
    /// Whether the file declares it no more.
    pub is_withdrawn: bool,
    /// Whose it is.
    pub owner: Owner,
}

/// What is written together, the providers first; a route stands after the one that it falls back to, where both are there.
#[derive(Clone, Debug, Default)]
pub struct ConfigurationSet {
    /// Providers.
    pub providers: Vec<ProviderWrite>,
    /// Routes.
    pub routes: Vec<RouteWrite>,
}

impl ConfigurationSet {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.routes.is_empty()
    }
}
