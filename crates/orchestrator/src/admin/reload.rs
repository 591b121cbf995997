//! Reading the whole configuration again.

use crate::error::AdminError;
use crate::snapshot::ConfigurationKeeper;
use std::sync::Arc;

/// Reads the configuration again on request. Every write is seen without it; it is for what was written past us, by hand in the
/// database.
pub struct Reloading {
    keeper: Arc<ConfigurationKeeper>,
}

impl Reloading {
    /// Of what this keeper keeps.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>) -> Self {
        Self { keeper }
    }

    /// Reads providers, models, prices, routes, keys and people again. Calls that run go on under what they began with.
    ///
    /// # Errors
    /// When the database can't be read; the last good configuration stays.
    pub async fn reload(&self) -> Result<(), AdminError> {
        Ok(self.keeper.reload().await?)
    }
}
