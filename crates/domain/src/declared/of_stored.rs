//! Stored objects as a document declares them.

use super::{DeclaredModel, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use crate::ids::{ProviderId, RouteId};
use crate::name::Name;
use crate::provider::{Provider, ProviderModel};
use crate::route::{Route, Target};

impl ProviderModel {
    /// As it would be declared.
    #[must_use]
    pub fn declared(&self) -> DeclaredModel {
        DeclaredModel {
            model: self.model.clone(),
            rates: self.rates,
            limits: self.limits,
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
        }
    }
}

impl Provider {
    /// As it would be declared, with its owner and without its credential.
    #[must_use]
    pub fn declared(&self) -> DeclaredProvider {
        DeclaredProvider {
            name: self.name.clone(),
            vendor: self.vendor.clone(),
            owner: Some(self.meta.owner.clone()),
            base_url: self.base_url.clone(),
            api_key: None,
            models: self.models.iter().map(ProviderModel::declared).collect(),
            enabled: self.is_enabled,
        }
    }
}

impl Route {
    /// As it would be declared, with its owner, by the names of the objects that it leads to. Targets of a provider that has no name
    /// are left out.
    #[must_use]
    pub fn declared(
        &self,
        provider: impl Fn(ProviderId) -> Option<Name>,
        route: impl Fn(RouteId) -> Option<Name>,
    ) -> DeclaredRoute {
        let target = |target: &Target| provider(target.provider).map(|provider| target.declared(provider));
        DeclaredRoute {
            name: self.name.clone(),
            owner: Some(self.meta.owner.clone()),
            mode: self.mode,
            strategy: self.strategy,
            failover_on: self.failover_on,
            strict: self.strict,
            timeouts: self.timeouts,
            on_disconnect: self.on_disconnect,
            fallback: self.fallback.and_then(route),
            config: self.config.clone(),
            targets: self.targets.iter().filter_map(target).collect(),
            enabled: self.is_active,
        }
    }
}

impl Target {
    /// As it would be declared.
    #[must_use]
    pub fn declared(&self, provider: Name) -> DeclaredTarget {
        DeclaredTarget {
            provider,
            models: self.models.clone(),
            weight: self.weight,
            priority: self.priority,
            strategy: self.strategy,
            limits: self.limits,
            when: self.when.clone(),
            timeouts: self.timeouts,
            metadata: self.metadata.clone(),
            enabled: self.is_enabled,
        }
    }
}
