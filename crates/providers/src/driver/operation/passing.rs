//! Answers that pass through piece by piece because they may be large: sound, and JSON with vectors or pictures. The last piece is
//! marked as such, so that it waits until the call is recorded.

use super::answer::{Reception, joined};
use crate::driver::answer::MAX_WHOLE;
use crate::driver::{faults, tally, unfinished};
use crate::transport::{BodyReader, TransportFault};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use std::collections::VecDeque;
use std::sync::Arc;
use switchyard_dialects::codec::{AnswerFault, OperationCodec, Unstreamed};
use switchyard_dialects::skim::Skimmer;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::{AnswerBody, Frame, Payload, Received};

/// Most bytes of an answer that passes through.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;
/// What is smaller is held and given whole, with what it cost.
const SMALL: usize = 1024 * 1024;

/// An answer that passes through.
pub(super) struct Passing {
    body: BodyReader,
    /// What goes on before the rest of the body. The last byte stays here until it is known whether it is the last of all.
    ready: VecDeque<Bytes>,
    skimmer: Option<Skimmer>,
    /// Whether its pieces become events, for a client that asked for a stream.
    is_stream: bool,
    codec: &'static dyn OperationCodec,
    received: Arc<Received>,
}

impl Passing {
    /// Bytes that say nothing.
    pub(super) async fn raw(
        reception: &Reception<'_>,
        body: BodyReader,
    ) -> Result<AnswerBody, ProviderFault> {
        let mut passing = Self::new(reception, body, None);
        match passing.next_piece().await? {
            Some(first) => {
                passing.queue(&first);
                Ok(passing.into_stream())
            }
            None => Err(faults::invalid("the provider's answer is empty")),
        }
    }

    /// JSON with a list that may be long: given whole if it is small, else passed on as soon as its list has begun. Where it shall
    /// become events, more is small.
    pub(super) async fn skimmed(
        reception: &Reception<'_>,
        body: BodyReader,
        list: &'static str,
    ) -> Result<AnswerBody, ProviderFault> {
        let mut passing = Self::new(reception, body, Some(Skimmer::new(list)));
        let small = if reception.prepared.stream { MAX_WHOLE } else { SMALL };
        let (mut pieces, mut length) = (Vec::new(), 0);
        loop {
            let Some(piece) = passing.next_piece().await? else { break };
            length += piece.len();
            pieces.push(piece);
            if length > small && passing.skimmer.as_ref().is_some_and(Skimmer::has_content) {
                pieces.iter().for_each(|piece| passing.queue(piece));
                return Ok(passing.into_stream());
            }
        }
        let skimmed = passing.skimmer.take().unwrap_or_else(|| Skimmer::new(list)).finish();
        let skimmed = skimmed.map_err(|fault| faults::invalid(&fault.to_string()))?;
        reception.note(reception.codec.glance_skimmed(&skimmed), &skimmed.object)?;
        Ok(AnswerBody::Buffered(Payload::Verbatim(joined(&pieces))))
    }

    fn new(reception: &Reception<'_>, mut body: BodyReader, skimmer: Option<Skimmer>) -> Self {
        body.allow(MAX_BODY);
        let received = Arc::clone(&reception.context.received);
        let is_stream = skimmer.is_none() && reception.prepared.stream;
        Self { body, ready: VecDeque::new(), skimmer, is_stream, codec: reception.codec, received }
    }

    /// The next piece of the body, looked at.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, ProviderFault> {
        let piece = self.body.next_chunk().await.map_err(|fault| of_transport(&fault))?;
        let Some(piece) = piece else { return Ok(None) };
        self.body.content_arrived();
        if let Some(skimmer) = &mut self.skimmer {
            skimmer.push(&piece).map_err(|fault| faults::invalid(&fault.to_string()))?;
        }
        Ok(Some(piece))
    }

    /// Lets a piece go on, all but its last byte at once: it may be the last of all. What becomes an event waits whole.
    fn queue(&mut self, piece: &Bytes) {
        if self.is_stream {
            self.ready.push_back(piece.clone());
            return;
        }
        let last = piece.len().saturating_sub(1);
        self.ready.push_back(piece.slice(last..));
        if last > 0 {
            self.ready.insert(self.ready.len() - 1, piece.slice(..last));
        }
    }

    fn into_stream(self) -> AnswerBody {
        AnswerBody::Stream(unfold(Some(Box::new(self)), Self::step).boxed())
    }

    async fn step(passing: Option<Box<Self>>) -> Option<(Result<Frame, ProviderFault>, Option<Box<Self>>)> {
        let mut passing = passing?;
        while passing.ready.len() < 2 {
            match passing.next_piece().await {
                Ok(Some(piece)) => passing.queue(&piece),
                Ok(None) => {
                    let last = passing.ready.pop_front()?;
                    let ended = passing.end();
                    return Some((ended.map(|()| Frame::Closing(passing.outgoing(last, true))), None));
                }
                Err(fault) => return Some((Err(fault), None)),
            }
        }
        let piece = passing.ready.pop_front()?;
        let piece = passing.outgoing(piece, false);
        Some((Ok(Frame::Verbatim(piece)), Some(passing)))
    }

    /// A piece in the form that the client reads.
    fn outgoing(&self, piece: Bytes, is_last: bool) -> Bytes {
        if !self.is_stream {
            return piece;
        }
        let end = if is_last { self.codec.streamed(Unstreamed::End) } else { None };
        let pieces = [self.codec.streamed(Unstreamed::Piece(&piece)), end];
        joined(&pieces.into_iter().flatten().collect::<Vec<_>>())
    }

    /// Notes what a whole answer says.
    fn end(&mut self) -> Result<(), ProviderFault> {
        let Some(skimmer) = self.skimmer.take() else {
            self.received.lock().finished = true;
            return Ok(());
        };
        let skimmed = skimmer.finish().map_err(|_| cut())?;
        let look = self.codec.glance_skimmed(&skimmed);
        match look {
            Ok(mut look) => {
                let mut parts = self.received.lock();
                tally::look(&mut parts, &mut look);
                parts.finished = true;
                Ok(())
            }
            Err(fault) => {
                unfinished::note(self.codec, &skimmed.object, &self.received);
                Err(match fault {
                    AnswerFault::Error(error) => ProviderFault {
                        code: error.code,
                        is_quoted: true,
                        ..ProviderFault::new(FaultKind::Interrupted, error.message)
                    },
                    AnswerFault::NotJson | AnswerFault::NoChoices => cut(),
                })
            }
        }
    }
}

fn of_transport(fault: &TransportFault) -> ProviderFault {
    faults::of_transport(fault)
}

fn cut() -> ProviderFault {
    ProviderFault::new(FaultKind::Interrupted, "the provider's answer ended before it was whole")
}
