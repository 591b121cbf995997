//! Chat from inside a program: the same call path as over HTTP, without a socket.

use crate::program_call::ProgramCall;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Collector, StreamOptions};
use switchyard_orchestrator::chat::{CallOrigin, ChatService, ReplyBody, ReplyPiece};
use switchyard_orchestrator::error::{CallError, CallErrorKind};
use switchyard_orchestrator::principal::{Authenticator, Principal};
use switchyard_ports::entropy::Entropy;
use switchyard_ports::provider::{Frame, Payload};

/// Makes chat calls. Cheap to clone.
#[derive(Clone)]
pub struct ChatClient {
    pub(crate) service: Arc<ChatService>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) caller: Caller,
}

/// On whose behalf a client calls.
#[derive(Clone)]
pub(crate) enum Caller {
    /// The program's own.
    Program,
    /// A virtual key's, for as long as it may be used.
    Key { key: Arc<SecretString>, authenticator: Arc<Authenticator> },
}

impl Caller {
    /// Asked for every call: a key that was revoked in the meantime makes none.
    fn principal(&self) -> Result<Principal, CallError> {
        match self {
            Self::Program => Ok(Principal::Program),
            Self::Key { key, authenticator } => {
                authenticator.virtual_key(key.expose_secret()).ok_or_else(|| {
                    let message = "The virtual key was revoked, has ended, or is none of this application's.";
                    CallError::new(CallErrorKind::InvalidApiKey, message)
                })
            }
        }
    }
}

impl ChatClient {
    /// Asks and waits for the whole answer. Its usage is recorded when this returns.
    ///
    /// # Errors
    /// [`CallError`] says who is at fault and what to do.
    pub async fn complete(&self, mut request: ChatRequest) -> Result<ChatAnswer, CallError> {
        request.stream = None;
        match self.call(request).await? {
            ReplyBody::Buffered(Payload::Canonical(answer)) => Ok(answer),
            ReplyBody::Buffered(Payload::Verbatim(_) | Payload::Embeddings(_)) => Err(not_canonical()),
            ReplyBody::Stream(mut frames) => {
                let mut collector = Collector::default();
                while let Some(frame) = frames.next().await {
                    collector.extend(events(frame?)?);
                }
                Ok(collector.finish())
            }
        }
    }

    /// Asks and gives the answer as it arrives. An error is the last item; the end without an error means that the usage is
    /// recorded. Dropping the stream cancels the call and bills what was received.
    ///
    /// # Errors
    /// [`CallError`] for a call that fails before its first content.
    pub async fn stream(
        &self,
        mut request: ChatRequest,
    ) -> Result<BoxStream<'static, Result<ChatEvent, CallError>>, CallError> {
        request.stream.get_or_insert(StreamOptions { include_usage: true });
        match self.call(request).await? {
            ReplyBody::Stream(frames) => Ok(frames
                .flat_map(|frame| {
                    stream::iter(match frame.and_then(events) {
                        Ok(events) => events.into_iter().map(Ok).collect::<Vec<_>>(),
                        Err(error) => vec![Err(error)],
                    })
                })
                .boxed()),
            ReplyBody::Buffered(_) => Err(not_canonical()),
        }
    }

    async fn call(&self, request: ChatRequest) -> Result<ReplyBody, CallError> {
        let request_id = self.entropy.new_id().to_string();
        let call = Arc::new(ProgramCall::new(request));
        Ok(self.service.call(&self.caller.principal()?, call, CallOrigin::program(request_id)).await?.body)
    }
}

fn events(piece: ReplyPiece) -> Result<Vec<ChatEvent>, CallError> {
    match piece {
        ReplyPiece::Frame(Frame::Events(events)) => Ok(events),
        ReplyPiece::Frame(Frame::Verbatim(_) | Frame::Closing(_)) => Err(not_canonical()),
        ReplyPiece::Settled(_) => Ok(Vec::new()),
    }
}

fn not_canonical() -> CallError {
    CallError::new(CallErrorKind::Internal, "a provider answered a canonical call in another form")
}
