//! Stored providers as a document declares them.

use super::{DeclaredModel, DeclaredProvider};
use crate::provider::{Provider, ProviderModel};

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
            capabilities: self.capabilities,
            enabled: self.is_enabled,
        }
    }
}

impl Provider {
    /// As it would be declared, with its owner and without its credentials.
    #[must_use]
    pub fn declared(&self) -> DeclaredProvider {
        DeclaredProvider {
            name: self.name.clone(),
            vendor: self.vendor.clone(),
            owner: Some(self.meta.owner.clone()),
            base_url: self.base_url.clone(),
            api_key: None,
            api_keys: Vec::new(),
            models: self.models.iter().map(ProviderModel::declared).collect(),
            enabled: self.is_enabled,
        }
    }
}
