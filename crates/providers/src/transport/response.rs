//! What comes back from an upstream.

use std::{fmt, future::poll_fn, pin::Pin, task::Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};
use hyper::body::{Body, Incoming};

use super::{
    classify,
    deadline::{DeadlineTimer, now},
    decode::Decoder,
    fault::TransportFault,
};

/// The head of an answer, and the way to its body.
#[derive(Debug)]
pub struct InboundResponse {
    /// The status, whatever it is; redirects are not followed.
    pub status: StatusCode,
    /// All headers, for judging the answer. What goes on to a client is chosen by
    /// [`relayed`](super::relayed), never copied from here.
    pub headers: HeaderMap,
    /// The body, not read yet.
    pub body: BodyReader,
}

/// Reads a body piece by piece under the call's deadlines and the transport's size limit.
///
/// Dropping it before the end closes the connection (HTTP/1.1) or resets the stream (HTTP/2), so that
/// the upstream learns that nobody waits any more.
pub struct BodyReader {
    incoming: Incoming,
    timer: DeadlineTimer,
    decoder: Decoder,
    limit: usize,
    delivered: usize,
    /// What was looked at and not taken yet.
    ahead: Bytes,
    state: State,
}

enum State {
    Reading,
    Ended,
    Failed(TransportFault),
}

impl InboundResponse {
    pub(super) fn new(response: Response<Incoming>, timer: DeadlineTimer, limit: usize) -> Self {
        let (head, incoming) = response.into_parts();
        let mut headers = head.headers;
        let decoder = Decoder::for_headers(&headers, limit);
        if !decoder.is_identity() {
            // They describe the bytes on the wire, which nobody will see.
            headers.remove(header::CONTENT_ENCODING);
            headers.remove(header::CONTENT_LENGTH);
        }
        let status = head.status;
        let body = BodyReader {
            incoming,
            timer,
            decoder,
            limit,
            delivered: 0,
            ahead: Bytes::new(),
            state: State::Reading,
        };
        Self { status, headers, body }
    }
}

impl BodyReader {
    /// The next piece of the decoded body, never empty; `None` at its proper end.
    ///
    /// Safe to cancel: no byte is lost when the future is dropped and asked for again.
    ///
    /// # Errors
    ///
    /// A passed deadline, a cut or malformed body, a body over the limits. The same fault is returned
    /// from then on: a body that failed never seems to end.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, TransportFault> {
        let ahead = std::mem::take(&mut self.ahead);
        if ahead.is_empty() { self.read_on().await } else { Ok(Some(ahead)) }
    }

    /// The next piece after those that were looked at.
    async fn read_on(&mut self) -> Result<Option<Bytes>, TransportFault> {
        match &self.state {
            State::Reading => {}
            State::Ended => return Ok(None),
            State::Failed(fault) => return Err(fault.clone()),
        }
        match self.read().await {
            Ok((piece, last)) => {
                if last {
                    self.state = State::Ended;
                }
                Ok((!piece.is_empty()).then_some(piece))
            }
            Err(fault) => {
                self.state = State::Failed(fault.clone());
                Err(fault)
            }
        }
    }

    /// At least so many bytes of what comes next, or all that is left, which [`next_chunk`](Self::next_chunk) gives again.
    ///
    /// # Errors
    ///
    /// As [`next_chunk`](Self::next_chunk).
    pub async fn look_ahead(&mut self, least: usize) -> Result<&[u8], TransportFault> {
        while self.ahead.len() < least {
            let Some(piece) = self.read_on().await? else { break };
            self.ahead =
                if self.ahead.is_empty() { piece } else { [&self.ahead[..], &piece].concat().into() };
        }
        Ok(&self.ahead)
    }

    /// Reads up to `limit` decoded bytes instead of the transport's own bound: for answers that pass on and are not held.
    pub fn allow(&mut self, limit: usize) {
        self.limit = limit;
        self.decoder.allow(limit);
    }

    /// Declares that what the caller was waiting for has come: from now on the idle deadline holds and no longer the
    /// first-byte deadline. Only the caller can tell content from preamble.
    pub fn content_arrived(&mut self) {
        self.timer.content_arrived();
    }

    /// The whole body, if it is no larger than `cap` decoded bytes. Its first piece counts as content.
    ///
    /// # Errors
    ///
    /// As [`next_chunk`](Self::next_chunk), and `BodyTooLarge` over the cap: before reading, where the length is declared.
    pub async fn collect(mut self, cap: usize) -> Result<Bytes, TransportFault> {
        let too_large = TransportFault::BodyTooLarge { limit: cap };
        let declared = self.incoming.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        if declared.is_some_and(|length| length > cap) {
            return Err(too_large);
        }
        let Some(first) = self.next_chunk().await? else { return Ok(Bytes::new()) };
        self.content_arrived();
        let Some(second) = self.next_chunk().await? else {
            return if first.len() > cap { Err(too_large) } else { Ok(first) };
        };
        let expected = declared.filter(|_| self.decoder.is_identity()).unwrap_or(first.len() + second.len());
        let mut whole = BytesMut::with_capacity(expected.min(cap));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(piece) = next {
            if whole.len().saturating_add(piece.len()) > cap {
                return Err(too_large);
            }
            whole.extend_from_slice(&piece);
            next = self.next_chunk().await?;
        }
        Ok(whole.freeze())
    }

    /// The next decoded piece, empty only at the end, and whether it is the last.
    async fn read(&mut self) -> Result<(Bytes, bool), TransportFault> {
        loop {
            let (piece, last) = match self.receive().await? {
                Some(piece) => (self.decoder.push(piece)?, false),
                None => (self.decoder.finish()?, true),
            };
            self.delivered = self.delivered.saturating_add(piece.len());
            if self.delivered > self.limit {
                return Err(TransportFault::BodyTooLarge { limit: self.limit });
            }
            if last || !piece.is_empty() {
                return Ok((piece, last));
            }
        }
    }

    /// The next bytes from the wire, or the fault of the deadline that passed first.
    async fn receive(&mut self) -> Result<Option<Bytes>, TransportFault> {
        let timer = &mut self.timer;
        let mut incoming = Pin::new(&mut self.incoming);
        let mut waiting_since = None;
        poll_fn(|cx| {
            while let Poll::Ready(frame) = incoming.as_mut().poll_frame(cx) {
                // A trailer says nothing to us.
                match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                    None => return Poll::Ready(Ok(None)),
                    Some(Ok(Ok(data))) => return Poll::Ready(Ok(Some(data))),
                    Some(Ok(Err(_trailer))) => {}
                    Some(Err(error)) => return Poll::Ready(Err(classify::within_answer(&error))),
                }
            }
            let waiting_since = *waiting_since.get_or_insert_with(now);
            timer.poll_passed(waiting_since, cx).map(Err)
        })
        .await
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader").field("delivered", &self.delivered).finish_non_exhaustive()
    }
}

/// Runs `head` until it is done or a deadline passes.
pub(super) async fn head_in_time<F: Future>(
    timer: &mut DeadlineTimer,
    head: Pin<&mut F>,
) -> Result<F::Output, TransportFault> {
    let mut head = head;
    let waiting_since = now();
    poll_fn(|cx| match head.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => timer.poll_passed(waiting_since, cx).map(Err),
    })
    .await
}
