use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use switchyard_domain::chat::{ChatAnswer, ChatEvent, ChatRequest, Dialect, Part};

use super::AnswerForm;
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::Document;

/// What a request says outside its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// The model, in dialects that name it in the path.
    pub model: Option<&'a str>,
    /// Whether a stream is asked for, in dialects that say so in the path.
    pub stream: Option<bool>,
}

/// An error for a client, before it is put into the dialect's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientError<'a> {
    /// The HTTP status: what dialects name the class of an error by.
    pub status: u16,
    /// What went wrong, for people.
    pub message: &'a str,
    /// The class of error in OpenAI's words (`invalid_request_error`, ...).
    pub kind: &'a str,
    /// The member of the request that is wrong.
    pub param: Option<&'a str>,
    /// The machine-readable code.
    pub code: Option<&'a str>,
    /// The id of the request, for dialects that have a place for it.
    pub request_id: Option<&'a str>,
}

/// Writes one stream to a client, event by event, into a buffer that the caller empties as it likes.
pub trait StreamWriter: Send + Debug {
    /// Appends the frames of an event, if it has any.
    fn event(&mut self, event: &ChatEvent, out: &mut BytesMut);
    /// Appends the end of an answer that is whole and recorded: usage, last words and terminator.
    fn finish(&mut self, out: &mut BytesMut);
    /// Appends the end of an answer that broke off, so that nobody takes it for a whole one.
    fn fail(&mut self, error: &ClientError<'_>, out: &mut BytesMut);
}

/// A dialect as clients speak it. Pure: the same input gives the same output.
pub trait ClientCodec: Debug + Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// The headers of a request, lower case, that go on to a provider of this dialect. No other header of a client's does.
    fn headers(&self) -> &'static [&'static str] {
        &[]
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

    /// The canonical form of a body that was checked.
    ///
    /// # Errors
    /// When a member has a type or value that it can't have.
    fn decode(&self, document: &Document, address: Address<'_>) -> Result<ChatRequest, RequestError>;

    /// The members of answers, of those without canonical form, that say in this dialect what they say in all.
    fn shared_members(&self) -> &'static [&'static str] {
        &["service_tier"]
    }

    /// Whether a part of an answer that comes whole (a picture, sound, what a tool of the vendor did) has a place in this
    /// dialect's.
    fn shows(&self, part: &Part) -> bool;

    /// Whether the proof of a text has a place where nothing follows it.
    fn ends_with_proof(&self) -> bool {
        true
    }

    /// A whole answer, [fitted](super::fit_answer) if it is another dialect's.
    fn encode(&self, answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes;

    /// A writer at the start of a stream of events, [fitted](super::fit_events) if they are another dialect's.
    fn writer(&self, form: &AnswerForm<'_>) -> Box<dyn StreamWriter>;

    /// What ends a stream of a provider's own bytes, once it is recorded.
    fn verbatim_end(&self) -> Bytes {
        Bytes::new()
    }

    /// What ends a stream of a provider's own bytes that broke off.
    fn verbatim_failure(&self, error: &ClientError<'_>) -> Bytes;

    /// The body of an error answer.
    fn error(&self, error: &ClientError<'_>) -> Bytes;
}
