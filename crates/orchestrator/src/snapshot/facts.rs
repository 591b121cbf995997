//! What holds for a model: as the operator says, and where they say nothing, as the catalogue knows.

use std::sync::Arc;
use switchyard_domain::price::ModelPrice;
use switchyard_domain::provider::{Capabilities, Provider, ProviderModel};
use switchyard_ports::prices::PriceBook;

/// What is known of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownFacts {
    /// Its price; absent is unknown.
    pub price: Option<Arc<ModelPrice>>,
    /// The most tokens of a prompt and its answer.
    pub context_window: Option<u64>,
    /// The most output tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// What holds for a provider's model. One that is simulated costs nothing unless the operator says otherwise.
#[must_use]
pub fn known_facts(
    prices: &dyn PriceBook,
    provider: &Provider,
    model: &ProviderModel,
    simulated: bool,
) -> KnownFacts {
    let facts = prices.facts(&provider.vendor, &model.model).unwrap_or_default();
    let price = match (&model.rates, simulated) {
        (Some(rates), _) => {
            Some(Arc::new(ModelPrice::overriding(provider.name.as_str(), provider.meta.version, *rates)))
        }
        (None, true) => Some(Arc::new(ModelPrice::simulated())),
        (None, false) => facts.price,
    };
    KnownFacts {
        price,
        context_window: model.context_window.or(facts.context_window),
        max_output_tokens: model.max_output_tokens.or(facts.max_output_tokens),
        capabilities: model.capabilities.or(facts.capabilities),
    }
}
