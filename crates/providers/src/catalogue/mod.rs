//! The built-in catalogue: prices over time, sizes and abilities of models, as data behind the prices port.
//!
//! It does not know about providers as configured, operators' own prices, or what was used: it answers what is publicly known
//! of an exact model id at a vendor. The data are imported from public price lists, see `docs/prices.md`.

mod file;
mod model;

pub use file::{CatalogueError, Origin, Problem};
pub use model::{CatalogueModel, Mode, Unit, UnitPrice};

use crate::packed::unpacked;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use switchyard_domain::time::Day;
use switchyard_ports::prices::{ModelFacts, PriceBook};

/// `catalogue.json`, packed: a tenth of its size, and unpacked in less time than it takes to parse.
static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.json.gz"));

/// A price catalogue, read once and never changed; another one takes its place whole.
#[derive(Debug)]
pub struct Catalogue {
    version: Arc<str>,
    imported: Day,
    origins: Box<[Origin]>,
    models: Box<[CatalogueModel]>,
    index: Index,
}

/// Ids and aliases by vendor, to the position among the models.
type Index = HashMap<Arc<str>, HashMap<Box<str>, usize>>;

impl Catalogue {
    /// The catalogue that this build carries. It is parsed at the first call and shared from then on.
    ///
    /// # Errors
    /// [`CatalogueError`] when the data file that was built in is no catalogue.
    pub fn built_in() -> Result<Arc<Self>, CatalogueError> {
        static PARSED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        if let Some(catalogue) = PARSED.get() {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(Self::from_json(&unpacked(BUILT_IN)?)?);
        Ok(Arc::clone(PARSED.get_or_init(|| catalogue)))
    }

    /// What a ledger row stores to say which prices were used: the day of the import and a digest of the models, such as
    /// `2026-11-21.42c4e289`.
    #[must_use]
    pub fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// The day of the import.
    #[must_use]
    pub fn imported(&self) -> Day {
        self.imported
    }

    /// The lists that the data come from, with their licences.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// All models, by vendor and id.
    #[must_use]
    pub fn models(&self) -> &[CatalogueModel] {
        &self.models
    }

    /// The model that `vendor` serves under exactly this id or alias. Nothing is matched by prefix, pattern or letter case:
    /// `gpt-4o-something` is not `gpt-4o`.
    #[must_use]
    pub fn model(&self, vendor: &str, id: &str) -> Option<&CatalogueModel> {
        let position = *self.index.get(vendor)?.get(id)?;
        self.models.get(position)
    }
}

impl PriceBook for Catalogue {
    fn facts(&self, vendor: &str, model: &str) -> Option<ModelFacts> {
        self.model(vendor, model).map(CatalogueModel::facts)
    }
}
