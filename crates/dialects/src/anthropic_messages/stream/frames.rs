use bytes::BytesMut;

use crate::json::ObjectWriter;

/// Writes the events of one stream, and numbers its blocks.
#[derive(Debug, Default)]
pub(super) struct Frames {
    begun: bool,
    /// The number of the block that is open or comes next.
    index: u32,
    /// Proofs that are written once a block follows them: as the last of an answer they would hide its text from clients that
    /// read the last block.
    held: Vec<String>,
}

impl Frames {
    /// The beginning of the message, once.
    pub(super) fn begin(&mut self, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        if !self.begun {
            self.begun = true;
            self.frame("message_start", out, |event| event.object("message", fill));
        }
    }

    /// The beginning of a block.
    pub(super) fn start(&mut self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.write_held(out);
        self.block("content_block_start", out, |event| {
            event.object("content_block", |block| {
                block.text("type", kind);
                fill(block);
            });
        });
    }

    /// A block that is whole.
    pub(super) fn whole(&mut self, out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
        self.write_held(out);
        self.block("content_block_start", out, |event| fill(event.name("content_block")));
        self.stop(out);
    }

    /// A block with a proof.
    pub(super) fn redacted(&mut self, proof: &str, out: &mut BytesMut) {
        self.start("redacted_thinking", out, |block| block.text("data", proof));
        self.stop(out);
    }

    /// A block with a proof, if ever another block follows it.
    pub(super) fn redacted_between(&mut self, proof: String) {
        self.held.push(proof);
    }

    /// Whether a proof waits for a block to follow it.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    fn write_held(&mut self, out: &mut BytesMut) {
        for proof in std::mem::take(&mut self.held) {
            self.redacted(&proof, out);
        }
    }

    /// A piece of the open block.
    pub(super) fn delta(&self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.block("content_block_delta", out, |event| {
            event.object("delta", |delta| {
                delta.text("type", kind);
                fill(delta);
            });
        });
    }

    /// A piece of the open block that is one text.
    pub(super) fn piece(&self, kind: &str, name: &str, text: &str, out: &mut BytesMut) {
        self.delta(kind, out, |delta| delta.text(name, text));
    }

    /// The end of the open block.
    pub(super) fn stop(&mut self, out: &mut BytesMut) {
        self.block("content_block_stop", out, |_| {});
        self.index += 1;
    }

    fn block(&self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.frame(kind, out, |event| {
            event.plain("index", self.index);
            fill(event);
        });
    }

    /// An event.
    pub(super) fn frame(&self, kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        let start = out.len();
        let mut event = ObjectWriter::begin(out);
        event.text("type", kind);
        fill(&mut event);
        event.end();
        // A value kept as the provider wrote it may have line ends between its tokens, which would end the event.
        for byte in out.get_mut(start..).unwrap_or_default() {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        out.extend_from_slice(b"\n\n");
    }
}
