//! How much of an answer waits here when nobody reads it, and that others on its connection don't wait with it.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    sync::mpsc,
    time::Duration,
};

use crate::{
    h2_upstream::{DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS},
    tls::{Authority, TlsStream, call_tls, scripted_tls, tls_transport},
};

const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const INITIAL_WINDOW: u16 = 4;
/// Windows that nobody changed.
const USUAL: i64 = 65_535;
const STALLED: Duration = Duration::from_millis(500);
const LONGEST_DATA: i64 = 16_384;

/// An upstream that sends what the windows let it.
struct Sender {
    stream: TlsStream,
    unread: Vec<u8>,
    /// What may be sent: in all, and by stream; `initial` for those of which nothing was heard.
    connection: i64,
    initial: i64,
    streams: HashMap<u32, i64>,
    /// Requests that came to their end.
    requests: Vec<u32>,
}

impl Sender {
    fn greet(mut stream: TlsStream) -> Self {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).unwrap();
        stream.sock.set_read_timeout(Some(STALLED)).unwrap();
        let (unread, streams, requests) = (Vec::new(), HashMap::new(), Vec::new());
        let mut sender = Self { stream, unread, connection: USUAL, initial: USUAL, streams, requests };
        sender.send(SETTINGS, 0, 0, &[]);
        sender
    }

    fn send(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(id.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame).unwrap();
        self.stream.flush().unwrap();
    }

    /// Takes the next frame in; `false` when none comes.
    fn hear(&mut self) -> bool {
        loop {
            if let Some(head) = self.unread.get(..9) {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                let (kind, flags) = (head[3], head[4]);
                let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                if self.unread.len() >= 9 + length {
                    let frame: Vec<u8> = self.unread.drain(..9 + length).collect();
                    self.take(kind, flags, id, &frame[9..]);
                    return true;
                }
            }
            let mut piece = [0; 4096];
            let read = match self.stream.read(&mut piece) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return false;
                }
                outcome => outcome.unwrap(),
            };
            if read == 0 {
                return false;
            }
            self.unread.extend(&piece[..read]);
        }
    }

    fn take(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        match (kind, flags & 1) {
            (SETTINGS, 0) => {
                for setting in payload.chunks_exact(6) {
                    if u16::from_be_bytes([setting[0], setting[1]]) == INITIAL_WINDOW {
                        self.initial =
                            i64::from(u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]));
                    }
                }
                self.send(SETTINGS, 1, 0, &[]);
            }
            (PING, 0) => self.send(PING, 1, 0, payload),
            (WINDOW_UPDATE, _) => {
                let more = i64::from(u32::from_be_bytes([payload[0], payload[1], payload[2], payload[3]]));
                let initial = self.initial;
                if id == 0 {
                    self.connection += more;
                } else {
                    *self.streams.entry(id).or_insert(initial) += more;
                }
            }
            (DATA | HEADERS, END_STREAM) => self.requests.push(id),
            _ => {}
        }
    }

    /// The id of the next whole request.
    fn request(&mut self) -> u32 {
        loop {
            if let Some(id) = self.requests.pop() {
                return id;
            }
            self.hear();
        }
    }

    /// Sends an answer without end, as far as it is let; how much that was.
    fn pour(&mut self, id: u32) -> i64 {
        // 0x88 is `:status: 200` in HPACK's static table.
        self.send(HEADERS, END_HEADERS, id, &[0x88]);
        let mut sent = 0;
        loop {
            let initial = self.initial;
            let stream = self.streams.entry(id).or_insert(initial);
            let now = (*stream).min(self.connection).min(LONGEST_DATA);
            if now > 0 {
                *stream -= now;
                self.connection -= now;
                sent += now;
                self.send(DATA, 0, id, &vec![b'x'; usize::try_from(now).unwrap()]);
            } else if !self.hear() {
                return sent;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_holds_little_and_holds_up_nobody() {
    let authority = Authority::new("ours");
    let config = authority.server("localhost", (2020, 2100), &[b"h2"]);
    let (told, poured) = mpsc::channel();
    let address = scripted_tls(config, move |stream| {
        let mut sender = Sender::greet(stream);
        for _ in 0..4 {
            let id = sender.request();
            told.send(sender.pour(id)).unwrap();
        }
        let id = sender.request();
        sender.send(HEADERS, END_HEADERS, id, &[0x88]);
        assert!(sender.connection >= 5, "there is room for others: {}", sender.connection);
        sender.send(DATA, END_STREAM, id, b"hello");
        while sender.hear() {}
    });
    let transport = tls_transport(address, &authority.trust());
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(call_tls(&transport, address).await.unwrap());
        let poured = poured.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!((1..=256 * 1024).contains(&poured), "{poured} bytes wait for a reader that does not read");
    }
    let answered = call_tls(&transport, address).await.unwrap().body.collect(1000).await.unwrap();
    assert_eq!(answered, "hello");
    for mut answer in unread {
        assert!(answer.body.next_chunk().await.unwrap().is_some(), "what waited is there");
    }
}
