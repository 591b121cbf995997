//! One strict pass over a JSON request body.
//!
//! The body of a call is read once. The pass proves that it is exactly one RFC 8259 object in UTF-8, within the
//! limits, without two members of one name in any object, and leaves a table of byte spans behind ([`Document`]).
//! Dialects read their facts from that table, and [`splice`](crate::splice) edits the body by it, so no byte is looked
//! at twice on the verbatim path and what we validate is what the upstream gets.
//!
//! Stricter than `serde_json` on purpose: where two parsers may disagree on a body (the last of two `model` members
//! or the first?), a gateway that checks one meaning and forwards the other can be walked around.
//!
//! The pass never recurses, its memory is bounded by [`ScanLimits`], and its time is linear in the body, save for
//! objects of very many members, whose names are sorted.

mod document;
mod error;
mod escape;
mod names;
mod node;
mod number;
mod scanner;
mod string;
mod text;
mod token;

pub use document::Document;
pub use error::{ScanClass, ScanError, ScanErrorKind};
pub use node::{Elements, Member, Members, Node};
pub(crate) use text::equals_text;
pub use token::Kind;

/// Bounds of one scan. A body beyond any of them is refused as `invalid_request`, as soon as the bound is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// How many containers may be open at once; the root object is the first.
    pub max_depth: usize,
    /// How many members one object may have.
    pub max_members: usize,
    /// How many names and values the whole body may hold. Each costs 16 bytes of table, so this bounds the memory of
    /// a body such as `[0,0,0,...]`, which a limit in bytes alone would let grow to many times its own size.
    pub max_values: usize,
}

impl ScanLimits {
    /// For bodies that were scanned within limits before, or are our own: a second look only finds places.
    pub(crate) const UNBOUNDED: Self =
        Self { max_depth: usize::MAX, max_members: usize::MAX, max_values: usize::MAX };
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { max_depth: 128, max_members: 10_000, max_values: 500_000 }
    }
}
