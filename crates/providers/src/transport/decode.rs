//! Content decoding with caps on size and on expansion.
//!
//! Every request asks for `identity`. Some upstreams and the proxies before them compress all the same,
//! and then the sizes that arrive say nothing about the sizes that come out.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use super::fault::TransportFault;

/// How many times its size on the wire a body may grow.
const RATIO: usize = 10;
/// Below this size expansion is nobody's problem, and short repetitive JSON does expand more than ten times.
const RATIO_FLOOR: usize = 256 * 1024;
const BROTLI_BUFFER: usize = 16 * 1024;

/// Turns the bytes of a body as sent into the bytes as meant.
pub(super) struct Decoder {
    codec: Codec,
    received: usize,
    limit: usize,
}

enum Codec {
    Identity,
    Gzip(MultiGzDecoder<Outlet>),
    Deflate(ZlibDecoder<Outlet>),
    // Its state is some kilobytes large.
    Brotli(Box<DecompressorWriter<Outlet>>),
    Unknown,
}

impl Decoder {
    /// The decoder for a body of at most `limit` decoded bytes with these headers.
    pub(super) fn for_headers(headers: &HeaderMap, limit: usize) -> Self {
        let outlet = Outlet { decoded: Vec::new(), total: 0, allowed: 0, limit, full: None };
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        let codec = match (encodings.next(), encodings.next()) {
            (None, _) => Codec::Identity,
            (Some(encoding), None) => {
                match encoding.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
                    b"" | b"identity" => Codec::Identity,
                    b"gzip" | b"x-gzip" => Codec::Gzip(MultiGzDecoder::new(outlet)),
                    b"deflate" => Codec::Deflate(ZlibDecoder::new(outlet)),
                    b"br" => Codec::Brotli(Box::new(DecompressorWriter::new(outlet, BROTLI_BUFFER))),
                    _ => Codec::Unknown,
                }
            }
            // Layers of compression are only ever used to hide a bomb.
            (Some(_), Some(_)) => Codec::Unknown,
        };
        Self { codec, received: 0, limit }
    }

    /// Another bound. What is compressed keeps the one that it began with.
    pub(super) fn allow(&mut self, limit: usize) {
        if self.is_identity() {
            self.limit = limit;
        }
    }

    /// Whether bytes come out as they went in.
    pub(super) fn is_identity(&self) -> bool {
        matches!(self.codec, Codec::Identity)
    }

    /// Decodes one piece. The result may be empty.
    pub(super) fn push(&mut self, piece: Bytes) -> Result<Bytes, TransportFault> {
        self.received = self.received.saturating_add(piece.len());
        let received = self.received;
        if received > self.limit {
            // Packed data can go on for ever and stand for nothing.
            return Err(TransportFault::BodyTooLarge { limit: self.limit });
        }
        match &mut self.codec {
            Codec::Identity => Ok(piece),
            Codec::Unknown => Err(TransportFault::BadEncoding),
            Codec::Gzip(codec) => run(codec, MultiGzDecoder::get_mut, &piece, received),
            Codec::Deflate(codec) => run(codec, ZlibDecoder::get_mut, &piece, received),
            Codec::Brotli(codec) => run(&mut **codec, DecompressorWriter::get_mut, &piece, received),
        }
    }

    /// The end of the body: what was still held back, or `Cut` if the compressed data has no end.
    pub(super) fn finish(&mut self) -> Result<Bytes, TransportFault> {
        if self.received == 0 {
            return Ok(Bytes::new());
        }
        let (ended, outlet) = match &mut self.codec {
            Codec::Identity | Codec::Unknown => return Ok(Bytes::new()),
            Codec::Gzip(codec) => (codec.try_finish(), codec.get_mut()),
            Codec::Deflate(codec) => (codec.try_finish(), codec.get_mut()),
            Codec::Brotli(codec) => (codec.close(), codec.get_mut()),
        };
        match (outlet.full.take(), ended) {
            (Some(fault), _) => Err(fault),
            (None, Err(_)) => Err(TransportFault::Cut),
            (None, Ok(())) => Ok(outlet.take()),
        }
    }
}

fn run<W: Write>(
    codec: &mut W,
    outlet: impl Fn(&mut W) -> &mut Outlet,
    piece: &[u8],
    received: usize,
) -> Result<Bytes, TransportFault> {
    outlet(codec).allowed = received.saturating_mul(RATIO).max(RATIO_FLOOR);
    let written = codec.write_all(piece).and_then(|()| codec.flush());
    let outlet = outlet(codec);
    match (outlet.full.take(), written) {
        (Some(fault), _) => Err(fault),
        (None, Err(_)) => Err(TransportFault::BadEncoding),
        (None, Ok(())) => Ok(outlet.take()),
    }
}

/// Where decoders write. Refuses to grow over its bounds, so that no decoder gets to allocate first.
struct Outlet {
    decoded: Vec<u8>,
    total: usize,
    allowed: usize,
    limit: usize,
    full: Option<TransportFault>,
}

impl Outlet {
    fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.decoded))
    }
}

impl Write for Outlet {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let total = self.total.saturating_add(piece.len());
        let fault = if total > self.limit {
            Some(TransportFault::BodyTooLarge { limit: self.limit })
        } else if total > self.allowed {
            Some(TransportFault::Bomb { ratio: RATIO })
        } else {
            None
        };
        if fault.is_some() {
            self.full = fault;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.total = total;
        self.decoded.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
