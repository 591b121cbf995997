//! A client's call as the use cases see it, whatever dialect it came in.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Dialect, LossReport};
use switchyard_domain::embedding::EmbeddingRequest;
use switchyard_domain::wire::Member;

/// A body in the client's dialect and the places of its top-level members, found by one scan.
#[derive(Clone, Debug)]
pub struct WireBody {
    /// The bytes as the client sent them, proven to be one strict JSON object.
    pub bytes: Bytes,
    /// Its top-level members, in order.
    pub members: Arc<[Member]>,
}

/// A form (`multipart/form-data`) in the client's dialect: too large to be held, so that it lies elsewhere and is read in pieces.
#[derive(Clone, Debug)]
pub struct WireForm {
    /// What separates its parts, without the two hyphens before it.
    pub boundary: String,
    /// Its bytes as the client sent them, proven to be one strict form.
    pub upload: Arc<dyn Upload>,
    /// Where the value of its part `model` stands.
    pub model: Range<u64>,
}

/// Bytes that a client sent and that are kept outside memory until nobody needs them any more.
pub trait Upload: Debug + Send + Sync {
    /// How many.
    fn length(&self) -> u64;
    /// Those of a range, in pieces. May be called again, also while an earlier stream is still open: each reads for itself.
    fn read(&self, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>>;
}

/// A call in no dialect's words.
#[derive(Clone, Debug)]
pub enum Canonical {
    /// A chat.
    Chat(Arc<ChatRequest>),
    /// A request for vectors.
    Embedding(Arc<EmbeddingRequest>),
    /// An operation that no dialect translates into another's: it is carried as it came, or not at all.
    Verbatim,
}

impl Canonical {
    /// The chat.
    ///
    /// # Errors
    /// When it is another operation.
    pub fn into_chat(self) -> Result<Arc<ChatRequest>, InvalidCall> {
        match self {
            Self::Chat(request) => Ok(request),
            Self::Embedding(_) | Self::Verbatim => {
                Err(InvalidCall { message: "the call is no chat".to_owned(), param: None })
            }
        }
    }
}

/// A call that can't be put in canonical form: the client's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidCall {
    /// What is wrong, for people.
    pub message: String,
    /// The member that is wrong, such as `messages[0].role`.
    pub param: Option<String>,
}

/// A piece of an answer in canonical form.
#[derive(Debug)]
pub enum AnswerPiece<'a> {
    /// Some of its events.
    Events(&'a mut Vec<ChatEvent>),
    /// The whole of it.
    Whole(&'a mut ChatAnswer),
}

/// A client's call. Implemented where the client is: by a surface for its dialect, by the library for a program's request.
pub trait ClientCall: Send + Sync {
    /// What admission and routing need.
    fn facts(&self) -> &CallFacts;
    /// The body in the client's dialect; `None` for a call that was made in canonical form.
    fn wire(&self) -> Option<&WireBody>;
    /// The form in the client's dialect, where the dialect's requests are forms.
    fn form(&self) -> Option<&WireForm>;
    /// The canonical form, decoded at first demand.
    fn canonical(&self) -> Result<Canonical, InvalidCall>;
    /// Takes out of a piece of an answer what the client could not read, where the provider speaks `source`, and tells what is
    /// lost so. A program that is given the canonical form loses nothing.
    fn fit(&self, source: Dialect, piece: AnswerPiece<'_>) -> LossReport;
}
