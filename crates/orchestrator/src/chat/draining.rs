//! Calls of routes that read on when their client has gone, so that what is billed is what the provider says. Such a call runs on a
//! task of its own and hands its answer over; whose client has left is read to its end, for so long and so many at once.

use super::delivery::{Reply, ReplyBody, ReplyPiece, ReplyStream};
use super::service::ChatPorts;
use crate::error::CallError;
use futures_util::StreamExt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use switchyard_domain::usage::Outcome;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// How long a call is read on whose client has gone.
const LONGEST: Duration = Duration::from_secs(30);
/// How many are read on at once; others are cancelled.
const AT_ONCE: usize = 64;

/// Whether the client of a call has gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone(Arc<AtomicBool>);

impl Gone {
    /// Whether nobody hears the answer any more.
    pub(super) fn is_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// How a call ends whose answer came whole.
    pub(super) fn outcome(&self) -> Outcome {
        if self.is_gone() { Outcome::ClientClosed } else { Outcome::Complete }
    }
}

/// The places of calls that are read on.
#[derive(Clone, Debug)]
pub(super) struct Draining {
    places: Arc<Semaphore>,
}

impl Default for Draining {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Draining {
    /// Has a call answered on a task of its own. Whoever drops the future, or the stream of the answer, has left.
    pub(super) async fn answered(
        &self,
        ports: &Arc<ChatPorts>,
        gone: Gone,
        answering: impl Future<Output = Result<Reply, CallError>> + Send + 'static,
    ) -> Option<Result<Reply, CallError>> {
        let (tell, told) = oneshot::channel();
        let task = Task { places: Arc::clone(&self.places), ports: Arc::clone(ports), gone };
        ports.tasks.spawn("answer", task.run(Box::pin(answering), tell));
        told.await.ok()
    }
}

type Answered = Result<Reply, CallError>;
type Piece = Result<ReplyPiece, CallError>;

struct Task {
    places: Arc<Semaphore>,
    ports: Arc<ChatPorts>,
    gone: Gone,
}

impl Task {
    async fn run(
        self,
        mut answering: std::pin::Pin<Box<dyn Future<Output = Answered> + Send>>,
        mut tell: oneshot::Sender<Answered>,
    ) {
        let answered = tokio::select! {
            biased;
            answered = &mut answering => answered,
            () = tell.closed() => {
                let Some(_place) = self.leave() else { return };
                let reading = async {
                    if let Ok(Reply { body: ReplyBody::Stream(pieces), .. }) = answering.await {
                        pieces.for_each(|_| std::future::ready(())).await;
                    }
                };
                return self.at_most(reading).await;
            }
        };
        let (pieces, reply) = match answered {
            Ok(Reply { head, body: ReplyBody::Stream(pieces) }) => {
                let (give, given) = mpsc::channel(1);
                let body = futures_util::stream::unfold(given, |mut given| async move {
                    given.recv().await.map(|piece| (piece, given))
                });
                (Some((pieces, give)), Ok(Reply { head, body: ReplyBody::Stream(body.boxed()) }))
            }
            whole => (None, whole),
        };
        // Whoever left at this moment drops the stream, which its pieces will show.
        let _ = tell.send(reply);
        if let Some((pieces, give)) = pieces {
            self.pass_on(pieces, give).await;
        }
    }

    async fn pass_on(&self, mut pieces: ReplyStream, give: mpsc::Sender<Piece>) {
        loop {
            let piece = tokio::select! {
                biased;
                () = give.closed() => None,
                piece = pieces.next() => match piece {
                    Some(piece) => Some(piece),
                    None => return,
                },
            };
            let is_given = match piece {
                Some(piece) => give.send(piece).await.is_ok(),
                None => false,
            };
            if !is_given {
                let Some(_place) = self.leave() else { return };
                return self.at_most(pieces.for_each(|_| std::future::ready(()))).await;
            }
        }
    }

    /// The client has gone. Gives a place among those that are read on, if there is one.
    fn leave(&self) -> Option<OwnedSemaphorePermit> {
        self.gone.0.store(true, Ordering::Relaxed);
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    async fn at_most(&self, reading: impl Future<Output = ()>) {
        let stopping = self.ports.tasks.stopping();
        tokio::select! {
            () = reading => {}
            () = self.ports.clock.sleep(LONGEST) => tracing::debug!("a call whose client had gone took too long"),
            () = stopping.cancelled() => {}
        }
    }
}
