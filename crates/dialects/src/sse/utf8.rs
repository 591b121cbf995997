use bytes::{BufMut, Bytes, BytesMut};

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// `None` if the bytes are UTF-8; otherwise a copy in which each run of bytes that are none is one U+FFFD, however many
/// sequences a decoder would see in it. Line ends and field names survive, so a whole block can be repaired as well as its
/// data.
#[must_use]
pub fn repair_utf8(bytes: &[u8]) -> Option<Bytes> {
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let mut repaired = BytesMut::with_capacity(bytes.len() + REPLACEMENT.len());
    let mut in_run = false;
    for chunk in bytes.utf8_chunks() {
        in_run &= chunk.valid().is_empty();
        repaired.put_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() && !in_run {
            repaired.put_slice(REPLACEMENT);
            in_run = true;
        }
    }
    Some(repaired.freeze())
}
