//! Operations other than chats. A call of one is carried as it came, save for embeddings, which have a canonical form.

use std::fmt::Debug;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{Dialect, LossReport, Units};
use switchyard_domain::embedding::{EmbeddingAnswer, EmbeddingRequest};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::wire::Member;

use super::{Address, AnswerFault, Billed, LastWord, Look, StreamWatcher, Unsupported};
use crate::error::{RetryHints, fault};
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::Document;
use crate::skim::Skimmed;

/// How an answer that is no event stream passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// A JSON object, or a text of one of the [other kinds](OperationCodec::media_types), small enough to be held and looked at.
    Whole,
    /// A JSON object with a long list of this name, of which the rest is looked at while it passes.
    Skimmed(&'static str),
    /// Bytes that say nothing of what they cost, of one of the [kinds](OperationCodec::media_types).
    Raw,
}

/// An answer, or a piece of one, that came whole although a stream was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unstreamed<'a> {
    /// An answer in JSON.
    Json(&'a [u8]),
    /// An answer that is text of one of the [other kinds](OperationCodec::media_types).
    Text(&'a [u8]),
    /// Some of an answer in [raw](Passage::Raw) bytes.
    Piece(&'a [u8]),
    /// The end of such an answer.
    End,
}

/// One operation as it is spoken to providers, with what one vendor does otherwise. Pure: the same input gives the same output.
pub trait OperationCodec: Billed + Debug + Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// The path below the provider's base address, without a slash at its beginning.
    fn endpoint(&self, model: &str) -> String;

    /// How an answer that is no event stream passes.
    fn passage(&self) -> Passage;

    /// The media types, lower case, that an answer may have besides JSON and event streams.
    fn media_types(&self) -> &'static [&'static str] {
        &[]
    }

    /// A client's own body in this dialect, for `model`: every byte of every value that is not ours stays.
    ///
    /// # Errors
    /// When a member that must be changed is not what it should be.
    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported>;

    /// What the request alone makes billable by the piece.
    fn units(&self, _body: &Bytes, _members: &[Member]) -> Units {
        Units::default()
    }

    /// Looks at a whole answer in JSON that came with a success status. What the model made as text is appended to `output`.
    ///
    /// # Errors
    /// See [`AnswerFault`].
    fn glance(&self, body: &[u8], output: &mut String) -> Result<Look, AnswerFault>;

    /// Looks at what was left of a [skimmed](Passage::Skimmed) answer.
    ///
    /// # Errors
    /// See [`AnswerFault`].
    fn glance_skimmed(&self, skimmed: &Skimmed) -> Result<Look, AnswerFault> {
        self.glance(&skimmed.object, &mut String::new())
    }

    /// What an error answer means. `credential` is what was sent to the provider: some echo it.
    fn fault(&self, status: u16, body: &[u8], hints: RetryHints, credential: Option<&str>) -> ProviderFault {
        fault(status, body, hints, credential)
    }

    /// A watcher at the start of an event stream that shall bring so many pieces.
    fn watcher(&self, pieces: u32) -> Box<dyn StreamWatcher>;

    /// The events, as bytes of an event stream, that stand for an answer which is none; `None` where no stream can.
    fn streamed(&self, _answer: Unstreamed<'_>) -> Option<Bytes> {
        None
    }

    /// Who writes the end of an event stream.
    fn last_word(&self) -> LastWord {
        LastWord::HeldBack
    }

    /// How to translate, for operations with a canonical form.
    fn as_embedding(&self) -> Option<&dyn EmbeddingCodec> {
        None
    }

    /// What is changed in a client's own body, sentence by sentence, for the vendors' page.
    fn departures(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Embeddings as they are spoken to providers, from and to the canonical form.
pub trait EmbeddingCodec: OperationCodec {
    /// A body from the canonical form, for `model` in the vendor's words. `source` is the dialect that the request came in: only
    /// from the same one do extensions mean here what they meant there.
    ///
    /// # Errors
    /// When the request asks for something that must not be left out.
    fn encode(
        &self,
        request: &EmbeddingRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported>;

    /// Reads a whole answer that came with a success status.
    ///
    /// # Errors
    /// See [`AnswerFault`].
    fn decode(&self, body: &[u8]) -> Result<EmbeddingAnswer, AnswerFault>;
}

/// One operation as clients speak it.
pub trait OperationClient: Debug + Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// The chat dialect of the same surface, in whose words errors are written.
    fn surface(&self) -> Dialect {
        Dialect::OPENAI_CHAT
    }

    /// Scans and judges a body: everything that no provider could mean to accept is refused, with the member's name.
    ///
    /// # Errors
    /// The first thing found wrong; that the text is no JSON comes before anything that it says.
    fn check(
        &self,
        body: Bytes,
        address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError>;

    /// What ends an event stream of a provider's own bytes, once it is recorded.
    fn verbatim_end(&self) -> Bytes {
        Bytes::new()
    }

    /// How to translate, for operations with a canonical form.
    fn as_embedding(&self) -> Option<&dyn EmbeddingClient> {
        None
    }
}

/// Embeddings as clients speak them, from and to the canonical form.
pub trait EmbeddingClient: OperationClient {
    /// The canonical form of a body that was checked.
    ///
    /// # Errors
    /// When a member has a type or value that it can't have.
    fn decode(&self, document: &Document, address: Address<'_>) -> Result<EmbeddingRequest, RequestError>;

    /// A whole answer to this request; `model` stands where the provider named none.
    ///
    /// # Errors
    /// When a vector can't be written in the form that the client asked for.
    fn encode(
        &self,
        answer: &EmbeddingAnswer,
        request: &EmbeddingRequest,
        model: &str,
    ) -> Result<Bytes, AnswerFault>;
}
