//! Errors: what providers send, what it means, and what we send to clients.

mod body;
mod classify;
mod encode;
mod scrub;

pub use body::ProviderError;
pub use classify::{RetryHints, classify, fault};
pub use encode::{ErrorBody, encode_error, write_error_event};
pub use scrub::scrub;

pub(super) use body::{announces_error, from_members, from_value, has_error};
