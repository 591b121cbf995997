//! Routes as people look at them.

use switchyard_domain::difference::FieldChange;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::name::Name;
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::{RouteVersion, StoredConfiguration};

/// A route, and the names of what it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteState {
    /// The route.
    pub route: Route,
    /// The names of its targets' providers, in the order of the targets.
    pub providers: Vec<String>,
    /// The name of the route that it falls back to.
    pub fallback: Option<Name>,
}

impl RouteState {
    /// A stored route.
    pub(super) fn of(route: &Route, stored: &StoredConfiguration) -> Self {
        let name = |id: ProviderId| {
            let provider = stored.providers.iter().find(|provider| provider.id == id);
            provider.map_or_else(|| format!("#{id}"), |provider| provider.name.to_string())
        };
        let fallback = stored.routes.iter().find(|other| route.fallback == Some(other.id));
        Self {
            providers: route.targets.iter().map(|target| name(target.provider)).collect(),
            fallback: fallback.map(|fallback| fallback.name.clone()),
            route: route.clone(),
        }
    }
}

impl RouteState {
    /// Where its calls go, in order: `<provider>/<model>`, of several models with a stroke between them, of all with a star.
    #[must_use]
    pub fn target_names(&self) -> Vec<String> {
        let shown = |(target, provider): (&Target, &String)| match target.models.named() {
            [] => format!("{provider}/*"),
            models => models.iter().map(|model| format!("{provider}/{model}")).collect::<Vec<_>>().join("|"),
        };
        self.route.targets.iter().zip(&self.providers).map(shown).collect()
    }
}

/// A version of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionState {
    /// The version.
    pub version: RouteVersion,
    /// What it made different; `None` where the version before it is not kept.
    pub changes: Option<Vec<FieldChange>>,
}
