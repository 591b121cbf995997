//! The dependency law, the size of files and the use of the stack, checked against the manifests and the sources.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a manifest that can not be read fails the test"
)]

mod layers;
mod sizes;
mod stack;
mod workspace;
