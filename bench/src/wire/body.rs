//! The body of a message, as its bytes arrive.

use super::Framing;
use anyhow::{Result, bail};
use bytes::{Buf, BytesMut};
use httparse::Status;

/// Takes a body out of what a connection delivers.
pub(crate) struct Body {
    state: State,
}

enum State {
    Length(usize),
    ChunkSize,
    Chunk(usize),
    ChunkEnd,
    Trailer,
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
        };
        Self { state }
    }

    /// Moves what has come from `input` to the end of `body`; true once the body is whole.
    pub(crate) fn take(&mut self, input: &mut BytesMut, body: &mut BytesMut) -> Result<bool> {
        loop {
            match &mut self.state {
                State::Length(left) => {
                    *left -= moved(input, body, *left);
                    return Ok(*left == 0);
                }
                State::ChunkSize => {
                    let Ok(size) = httparse::parse_chunk_size(input) else { bail!("a chunk without a size") };
                    let Status::Complete((line, size)) = size else { return Ok(false) };
                    input.advance(line);
                    self.state =
                        if size == 0 { State::Trailer } else { State::Chunk(usize::try_from(size)?) };
                }
                State::Chunk(left) => {
                    *left -= moved(input, body, *left);
                    if *left > 0 {
                        return Ok(false);
                    }
                    self.state = State::ChunkEnd;
                }
                State::ChunkEnd => {
                    if input.len() < 2 {
                        return Ok(false);
                    }
                    if !input.starts_with(b"\r\n") {
                        bail!("a chunk is longer than it says");
                    }
                    input.advance(2);
                    self.state = State::ChunkSize;
                }
                State::Trailer => {
                    let Some(end) = memchr::memchr(b'\n', input) else { return Ok(false) };
                    input.advance(end + 1);
                    if end <= 1 {
                        return Ok(true);
                    }
                }
            }
        }
    }
}

fn moved(input: &mut BytesMut, body: &mut BytesMut, most: usize) -> usize {
    let part = input.split_to(most.min(input.len()));
    body.extend_from_slice(&part);
    part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\ntrailer: 1\r\n\r\nNEXT";

    #[test]
    fn a_chunked_body_is_the_same_wherever_it_is_cut() {
        for cut in 0..CHUNKED.len() {
            let (mut input, mut body) = (BytesMut::new(), BytesMut::new());
            let mut reader = Body::new(Framing::Chunked);
            input.extend_from_slice(&CHUNKED[..cut]);
            let done = reader.take(&mut input, &mut body).unwrap();
            input.extend_from_slice(&CHUNKED[cut..]);
            assert!(done || reader.take(&mut input, &mut body).unwrap(), "cut at {cut}");
            assert_eq!((&body[..], &input[..]), (&b"hello world"[..], &b"NEXT"[..]), "cut at {cut}");
        }
    }

    #[test]
    fn a_body_of_a_length_leaves_what_follows() {
        let (mut input, mut body) = (BytesMut::from(&b"abcd"[..]), BytesMut::new());
        let mut reader = Body::new(Framing::Length(6));
        assert!(!reader.take(&mut input, &mut body).unwrap());
        input.extend_from_slice(b"efgh");
        assert!(reader.take(&mut input, &mut body).unwrap());
        assert_eq!((&body[..], &input[..]), (&b"abcdef"[..], &b"gh"[..]));
    }

    #[test]
    fn a_chunk_that_is_longer_than_its_size_is_an_error() {
        let (mut input, mut body) = (BytesMut::from(&b"2\r\nabc\r\n"[..]), BytesMut::new());
        assert!(Body::new(Framing::Chunked).take(&mut input, &mut body).is_err());
    }
}
