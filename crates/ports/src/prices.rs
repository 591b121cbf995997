//! Prices and facts of models that are built in.

use std::sync::Arc;
use switchyard_domain::price::ModelPrice;
use switchyard_domain::provider::Capabilities;

/// What the catalogue knows of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Its price over time; absent is unknown.
    pub price: Option<Arc<ModelPrice>>,
    /// The most tokens of a prompt and its answer.
    pub context_window: Option<u64>,
    /// The most output tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// The price book. MUST match an exact id or a listed alias of the vendor, never by prefix or pattern: a wrong price is worse
/// than none. MUST answer from memory.
pub trait PriceBook: Send + Sync {
    /// What is known of `model` at `vendor`.
    fn facts(&self, vendor: &str, model: &str) -> Option<ModelFacts>;
}
