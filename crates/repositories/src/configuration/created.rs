//! What writing a new object did.

use super::revision::Written;

/// A new object.
pub(super) struct Created {
    /// Its id.
    pub(super) id: i64,
    /// Whether it has the place of one that came with the product.
    pub(super) took_over: bool,
}

impl Created {
    /// What the audit log is told of it.
    pub(super) fn written<T>(self, value: T, name: &str) -> Written<T> {
        let written = Written::made(self.id, value).with("name", name);
        if self.took_over { written.with("in_place_of", "seed") } else { written }
    }
}
