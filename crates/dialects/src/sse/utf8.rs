use std::borrow::Cow;

use bytes::Bytes;

/// `None` if the bytes are UTF-8; otherwise a copy in which each invalid sequence is one U+FFFD, so that the caller can
/// count what it had to repair. Line ends and field names survive, so a whole block can be repaired as well as its data.
#[must_use]
pub fn repair_utf8(bytes: &[u8]) -> Option<Bytes> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(_) => None,
        Cow::Owned(repaired) => Some(Bytes::from(repaired)),
    }
}
