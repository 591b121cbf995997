//! The frames of a stream: named, numbered, each on one line.

use bytes::BytesMut;

use crate::codec::ClientError;
use crate::json::ObjectWriter;
use crate::openai_error;

/// Writes the frames of one stream.
#[derive(Debug, Default)]
pub(super) struct Frames {
    next: u64,
}

impl Frames {
    /// Appends an event of this type.
    pub(super) fn write(&mut self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        let number = self.number();
        frame(kind, number, out, fill);
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

fn frame(kind: &str, number: u64, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let start = out.len();
    let mut object = ObjectWriter::begin(out);
    object.text("type", kind);
    object.plain("sequence_number", number);
    fill(&mut object);
    object.end();
    // A value kept as it was written may have line ends between its tokens, which would end the event.
    for byte in out.get_mut(start..).unwrap_or_default() {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\n\n");
}

/// Appends the event of an error. OpenAI's older streams have its members in the event itself, the newer ones in an object, by
/// which its SDKs know that they must raise: both are written.
pub(in crate::openai_responses) fn write_error_event(
    out: &mut BytesMut,
    error: &ClientError<'_>,
    number: u64,
) {
    frame("error", number, out, |event| {
        event.text("message", error.message);
        for (name, value) in [("code", error.code), ("param", error.param)] {
            match value {
                Some(value) => event.text(name, value),
                None => event.null(name),
            }
        }
        event.members(&openai_error::encode_error(error));
    });
}
