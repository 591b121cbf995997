//! Putting an answer on the wire: head, framing, pace, and the ways in which all that goes wrong.

use std::io::Write;
use std::time::Duration;

use super::answer::Whole;
use super::frame::{Frame, Frames, Part};
use super::record::{CallPen, Step};
use super::reply::{Body, Reply};
use super::script::Script;
use super::socket::{Gone, Socket};

/// How long a peer has to read what was sent before a reset throws away what it did not.
const BEFORE_RESET: Duration = Duration::from_millis(30);
/// One in how many frames the peer is looked at though nothing had to be waited for.
const BREATHE_EVERY: usize = 16;

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    KeepAlive,
    Close,
    Reset,
    /// The next request is read and dropped.
    DropNext,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    UntilClose,
}

#[derive(Clone, Copy)]
enum Interruption {
    Silence,
    Cut,
    Reset,
}

/// Where an answer is interrupted: after how many content chunks (bytes of a buffered body), and how.
fn interruption(script: &Script) -> Option<(usize, Interruption)> {
    let at = |count: Option<usize>, kind| count.map(|count| (count, kind));
    at(script.stall_before_first.then_some(0), Interruption::Silence)
        .or(at(script.stall_after, Interruption::Silence))
        .or(at(script.cut_after, Interruption::Cut))
        .or(at(script.rst_after, Interruption::Reset))
}

/// Sends the answer of one call.
pub(crate) async fn deliver(
    socket: &mut Socket,
    reply: Reply,
    script: &Script,
    pen: &CallPen,
    keep_alive: bool,
) -> After {
    socket.singly = script.byte_at_a_time;
    let completes = reply.well_formed && script.wrong_length.is_none();
    let delivery = Delivery { socket, script, pen, framing: framing(&reply, script), keep_alive, completes };
    let after = delivery.run(reply).await;
    after.unwrap_or_else(|_| {
        pen.peer_closed();
        After::Close
    })
}

fn framing(reply: &Reply, script: &Script) -> Framing {
    let says_chunked = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.to_ascii_lowercase().ends_with("chunked")
    };
    let by_frames = matches!(reply.body, Body::Frames(_));
    let asked = script.chunked || script.trailers || script.headers.iter().any(says_chunked);
    match (script.http10, by_frames || asked) {
        (true, _) => Framing::UntilClose,
        (false, true) => Framing::Chunked,
        (false, false) => Framing::Length,
    }
}

struct Delivery<'a> {
    socket: &'a mut Socket,
    script: &'a Script,
    pen: &'a CallPen,
    framing: Framing,
    keep_alive: bool,
    /// Whether the call is complete when all is sent.
    completes: bool,
}

