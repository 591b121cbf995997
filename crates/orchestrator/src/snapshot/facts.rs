//! What holds for a model: as the operator says, and where they say nothing, as the catalogue knows.

use sha2::{Digest, Sha256};
use std::sync::Arc;
use switchyard_domain::price::{ModelPrice, Rates};
use switchyard_domain::provider::{Capabilities, Provider, ProviderModel};
use switchyard_ports::prices::PriceBook;

/// How much of a digest stands in a price's version, as in the catalogue's.
const DIGEST_BYTES: usize = 4;

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

/// What tells rates from others: the same for the same ones, whenever and wherever they are read.
fn digest_of(rates: &Rates) -> String {
    // Rates are plain numbers: they always have a text.
    let text = serde_json::to_vec(rates).unwrap_or_default();
    hex::encode(Sha256::digest(text).get(..DIGEST_BYTES).unwrap_or_default())
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
            let (name, version) = (provider.name.as_str(), provider.meta.version);
            Some(Arc::new(ModelPrice::overriding(name, version, &digest_of(rates), *rates)))
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
