//! Whole answers: reading a provider's, writing a client's.

mod decode;
mod encode;
mod flat;
mod glance;

pub use decode::decode;
pub use encode::encode;
pub(super) use flat::decode as decode_flat;
pub(super) use glance::glance;
