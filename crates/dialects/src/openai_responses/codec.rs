//! The dialect as others use it.

use bytes::{Bytes, BytesMut};
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatRequest, Dialect, LossReport, MediaSource, Part, Signature};
use switchyard_domain::wire::Member;

use super::request::{self, Target};
use super::{answer, kinds, stream};
use crate::codec::{
    Address, AnswerFault, AnswerForm, Billed, ClientCodec, ClientError, DecodedAnswer, MemberRule,
    ProviderCodec, Source, StreamReader, StreamWriter, Unsupported, quoted,
};
use crate::openai_error::encode_error;
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::{Document, ScanLimits};
use crate::splice::Edit;

/// The dialect as a vendor speaks it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiResponses {
    /// Who makes the proofs of its reasoning: a vendor takes back its own only.
    pub issuer: &'static str,
    /// Whether it keeps answers unless told not to. It is told so where a client of another dialect asks.
    pub stores: bool,
    /// When proofs are asked for on behalf of a client of another dialect.
    pub proofs: ProofsWanted,
    /// Whether the role `developer` is known; otherwise such messages go as `system`.
    pub developer_role: bool,
    /// Whether it takes reasoning back as readable text (DeepSeek: `deepseek-responses-bc8fa7e143`, 2026).
    pub reasoning_text: bool,
    /// Members of a request that it does not take as they are.
    pub members: &'static [MemberRule],
}

/// When proofs of reasoning are asked for on behalf of a client that can't ask itself, but gives back what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofsWanted {
    /// Never: the vendor does not know of them.
    Never,
    /// Where the client speaks of reasoning. Models that can't reason may refuse the wish.
    WithReasoning,
    /// Always.
    Always,
}

impl OpenAiResponses {
    /// A vendor that keeps to OpenAI in all respects.
    pub const PLAIN: Self = Self {
        issuer: Signature::OPENAI,
        stores: true,
        proofs: ProofsWanted::WithReasoning,
        developer_role: true,
        reasoning_text: false,
        members: &[],
    };
}

impl ProviderCodec for OpenAiResponses {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_RESPONSES
    }

    fn max_event_bytes(&self) -> usize {
        // A picture that the model made comes in one piece, in base64.
        16 * 1024 * 1024
    }

    fn endpoint(&self, _model: &str, _stream: bool) -> String {
        "responses".to_owned()
    }

    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let body = request::encode(request, Target { vendor: self, model, source }, losses)?;
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

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        let model = quoted(model);
        let input = request::rewritten(body, members, self, losses);
        let mut edits = vec![Edit::Set { name: "model", value: &model }];
        if let Some(value) = &input {
            edits.push(Edit::Set { name: "input", value });
        }
        Source { bytes: body, members }.edited_in_pieces(edits, self.members, losses)
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        answer::decode(body, self.issuer)
    }

    fn reader(&self, _choices: u32) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::new(self.issuer))
    }
}

impl Billed for OpenAiResponses {
    fn output(&self) -> &'static [&'static str] {
        &[
            "output/content/text",
            "output/content/refusal",
            "output/summary/text",
            "output/name",
            "output/arguments",
            "output/input",
        ]
    }

    fn counts(&self) -> &'static [&'static str] {
        &["usage", "response/usage"]
    }

    /// What an open model thought, and its summary.
    fn alike(&self) -> Option<(&'static str, [&'static str; 2])> {
        Some(("output", ["output/summary/text", "output/content/text"]))
    }
}

/// The dialect as clients speak it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiResponsesClient;

impl ClientCodec for OpenAiResponsesClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_RESPONSES
    }

    fn headers(&self) -> &'static [&'static str] {
        // Names what of the request is not stable yet. Those that name an account are not the client's to choose.
        &["openai-beta"]
    }

    fn check(
        &self,
        body: Bytes,
        _address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        request::check(body, limits)
    }

    fn decode(&self, document: &Document, _address: Address<'_>) -> Result<ChatRequest, RequestError> {
        request::decode(document)
    }

    fn shows(&self, part: &Part) -> bool {
        match part {
            Part::Native { kind, .. } => kinds::is_item(kind),
            Part::Image { source, .. } => matches!(source, MediaSource::Inline { .. }),
            part => !matches!(part, Part::Audio(_) | Part::Document(_)),
        }
    }

    fn encode(&self, answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
        answer::encode(answer, form)
    }

    fn writer(&self, form: &AnswerForm<'_>) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(form))
    }

    /// The provider's own count of events is not known here, so the event has the first number.
    fn verbatim_failure(&self, error: &ClientError<'_>) -> Bytes {
        let mut out = BytesMut::new();
        stream::write_error_event(&mut out, error, 0);
        out.freeze()
    }

    fn error(&self, error: &ClientError<'_>) -> Bytes {
        encode_error(error)
    }
}
