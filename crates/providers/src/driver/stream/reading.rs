//! Reading one stream: which events count, when the answer has begun, and how it ended.

use super::sink::Sink;
use crate::driver::{faults, tally};
use crate::transport::BodyReader;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use switchyard_dialects::codec::{Billed, Taken, salvage};
use switchyard_dialects::framing::{FrameEnding, FrameError, FrameEvent, FrameItem, FrameReader};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_ports::provider::{AttemptContext, Frame, Received, ReceivedParts};

/// More events than this that are not understood, and nothing of the stream can be believed.
const MOST_BAD_EVENTS: u32 = 3;
/// What may come before the first content is held back, so that another provider can still answer. It is never much, save
/// where a dialect repeats what was asked: Responses does so twice (`openai-responses-269996cdcd`, 2026).
const MAX_PREAMBLE: usize = 64 * 1024;
const REPEATS: usize = 3;
/// After the last event the body's own end is a packet away. Reading it keeps the connection for the next call.
const END_OF_BODY_TIME: Duration = Duration::from_millis(25);

/// A stream that is being read.
pub(in crate::driver) struct Reading {
    body: BodyReader,
    frames: FrameReader,
    sink: Sink,
    codec: &'static dyn Billed,
    received: Arc<Received>,
    /// What was sent to the provider: some echo it in their errors.
    credential: Option<Arc<SecretString>>,
    /// The most that is held back.
    max_preamble: usize,
    /// Whether content came, after which no other provider can answer.
    committed: bool,
    bad_events: u32,
    /// Whether there may be more.
    open: bool,
    ending: Option<Ending>,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// With a whole answer.
    Whole,
    /// With less.
    Broken(ProviderFault),
}

impl Reading {
    /// A reader of the answer to a request of `asked_bytes`, whose events `frames` parts.
    pub(in crate::driver) fn new(
        body: BodyReader,
        frames: FrameReader,
        sink: Sink,
        codec: &'static dyn Billed,
        context: &AttemptContext,
        asked_bytes: usize,
    ) -> Self {
        Self {
            body,
            frames,
            sink,
            codec,
            received: Arc::clone(&context.received),
            credential: context.credential.clone(),
            max_preamble: MAX_PREAMBLE.saturating_add(asked_bytes.saturating_mul(REPEATS)),
            committed: false,
            bad_events: 0,
            open: true,
            ending: None,
        }
    }

    /// What the network's next piece holds for the client. `None` once the stream has ended, see
    /// [`take_ending`](Self::take_ending). Nothing comes before the first content.
    pub(super) async fn next_frame(&mut self) -> Option<Frame> {
        while self.open {
            match self.body.next_chunk().await {
                Ok(Some(piece)) => self.take_in(piece),
                Ok(None) => self.close(),
                Err(fault) => {
                    let finished = self.received.lock().finished;
                    self.give_up(faults::of_transport(&fault), finished);
                }
            }
            if self.committed {
                self.body.content_arrived();
                if let Some(frame) = self.sink.take() {
                    return Some(frame);
                }
            }
        }
        self.closing()
    }

    fn closing(&mut self) -> Option<Frame> {
        if matches!(self.ending, Some(Ending::Whole)) { self.sink.take_closing() } else { None }
    }

    /// How it ended; to be asked once.
    pub(super) fn take_ending(&mut self) -> Option<Ending> {
        self.ending.take()
    }

    /// Reads the rest of the body, if it is at hand. What a vendor sends after the end is ignored.
    pub(super) async fn release_connection(&mut self) {
        let rest = async { while let Ok(Some(_)) = self.body.next_chunk().await {} };
        // Too late only means that the connection is closed.
        let _ = tokio::time::timeout(END_OF_BODY_TIME, rest).await;
    }

    fn take_in(&mut self, piece: Bytes) {
        self.sink.enter(&piece);
        let received = Arc::clone(&self.received);
        let mut parts = received.lock();
        if let Err(error) = self.frames.push(piece) {
            return self.give_up(of_framing(error), parts.finished);
        }
        while self.open {
            match self.frames.next_item() {
                Ok(Some(item)) => self.item(&item, &mut parts),
                Ok(None) => break,
                Err(error) => self.give_up(of_framing(error), parts.finished),
            }
        }
        if !self.committed && self.open && self.sink.held() > self.max_preamble {
            self.give_up(faults::invalid("the provider's stream goes on without saying anything"), false);
        }
    }

    /// Nothing more can be read. Where every choice had ended before, nothing of the answer is missing.
    fn give_up(&mut self, fault: ProviderFault, finished: bool) {
        self.end(if finished { Ending::Whole } else { Ending::Broken(fault) });
    }

    /// The body ended, with or without the stream's own last word.
    fn close(&mut self) {
        let received = Arc::clone(&self.received);
        let mut parts = received.lock();
        while self.open {
            match self.frames.finish() {
                Ok(Some(item)) => self.item(&item, &mut parts),
                Ok(None) => {
                    self.sink.finish(&mut parts);
                    self.give_up(interrupted(), parts.finished);
                }
                Err(error) => self.give_up(of_framing(error), parts.finished),
            }
        }
    }

    fn item(&mut self, item: &FrameItem, parts: &mut ReceivedParts) {
        match item {
            FrameItem::Event(event) => self.event(event, parts),
            FrameItem::Comment(raw) if self.committed => self.sink.comment(raw),
            FrameItem::Comment(_) => {}
        }
    }

    fn event(&mut self, event: &FrameEvent, parts: &mut ReceivedParts) {
        match self.sink.event(event, parts) {
            Ok(seen) => match seen.taken {
                Taken::Chunk => self.committed |= seen.has_content,
                Taken::Done => self.end(Ending::Whole),
                Taken::Unknown => {}
                // The end of the body cut it, which is told as such.
                Taken::Malformed if event.ending == FrameEnding::Cut => {}
                Taken::Malformed => self.bad_event(parts),
            },
            Err(error) => {
                // What it says beside the error is no text of ours: it may repeat what came before.
                if let Some(usage) = salvage(self.codec, &event.data, &mut String::new()) {
                    tally::counted(parts, usage, false);
                }
                if !self.committed {
                    tally::refused(parts);
                }
                let secret = self.credential.as_deref().map(ExposeSecret::expose_secret);
                self.end(Ending::Broken(faults::of_error_event(error.hiding(secret), self.committed)));
            }
        }
    }

    fn bad_event(&mut self, parts: &mut ReceivedParts) {
        parts.bad_events = parts.bad_events.saturating_add(1);
        self.bad_events += 1;
        if self.bad_events > MOST_BAD_EVENTS {
            let fault = faults::invalid("the provider's stream has too many events that are not JSON");
            self.give_up(fault, parts.finished);
        }
    }

    fn end(&mut self, ending: Ending) {
        self.open = false;
        self.ending = Some(ending);
    }
}

fn of_framing(error: FrameError) -> ProviderFault {
    let kind = match error {
        FrameError::StreamTooLarge { .. } => FaultKind::TooLarge,
        _ => FaultKind::InvalidResponse,
    };
    ProviderFault { status: Some(200), ..ProviderFault::new(kind, error.to_string()) }
}

fn interrupted() -> ProviderFault {
    ProviderFault {
        status: Some(200),
        ..ProviderFault::new(FaultKind::Interrupted, "the provider's stream ended before its answer did")
    }
}
