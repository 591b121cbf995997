//! Names that come twice in an object. Who reads an answer takes the one, who only looks at it the other, and both may: no
//! provider sends such a thing.

use switchyard_dialects::scan::{Document, ScanErrorKind};

use crate::request::UNBOUNDED;

pub(crate) fn names_twice(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).into_owned();
    let scanned = Document::scan(text.into(), UNBOUNDED);
    scanned.is_err_and(|error| error.kind == ScanErrorKind::DuplicateMember)
}
