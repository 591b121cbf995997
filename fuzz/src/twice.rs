//! What is said twice in an answer, and not the same. Who reads it takes the one, who only looks at it the other, and both may: no
//! provider sends such a thing.

use switchyard_dialects::scan::{Document, ScanErrorKind};
use switchyard_domain::chat::{ChatEvent, Delta};

use crate::request::UNBOUNDED;

/// Whether a name comes twice in an object.
pub(crate) fn names_twice(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).into_owned();
    let scanned = Document::scan(text.into(), UNBOUNDED);
    scanned.is_err_and(|error| error.kind == ScanErrorKind::DuplicateMember)
}

/// The text that a model made, for counting. Of reasoning that stands in `reasoning_details` too, once as a text and once with
/// its proof, either may be counted.
pub(crate) fn made_text<'e>(event: &'e ChatEvent, data: &[u8]) -> &'e str {
    let in_details = || data.windows(DETAILS.len()).any(|window| window == DETAILS);
    match event {
        ChatEvent::Delta { delta: Delta::Reasoning(_), .. } if in_details() => "",
        ChatEvent::Delta { delta, .. } => delta.output_text(),
        _ => "",
    }
}

const DETAILS: &[u8] = b"reasoning_details";
