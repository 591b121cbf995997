//! Requests: judging a client's, reading it into the canonical form, writing a provider's.

mod check;
mod decode;
mod encode;

pub(super) use check::{ContentSize, check, check_content, check_node};
pub(super) use decode::{decode, decode_node, medium};
pub(super) use encode::{encode, encode_into};
