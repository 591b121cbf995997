//! Answers: reading a provider's, whole or piece by piece, and writing a client's.

mod beside;
mod calls;
mod candidate;
mod chunk;
mod decode;
mod encode;
mod partial;

pub(super) use chunk::ChunkReader;
pub(super) use decode::decode;
pub(super) use encode::{
    encode, is_blocked, write_beside, write_content, write_names, write_parts, write_tail,
};
