//! Errors of providers: found in bodies of whatever shape, cleaned, and judged by whose fault they are.

mod body;
mod classify;
mod scrub;

pub use body::ProviderError;
pub use classify::{RetryHints, classify, fault};
pub use scrub::scrub;

pub(crate) use body::{announces_error, from_members, from_value, has_error};
