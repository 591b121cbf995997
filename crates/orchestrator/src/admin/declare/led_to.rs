//! What routes lead to, through the routes behind them.

use super::super::index::Index;
use std::collections::HashSet;
use switchyard_domain::name::Name;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::StoredConfiguration;

/// Routes, those behind them, and the providers of them all.
pub(super) struct LedTo<'a> {
    index: Index<'a>,
    pub(super) routes: HashSet<&'a Name>,
    pub(super) providers: HashSet<&'a Name>,
}

impl<'a> LedTo<'a> {
    /// Nothing yet, of what is stored.
    pub(super) fn of(stored: &'a StoredConfiguration) -> Self {
        Self { index: Index::of(stored), routes: HashSet::new(), providers: HashSet::new() }
    }

    /// A route, and what it leads to.
    pub(super) fn add(&mut self, route: &'a Route) {
        let mut next = Some(route);
        while let Some(route) = next.filter(|route| self.routes.insert(&route.name)) {
            self.providers
                .extend(route.targets.iter().filter_map(|target| self.index.provider_name(target.provider)));
            next = route.fallback.and_then(|id| self.index.route(self.index.route_name(id)?));
        }
    }
}
