//! A whole answer of which only the beginning came: what its text was, so that it is paid for.
//!
//! A provider bills what it made, whether or not the last byte arrived. Streams note their text as it passes; an answer that
//! is one JSON text can't be decoded before its end, so its beginning is searched for the members that hold output.

use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
use switchyard_ports::provider::Received;

/// The members whose text is output.
const OUTPUT_MEMBERS: [&[u8]; 5] = [b"content", b"reasoning_content", b"reasoning", b"refusal", b"arguments"];

/// A body that is being read. Unless it is [finished](Self::finish), dropping it notes the text that came.
pub(super) struct Unfinished<'a> {
    received: &'a Received,
    /// The only piece so far: most answers come in one, which is then never copied.
    only: Bytes,
    /// All pieces, once there are several.
    joined: BytesMut,
    is_finished: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(received: &'a Received, first: Bytes) -> Self {
        Self { received, only: first, joined: BytesMut::new(), is_finished: false }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.only.len() + self.joined.len()
    }

    /// Adds what came.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let first = std::mem::take(&mut self.only);
        self.joined.extend_from_slice(&first);
        self.joined.extend_from_slice(piece);
    }

    /// The whole body.
    pub(super) fn finish(mut self) -> Bytes {
        self.is_finished = true;
        if self.joined.is_empty() { std::mem::take(&mut self.only) } else { self.joined.split().freeze() }
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            note(if self.joined.is_empty() { &self.only } else { &self.joined }, self.received);
        }
    }
}

/// Notes the output text in a JSON text that ends too early or is otherwise broken.
pub(super) fn note(bytes: &[u8], received: &Received) {
    let mut parts = received.lock();
    let mut rest = bytes;
    let mut is_output = false;
    while let Some((string, after)) = next_string(rest) {
        rest = after;
        let tail = rest.trim_ascii_start();
        if let Some(value) = tail.strip_prefix(b":") {
            is_output = OUTPUT_MEMBERS.contains(&string.bytes) && value.trim_ascii_start().starts_with(b"\"");
        } else if std::mem::take(&mut is_output) {
            parts.output_text.push_str(&string.text());
        }
    }
}

/// A JSON string's inside, perhaps cut.
struct Found<'a> {
    bytes: &'a [u8],
    is_whole: bool,
}

impl Found<'_> {
    /// The text; of a cut string, without the word that was cut, of which nobody can say what it was to become.
    fn text(&self) -> Cow<'_, str> {
        let kept = if self.is_whole { self.bytes } else { whole_words(self.bytes) };
        let quoted = [b"\"", kept, b"\""].concat();
        match serde_json::from_slice::<String>(&quoted) {
            Ok(text) => Cow::Owned(text),
            Err(_) => String::from_utf8_lossy(kept),
        }
    }
}

fn whole_words(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b' ').unwrap_or(0);
    bytes.get(..end).unwrap_or_default()
}

/// The next string of a JSON text and what follows it.
fn next_string(bytes: &[u8]) -> Option<(Found<'_>, &[u8])> {
    let start = memchr::memchr(b'"', bytes)? + 1;
    let inside = bytes.get(start..)?;
    let mut at = 0;
    while let Some(step) = inside.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += step;
        if inside.get(at) == Some(&b'"') {
            let found = Found { bytes: inside.get(..at)?, is_whole: true };
            return Some((found, inside.get(at + 1..)?));
        }
        at += 2;
    }
    Some((Found { bytes: inside, is_whole: false }, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(body: &str) -> String {
        let received = Received::default();
        note(body.as_bytes(), &received);
        received.lock().output_text.clone()
    }

    const BODY: &str = r#"{"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":" the \"time\" is now","refusal":null}}]}"#;

    #[test]
    fn a_broken_body_gives_the_text_that_came_of_it() {
        assert_eq!(noted(BODY), " the \"time\" is now");
        assert_eq!(noted(BODY.strip_suffix("}}]}").unwrap()), " the \"time\" is now");
        assert_eq!(noted(r#"{"choices":[{"message":{"content":" the time i"#), " the time");
        assert_eq!(
            noted(
                r#"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"arguments":"{\"a\":1}"#
            ),
            ""
        );
        assert_eq!(noted(r#"{"choices":[{"message":{"conte"#), "");
        assert_eq!(noted(""), "");
    }

    #[test]
    fn a_body_cut_at_any_byte_gives_a_beginning_of_its_text() {
        let whole = noted(BODY);
        for end in 0..BODY.len() {
            let part = noted(&BODY[..end]);
            assert!(whole.starts_with(&part), "{end}: {part:?}");
        }
    }

    #[test]
    fn a_body_that_is_dropped_half_read_notes_its_text_and_a_finished_one_nothing() {
        let received = Received::default();
        let mut body = Unfinished::new(&received, Bytes::from_static(b"{\"choices\":[{\"message\":"));
        body.push(br#"{"content":" a b"#);
        drop(body);
        assert_eq!(received.lock().output_text, " a");
        let received = Received::default();
        let mut body = Unfinished::new(&received, Bytes::from_static(br#"{"content""#));
        body.push(br#":"a"}"#);
        assert_eq!(body.finish(), r#"{"content":"a"}"#);
        assert!(received.lock().output_text.is_empty());
    }
}
