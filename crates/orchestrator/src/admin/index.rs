//! What is stored, found by names and ids without a look at all of it.

use std::collections::{HashMap, HashSet};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::StoredConfiguration;

/// An index of providers and routes.
pub(crate) struct Index<'a> {
    pub(crate) stored: &'a StoredConfiguration,
    providers: HashMap<&'a Name, Listing<'a>>,
    provider_names: HashMap<ProviderId, &'a Name>,
    routes: HashMap<&'a Name, &'a Route>,
    route_names: HashMap<RouteId, &'a Name>,
}

/// A provider, and the models that it lists.
struct Listing<'a> {
    provider: &'a Provider,
    models: HashSet<&'a str>,
}

impl<'a> Index<'a> {
    /// Of what is stored.
    pub(crate) fn of(stored: &'a StoredConfiguration) -> Self {
        let listing = |provider: &'a Provider| {
            let models = provider.models.iter().map(|model| model.model.as_str()).collect();
            (&provider.name, Listing { provider, models })
        };
        Self {
            stored,
            providers: stored.providers.iter().map(listing).collect(),
            provider_names: stored.providers.iter().map(|provider| (provider.id, &provider.name)).collect(),
            routes: stored.routes.iter().map(|route| (&route.name, route)).collect(),
            route_names: stored.routes.iter().map(|route| (route.id, &route.name)).collect(),
        }
    }

    /// The provider of a name.
    pub(crate) fn provider(&self, name: &Name) -> Option<&'a Provider> {
        self.providers.get(name).map(|listing| listing.provider)
    }

    /// The route of a name.
    pub(crate) fn route(&self, name: &Name) -> Option<&'a Route> {
        self.routes.get(name).copied()
    }

    /// How a provider is called.
    pub(crate) fn provider_name(&self, id: ProviderId) -> Option<&'a Name> {
        self.provider_names.get(&id).copied()
    }

    /// How a route is called.
    pub(crate) fn route_name(&self, id: RouteId) -> Option<&'a Name> {
        self.route_names.get(&id).copied()
    }

    /// Whether the provider of a name is there and lists a model.
    pub(crate) fn lists(&self, provider: &Name, model: &str) -> bool {
        self.providers.get(provider).is_some_and(|listing| listing.models.contains(model))
    }
}
