//! What writing a new object did.

use super::losing;
use super::revision::Written;

/// A new object.
pub(super) struct Created {
    /// Its id.
    pub(super) id: i64,
    /// Whether it has the place of one that came with the product.
    pub(super) took_over: bool,
    /// The routes that it changed, with their names.
    pub(super) routes_changed: Vec<(i64, String)>,
}

impl Created {
    /// What the audit log is told of it.
    pub(super) fn written<T>(self, value: T, name: &str) -> Written<T> {
        let written = losing::told(Written::made(self.id, value).with("name", name), &self.routes_changed);
        if self.took_over { written.with("in_place_of", "seed") } else { written }
    }
}
