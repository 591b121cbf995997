//! Requests: judging a client's, reading it into the canonical form, writing a provider's, and putting right what a client's
//! own body has in it of other makers.

mod adapt;
mod check;
mod decode;
mod encode;

pub(super) use adapt::rewritten;
pub use check::asks_for_stream;
pub(super) use check::check;
pub(super) use decode::decode;
pub(super) use encode::{Target, encode, write_format};
