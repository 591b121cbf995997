use bytes::{Bytes, BytesMut};

/// The data of the event that ends a stream of OpenAI's dialect.
pub const DONE_DATA: &[u8] = b"[DONE]";

/// The event that ends a stream of OpenAI's dialect.
pub const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// A comment that keeps a silent connection alive; clients skip it.
pub const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// An event in a buffer of its own. See [`write_event`].
#[must_use]
pub fn encode_event(name: Option<&str>, data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(name.map_or(0, |name| name.len() + 8) + data.len() + 8);
    write_event(&mut out, name, data);
    out.freeze()
}

/// Appends an event, so that a stream can reuse one buffer.
///
/// Data of several lines becomes several data lines, and the client joins them with a line feed whatever ended them here:
/// the format has no way to carry a CR. A name is cut at its first line end, where it would turn into fields
/// of the sender's choice.
pub fn write_event(out: &mut BytesMut, name: Option<&str>, data: &[u8]) {
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes().split(|byte| is_line_end(*byte)).next().unwrap_or_default());
        out.extend_from_slice(b"\n");
    }
    let mut rest = data;
    loop {
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
        rest = match tail {
            [b'\r', b'\n', tail @ ..] | [_, tail @ ..] => tail,
            [] => break,
        };
    }
    out.extend_from_slice(b"\n");
}

/// Puts a JSON text on one line: a value kept as a provider wrote it may have line ends between its tokens, which would end
/// the event. Within strings JSON has none.
pub(crate) fn join_lines(json: &mut [u8]) {
    for byte in json {
        if is_line_end(*byte) {
            *byte = b' ';
        }
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}
