//! Targets of routes that no call reaches as they are configured: people are shown them, plans do not know them.

use super::TargetEntry;
use std::sync::Arc;
use switchyard_domain::ids::{ProviderId, TargetId};
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Route, Target};

/// A target that is not served: its provider is switched off or lists none of its models, or is set apart for another route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentTarget {
    /// Its id.
    pub id: TargetId,
    /// The provider.
    pub provider: ProviderId,
    /// Its name; `#<id>` where there is no such provider.
    pub provider_name: String,
    /// The first model that it names; `*` where it serves all of its provider's.
    pub model: String,
    /// Lower is tried first.
    pub priority: u32,
    /// Its share among equals.
    pub weight: u32,
    /// Whether its provider is set apart for another route.
    pub is_set_apart: bool,
}

impl AbsentTarget {
    /// `<provider>/<model>`.
    #[must_use]
    pub fn public_name(&self) -> String {
        format!("{}/{}", self.provider_name, self.model)
    }

    fn of(target: &Target, providers: &[Provider], is_set_apart: bool) -> Self {
        let provider = providers.iter().find(|provider| provider.id == target.provider);
        Self {
            id: target.id,
            provider: target.provider,
            provider_name: provider
                .map_or_else(|| format!("#{}", target.provider), |known| known.name.to_string()),
            model: target.models.named().first().map_or_else(|| "*".to_owned(), ToString::to_string),
            priority: target.priority,
            weight: target.weight,
            is_set_apart,
        }
    }
}

/// The targets of a route that are not among those that are served. `set_apart` are those whose providers another route has.
pub(super) fn absent(
    route: &Route,
    served: &[Arc<TargetEntry>],
    set_apart: &[Arc<TargetEntry>],
    providers: &[Provider],
) -> Vec<AbsentTarget> {
    let is_in =
        |entries: &[Arc<TargetEntry>], target: &Target| entries.iter().any(|it| it.id == Some(target.id));
    let left = route.targets.iter().filter(|target| !is_in(served, target));
    left.map(|target| AbsentTarget::of(target, providers, is_in(set_apart, target))).collect()
}
