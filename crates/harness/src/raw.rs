//! A client that sends bytes as a test writes them: for requests that no HTTP library would make.

use crate::client::Answer;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long a test waits for bytes before it calls the server hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// One TCP connection to the server. What was read and not yet asked for stays in it.
pub struct RawConnection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl RawConnection {
    /// Connects.
    ///
    /// # Panics
    /// When the server does not listen.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        Self { stream, unread: Vec::new() }
    }

    /// Connects as a reader for whom the kernel keeps few bytes.
    ///
    /// # Panics
    /// When the server does not listen.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
        let stream = socket.connect(address).await.expect("a connection");
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the server does not take them.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the server takes the bytes");
    }

    /// Sends bytes as they are; the server may have closed its side.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Ends our side; the server's may go on.
    ///
    /// # Panics
    /// When the connection is closed.
    pub async fn half_close(&mut self) {
        self.stream.shutdown().await.expect("our side ends");
    }

    /// The next answer; `None` when the server closed the connection without one.
    ///
    /// # Panics
    /// When the server is silent for long, or what it says is no HTTP answer.
    pub async fn answer(&mut self) -> Option<Answer> {
        loop {
            let (status, headers) = self.head().await?;
            // An interim answer precedes the true one.
            if status >= 200 {
                let body = self.body(&headers).await;
                return Some(Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() });
            }
        }
    }

    /// Reads until what was read and not yet asked for contains `text`, and answers all of it.
    ///
    /// # Panics
    /// When the connection ends or falls silent before.
    pub async fn read_until(&mut self, text: &str) -> String {
        loop {
            let so_far = String::from_utf8_lossy(&self.unread).into_owned();
            if so_far.contains(text) {
                return so_far;
            }
            assert!(self.more().await, "the connection ended before {text:?}: {so_far}");
        }
    }

    /// Everything up to the end of the connection.
    ///
    /// # Panics
    /// When the server is silent for long without closing.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.unread)
    }

    /// Whether the server closes within `patience` (what it still says is thrown away).
    pub async fn closes_within(&mut self, patience: Duration) -> bool {
        timeout(patience, async { while self.more().await {} }).await.is_ok()
    }

    /// Reads some bytes; `false` at the end of the connection, clean or not.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.unread));
        read.await.expect("the server neither speaks nor closes").is_ok_and(|bytes| bytes > 0)
    }

    async fn head(&mut self) -> Option<(u16, HeaderMap)> {
        let end = loop {
            match find(&self.unread, b"\r\n\r\n") {
                Some(at) => break at,
                None if self.more().await => {}
                None => {
                    assert!(
                        self.unread.is_empty(),
                        "half an answer: {}",
                        String::from_utf8_lossy(&self.unread)
                    );
                    return None;
                }
            }
        };
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        Some(parse_head(&String::from_utf8_lossy(&head)))
    }

    async fn body(&mut self, headers: &HeaderMap) -> Vec<u8> {
        if headers.get("transfer-encoding").is_some_and(|value| value == "chunked") {
            return self.chunks().await;
        }
        let length = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        self.take(length.unwrap_or(0)).await
    }

    /// A chunked body; one that the server broke off ends where it broke.
    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match find(&self.unread, b"\r\n") {
                    Some(at) => break at,
                    None if self.more().await => {}
                    None => return body,
                }
            };
            let line: Vec<u8> = self.unread.drain(..end + 2).collect();
            let size =
                usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).expect("a chunk's size");
            body.extend(self.take(size).await);
            self.take(2).await;
            if size == 0 {
                return body;
            }
        }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length && self.more().await {}
        self.unread.drain(..length.min(self.unread.len())).collect()
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn parse_head(head: &str) -> (u16, HeaderMap) {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line: {head}"));
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
        let name: HeaderName = name.parse().expect("a header's name");
        headers.append(name, HeaderValue::from_str(value.trim()).expect("a header's value"));
    }
    (status, headers)
}
