//! A provider that is not there yet.

use super::SealForRow;
use std::fmt;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::name::Name;
use switchyard_domain::provider::place_of;

/// A provider to be written.
#[derive(Clone)]
pub struct NewProvider {
    /// Its unique name.
    pub name: Name,
    /// The vendor's key.
    pub vendor: String,
    /// Where it is called.
    pub base_url: Option<String>,
    /// Where providers of its vendor are called that name no address, if anywhere: one that names this is at the same place.
    pub called_at: Option<String>,
    /// Whether calls may go to it.
    pub is_enabled: bool,
    /// Its models.
    pub models: Vec<DeclaredModel>,
    /// Seals its first shared credential, where it has one: written with it, or nothing is.
    pub credential: Option<SealForRow>,
}

impl fmt::Debug for NewProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewProvider")
            .field("name", &self.name)
            .field("vendor", &self.vendor)
            .finish_non_exhaustive()
    }
}

impl NewProvider {
    /// Whether it is called at the same host as one of this vendor and address would be.
    #[must_use]
    pub fn is_same_place(&self, vendor: &str, base_url: Option<&str>) -> bool {
        let place = |base_url: Option<&str>| base_url.or(self.called_at.as_deref()).map(place_of);
        self.vendor == vendor && place(self.base_url.as_deref()) == place(base_url)
    }
}
