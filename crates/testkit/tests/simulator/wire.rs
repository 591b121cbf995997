//! A client that sees the bytes: no HTTP library between the test and the wire.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use switchyard_testkit::simulator::Simulator;

/// How a connection ended, as far as the client saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer was whole, the connection goes on.
    Open,
    Fin,
    Reset,
    /// Nothing came for the patience of the client.
    Silence,
}

/// One answer, its framing taken off.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Heads of interim answers and of the final one.
    pub(crate) interim: Vec<String>,
    pub(crate) head: String,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: String,
    pub(crate) end: End,
    /// The sizes of the HTTP chunks.
    pub(crate) chunks: Vec<usize>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `data:` values of an event stream, `[DONE]` included.
    pub(crate) fn data(&self) -> Vec<String> {
        let text = self.text().replace("\r\n", "\n").replace('\r', "\n");
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }

    /// The chunks of a stream, those that are JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.data().iter().filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    /// The content of choice 0 of a stream.
    pub(crate) fn content(&self) -> String {
        content_of(&self.events(), 0)
    }
}

/// The content of one choice over the chunks of a stream.
pub(crate) fn content_of(events: &[Value], index: u64) -> String {
    let choices = events.iter().filter_map(|event| event["choices"].as_array()).flatten();
    choices.filter(|c| c["index"] == index).filter_map(|c| c["delta"]["content"].as_str()).collect()
}

/// A connection to a simulator.
pub(crate) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    end: End,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let client = Self { stream, input: Vec::new(), end: End::Open };
        client.patience(Duration::from_secs(10));
        client
    }

    /// How long to wait for bytes before it counts as silence.
    pub(crate) fn patience(&self, duration: Duration) {
        self.stream.set_read_timeout(Some(duration)).unwrap();
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn post(&mut self, body: &Value, headers: &[(&str, &str)]) {
        self.post_to("/v1/chat/completions", body, headers);
    }

    pub(crate) fn post_to(&mut self, path: &str, body: &Value, headers: &[(&str, &str)]) {
        let body = body.to_string();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        self.write(request.as_bytes());
    }

    pub(crate) fn get(&mut self, path: &str) {
        self.write(format!("GET {path} HTTP/1.1\r\nhost: sim\r\n\r\n").as_bytes());
    }

    pub(crate) fn close(&self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    /// Reads more; `false` when nothing more comes.
    pub(crate) fn fill(&mut self) -> bool {
        let mut buffer = [0; 65_536];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.end = End::Fin,
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                return true;
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => self.end = End::Silence,
                ErrorKind::ConnectionReset => self.end = End::Reset,
                _ => panic!("{error}"),
            },
        }
        false
    }

    pub(crate) fn received(&self) -> &[u8] {
        &self.input
    }

    fn until(&mut self, wanted: &[u8]) -> Option<usize> {
        loop {
            if let Some(at) = self.input.windows(wanted.len()).position(|window| window == wanted) {
                return Some(at + wanted.len());
            }
            if !self.fill() {
                return None;
            }
        }
    }

    fn head(&mut self) -> Option<String> {
        let end = self.until(b"\r\n\r\n")?;
        Some(String::from_utf8(self.input.drain(..end).collect()).unwrap())
    }

    /// Reads one answer, as far as it goes; none, if the connection ended before a head.
    pub(crate) fn try_answer(&mut self) -> Result<Answer, End> {
        let mut interim = Vec::new();
        let head = loop {
            let head = self.head().ok_or(self.end)?;
            if !head.starts_with("HTTP/1.1 1") {
                break head;
            }
            interim.push(head);
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (body, trailers, chunks) = (Vec::new(), String::new(), Vec::new());
        let mut answer = Answer { interim, head, status, body, trailers, chunks, end: End::Open };
        let length = answer.header("content-length").map(|length| length.parse().unwrap());
        if answer.header("transfer-encoding").is_some_and(|te| te.ends_with("chunked")) {
            self.chunks(&mut answer);
        } else if let Some(length) = length {
            while self.input.len() < length && self.fill() {}
            answer.body = self.input.drain(..length.min(self.input.len())).collect();
        } else {
            while self.fill() {}
            answer.body = std::mem::take(&mut self.input);
        }
        answer.end = self.end;
        Ok(answer)
    }

    fn chunks(&mut self, answer: &mut Answer) {
        loop {
            let Some(line) = self.until(b"\r\n") else { return };
            let size: Vec<u8> = self.input.drain(..line).collect();
            let size = usize::from_str_radix(str::from_utf8(&size).unwrap().trim(), 16).unwrap();
            if size == 0 {
                while !self.input.starts_with(b"\r\n") {
                    let Some(line) = self.until(b"\r\n") else { return };
                    answer.trailers.push_str(&String::from_utf8(self.input.drain(..line).collect()).unwrap());
                    if !self.input.starts_with(b"\r\n") && self.input.is_empty() && !self.fill() {
                        return;
                    }
                }
                self.input.drain(..2);
                return;
            }
            answer.chunks.push(size);
            while self.input.len() < size + 2 && self.fill() {}
            answer.body.extend(self.input.drain(..size.min(self.input.len())));
            if self.input.len() < 2 {
                return;
            }
            self.input.drain(..2);
        }
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|end| panic!("no answer: {end:?}"))
    }
}

/// A user's plain question.
pub(crate) fn question(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Say something"}]})
}

/// The same, streamed.
pub(crate) fn streamed(model: &str) -> Value {
    with(question(model), json!({"stream": true}))
}

/// A request with more members.
pub(crate) fn with(mut request: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("members are an object") };
    request.as_object_mut().unwrap().extend(members);
    request
}

/// The answer to a request on a fresh connection.
pub(crate) fn ask(sim: &Simulator, request: &Value) -> Answer {
    let mut client = Client::new(sim.addr());
    client.post(request, &[]);
    client.answer()
}

/// The answer to a plain question under a script, on a fresh connection.
pub(crate) fn buffered_under(sim: &Simulator, script: &str) -> Answer {
    ask(sim, &question(&format!("m?{script}")))
}

/// The stream for a plain question under a script, on a fresh connection.
pub(crate) fn stream_under(sim: &Simulator, script: &str) -> Answer {
    ask(sim, &streamed(&format!("m?{script}")))
}
