//! Sources of an answer. Google gives them in one object beside the answer (`groundingMetadata`, or `citationMetadata` for
//! texts that were recited), which is kept as it came: it holds what must be shown with them.

mod places;
mod read;
mod write;

pub(super) use places::Places;
pub(super) use read::{Citations, Cited};
pub(super) use write::write;

/// The members of a candidate that hold sources.
pub(super) const GROUNDING: &str = "groundingMetadata";
pub(super) const RECITED: &str = "citationMetadata";
