//! Where a body goes, how it is framed, and what it says.

use crate::installation::{MODEL, PROVIDER};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// How long an answer may take before the server counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are sent at once.
const PIECE: usize = 64 * 1024;
const BOUNDARY: &str = "a-boundary-of-this-proof";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    VirtualKey,
    Administrator,
    Nothing,
}

/// What the body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// A call in JSON that has one huge string.
    Call,
    /// An object in JSON with one huge string, of members that nobody knows.
    Object,
    /// Bytes that are nothing.
    Garbage,
    /// A form with a huge file.
    Form,
}

/// How long the body is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Declared,
    Chunked,
}

/// A way in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Door {
    pub(super) name: &'static str,
    path: &'static str,
    says: Says,
    framing: Framing,
    pub(super) credential: Credential,
}

const CHAT: &str = "/v1/chat/completions";

pub(super) fn doors() -> Vec<Door> {
    use Credential::{Administrator, Nothing, VirtualKey};
    use Framing::{Chunked, Declared};
    use Says::{Call, Form, Garbage, Object};
    let door = |name, path, says, framing, credential| Door { name, path, says, framing, credential };
    vec![
        door("/v1/chat/completions, a call, declared", CHAT, Call, Declared, VirtualKey),
        door("/v1/chat/completions, a call, chunked", CHAT, Call, Chunked, VirtualKey),
        door("/v1/chat/completions, garbage, declared", CHAT, Garbage, Declared, VirtualKey),
        door("/v1/chat/completions, garbage, chunked", CHAT, Garbage, Chunked, VirtualKey),
        door("/v1/chat/completions without a key, chunked", CHAT, Call, Chunked, Nothing),
        door("/chat/completions, a call, chunked", "/chat/completions", Call, Chunked, VirtualKey),
        door("/v1/messages, a call, declared", "/v1/messages", Call, Declared, VirtualKey),
        door("/v1/messages, a call, chunked", "/v1/messages", Call, Chunked, VirtualKey),
        door("/v1/responses, a call, chunked", "/v1/responses", Call, Chunked, VirtualKey),
        door("/v1/embeddings, a call, chunked", "/v1/embeddings", Call, Chunked, VirtualKey),
        door("/v1/audio/transcriptions, a form, declared", TRANSCRIPTIONS, Form, Declared, VirtualKey),
        door("/v1/audio/transcriptions, a form, chunked", TRANSCRIPTIONS, Form, Chunked, VirtualKey),
        door("/api/auth/login of nobody, chunked", "/api/auth/login", Object, Chunked, Nothing),
        door("/api/providers, an object, declared", "/api/providers", Object, Declared, Administrator),
        door("/api/providers, an object, chunked", "/api/providers", Object, Chunked, Administrator),
        door("/api/v1/apply, an object, chunked", "/api/v1/apply", Object, Chunked, Administrator),
        door("an unknown path, declared", "/nowhere", Object, Declared, Nothing),
        door("an unknown path, chunked", "/nowhere", Object, Chunked, Nothing),
    ]
}

const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

impl Door {
    /// Sends a body of so many bytes, as far as it is taken: the answer's status, if there was one, and what was sent.
    pub(super) async fn enter(
        &self,
        address: SocketAddr,
        key: Option<&str>,
        bytes: usize,
    ) -> (Option<u16>, usize) {
        let connection = TcpStream::connect(address).await.expect("a connection");
        let (reading, mut writing) = connection.into_split();
        writing.write_all(self.head(key, bytes).as_bytes()).await.expect("the server takes a head");
        // Who is told that it is too much while they send it may hear of it only by listening.
        let both = async { tokio::join!(status(reading), self.body(writing, bytes)) };
        timeout(PATIENCE, both).await.unwrap_or_else(|_| panic!("{}: the server hangs", self.name))
    }

    fn head(&self, key: Option<&str>, bytes: usize) -> String {
        let kind = match self.says {
            Says::Form => format!("multipart/form-data; boundary={BOUNDARY}"),
            Says::Call | Says::Object | Says::Garbage => "application/json".to_owned(),
        };
        let framing = match self.framing {
            Framing::Declared => format!("content-length: {bytes}"),
            Framing::Chunked => "transfer-encoding: chunked".to_owned(),
        };
        let key = key.map_or_else(String::new, |key| format!("authorization: Bearer {key}\r\n"));
        let path = self.path;
        format!(
            "POST {path} HTTP/1.1\r\nhost: proof\r\n{key}content-type: {kind}\r\n{framing}\r\nconnection: close\r\n\r\n"
        )
    }

    /// Sends it, and ends where nobody takes it any longer. Answers how many bytes of it left.
    async fn body(&self, mut writing: OwnedWriteHalf, bytes: usize) -> usize {
        let (begin, fill, end) = self.text();
        let middle = vec![fill; PIECE];
        let mut sent = 0;
        while sent < bytes {
            let room = bytes - sent;
            let piece = match sent {
                0 => begin.as_bytes(),
                _ if room <= end.len() => &end.as_bytes()[end.len() - room..],
                _ => &middle[..PIECE.min(room - end.len())],
            };
            if self.piece(&mut writing, piece).await.is_err() {
                return sent;
            }
            sent += piece.len();
        }
        if self.framing == Framing::Chunked {
            let _it_may_have_ended = writing.write_all(b"0\r\n\r\n").await;
        }
        sent
    }

    async fn piece(&self, writing: &mut OwnedWriteHalf, piece: &[u8]) -> std::io::Result<()> {
        if self.framing == Framing::Declared {
            return writing.write_all(piece).await;
        }
        writing.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        writing.write_all(piece).await?;
        writing.write_all(b"\r\n").await
    }

    /// How it begins, what it is filled with, and how it ends.
    fn text(&self) -> (String, u8, String) {
        let model = format!("{PROVIDER}/{MODEL}");
        match self.says {
            Says::Call => (
                format!(
                    r#"{{"model":"{model}","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}],"input":"hi","user":""#
                ),
                b'a',
                r#""}"#.to_owned(),
            ),
            Says::Object => (r#"{"name":""#.to_owned(), b'a', r#""}"#.to_owned()),
            Says::Garbage => ("\u{1}".to_owned(), 0xfe, "\u{1}".to_owned()),
            Says::Form => (
                format!(
                    "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--{BOUNDARY}\r\n\
                     content-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\ncontent-type: audio/wav\r\n\r\n"
                ),
                0,
                format!("\r\n--{BOUNDARY}--\r\n"),
            ),
        }
    }
}

/// The answer's status; `None` where the connection ends without one.
async fn status(mut reading: OwnedReadHalf) -> Option<u16> {
    let (mut answer, mut piece) = (Vec::new(), vec![0; 4096]);
    loop {
        match reading.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&piece[..read]),
        }
    }
    let text = String::from_utf8_lossy(&answer);
    text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
