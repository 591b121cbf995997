//! HTTP/1.1 by hand, so that a test sees and sends exactly what it says.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

/// A parsed answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// `error.code` of OpenAI's shape.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A connection.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// With a small window, so that little of an answer waits on our side.
    pub(crate) async fn open_narrow(address: SocketAddr, window: u32) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(window).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next whole answer. Panics where the connection ends before it does.
    pub(crate) async fn receive(&mut self) -> Response {
        timeout(LONG, self.receive_some(true)).await.expect("an answer in time")
    }

    /// The next answer as far as it comes before the connection ends.
    pub(crate) async fn receive_cut(&mut self) -> Response {
        timeout(LONG, self.receive_some(false)).await.expect("an end in time")
    }

    async fn receive_some(&mut self, whole: bool) -> Response {
        let mut response = loop {
            if let Some(response) = self.take_head() {
                break response;
            }
            assert!(self.more().await, "the connection ended within a head: {:?}", self.shown());
        };
        if response.status == 100 {
            return response;
        }
        if response.header("transfer-encoding") == Some("chunked") {
            while !self.take_chunk(&mut response.body) {
                if !self.more().await {
                    assert!(!whole, "the connection ended within a body");
                    break;
                }
            }
        } else {
            let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
            while self.read.len() < length {
                assert!(self.more().await || !whole, "the connection ended within a body");
            }
            response.body = self.read.drain(..length).collect();
        }
        response
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Reads what is there; false at the end.
    pub(crate) async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.read).await, Ok(1..))
    }

    /// Whether the server ends the connection, whatever it still sends.
    pub(crate) async fn ends_within(&mut self, patience: Duration) -> bool {
        timeout(patience, async { while self.more().await {} }).await.is_ok()
    }

    fn take_head(&mut self) -> Option<Response> {
        let end = find(&self.read, b"\r\n\r\n")?;
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap_or((line.trim_end_matches(':'), "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Response { status, headers, body: Vec::new() })
    }

    /// Moves whole chunks to `body`; true at the last.
    fn take_chunk(&mut self, body: &mut Vec<u8>) -> bool {
        while let Some(line) = find(&self.read, b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&self.read[..line]).unwrap(), 16).unwrap();
            if self.read.len() < line + 2 + size + 2 {
                return false;
            }
            body.extend_from_slice(&self.read[line + 2..line + 2 + size]);
            self.read.drain(..line + 2 + size + 2);
            if size == 0 {
                return true;
            }
        }
        false
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut connection = Connection::open(address).await;
    connection.send(request).await;
    connection.receive().await
}

/// A GET with further header lines, each ended by CR LF.
pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")
}

/// A POST of JSON.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// A call of a model with the good key.
pub(crate) fn call(model: &str, more: &str) -> String {
    post("/v1/chat/completions", "authorization: Bearer sy-good\r\n", &chat(model, more))
}

/// The body of a call; `more` are further members, each after a comma.
pub(crate) fn chat(model: &str, more: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]{more}}}"#)
}
