use super::{VENDORS, Vendor};

/// The vendors that an application knows: our own, and those that it adds.
#[derive(Clone, Debug)]
pub struct Vendors(Vec<&'static Vendor>);

impl Default for Vendors {
    fn default() -> Self {
        Self(VENDORS.to_vec())
    }
}

impl Vendors {
    /// Adds a vendor, which takes the place of one that has its key.
    pub fn add(&mut self, vendor: &'static Vendor) {
        match self.0.iter_mut().find(|known| known.key == vendor.key) {
            Some(known) => *known = vendor,
            None => self.0.push(vendor),
        }
    }

    /// The vendor of this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&'static Vendor> {
        self.iter().find(|vendor| vendor.key == key)
    }

    /// All of them, as they are listed to people.
    pub fn iter(&self) -> impl Iterator<Item = &'static Vendor> + '_ {
        self.0.iter().copied()
    }
}
