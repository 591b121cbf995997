//! A price book that a test writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use switchyard_domain::money::PricePerMillion;
use switchyard_domain::price::{ModelPrice, PriceSource, Rates};
use switchyard_ports::prices::{ModelFacts, PriceBook};

/// Knows the models that were put in, by vendor and exact id.
#[derive(Debug, Default)]
pub struct PriceList {
    models: Mutex<HashMap<(String, String), ModelFacts>>,
}

impl PriceList {
    /// Puts a model in, at a price of so many nano-USD for each input and output token.
    pub fn put(&self, vendor: &str, model: &str, input: i64, output: i64) {
        let rate = |nano: i64| Some(PricePerMillion(nano.saturating_mul(1_000_000)));
        let rates = Rates { input: rate(input), output: rate(output), ..Rates::default() };
        self.put_price(vendor, model, ModelPrice::constant("list-1", PriceSource::Catalogue, rates));
    }

    /// Puts a model in at a price of any kind.
    pub fn put_price(&self, vendor: &str, model: &str, price: ModelPrice) {
        self.put_facts(vendor, model, ModelFacts { price: Some(Arc::new(price)), ..ModelFacts::default() });
    }

    /// Puts a model in with all that is known of it.
    pub fn put_facts(&self, vendor: &str, model: &str, facts: ModelFacts) {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.insert((vendor.to_owned(), model.to_owned()), facts);
    }
}

impl PriceBook for PriceList {
    fn facts(&self, vendor: &str, model: &str) -> Option<ModelFacts> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.get(&(vendor.to_owned(), model.to_owned())).cloned()
    }
}
