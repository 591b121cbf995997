//! Applies what a file declares: rows whose owner is the file. What the file no longer declares is disabled, never deleted;
//! what others own is left alone, and a name that they hold is a conflict that is told.

mod check;

use super::AdminPorts;
use super::providers::{ProviderAdmin, ProviderRequest, declared};
use super::routes::{Known, RouteAdmin, resolve};
use crate::error::AdminError;
use check::in_order;
use secrecy::SecretString;
use std::sync::Arc;
use switchyard_domain::declared::{Declared, DeclaredProvider, DeclaredRoute};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::provider::Provider;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{NewRoute, NewTarget, ProviderPatch, RepositoryError};

/// What applying changed, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Written anew.
    pub created: Vec<String>,
    /// Changed.
    pub changed: Vec<String>,
    /// Switched off, since the file no longer declares them.
    pub disabled: Vec<String>,
    /// Left alone, with the reason: somebody else owns an object of that name, or it can't become what is declared.
    pub conflicts: Vec<String>,
}

/// Applies declared configuration.
pub struct DeclaredConfiguration {
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    routes: Arc<RouteAdmin>,
}

impl DeclaredConfiguration {
    /// Over the given use cases.
    #[must_use]
    pub fn new(ports: AdminPorts, providers: Arc<ProviderAdmin>, routes: Arc<RouteAdmin>) -> Self {
        Self { ports, providers, routes }
    }

    /// Makes the stored configuration what `wanted` says, in rows whose owner is the file. Applying the same again changes nothing.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] when something of it can't be used: then nothing is written. What the store refuses ends it where it
    /// stands.
    pub async fn apply(&self, wanted: &Declared, by: &Writer) -> Result<Applied, AdminError> {
        self.check(wanted).await?;
        let mut applied = Applied::default();
        for provider in &wanted.providers {
            self.apply_provider(provider, by, &mut applied).await?;
        }
        for route in in_order(&wanted.routes)? {
            self.apply_route(route, by, &mut applied).await?;
        }
        self.disable_absent(wanted, by, &mut applied).await?;
        Ok(applied)
    }

