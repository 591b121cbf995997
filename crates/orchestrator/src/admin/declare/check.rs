//! Whether all that a document declares can be written, asked before any of it is.

use super::super::index::Index;
use super::super::providers::ProviderAdmin;
use super::super::routes::{Known, Served, resolve};
use super::planning::{Rules, gives_way, left_alone, other_owner, owner_of};
use crate::error::AdminError;
use std::collections::{HashMap, HashSet};
use switchyard_domain::declared::{Declared, DeclaredRoute};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::name::Name;
use switchyard_domain::route::{LONGEST_CHAIN, Route};

/// Finds what can't be written. Whether somebody else writes meanwhile is not known here.
///
/// # Errors
/// [`AdminError::Invalid`] for the first that is wrong; its `param` begins with `providers.<name>` or `routes.<name>`.
pub(super) fn check(
    providers: &ProviderAdmin,
    index: &Index<'_>,
    wanted: &Declared,
    rules: &Rules,
) -> Result<(), AdminError> {
    named_once("providers", wanted.providers.iter().map(|provider| &provider.name))?;
    named_once("routes", wanted.routes.iter().map(|route| &route.name))?;
    // The providers as they are going to be.
    let mut known = Known::of(index.stored);
    for provider in &wanted.providers {
        let current = index.provider(&provider.name).filter(|current| !gives_way(current, provider));
        // A word that no vendor has is a mistake in the document, whoever else has a provider of the name.
        if current.is_none_or(|current| current.vendor != provider.vendor) {
            let checked = providers.check_vendor(provider);
            checked.map_err(|error| error.within(&format!("providers.{}", provider.name)))?;
        }
        if current.is_some_and(|current| left_alone(current, provider, rules).is_some()) {
            continue;
        }
        let checked = providers.check_declared(provider, current);
        checked.map_err(|error| error.within(&format!("providers.{}", provider.name)))?;
        let id = current.map_or(ProviderId(0), |current| current.id);
        let models = provider.models.iter().map(|model| model.model.as_str()).collect();
        known.providers.insert(&provider.name, Served { id, name: &provider.name, models });
    }
    known.routes.extend(wanted.routes.iter().map(|route| (&route.name, RouteId(0))));
    let mut fallbacks = Fallbacks::of(index, &wanted.routes);
    for route in &wanted.routes {
        let current = index.route(&route.name);
        let is_others = |current: &Route| {
            !rules.takes_over && other_owner(&current.meta.owner, &owner_of(&route.owner)).is_some()
        };
        if !current.is_some_and(is_others) {
            resolve(route, &known).map_err(|error| error.within(&format!("routes.{}", route.name)))?;
        } else if let Some(current) = current {
            fallbacks.keep(current, index);
        }
    }
    wanted.routes.iter().try_for_each(|route| fallbacks.check(route, index))
}

/// Which route falls back to which, when all is written.
struct Fallbacks<'a>(HashMap<&'a Name, &'a Name>);

impl<'a> Fallbacks<'a> {
    fn of(index: &Index<'a>, wanted: &'a [DeclaredRoute]) -> Self {
        let mut all = Self(HashMap::new());
        index.stored.routes.iter().for_each(|route| all.keep(route, index));
        for route in wanted {
            all.put(&route.name, route.fallback.as_ref());
        }
        all
    }

    /// That of a route which stays as it is.
    fn keep(&mut self, route: &'a Route, index: &Index<'a>) {
        self.put(&route.name, route.fallback.and_then(|id| index.route_name(id)));
    }

    fn put(&mut self, route: &'a Name, fallback: Option<&'a Name>) {
        match fallback {
            Some(fallback) => self.0.insert(route, fallback),
            None => self.0.remove(route),
        };
    }

    /// Refuses what no route can be written with, as the database would. What falls back as it did is not written for it.
    fn check(&self, route: &DeclaredRoute, index: &Index<'_>) -> Result<(), AdminError> {
        let stored = index.route(&route.name).and_then(|stored| index.route_name(stored.fallback?));
        let mut next = self.0.get(&route.name).copied();
        if next == stored {
            return Ok(());
        }
        let refused =
            |message: String| Err(AdminError::invalid(&format!("routes.{}.fallback", route.name), message));
        for _ in 0..=LONGEST_CHAIN {
            let Some(current) = next else { return Ok(()) };
            if *current == route.name {
                return refused("the fallbacks lead in a circle".to_owned());
            }
            next = self.0.get(current).copied();
        }
        refused(format!("it falls back over more than {LONGEST_CHAIN} routes"))
    }
}

fn named_once<'a>(kind: &str, names: impl Iterator<Item = &'a Name>) -> Result<(), AdminError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(AdminError::invalid(&format!("{kind}.{name}"), "this name stands there twice"));
        }
    }
    Ok(())
}

/// The routes so that none stands before the one that it falls back to, else in their order.
///
/// # Errors
/// [`AdminError::Invalid`] where they lead in a circle.
pub(super) fn in_order(routes: &[DeclaredRoute]) -> Result<Vec<&DeclaredRoute>, AdminError> {
    let mut left: HashMap<&Name, &DeclaredRoute> = routes.iter().map(|route| (&route.name, route)).collect();
    let mut ordered = Vec::with_capacity(routes.len());
    for first in routes {
        // Each is taken out once: into the chain that leads from here to one that is ordered already, or to the end.
        let (mut chain, mut next) = (Vec::new(), Some(&first.name));
        while let Some(route) = next.and_then(|name| left.remove(name)) {
            chain.push(route);
            next = route.fallback.as_ref();
        }
        // A chain that ends at a route of its own is none.
        let last = next.filter(|name| chain.iter().any(|route| route.name == **name));
        if last.is_some() {
            let param = format!("routes.{}.fallback", first.name);
            return Err(AdminError::invalid(&param, "the fallbacks lead in a circle"));
        }
        ordered.extend(chain.into_iter().rev());
    }
    Ok(ordered)
}
