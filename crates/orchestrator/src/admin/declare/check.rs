//! Whether all that a file declares can be written, asked before any of it is.

use super::super::routes::{Served, resolve, served};
use super::{DeclaredConfiguration, gives_way, other_owner};
use crate::error::AdminError;
use std::collections::HashSet;
use switchyard_domain::declared::{Declared, DeclaredProvider};
use switchyard_domain::ids::ProviderId;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;

impl DeclaredConfiguration {
    /// Finds what can't be written. Whether somebody else writes meanwhile is not known here.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for the first that is wrong; its `param` begins with `providers.<name>` or `routes.<name>`.
    pub(super) async fn check(&self, wanted: &Declared) -> Result<(), AdminError> {
        named_once("providers", wanted.providers.iter().map(|provider| &provider.name))?;
        named_once("routes", wanted.routes.iter().map(|route| &route.name))?;
        let stored = self.ports.configuration.load().await?;
        // The providers as they are going to be.
        let mut known = served(&stored.providers);
        for provider in &wanted.providers {
            let current = stored.providers.iter().find(|current| current.name == provider.name);
            if current.is_some_and(|current| is_left_alone(current, provider)) {
                continue;
            }
            let current = current.filter(|current| !gives_way(current, provider));
            let checked = self.providers.check_declared(provider, current);
            checked.map_err(|error| error.within(&format!("providers.{}", provider.name)))?;
            let id = current.map_or(ProviderId(0), |current| current.id);
            known.retain(|known| *known.name != provider.name);
            let models = provider.models.iter().map(|model| model.model.as_str()).collect();
            known.push(Served { id, name: &provider.name, models });
        }
        for route in &wanted.routes {
            let current = stored.routes.iter().find(|current| current.name == route.name);
            if current.is_none_or(|current| other_owner(&current.meta.owner).is_none()) {
                resolve(route, &known).map_err(|error| error.within(&format!("routes.{}", route.name)))?;
            }
        }
        Ok(())
    }
}

/// Whether applying would tell a conflict.
fn is_left_alone(current: &Provider, wanted: &DeclaredProvider) -> bool {
    let other_vendor = current.vendor != wanted.vendor && !gives_way(current, wanted);
    other_owner(&current.meta.owner).is_some() || other_vendor
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