    async fn apply_provider(
        &self,
        wanted: &DeclaredProvider,
        by: &Writer,
        applied: &mut Applied,
    ) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?.providers;
        let current = stored.iter().find(|provider| provider.name == wanted.name);
        if let Some(current) = current.filter(|current| !gives_way(current, wanted)) {
            return self.adopt_provider(current, wanted, by, applied).await;
        }
        let request = ProviderRequest {
            name: wanted.name.clone(),
            vendor: wanted.vendor.clone(),
            base_url: wanted.base_url.clone(),
            api_key: wanted.api_key.clone(),
            models: wanted.models.clone(),
            is_enabled: wanted.enabled,
        };
        match self.providers.add(request, by).await {
            Ok(_) => applied.created.push(format!("provider {}", wanted.name)),
            // Another server that starts with the same file was quicker.
            Err(AdminError::Repository(RepositoryError::Conflict { .. })) => {
                let current = self.providers.find(&wanted.name).await?;
                self.adopt_provider(&current, wanted, by, applied).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn adopt_provider(
        &self,
        current: &Provider,
        wanted: &DeclaredProvider,
        by: &Writer,
        applied: &mut Applied,
    ) -> Result<(), AdminError> {
        let label = format!("provider {}", wanted.name);
        if let Some(other) = other_owner(&current.meta.owner) {
            applied.conflicts.push(format!("{label}: it belongs to `{other}`"));
            return Ok(());
        }
        if current.vendor != wanted.vendor {
            let reason = format!(
                "its vendor is `{}` and can't be changed to `{}`; declare it under another name",
                current.vendor, wanted.vendor
            );
            applied.conflicts.push(format!("{label}: {reason}"));
            return Ok(());
        }
        let patch = difference(current, wanted);
        let moves = super::providers::is_moved(current, &patch);
        let is_new = |secret: &&SecretString| moves || !self.providers.holds_secret(current, secret);
        let secret = wanted.api_key.as_ref().filter(is_new);
        if patch == ProviderPatch::default() && secret.is_none() {
            return Ok(());
        }
        self.providers.update(current, patch, secret, by).await?;
        applied.changed.push(label);
        Ok(())
    }

    async fn apply_route(
        &self,
        wanted: &DeclaredRoute,
        by: &Writer,
        applied: &mut Applied,
    ) -> Result<(), AdminError> {
        match self.try_route(wanted, by, applied).await {
            // Another server that starts with the same file was quicker; what it wrote is compared.
            Err(AdminError::Repository(RepositoryError::Conflict { .. } | RepositoryError::Stale { .. })) => {
                self.try_route(wanted, by, applied).await
            }
            done => done,
        }
    }

    async fn try_route(
        &self,
        wanted: &DeclaredRoute,
        by: &Writer,
        applied: &mut Applied,
    ) -> Result<(), AdminError> {
        let label = format!("route {}", wanted.name);
        let stored = self.ports.configuration.load().await?;
        let Some(current) = stored.routes.iter().find(|route| route.name == wanted.name) else {
            self.routes.add(wanted, by).await?;
            applied.created.push(label);
            return Ok(());
        };
        if let Some(other) = other_owner(&current.meta.owner) {
            applied.conflicts.push(format!("{label}: it belongs to `{other}`"));
            return Ok(());
        }
        if as_new(current) != resolve(wanted, &Known::of(&stored))? || current.meta.owner != Owner::File {
            self.routes.replace(current, wanted, by).await?;
            applied.changed.push(label);
        }
        Ok(())
    }

    async fn disable_absent(
        &self,
        wanted: &Declared,
        by: &Writer,
        applied: &mut Applied,
    ) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        for route in stored.routes.iter().filter(|route| route.meta.owner == Owner::File && route.is_active) {
            if wanted.routes.iter().all(|declared| declared.name != route.name) {
                let off = NewRoute { is_active: false, ..as_new(route) };
                let author = self.ports.author(by);
                self.ports.configuration.replace_route(route.id, off, None, &author).await?;
                applied.disabled.push(format!("route {}", route.name));
            }
        }
        for provider in stored
            .providers
            .iter()
            .filter(|provider| provider.meta.owner == Owner::File && provider.is_enabled)
        {
            if wanted.providers.iter().all(|declared| declared.name != provider.name) {
                let off = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
                self.providers.update(provider, off, None, by).await?;
                applied.disabled.push(format!("provider {}", provider.name));
            }
        }
        self.ports.read_own_write().await;
        Ok(())
    }
}

/// Whether a new provider takes the place of this one, which is of another vendor and came with the product.
fn gives_way(current: &Provider, wanted: &DeclaredProvider) -> bool {
    current.meta.owner == Owner::Seed && current.vendor != wanted.vendor
}

/// Who else owns an object. A file takes over what it wrote itself and what came with the product.
fn other_owner(owner: &Owner) -> Option<&Owner> {
    Some(owner).filter(|owner| !matches!(owner, Owner::File | Owner::Seed))
}

fn difference(current: &Provider, wanted: &DeclaredProvider) -> ProviderPatch {
    let models: Vec<_> = current.models.iter().map(declared).collect();
    ProviderPatch {
        base_url: (current.base_url != wanted.base_url).then(|| wanted.base_url.clone()),
        is_enabled: (current.is_enabled != wanted.enabled).then_some(wanted.enabled),
        models: (models != wanted.models).then(|| wanted.models.clone()),
        owner: (current.meta.owner != Owner::File).then_some(Owner::File),
        forgets_credentials: false,
        expected_version: None,
    }
}

pub(super) fn as_new(route: &Route) -> NewRoute {
    let targets = route.targets.iter().map(|target| NewTarget {
        provider: target.provider,
        models: target.models.clone(),
        weight: target.weight,
        priority: target.priority,
        strategy: target.strategy,
        limits: target.limits,
        when: target.when.clone(),
        timeouts: target.timeouts,
        metadata: target.metadata.clone(),
        is_enabled: target.is_enabled,
    });
    NewRoute {
        name: route.name.clone(),
        mode: route.mode,
        strategy: route.strategy,
        failover_on: route.failover_on,
        strict: route.strict,
        timeouts: route.timeouts,
        on_disconnect: route.on_disconnect,
        fallback: route.fallback,
        config: route.config.clone(),
        is_active: route.is_active,
        targets: targets.collect(),
    }
}
