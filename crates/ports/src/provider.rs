//! Speaking to a provider: prepare (pure), send, and what comes back.

use crate::client_call::ClientCall;
use crate::probe::ProbeReport;
use crate::request_body::RequestBody;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, Dialect, LossReport, TokenUsage, Units};
use switchyard_domain::embedding::EmbeddingAnswer;
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::operation::Operation;

/// How the answer comes back to a client of the call's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// Bytes pass through; the client's dialect is the target's.
    Verbatim,
    /// Through the canonical form.
    Canonical,
}

/// An attempt, ready to go: exactly what will be sent, which is also what a dry run shows.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where to.
    pub url: String,
    /// Headers without the credential.
    pub headers: Vec<(&'static str, String)>,
    /// The exact body.
    pub body: RequestBody,
    /// How the answer comes back.
    pub carriage: Carriage,
    /// The dialect that the provider speaks.
    pub dialect: Dialect,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whether the closing usage chunk was asked for by us only, and so is hidden from the client.
    pub hide_usage_chunk: bool,
    /// The upstream model id.
    pub model: String,
    /// What could not be carried.
    pub losses: LossReport,
    /// What the request alone makes billable by the piece, once the provider answers.
    pub units: Units,
    /// How many things the answer has when it is whole: choices, a vector for each text, so many pictures.
    pub pieces: u32,
}

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// To the first content.
    pub first_content: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

/// What an attempt carries besides its body.
#[derive(Clone, Debug)]
pub struct AttemptContext {
    /// The request id, sent along for the provider's log.
    pub request_id: String,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// How long a connection may take that must be made for it; absent: as for all.
    pub connect_timeout: Option<Duration>,
    /// The credential; `None` for vendors that need none.
    pub credential: Option<Arc<SecretString>>,
    /// Where the provider notes what it receives, from the answer's head on: true at every moment, so that an attempt that is
    /// abandoned in the middle is billed for what arrived.
    pub received: Arc<Received>,
}

/// An answer that began well: its first content is there.
pub struct Answer {
    /// The provider's status.
    pub status: u16,
    /// Response headers that may pass to the client, lower-case.
    pub headers: Vec<(String, String)>,
    /// The media type of a body that passes through, where it is not the one of the client's dialect.
    pub media_type: Option<String>,
    /// The answer itself.
    pub body: AnswerBody,
}

/// The answer itself.
pub enum AnswerBody {
    /// Whole.
    Buffered(Payload),
    /// In pieces. A failure in the middle is its last item. Dropping it cancels the upstream call.
    Stream(BoxStream<'static, Result<Frame, ProviderFault>>),
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// As the provider sent it, in the client's dialect.
    Verbatim(Bytes),
    /// In canonical form.
    Canonical(ChatAnswer),
    /// Vectors, in canonical form.
    Embeddings(EmbeddingAnswer),
}

/// A piece of a streamed answer. The stream's own terminator (`[DONE]`) is not among them: the surface writes it once the
/// call is settled.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Whole events as the provider sent them, in the client's dialect; of an answer that is no event stream, any piece.
    Verbatim(Bytes),
    /// In canonical form.
    Events(Vec<ChatEvent>),
    /// The last words of a stream in the client's dialect, where they say more than that it ends; the last piece of an answer
    /// that is no event stream. The last frame, and not to be given to the client before the call is recorded.
    Closing(Bytes),
}

/// What was received of an answer: what billing rests on when an answer is cut or abandoned.
#[derive(Debug, Default)]
pub struct Received {
    inner: Mutex<ReceivedParts>,
}

/// The parts of [`Received`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceivedParts {
    /// Whether the provider began to answer with a success: from then on it bills.
    pub began: bool,
    /// What the provider counted, as far as it said and as far as it is credible.
    pub usage: Option<TokenUsage>,
    /// What the provider counted of the prompt, where it says so before it answers. Nothing of it is output.
    pub prompt: Option<TokenUsage>,
    /// How much of the text had come when the provider counted last.
    pub text_at_usage: usize,
    /// Whether the provider's counts were absurd and had to be corrected.
    pub usage_corrected: bool,
    /// What is billed by the piece, as we counted it in request and answer.
    pub units: Units,
    /// All text received (content, reasoning, refusal, tool names and arguments), for counting ourselves.
    pub output_text: String,
    /// Whether every choice has ended.
    pub finished: bool,
    /// Events that were not understood and dropped.
    pub bad_events: u32,
    /// The model that answered, in the provider's word.
    pub served_model: Option<String>,
    /// The service tier that the provider says it served, in its word; a later word replaces an earlier one. Absent where it
    /// says nothing. It decides the price.
    pub service_tier: Option<String>,
}

impl Received {
    /// Access to the parts. Held for a moment only, never across an await.
    pub fn lock(&self) -> MutexGuard<'_, ReceivedParts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A model that a provider lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredModel {
    /// Its upstream id.
    pub id: String,
}

/// How a provider is reached, built from its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The provider's name, for messages.
    pub name: String,
    /// The vendor's key.
    pub vendor: String,
    /// Where it is called; absent means the vendor's own.
    pub base_url: Option<String>,
}

/// A provider: a dialect and a vendor's facts.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The dialects that it speaks; the first is the one that others are translated into.
    fn dialects(&self) -> Vec<Dialect>;
    /// Whether calls of this operation can be made at all.
    fn offers(&self, operation: Operation) -> bool;
    /// Whether it is called without a credential if none is stored.
    fn works_without_credential(&self) -> bool;
    /// Whether it only simulates.
    fn is_simulated(&self) -> bool;
    /// Whether its models reason beside the output limit of a call: more tokens are billed then than the limit says.
    fn reasons_beside_limit(&self) -> bool;
    /// Makes the exact upstream request for a call. Pure: no I/O, no time, no randomness.
    fn prepare(&self, call: &dyn ClientCall, model: &str) -> Result<Prepared, ProviderFault>;
    /// Sends it and returns once the first content has arrived. MUST hide a connection that the peer closed just before
    /// reuse, by one new try. MUST stop the upstream call when the future or the answer is dropped.
    async fn send(&self, prepared: Prepared, context: AttemptContext) -> Result<Answer, ProviderFault>;
    /// Asks it for its models over a connection of its own, without a billed call, and tells how far that went. All of it takes
    /// at most `timeout`. Nothing that it reports holds the credential.
    async fn probe(&self, credential: Option<Arc<SecretString>>, timeout: Duration) -> ProbeReport;
}

/// Why a provider can't be built. The message says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidProvider(pub String);

/// A vendor, as people choose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorSummary {
    /// Its key.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Its own address; absent where each provider has its own.
    pub base_url: Option<&'static str>,
    /// Where providers of it are called that name no address: as the settings say, else at its own.
    pub called_at: Option<String>,
    /// Whether it needs a credential.
    pub needs_credential: bool,
    /// Whether it only simulates.
    pub is_simulated: bool,
    /// The dialect that it speaks first; absent where it only simulates.
    pub dialect: Option<Dialect>,
    /// What names and addresses of its providers are known by, in lower case, where a document knows vendors by that.
    pub words: &'static [&'static str],
}

/// Builds providers.
pub trait ProviderFactory: Send + Sync {
    /// Builds a provider; checks vendor, base URL and egress rule.
    fn build(&self, config: &ProviderConfig) -> Result<Arc<dyn Provider>, InvalidProvider>;
    /// All vendors.
    fn vendors(&self) -> Vec<VendorSummary>;
}
