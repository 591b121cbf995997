//! The dialect as others use it.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatRequest, Dialect, LossReport, Part, TokenUsage};
use switchyard_domain::wire::Member;

use super::places::is_own_block;
use super::request::{Counting, Purpose};
use super::stream::{StreamDecoder, StreamEncoder};
use super::usage::Counts;
use super::{answer, client_history, error, request};
use crate::codec::{
    Address, AnswerFault, AnswerForm, Billed, ClientCodec, ClientError, DecodedAnswer, LastWord, MemberRule,
    ProviderCodec, Source, StreamReader, StreamWriter, Unsupported, crossing, quoted,
};
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::{Document, ScanLimits};
use crate::splice::Edit;

/// The dialect as a vendor speaks it.
#[derive(Clone, Copy, Debug)]
pub struct AnthropicMessages {
    /// The most output tokens where the client names none: the dialect wants a number. Thinking comes on top of it.
    pub default_max_tokens: u64,
    /// Members of a request that the vendor does not take as they are.
    pub members: &'static [MemberRule],
    /// What the names of those models contain whose thinking is told by a budget. All others think adaptively, as hard as
    /// `output_config.effort` says.
    pub budget_models: &'static [&'static str],
    /// Whether messages of the role `system` may stand within the conversation. Otherwise they go in front of it.
    pub system_within: bool,
    /// Whether thinking is taken back without a proof. Anthropic refuses it.
    pub unsigned_thinking: bool,
    /// Whether tools may ask for arguments that match their schema to the letter.
    pub strict_tools: bool,
}

impl AnthropicMessages {
    /// Anthropic's own API, as of November 2026.
    pub const PLAIN: Self = Self {
        default_max_tokens: 4096,
        members: &[],
        // Newer models refuse a budget or warn of it (`anthropic-messages-57926d01bc`: adaptive on `claude-opus-4-8`); these
        // refuse `adaptive`, by Anthropic's documentation, 2026.
        budget_models: &[
            "claude-3",
            "claude-sonnet-4-0",
            "claude-sonnet-4-2",
            "claude-sonnet-4-5",
            "claude-sonnet-4@",
            "claude-opus-4-0",
            "claude-opus-4-1",
            "claude-opus-4-2",
            "claude-opus-4-5",
            "claude-opus-4@",
            "claude-haiku-4-5",
        ],
        system_within: false,
        unsigned_thinking: false,
        strict_tools: true,
    };

    /// A body that asks how many tokens a request would read, for `model`; see [`ProviderCodec::encode`]. What does not count
    /// is left out without a word.
    ///
    /// # Errors
    /// As for a request that is to be answered.
    pub fn encode_count(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        crossing(request, (source, self.dialect()), losses, |request, losses| {
            let body = request::encode(request, model, source, (self, Purpose::Count), losses)?;
            self.ruled(body, losses)
        })
    }

    /// A body of ours with the vendor's rules applied.
    fn ruled(&self, body: Bytes, losses: &mut LossReport) -> Result<Bytes, Unsupported> {
        if self.members.is_empty() {
            return Ok(body);
        }
        let scanned = Document::scan(body, ScanLimits::UNBOUNDED).map_err(|error| Unsupported {
            param: None,
            message: format!("the request could not be prepared: {error}"),
        })?;
        let source = Source { bytes: scanned.body(), members: &scanned.wire_members() };
        source.edited(Vec::new(), self.members, losses)
    }
}

impl ProviderCodec for AnthropicMessages {
    fn dialect(&self) -> Dialect {
        Dialect::ANTHROPIC_MESSAGES
    }

    fn last_word(&self) -> LastWord {
        LastWord::EndsWith(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    }

    fn endpoint(&self, _model: &str, _stream: bool) -> String {
        "messages".to_owned()
    }

    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let body = request::encode(request, model, source, (self, Purpose::Answer), losses)?;
        self.ruled(body, losses)
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        let model = quoted(model);
        let messages = client_history::cleaned(body, members, self.unsigned_thinking, losses);
        let mut edits = vec![Edit::Set { name: "model", value: &model }];
        if let Some(value) = &messages {
            edits.push(Edit::Set { name: "messages", value });
        }
        Source { bytes: body, members }.edited_in_pieces(edits, self.members, losses)
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        answer::decode(body)
    }

    fn reader(&self, _choices: u32) -> Box<dyn StreamReader> {
        Box::new(StreamDecoder::default())
    }
}

impl Billed for AnthropicMessages {
    fn output(&self) -> &'static [&'static str] {
        &["content/text", "content/thinking", "content/name", "content/input"]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        let mut counts = Counts::default();
        counts.read(raw);
        counts.usage().filter(|_| !counts.corrected())
    }
}

/// The dialect as clients speak it.
#[derive(Clone, Copy, Debug)]
pub struct AnthropicMessagesClient;

impl AnthropicMessagesClient {
    /// Scans and judges a body that asks how many tokens a request would read. It is one of a request without limit.
    ///
    /// # Errors
    /// As [`ClientCodec::check`].
    pub fn check_count(&self, body: Bytes, limits: &RequestLimits) -> Result<CheckedRequest, RequestError> {
        request::check(body, limits, Counting::Only)
    }
}

impl ClientCodec for AnthropicMessagesClient {
    fn dialect(&self) -> Dialect {
        Dialect::ANTHROPIC_MESSAGES
    }

    fn headers(&self) -> &'static [&'static str] {
        // Names what of the request is not in the stable version. The version itself is a fact of the vendor.
        &["anthropic-beta"]
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        request::check(body, limits, Counting::Answered)
    }

    fn decode(&self, document: &Document, _address: Address<'_>) -> Result<ChatRequest, RequestError> {
        request::decode(document)
    }

    fn shows(&self, part: &Part) -> bool {
        match part {
            Part::Native { kind, .. } => is_own_block(kind),
            part => !matches!(part, Part::Image { .. } | Part::Audio(_) | Part::Document(_)),
        }
    }

    /// Such a proof would be a block by itself, and Claude Code (2.1.330, seen 2026-11-21) prints the last block's text alone.
    fn ends_with_proof(&self) -> bool {
        false
    }

    fn encode(&self, answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
        answer::encode(answer, form)
    }

    fn writer(&self, form: &AnswerForm<'_>) -> Box<dyn StreamWriter> {
        Box::new(StreamEncoder::new(form))
    }

    fn verbatim_failure(&self, error: &ClientError<'_>) -> Bytes {
        let mut out = BytesMut::new();
        error::write_error_event(&mut out, error);
        out.freeze()
    }

    fn error(&self, error: &ClientError<'_>) -> Bytes {
        error::encode_error(error)
    }
}
