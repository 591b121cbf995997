//! The dependency law, the size of files and the use of the stack, checked against the manifests and the sources.
#![expect(clippy::unwrap_used, reason = "a manifest that can't be read fails the test")]

mod layers;
mod sizes;
mod stack;
mod workspace;
