//! A provider that answers with what was recorded. The exchange is named by the request's `model`; streams come in pieces
//! that respect neither events nor characters.

use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use switchyard_testkit::corpus::{Exchange, RecordedResponse};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Sizes of a stream's pieces, in turn.
const PIECES: [usize; 6] = [1, 700, 13, 2_048, 97, 331];

struct Answer {
    head: String,
    body: String,
    is_stream: bool,
}

/// Ends when dropped.
pub(crate) struct Replay {
    address: SocketAddr,
    seen: Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>,
    accepting: AbortHandle,
}

impl Replay {
    pub(crate) async fn start(exchanges: &[Exchange]) -> Self {
        let answer = |exchange: &Exchange| (exchange.id.clone(), Answer::of(&exchange.response));
        let answers: Arc<HashMap<String, Answer>> = Arc::new(exchanges.iter().map(answer).collect());
        let seen = Arc::<Mutex<HashMap<String, Vec<Vec<u8>>>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                tokio::spawn(async move {
                    // It ends when the gateway closes it.
                    let _closed = serve(stream, &answers, &log).await;
                });
            }
        });
        Self { address, seen, accepting: accepting.abort_handle() }
    }

    /// The base URL of a provider that is played.
    pub(crate) fn base_url(&self, provider: &str) -> String {
        format!("http://{}/{provider}/v1", self.address)
    }

    /// The bodies that came for an exchange since the last look.
    pub(crate) fn take(&self, id: &str) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().remove(id).unwrap_or_default()
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Answer {
    fn of(recorded: &RecordedResponse) -> Self {
        let said = recorded.headers.get("content-type").map_or("", String::as_str);
        let is_stream = said.starts_with("text/event-stream");
        let mut head = format!("HTTP/1.1 {} Recorded\r\n", recorded.status);
        for (name, value) in &recorded.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let framing = if is_stream {
            "transfer-encoding: chunked\r\n\r\n".to_owned()
        } else {
            format!("content-length: {}\r\n\r\n", recorded.body.len())
        };
        Self { head: head + &framing, body: recorded.body.clone(), is_stream }
    }

    async fn send(&self, to: &mut (impl AsyncWriteExt + Unpin)) -> io::Result<()> {
        to.write_all(self.head.as_bytes()).await?;
        if !self.is_stream {
            return to.write_all(self.body.as_bytes()).await;
        }
        let mut rest = self.body.as_bytes();
        for size in PIECES.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(piece);
            chunk.extend_from_slice(b"\r\n");
            to.write_all(&chunk).await?;
            rest = after;
        }
        to.write_all(b"0\r\n\r\n").await
    }
}

async fn serve(
    stream: TcpStream,
    answers: &HashMap<String, Answer>,
    log: &Mutex<HashMap<String, Vec<Vec<u8>>>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let body = read_request(&mut stream).await?;
        let request: Value = serde_json::from_slice(&body).expect("a request is JSON");
        let id = request["model"].as_str().expect("a request has a model").to_owned();
        let answer = answers.get(&id).unwrap_or_else(|| panic!("no exchange is called {id}"));
        log.lock().unwrap().entry(id).or_default().push(body);
        answer.send(&mut stream).await?;
    }
}

/// The body of the next request for a chat.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    assert!(line.starts_with("POST /") && line.ends_with("/v1/chat/completions HTTP/1.1\r\n"), "{line}");
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length.expect("a request tells its length")];
    stream.read_exact(&mut body).await?;
    Ok(body)
}