impl Delivery<'_> {
    async fn run(mut self, reply: Reply) -> Result<After, Gone> {
        if self.script.continue_100 {
            self.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if self.script.hints_103 {
            self.socket.send(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n").await?;
        }
        self.wait(self.script.latency_ms).await?;
        let head = self.head(&reply);
        let (status, prompt) = (reply.status, reply.prompt_tokens);
        let end = match reply.body {
            Body::Whole(whole) => self.whole(head, (status, prompt), &whole).await?,
            Body::Frames(frames) => {
                self.head_alone(&head, (status, prompt)).await?;
                self.frames(frames).await?
            }
        };
        let wrong = self.script.wrong_length.is_some();
        Ok(match end {
            Some(After::KeepAlive) if wrong || self.script.close_after || !self.keep_alive => After::Close,
            Some(After::KeepAlive) if self.framing == Framing::UntilClose => After::Close,
            Some(After::KeepAlive) if self.script.close_on_reuse => After::DropNext,
            Some(after) => after,
            None => After::Close,
        })
    }

    async fn wait(&mut self, ms: Option<u64>) -> Result<(), Gone> {
        match ms {
            Some(ms) => self.socket.pause(Duration::from_millis(ms)).await,
            None => Ok(()),
        }
    }

    fn head(&self, reply: &Reply) -> Vec<u8> {
        let mut head = Vec::with_capacity(640);
        let version = if self.script.http10 { "1.0" } else { "1.1" };
        // Writing to memory does not fail.
        let _ = write!(head, "HTTP/{version} {} {}\r\n", reply.status, reason(reply.status));
        let extra = &self.script.headers;
        let overridden = |name: &str| extra.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !overridden("content-type") {
            let _ = write!(head, "content-type: {}\r\n", reply.content_type);
        }
        for (name, value) in &reply.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        for (name, value) in extra {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        match (&reply.body, self.framing) {
            (Body::Whole(whole), Framing::Length) => {
                let length = announced(whole.bytes.len(), self.script.wrong_length);
                let _ = write!(head, "content-length: {length}\r\n");
            }
            (_, Framing::Chunked) if !overridden("transfer-encoding") => {
                head.extend_from_slice(b"transfer-encoding: chunked\r\n");
            }
            _ => {}
        }
        if self.script.trailers {
            head.extend_from_slice(b"trailer: x-sim-trailer\r\n");
        }
        if !self.keep_alive && !self.script.http10 {
            head.extend_from_slice(b"connection: close\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    async fn head_alone(&mut self, bytes: &[u8], (status, prompt): (u16, u64)) -> Result<(), Gone> {
        let before = self.pen.progress();
        self.pen.head(status, prompt);
        self.socket.send(bytes).await.inspect_err(|_| self.pen.back_to(before))
    }

    /// Sends head and body in one write, unless the script wants time between them.
    async fn whole(
        &mut self,
        mut out: Vec<u8>,
        head: (u16, u64),
        whole: &Whole,
    ) -> Result<Option<After>, Gone> {
        let stop = interruption(self.script).filter(|(count, _)| *count < whole.bytes.len());
        let body = stop.and_then(|(count, _)| whole.bytes.get(..count)).unwrap_or(&whole.bytes);
        if self.script.first_byte_ms.is_some() {
            self.head_alone(&out, head).await?;
            self.wait(self.script.first_byte_ms).await?;
            out.clear();
        }
        let head_length = out.len();
        let chunked = self.framing == Framing::Chunked && !whole.bytes.is_empty();
        if chunked {
            let _ = write!(out, "{:x}\r\n", announced(whole.bytes.len(), self.script.wrong_length));
        }
        let before_body = out.len();
        out.extend_from_slice(body);
        if stop.is_none() {
            if chunked {
                out.extend_from_slice(b"\r\n");
            }
            self.end(&mut out);
        }
        let before = self.pen.progress();
        let record = |sent: usize, last: bool| {
            if head_length > 0 {
                self.pen.head(head.0, head.1);
            }
            let (tokens, text) = whole.carried(sent);
            self.pen.body(&Step { bytes: sent, tokens, text }, last);
        };
        record(body.len(), stop.is_none() && self.completes);
        if let Err(gone) = self.socket.send(&out).await {
            self.pen.back_to(before);
            if gone.sent >= head_length.max(1) {
                record(gone.sent.saturating_sub(before_body).min(body.len()), false);
            }
            return Err(gone);
        }
        match stop {
            Some((_, how)) => self.interrupt(how).await,
            None => Ok(Some(After::KeepAlive)),
        }
    }

    /// Sends a body frame by frame.
    async fn frames(&mut self, frames: Frames) -> Result<Option<After>, Gone> {
        self.wait(self.script.first_byte_ms).await?;
        if self.script.stall_before_first {
            return self.interrupt(Interruption::Silence).await;
        }
        let stop = interruption(self.script);
        let mut content = 0;
        let mut count = 0;
        let mut frames = frames.peekable();
        if frames.peek().is_none() {
            self.frame(&Frame::new(Part::Rest, Vec::new()), false, true).await?;
        }
        while let Some(frame) = frames.next() {
            if let Some((_, how)) = stop.filter(|(k, _)| content >= *k && due(&frame, *k)) {
                return self.interrupt(how).await;
            }
            content += usize::from(frame.part == Part::Content);
            let last = frames.peek().is_none() && stop.is_none_or(|(k, _)| content < k);
            self.frame(&frame, count == 0, last).await?;
            count += 1;
            if frame.part == Part::Content && self.script.chunk_ms.is_some() {
                self.wait(self.script.chunk_ms).await?;
            } else if count % BREATHE_EVERY == 0 {
                self.socket.breathe().await?;
            }
        }
        match stop.filter(|(k, _)| content >= *k) {
            Some((_, how)) => self.interrupt(how).await,
            None => Ok(Some(After::KeepAlive)),
        }
    }

    async fn frame(&mut self, frame: &Frame, first: bool, last: bool) -> Result<(), Gone> {
        let before = self.pen.progress();
        let step = Step { bytes: frame.bytes.len(), tokens: frame.tokens, text: &frame.text };
        self.pen.body(&step, last && self.completes);
        self.parts(frame, first, last).await.inspect_err(|_| self.pen.back_to(before))
    }

    async fn parts(&mut self, frame: &Frame, first: bool, last: bool) -> Result<(), Gone> {
        let parts = if self.script.split_utf8 { torn(&frame.bytes) } else { vec![frame.bytes.as_slice()] };
        let count = parts.len();
        for (i, part) in parts.into_iter().enumerate() {
            let wrong = self.script.wrong_length.filter(|_| first && i == 0);
            let mut out = Vec::with_capacity(part.len() + 32);
            self.wrap(&mut out, part, wrong);
            if last && i + 1 == count {
                self.end(&mut out);
            }
            self.socket.send(&out).await?;
            if count > 1 {
                self.socket.breathe().await?;
            }
        }
        Ok(())
    }

    fn wrap(&self, out: &mut Vec<u8>, part: &[u8], wrong: Option<i64>) {
        if self.framing == Framing::Chunked {
            if !part.is_empty() {
                let _ = write!(out, "{:x}\r\n", announced(part.len(), wrong));
                out.extend_from_slice(part);
                out.extend_from_slice(b"\r\n");
            }
        } else {
            out.extend_from_slice(part);
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.framing == Framing::Chunked {
            let trailer = if self.script.trailers { "x-sim-trailer: the end\r\n" } else { "" };
            let _ = write!(out, "0\r\n{trailer}\r\n");
        }
    }

    async fn interrupt(&mut self, how: Interruption) -> Result<Option<After>, Gone> {
        match how {
            Interruption::Silence => Err(self.socket.silence().await),
            Interruption::Cut => Ok(None),
            Interruption::Reset => {
                self.socket.pause(BEFORE_RESET).await?;
                Ok(Some(After::Reset))
            }
        }
    }
}

/// Whether an interruption may fall before this frame: a stream's opening goes out before it.
fn due(frame: &Frame, after: usize) -> bool {
    frame.part != Part::Opening || after > 0
}

/// The length that is announced for `length` bytes.
fn announced(length: usize, wrong: Option<i64>) -> usize {
    let wrong = wrong.unwrap_or(0);
    let by = usize::try_from(wrong.unsigned_abs()).unwrap_or(usize::MAX);
    if wrong < 0 { length.saturating_sub(by) } else { length.saturating_add(by) }
}

/// The bytes, torn between the bytes of each character that has several.
fn torn(bytes: &[u8]) -> Vec<&[u8]> {
    let torn: Vec<&[u8]> = bytes.chunk_by(|_, next| next & 0b1100_0000 != 0b1000_0000).collect();
    if torn.is_empty() { vec![bytes] } else { torn }
}

/// The usual words for a status.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
