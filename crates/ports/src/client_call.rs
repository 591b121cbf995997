//! A client's call as the use cases see it, whatever dialect it came in.

use bytes::Bytes;
use std::sync::Arc;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Dialect, LossReport};
use switchyard_domain::wire::Member;

/// A body in the client's dialect and the places of its top-level members, found by one scan.
#[derive(Clone, Debug)]
pub struct WireBody {
    /// The bytes as the client sent them, proven to be one strict JSON object.
    pub bytes: Bytes,
    /// Its top-level members, in order.
    pub members: Arc<[Member]>,
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
    /// The canonical form, decoded at first demand.
    fn canonical(&self) -> Result<Arc<ChatRequest>, InvalidCall>;
    /// Takes out of a piece of an answer what the client could not read, where the provider speaks `source`, and tells what is
    /// lost so. A program that is given the canonical form loses nothing.
    fn fit(&self, source: Dialect, piece: AnswerPiece<'_>) -> LossReport;
}
