use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// The fields of a block that matter to us. `id` and `retry` stay in the raw bytes.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) data: Option<Bytes>,
    pub(super) name: Option<Bytes>,
}

/// Reads the fields of a block, from the offset `at` on.
pub(super) fn parse(block: &Bytes, mut at: usize) -> Fields {
    let mut fields = Fields::default();
    let mut joined: Option<BytesMut> = None;
    // The empty line that this sees within a CR LF does no harm: a blank line has no field.
    while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (name, value) = split(rest.get(..length).unwrap_or_default());
        let value = block.slice(at + value.start..at + value.end);
        match name {
            b"data" => match (&mut joined, &fields.data) {
                (None, None) => fields.data = Some(value),
                (None, Some(first)) => {
                    let mut lines = BytesMut::with_capacity(block.len() - at + first.len() + 1);
                    lines.extend_from_slice(first);
                    push_line(&mut lines, &value);
                    joined = Some(lines);
                }
                (Some(lines), _) => push_line(lines, &value),
            },
            b"event" => fields.name = Some(value).filter(|name| !name.is_empty()),
            _ => {}
        }
        at += length + 1;
    }
    if let Some(lines) = joined {
        fields.data = Some(lines.freeze());
    }
    fields
}

fn push_line(lines: &mut BytesMut, line: &[u8]) {
    lines.extend_from_slice(b"\n");
    lines.extend_from_slice(line);
}

/// A line's field name, and where its value stands in it. A comment has the empty name.
fn split(line: &[u8]) -> (&[u8], Range<usize>) {
    let Some(colon) = memchr::memchr(b':', line) else { return (line, line.len()..line.len()) };
    let space = usize::from(line.get(colon + 1) == Some(&b' '));
    (line.get(..colon).unwrap_or_default(), colon + 1 + space..line.len())
}
