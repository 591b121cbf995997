//! A whole answer of which only the beginning came: what its text was, so that it is paid for.
//!
//! A provider bills what it made, whether or not the last byte arrived. Streams note their text as it passes; an answer that
//! is one JSON text can't be decoded before its end, so its beginning is searched for output and counts.

use super::tally;
use bytes::{Bytes, BytesMut};
use switchyard_dialects::codec::{Billed, salvage};
use switchyard_ports::provider::Received;

/// A body that is being read. Unless it is [finished](Self::finish), dropping it notes what came of it.
pub(super) struct Unfinished<'a> {
    codec: &'a dyn Billed,
    received: &'a Received,
    /// The only piece so far: most answers come in one, which is then never copied.
    only: Bytes,
    /// All pieces, once there are several.
    joined: BytesMut,
    is_finished: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(codec: &'a dyn Billed, received: &'a Received, first: Bytes) -> Self {
        Self { codec, received, only: first, joined: BytesMut::new(), is_finished: false }
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
            let came = if self.joined.is_empty() { &self.only[..] } else { &self.joined[..] };
            note(self.codec, came, self.received);
        }
    }
}

/// Notes the output and the counts in a text that ends too early, is otherwise broken, or tells of a failure.
pub(super) fn note(codec: &dyn Billed, text: &[u8], received: &Received) {
    let mut parts = received.lock();
    if let Some(usage) = salvage(codec, text, &mut parts.output_text) {
        tally::counted(&mut parts, usage, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchyard_dialects::openai_chat::OpenAiChat;

    fn noted(body: &str) -> String {
        let received = Received::default();
        note(&OpenAiChat::PLAIN, body.as_bytes(), &received);
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
        let mut body = Unfinished::new(
            &OpenAiChat::PLAIN,
            &received,
            Bytes::from_static(b"{\"choices\":[{\"message\":"),
        );
        body.push(br#"{"content":" a b"#);
        drop(body);
        assert_eq!(received.lock().output_text, " a");
        let received = Received::default();
        let mut body = Unfinished::new(&OpenAiChat::PLAIN, &received, Bytes::from_static(br#"{"content""#));
        body.push(br#":"a"}"#);
        assert_eq!(body.finish(), r#"{"content":"a"}"#);
        assert!(received.lock().output_text.is_empty());
    }
}
