use std::fmt::{Display, Write};

use bytes::{BufMut, BytesMut};
use switchyard_domain::chat::Json;

/// Writes an object, member by member. The brace is closed by [`end`](Self::end).
pub(crate) struct ObjectWriter<'o> {
    out: &'o mut BytesMut,
    first: bool,
}

impl<'o> ObjectWriter<'o> {
    pub(crate) fn begin(out: &'o mut BytesMut) -> Self {
        out.put_u8(b'{');
        Self { out, first: true }
    }

    /// Goes on with an object whose first members, opening brace included, are `head`.
    pub(crate) fn resume(out: &'o mut BytesMut, head: &[u8]) -> Self {
        out.extend_from_slice(head);
        Self { out, first: false }
    }

    /// A member's name; the value is to be written next.
    pub(crate) fn name(&mut self, name: &str) -> &mut BytesMut {
        if !self.first {
            self.out.put_u8(b',');
        }
        self.first = false;
        write_text(self.out, name);
        self.out.put_u8(b':');
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        write_text(self.name(name), text);
    }

    pub(crate) fn json(&mut self, name: &str, json: &Json) {
        self.name(name).extend_from_slice(json.as_str().as_bytes());
    }

    /// A number, a bool, or anything else whose display form is its JSON.
    pub(crate) fn plain(&mut self, name: &str, value: impl Display) {
        let out = self.name(name);
        // Writing into memory that grows can't fail.
        let _ = write!(out, "{value}");
    }

    /// A decimal in its shortest spelling that reads back the same; `null` for one that JSON can't spell.
    pub(crate) fn decimal(&mut self, name: &str, value: f64) {
        let out = self.name(name);
        let _ = if value.is_finite() { write!(out, "{value:?}") } else { write!(out, "null") };
    }

    pub(crate) fn null(&mut self, name: &str) {
        self.name(name).extend_from_slice(b"null");
    }

    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut object = ObjectWriter::begin(self.name(name));
        fill(&mut object);
        object.end();
    }

    pub(crate) fn array(&mut self, name: &str, fill: impl FnOnce(&mut ArrayWriter<'_>)) {
        let mut array = ArrayWriter::begin(self.name(name));
        fill(&mut array);
        array.end();
    }

    /// The members of an object that was written before.
    pub(crate) fn members(&mut self, object: &[u8]) {
        let inside = object.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default();
        if !inside.is_empty() {
            if !self.first {
                self.out.put_u8(b',');
            }
            self.first = false;
            self.out.extend_from_slice(inside);
        }
    }

    pub(crate) fn end(self) {
        self.out.put_u8(b'}');
    }
}

/// Writes an array, element by element.
pub(crate) struct ArrayWriter<'o> {
    out: &'o mut BytesMut,
    first: bool,
}

impl<'o> ArrayWriter<'o> {
    pub(crate) fn begin(out: &'o mut BytesMut) -> Self {
        out.put_u8(b'[');
        Self { out, first: true }
    }

    /// Goes on with elements that stand without brackets, as [`elements`](Self::elements) takes them. It has no end.
    pub(crate) fn bare(out: &'o mut BytesMut) -> Self {
        let first = out.is_empty();
        Self { out, first }
    }

    /// The next element is to be written here.
    pub(crate) fn element(&mut self) -> &mut BytesMut {
        if !self.first {
            self.out.put_u8(b',');
        }
        self.first = false;
        self.out
    }

    pub(crate) fn text(&mut self, text: &str) {
        write_text(self.element(), text);
    }

    /// Elements that were written before, with the commas between them.
    pub(crate) fn elements(&mut self, elements: &[u8]) {
        if !elements.is_empty() {
            self.element().extend_from_slice(elements);
        }
    }

    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let mut object = ObjectWriter::begin(self.element());
        fill(&mut object);
        object.end();
    }

    pub(crate) fn end(self) {
        self.out.put_u8(b']');
    }
}

/// Writes a string with its quotes. Characters above U+007F stand for themselves.
pub(crate) fn write_text(out: &mut BytesMut, text: &str) {
    out.reserve(text.len() + 2);
    out.put_u8(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        if let Some((byte, tail)) = tail.split_first() {
            escape(out, *byte);
            rest = tail;
        }
    }
    out.extend_from_slice(rest);
    out.put_u8(b'"');
}

fn escape(out: &mut BytesMut, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_reads_back_as_it_was() {
        let all: String = (0..0x250).filter_map(char::from_u32).chain(['\u{2028}', '😀']).collect();
        let mut out = BytesMut::new();
        write_text(&mut out, &all);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
    }

    #[test]
    fn decimals_read_back_as_they_were() {
        for value in [0.0, 1.0, 0.1, 1e21, 1e-7, -2.5, f64::MAX, f64::MIN_POSITIVE] {
            let mut out = BytesMut::new();
            let mut object = ObjectWriter::begin(&mut out);
            object.decimal("v", value);
            object.end();
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(read["v"].as_f64(), Some(value));
        }
    }
}
