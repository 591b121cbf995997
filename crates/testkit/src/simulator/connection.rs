//! Reading HTTP/1 requests from a connection: the head with `httparse`, the body by its length or in
//! chunks.

use bytes::{Bytes, BytesMut};

use super::socket::Socket;

const MAX_HEADERS: usize = 128;
const MAX_HEAD: usize = 256 * 1024;
const MAX_BODY: usize = 256 << 20;

/// One request, read whole.
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// In order; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Whether the client wants to keep the connection.
    pub(crate) keep_alive: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Why no request came.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer left: between requests, or within one.
    Gone,
    /// What came is no HTTP request that we take.
    Malformed(&'static str),
}

impl From<std::io::Error> for ReadError {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

struct Head {
    request: Request,
    length: usize,
    body: BodyKind,
    expects_continue: bool,
}

enum BodyKind {
    Length(usize),
    Chunked,
}

/// Reads the next request.
pub(crate) async fn read_request(socket: &mut Socket) -> Result<Request, ReadError> {
    let head = loop {
        if let Some(head) = parse_head(&socket.input)? {
            break head;
        }
        if socket.input.len() > MAX_HEAD {
            return Err(ReadError::Malformed("the head is too large"));
        }
        more(socket).await?;
    };
    let mut request = head.request;
    let _ = socket.input.split_to(head.length);
    if head.expects_continue && socket.input.is_empty() {
        socket.send(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| ReadError::Gone)?;
    }
    request.body = match head.body {
        BodyKind::Length(length) if length > MAX_BODY => {
            return Err(ReadError::Malformed("the body is too large"));
        }
        BodyKind::Length(length) => {
            while socket.input.len() < length {
                more(socket).await?;
            }
            socket.input.split_to(length).freeze()
        }
        BodyKind::Chunked => read_chunks(socket).await?,
    };
    Ok(request)
}

async fn more(socket: &mut Socket) -> Result<(), ReadError> {
    if socket.fill().await? { Ok(()) } else { Err(ReadError::Gone) }
}

fn parse_head(input: &[u8]) -> Result<Option<Head>, ReadError> {
    if input.is_empty() {
        return Ok(None);
    }
    let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut space);
    let length = match parsed.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ReadError::Malformed("this is no HTTP/1 request")),
    };
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), String::from_utf8_lossy(h.value).into_owned()))
        .collect();
    let says =
        |name, token: &str| header(&headers, name).is_some_and(|v| v.to_ascii_lowercase().contains(token));
    let chunked = says("transfer-encoding", "chunked");
    let announced = header(&headers, "content-length").map(|v| v.trim().parse());
    let body = match announced {
        _ if chunked => BodyKind::Chunked,
        None => BodyKind::Length(0),
        Some(Ok(length)) => BodyKind::Length(length),
        Some(Err(_)) => return Err(ReadError::Malformed("content-length is no number")),
    };
    let expects_continue = says("expect", "100-continue");
    let keep_alive = parsed.version == Some(1) && !says("connection", "close");
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let method = parsed.method.unwrap_or_default().to_owned();
    let request = Request { method, path, query, headers, body: Bytes::new(), keep_alive };
    Ok(Some(Head { request, length, body, expects_continue }))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

async fn read_chunks(socket: &mut Socket) -> Result<Bytes, ReadError> {
    let mut body = BytesMut::new();
    loop {
        let size = match httparse::parse_chunk_size(&socket.input) {
            Ok(httparse::Status::Complete((length, size))) => {
                let _ = socket.input.split_to(length);
                usize::try_from(size).unwrap_or(usize::MAX)
            }
            Ok(httparse::Status::Partial) => {
                more(socket).await?;
                continue;
            }
            Err(_) => return Err(ReadError::Malformed("a chunk's size is no number")),
        };
        if size > MAX_BODY - body.len().min(MAX_BODY) {
            return Err(ReadError::Malformed("the body is too large"));
        }
        if size == 0 {
            read_trailers(socket).await?;
            return Ok(body.freeze());
        }
        while socket.input.len() < size + 2 {
            more(socket).await?;
        }
        body.extend_from_slice(&socket.input.split_to(size));
        if socket.input.split_to(2).as_ref() != b"\r\n" {
            return Err(ReadError::Malformed("a chunk doesn't end where it said"));
        }
    }
}

async fn read_trailers(socket: &mut Socket) -> Result<(), ReadError> {
    loop {
        if let Some(end) = socket.input.windows(2).position(|pair| pair == b"\r\n") {
            let line = socket.input.split_to(end + 2);
            if line.len() == 2 {
                return Ok(());
            }
        } else {
            more(socket).await?;
        }
    }
}
