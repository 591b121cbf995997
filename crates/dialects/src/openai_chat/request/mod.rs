//! Requests: judging a client's, reading it into the canonical form, writing a provider's.

mod check;
mod decode;
mod encode;

pub use check::check;
pub use decode::decode;
pub(super) use encode::encode;
pub use encode::{
    CacheForm, DocumentForm, MaxTokensMember, ProofForm, ReasoningForm, StreamUsage, TargetFacts,
    ToolCallIds, UnknownMembers,
};
