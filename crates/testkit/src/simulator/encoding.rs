//! Content encodings, right and wrong.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::frame::{Frame, Frames, Part};
use super::script::Script;

/// An encoder into memory.
pub(crate) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Brotli(StoredBrotli),
}

impl Encoder {
    /// The encoder that a script asks for, and its name.
    pub(crate) fn of(script: &Script) -> Option<(Self, &'static str)> {
        if script.gzip || script.truncated_gzip || script.gzip_bomb.is_some() {
            Some((Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())), "gzip"))
        } else if script.deflate {
            Some((Self::Deflate(ZlibEncoder::new(Vec::new(), Compression::fast())), "deflate"))
        } else if script.br {
            Some((Self::Brotli(StoredBrotli::default()), "br"))
        } else {
            None
        }
    }

    /// Takes bytes; what can go out by now. With `flush`, all that was taken can be read from it.
    fn push(&mut self, bytes: &[u8], flush: bool) -> Vec<u8> {
        // Writing to memory does not fail.
        let out = match self {
            Self::Gzip(gzip) => {
                let _ = gzip.write_all(bytes).and_then(|()| if flush { gzip.flush() } else { Ok(()) });
                gzip.get_mut()
            }
            Self::Deflate(deflate) => {
                let _ = deflate.write_all(bytes).and_then(|()| if flush { deflate.flush() } else { Ok(()) });
                deflate.get_mut()
            }
            Self::Brotli(brotli) => {
                brotli.push(bytes);
                &mut brotli.out
            }
        };
        std::mem::take(out)
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(gzip) => gzip.finish().unwrap_or_default(),
            Self::Deflate(deflate) => deflate.finish().unwrap_or_default(),
            Self::Brotli(brotli) => brotli.finish(),
        }
    }

    /// A whole body at once; `truncated` leaves the first half.
    pub(crate) fn whole(mut self, bytes: &[u8], truncated: bool) -> Vec<u8> {
        let mut out = self.push(bytes, false);
        out.extend(self.finish());
        if truncated {
            out.truncate(out.len() / 2);
        }
        out
    }

    /// A body frame by frame; each can be read when it arrives, if they are to be `flushed`.
    pub(crate) fn frames(self, frames: Frames, truncated: bool, flushed: bool) -> Frames {
        Box::new(Encoded {
            encoder: Some(self),
            frames,
            truncated,
            flushed,
            held: Frame::new(Part::Rest, Vec::new()),
        })
    }
}

struct Encoded {
    encoder: Option<Encoder>,
    frames: Frames,
    truncated: bool,
    flushed: bool,
    /// What the encoder took and did not give out.
    held: Frame,
}

impl Iterator for Encoded {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let encoder = self.encoder.as_mut()?;
            let Some(frame) = self.frames.next() else {
                let end = self.encoder.take().map(Encoder::finish).filter(|_| !self.truncated)?;
                let held = std::mem::replace(&mut self.held, Frame::new(Part::Rest, Vec::new()));
                return Some(Frame { bytes: end, ..held });
            };
            let bytes = encoder.push(&frame.bytes, self.flushed);
            self.held.tokens += frame.tokens;
            self.held.text.push_str(&frame.text);
            if !bytes.is_empty() {
                let held = std::mem::replace(&mut self.held, Frame::new(Part::Rest, Vec::new()));
                return Some(Frame { bytes, part: frame.part, ..held });
            }
        }
    }
}

/// A Brotli stream (RFC 7932) whose meta-blocks are all stored: valid to every decoder, and needs no
/// compressor.
#[derive(Default)]
pub(crate) struct StoredBrotli {
    out: Vec<u8>,
    started: bool,
}

impl StoredBrotli {
    fn push(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(1 << 16) {
            let length = block.len() as u32 - 1;
            // Not last, four nibbles of length, uncompressed: 1 + 2 + 16 + 1 bits from the lowest up.
            let mut bits = (length << 3) | (1 << 19);
            if !self.started {
                // One bit more in front: a window of 2^16.
                bits <<= 1;
                self.started = true;
            }
            self.out.extend_from_slice(bits.to_le_bytes().get(..3).unwrap_or_default());
            self.out.extend_from_slice(block);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // The last and empty meta-block, with the window's bit before it if nothing came.
        self.out.push(if self.started { 0b11 } else { 0b110 });
        self.out
    }
}
