use std::fmt::Debug;

use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatEvent, ChatRequest, Dialect, LossReport, TokenUsage};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::wire::Member;

use super::{AnswerFault, Billed, DecodedAnswer, Look, StreamWatcher, crossing};
use crate::error::{ProviderError, RetryHints, fault};
use crate::framing::FrameLimits;

/// How a stream is cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// A JSON object in each line.
    JsonLines,
    /// Amazon's binary frames (`application/vnd.amazon.eventstream`).
    AwsEventStream,
}

/// Who writes the end of a stream whose bytes pass through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWord {
    /// The dialect ends with a frame that is always the same and says nothing more. The provider's own is taken off, and the
    /// surface writes another once the call is recorded.
    Fixed,
    /// The last frames say something. They are held back from the moment in which every choice has ended until the call is
    /// recorded.
    HeldBack,
    /// So are they here, and the very last is always the same: it is written where the provider left it out.
    EndsWith(&'static [u8]),
}

/// A request can't be put into a dialect without changing what it asks for: nobody may answer it as if it could.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unsupported {
    /// The member that has no like, in the client's words.
    pub param: Option<String>,
    /// What can't be done, and what to do about it, for people.
    pub message: String,
}

impl Unsupported {
    /// Of this member.
    #[must_use]
    pub fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), message: message.into() }
    }
}

/// What an event of a stream was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A piece of the answer.
    Chunk,
    /// The end of the stream, or something after it, which does not count.
    Done,
    /// An object of another kind (a ping, a notice): nothing to do with the answer.
    Unknown,
    /// No JSON object. A stream with more than a few of these is broken.
    Malformed,
}

/// Reads the events of one stream in turn.
pub trait StreamReader: Send + Debug {
    /// Takes the name and the data of the next event, and appends what they say. `name` is the `event:` of server-sent
    /// events, the `:event-type` (of exceptions `:exception-type`) of Amazon's frames, and absent for lines. Invalid UTF-8
    /// becomes U+FFFD.
    ///
    /// # Errors
    /// When the provider says within the stream that it failed, in whatever shape. What came before it stands; the stream is
    /// over.
    fn event(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<ChatEvent>,
    ) -> Result<Taken, ProviderError>;
    /// Appends what is held back, at the end of the stream's bytes.
    fn finish(&mut self, out: &mut Vec<ChatEvent>);
    /// Whether every choice that was asked for has ended, and at least one: the answer is whole, even without a last word.
    fn is_finished(&self) -> bool;
    /// Whether a body that comes to its proper end here is whole although less came than was asked for.
    fn may_end(&self) -> bool {
        false
    }
    /// Whether a count made no sense and was replaced: no base for a bill.
    fn usage_corrected(&self) -> bool;
    /// What the provider counted of the prompt, in dialects in which it says so before it answers; without output. It is no event:
    /// a client must not take it for all that the answer costs.
    fn prompt(&self) -> Option<TokenUsage> {
        None
    }
}

/// A dialect as it is spoken to providers, with what one vendor does otherwise. Pure: the same input gives the same output.
pub trait ProviderCodec: Billed + Debug + Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// How streams are cut.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// The most bytes that one event of a stream may have. Dialects that carry pictures within an event have more.
    fn max_event_bytes(&self) -> usize {
        FrameLimits::default().max_event_bytes
    }

    /// Who writes the end of a stream whose bytes pass through.
    fn last_word(&self) -> LastWord {
        LastWord::HeldBack
    }

    /// The path, with a query where one is needed, below the provider's base address, without a slash at its beginning.
    fn endpoint(&self, model: &str, stream: bool) -> String;

    /// A body from the canonical form, for `model` in the vendor's words. `source` is the dialect that the request came in: only
    /// from the same one do extensions and native forms mean here what they meant there. For all dialects alike, what nobody
    /// else can know is refused, and tools in native forms are left out and told.
    ///
    /// # Errors
    /// When the request asks for something that must not be left out, such as an answer by a schema.
    fn encode(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        crossing(request, (source, self.dialect()), losses, |request, losses| {
            self.write(request, model, source, losses)
        })
    }

    /// Writes the body for [`Self::encode`], which alone calls it: a request of another dialect has neither tools nor choices
    /// in native forms here.
    ///
    /// # Errors
    /// When the request asks for something that must not be left out.
    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported>;

    /// A client's own body in this dialect, for `model`, in pieces of which none is empty: every byte of every value that is not ours
    /// stays, and of a long body stays where it is.
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
    ) -> Result<Vec<Bytes>, Unsupported>;

    /// Reads a whole answer that came with a success status.
    ///
    /// # Errors
    /// See [`AnswerFault`].
    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault>;

    /// Looks at a whole answer that passes through as it is. What the model made as text is appended to `output`.
    ///
    /// # Errors
    /// See [`AnswerFault`].
    fn glance(&self, body: &[u8], output: &mut String) -> Result<Look, AnswerFault> {
        super::glance_at_decoded(&self.decode(body)?, output)
    }

    /// A reader at the start of a stream in which so many choices were asked for. Dialects that have one choice only need not be
    /// told.
    fn reader(&self, choices: u32) -> Box<dyn StreamReader>;

    /// A watcher at the start of a stream whose bytes pass through, for so many choices.
    fn watcher(&self, choices: u32) -> Box<dyn StreamWatcher> {
        Box::new(super::DecodingWatcher::new(self.reader(choices)))
    }

    /// What is changed in a client's own body, sentence by sentence, for the vendors' page.
    fn departures(&self) -> Vec<String> {
        Vec::new()
    }

    /// What an answer with an error status, or an error within a success (`status` 200), means. `credential` is what was sent:
    /// some providers echo it.
    fn fault(&self, status: u16, body: &[u8], hints: RetryHints, credential: Option<&str>) -> ProviderFault {
        fault(status, body, hints, credential)
    }
}
