//! The head of a message: where it ends, and how its body is framed.

use anyhow::{Context, Result, bail};

const MAX_HEADERS: usize = 64;

/// What is needed of a head.
pub(crate) struct Head {
    /// Its bytes, the empty line included.
    pub(crate) length: usize,
    /// The status of an answer; 0 of a request.
    pub(crate) status: u16,
    /// What a request asks for; nothing of an answer.
    pub(crate) path: String,
    pub(crate) framing: Framing,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

/// The request's head, once it is whole.
pub(crate) fn request_head(input: &[u8]) -> Result<Option<Head>> {
    let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut space);
    let httparse::Status::Complete(length) = request.parse(input)? else { return Ok(None) };
    let framing = framing(request.headers)?.unwrap_or(Framing::Length(0));
    let path = request.path.unwrap_or_default().to_owned();
    Ok(Some(Head { length, status: 0, path, framing }))
}

/// The answer's head, once it is whole. An answer that ends with its connection is refused.
pub(crate) fn response_head(input: &[u8]) -> Result<Option<Head>> {
    let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut space);
    let httparse::Status::Complete(length) = response.parse(input)? else { return Ok(None) };
    let status = response.code.unwrap_or_default();
    let framing = framing(response.headers)?.context("the answer has neither a length nor chunks")?;
    Ok(Some(Head { length, status, path: String::new(), framing }))
}

fn framing(headers: &[httparse::Header<'_>]) -> Result<Option<Framing>> {
    let mut found = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if !header.value.eq_ignore_ascii_case(b"chunked") {
                bail!("a transfer coding other than chunked");
            }
            return Ok(Some(Framing::Chunked));
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            found = Some(Framing::Length(std::str::from_utf8(header.value)?.trim().parse()?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_found_only_once_it_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{";
        for cut in 0..text.len() - 1 {
            assert!(response_head(&text[..cut]).unwrap().is_none(), "at {cut}");
        }
        let head = response_head(text).unwrap().unwrap();
        assert_eq!((head.length, head.status, head.framing), (text.len() - 1, 200, Framing::Length(12)));
    }

    #[test]
    fn chunks_win_over_a_length_and_an_unframed_answer_is_refused() {
        let head =
            request_head(b"POST /a HTTP/1.1\r\ncontent-length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
        let head = head.unwrap().unwrap();
        assert_eq!((head.framing, head.path.as_str()), (Framing::Chunked, "/a"));
        assert!(response_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
