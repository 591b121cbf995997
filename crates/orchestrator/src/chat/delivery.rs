//! Giving the answer to the client, and the last of it only once the call is settled.

use super::account::fact_of;
use super::attempts::Begun;
use super::bill::CallBill;
use super::draining::Gone;
use super::retrying::Retried;
use super::service::WHILE_UNWRITABLE;
use super::settlement::Settlement;
use crate::error::{CallError, CallErrorKind, told};
use crate::snapshot::TargetEntry;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use std::sync::{Arc, PoisonError};
use switchyard_domain::chat::{Dialect, LossReport};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::money::NanoUsd;
use switchyard_ports::client_call::AnswerPiece;
use switchyard_ports::health::{AttemptFact, WatchedAttempt};
use switchyard_ports::journal::JournalError;
use switchyard_ports::limiter::Rooms;
use switchyard_ports::provider::{AnswerBody, Frame, Payload};

/// A call that is being answered.
pub struct Reply {
    /// What is known before the body.
    pub head: ReplyHead,
    /// The body.
    pub body: ReplyBody,
}

/// What is known before the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// The target that answers, `<provider>/<model>`.
    pub target: String,
    /// Attempts, the answering one included.
    pub attempts: u32,
    /// Why this target: the rule that put it first, or what failed before it.
    pub reason: String,
    /// What could not be carried: of the request, and of an answer that came whole.
    pub losses: LossReport,
    /// Headers of the provider that may pass.
    pub headers: Vec<(String, String)>,
    /// The media type of a body that passes through, where it is not the one of the client's dialect.
    pub media_type: Option<String>,
    /// What the call was charged for; known for buffered answers. A stream says it at its end ([`ReplyPiece::Settled`]).
    pub bill: Option<CallBill>,
    /// What was left of the caller's limits when the call was admitted.
    pub rooms: Rooms,
}

impl ReplyHead {
    /// What the call cost; known for buffered answers at a known price.
    #[must_use]
    pub fn cost(&self) -> Option<NanoUsd> {
        self.bill.and_then(|bill| bill.call_cost)
    }
}

/// The body.
pub enum ReplyBody {
    /// Whole; the call is settled.
    Buffered(Payload),
    /// In pieces.
    Stream(ReplyStream),
}

/// A piece of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyPiece {
    /// What goes to the client.
    Frame(Frame),
    /// The call is settled and its record is safe. Nothing but the last words ([`Frame::Closing`]) follows.
    Settled(CallBill),
}

/// Frames until the call is settled. An error is the last item: the surface then ends the stream without its terminator.
/// The end without an error means that the record is safe and the terminator may go. Dropping it cancels the call and bills
/// what was received.
pub type ReplyStream = BoxStream<'static, Result<ReplyPiece, CallError>>;

/// Delivers an answer that began.
pub(super) async fn deliver(
    begun: Begun,
    mut settlement: Settlement,
    gone: Gone,
) -> Result<Reply, CallError> {
    let Begun { answer, target, source, losses, retried, watched, reason } = begun;
    let mut head = ReplyHead {
        target: target.model.public_name.clone(),
        attempts: settlement.attempts(),
        reason,
        losses,
        headers: answer.headers,
        media_type: answer.media_type,
        bill: None,
        rooms: settlement.rooms(),
    };
    let body = match answer.body {
        AnswerBody::Buffered(mut payload) => {
            if let Payload::Canonical(answer) = &mut payload {
                let lost = settlement.fit(source, AnswerPiece::Whole(answer));
                head.losses.losses.extend(lost.losses);
            }
            watched.ended(AttemptFact::Lives);
            succeeded(&target, retried);
            settlement.end_whole(gone.outcome());
            head.bill = Some(settlement.settle().await.map_err(|error| unrecorded(&error))?.bill);
            ReplyBody::Buffered(payload)
        }
        AnswerBody::Stream(frames) => {
            let state = Delivering {
                frames,
                settlement,
                target,
                source,
                retried,
                watched: Some(watched),
                gone,
                closing: None,
                is_settled: false,
            };
            ReplyBody::Stream(unfold(Some(Box::new(state)), Delivering::step).boxed())
        }
    };
    Ok(Reply { head, body })
}

struct Delivering {
    frames: BoxStream<'static, Result<Frame, ProviderFault>>,
    settlement: Settlement,
    target: Arc<TargetEntry>,
    source: Dialect,
    retried: Retried,
    /// The attempt as the target's health sees it, until it has ended.
    watched: Option<Box<dyn WatchedAttempt>>,
    gone: Gone,
    /// The last words, which wait for the record.
    closing: Option<Frame>,
    /// Whether only the last words are left.
    is_settled: bool,
}

type Step = Option<(Result<ReplyPiece, CallError>, Option<Box<Delivering>>)>;

impl Delivering {
    async fn step(state: Option<Box<Self>>) -> Step {
        let mut state = state?;
        if state.is_settled {
            return state.closing.take().map(|closing| (Ok(ReplyPiece::Frame(closing)), None));
        }
        loop {
            return match state.frames.next().await {
                Some(Ok(closing @ Frame::Closing(_))) => {
                    state.closing = Some(closing);
                    continue;
                }
                Some(Ok(Frame::Events(mut events))) => {
                    // The head is gone: what is lost here, the record alone tells.
                    let source = state.source;
                    state.settlement.fit(source, AnswerPiece::Events(&mut events));
                    Some((Ok(ReplyPiece::Frame(Frame::Events(events))), Some(state)))
                }
                Some(Ok(frame)) => Some((Ok(ReplyPiece::Frame(frame)), Some(state))),
                Some(Err(fault)) => Some((Err(state.interrupted(fault).await), None)),
                None => match state.completed().await {
                    Ok(bill) => {
                        state.is_settled = true;
                        Some((Ok(ReplyPiece::Settled(bill)), Some(state)))
                    }
                    Err(error) => Some((Err(unrecorded(&error)), None)),
                },
            };
        }
    }

    async fn completed(&mut self) -> Result<CallBill, JournalError> {
        self.ended(AttemptFact::Lives);
        succeeded(&self.target, self.retried);
        self.settlement.end_whole(self.gone.outcome());
        Ok(self.settlement.settle().await?.bill)
    }

    fn ended(&mut self, fact: AttemptFact) {
        if let Some(watched) = self.watched.take() {
            watched.ended(fact);
        }
    }

    async fn interrupted(&mut self, fault: ProviderFault) -> CallError {
        tracing::warn!(
            target = %self.target.model.public_name,
            fault.kind = %fault.kind,
            fault.message = %fault.message,
            "answer broke off"
        );
        self.ended(fact_of(&fault));
        let message =
            format!("The answer broke off: {}. What came before it is incomplete; ask again.", told(&fault));
        self.settlement.end_broken(fault);
        if let Err(error) = self.settlement.settle().await {
            tracing::error!(error = %error, "the usage of an interrupted answer could not be recorded");
        }
        CallError::new(CallErrorKind::StreamInterrupted, message)
    }
}

fn succeeded(target: &TargetEntry, retried: Retried) {
    target.provider.retry_budget.lock().unwrap_or_else(PoisonError::into_inner).succeeded(retried.0);
}

fn unrecorded(error: &JournalError) -> CallError {
    tracing::error!(error = %error, "a call's usage could not be recorded");
    let mut refusal = CallError::new(
        CallErrorKind::StorageUnavailable,
        "The usage of this call can't be recorded at the moment, so its answer is withheld. Try again shortly.",
    );
    refusal.retry_after = Some(WHILE_UNWRITABLE);
    refusal
}
