//! Whole answers: reading a provider's, writing a client's.

mod decode;
mod encode;

pub(super) use decode::decode;
pub(super) use encode::{encode, own_id, write_usage_extras};
