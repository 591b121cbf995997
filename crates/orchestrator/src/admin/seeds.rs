//! What comes with the product: providers, models, prices and routes that an empty database gets, and that people may change.

use super::AdminPorts;
use super::providers::{ProviderAdmin, ProviderRequest};
use super::routes::RouteAdmin;
use crate::error::AdminError;
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_ports::repositories::{RepositoryError, StoredConfiguration};

/// Gives a database what comes with the product.
pub struct Seeding {
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    routes: Arc<RouteAdmin>,
    seeds: Declared,
    edition: i64,
    new_in: Vec<(i64, Name)>,
}

impl Seeding {
    /// With these objects, in this edition of them. `new_in` says with which edition providers came that the first one did not have.
    #[must_use]
    pub fn new(
        ports: AdminPorts,
        providers: Arc<ProviderAdmin>,
        routes: Arc<RouteAdmin>,
        seeds: Declared,
        edition: i64,
        new_in: Vec<(i64, Name)>,
    ) -> Self {
        Self { ports, providers, routes, seeds, edition, new_in }
    }

    /// Gives them to a database that has nothing of anybody else's and was not given any before: what people removed stays
    /// removed. A start that was cut off is finished by the next one. A database that was given an earlier edition gets what is new
    /// in this one.
    ///
    /// # Errors
    /// When the database can't be read or written.
    pub async fn at_start(&self) -> Result<(), AdminError> {
        let given = self.ports.configuration.seeds().await?;
        if given >= self.edition {
            return Ok(());
        }
        if given > 0 {
            return self.add_new(given).await;
        }
        if is_untouched(&self.ports.configuration.load().await?) {
            self.add_missing().await?;
        }
        Ok(())
    }

    /// Adds the providers that came with a later edition than this one, where their names are free.
    async fn add_new(&self, given: i64) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let newer = self.new_in.iter().filter(|(edition, _)| *edition > given);
        for (_, name) in newer {
            let is_there = stored.providers.iter().any(|known| known.name == *name);
            let provider = self.seeds.providers.iter().find(|provider| provider.name == *name);
            if let Some(provider) = provider.filter(|_| !is_there) {
                is_written(self.providers.add(wanted(provider), &Writer::SEED).await)?;
            }
        }
        Ok(self.ports.configuration.note_seeds(self.edition).await?)
    }

    /// Adds those whose names are free, and answers which: `provider <name>`, `route <name>`. What is there is left as it is, and
    /// a route gets only the targets that are there.
    ///
    /// # Errors
    /// When the database can't be read or written.
    pub async fn add_missing(&self) -> Result<Vec<String>, AdminError> {
        let mut added = Vec::new();
        let stored = self.ports.configuration.load().await?;
        for provider in &self.seeds.providers {
            let is_there = stored.providers.iter().any(|known| known.name == provider.name);
            if !is_there && is_written(self.providers.add(wanted(provider), &Writer::SEED).await)? {
                added.push(format!("provider {}", provider.name));
            }
        }
        let stored = self.ports.configuration.load().await?;
        for route in &self.seeds.routes {
            let is_there = stored.routes.iter().any(|known| known.name == route.name);
            let route = with_known_targets(route, &stored);
            if !is_there
                && !route.targets.is_empty()
                && is_written(self.routes.add(&route, &Writer::SEED).await)?
            {
                added.push(format!("route {}", route.name));
            }
        }
        self.ports.configuration.note_seeds(self.edition).await?;
        Ok(added)
    }
}

fn is_untouched(stored: &StoredConfiguration) -> bool {
    let is_seed = |owner: &Owner| *owner == Owner::Seed;
    stored.providers.iter().all(|provider| is_seed(&provider.meta.owner))
        && stored.routes.iter().all(|route| is_seed(&route.meta.owner))
}

pub(super) fn with_known_targets(route: &DeclaredRoute, stored: &StoredConfiguration) -> DeclaredRoute {
    let mut route = route.clone();
    route.targets.retain(|target| {
        let provider = stored.providers.iter().find(|provider| provider.name == target.provider);
        let lists =
            |provider: &Provider, model: &String| provider.models.iter().any(|listed| listed.model == *model);
        provider.is_some_and(|provider| target.models.named().iter().all(|model| lists(provider, model)))
    });
    route
}

pub(super) fn wanted(provider: &DeclaredProvider) -> ProviderRequest {
    ProviderRequest {
        name: provider.name.clone(),
        vendor: provider.vendor.clone(),
        base_url: provider.base_url.clone(),
        api_key: None,
        models: provider.models.clone(),
        is_enabled: provider.enabled,
    }
}

/// Whether it was written. Another process that starts on the same database may be doing the same: what it wrote first stands.
/// And where a server that others reach may not call its own machine, what would be there is left out.
pub(super) fn is_written<T>(written: Result<T, AdminError>) -> Result<bool, AdminError> {
    match written {
        Ok(_) => Ok(true),
        Err(AdminError::Repository(RepositoryError::Conflict { reason })) => {
            tracing::info!(%reason, "something that comes with the product is left as it is");
            Ok(false)
        }
        Err(AdminError::Invalid { param, .. }) if param.as_deref() == Some("base_url") => Ok(false),
        Err(error) => Err(error),
    }
}
