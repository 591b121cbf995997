//! The dialect as others use it.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatRequest, Dialect, LossReport, Part, TokenUsage};
use switchyard_domain::fault::ProviderFault;
use switchyard_domain::wire::Member;

use super::client_proofs::without_foreign;
use super::parts::{Medium, NATIVE};
use super::stream::{StreamDecoder, StreamEncoder};
use super::{address, answer, error, request, usage};
use crate::codec::{
    Address, AnswerFault, AnswerForm, Billed, ClientCodec, ClientError, DecodedAnswer, ProviderCodec, Source,
    StreamReader, StreamWriter, Unsupported,
};
use crate::error::RetryHints;
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::Document;
use crate::splice::{Edit, find};

/// The dialect as one of Google's services speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gemini {
    /// Whether the service is Vertex: its paths name the publisher of a model, it stores labels with calls, and files have
    /// names. The base address ends before `publishers/`, that of the other service before `models/`.
    pub vertex: bool,
    /// Whether tool calls and their results may have ids. Both services take them, of whatever vendor
    /// (`google-generatecontent-012b5228f5`, `vertex-generatecontent-0647f0eb67`, both 2026).
    pub call_ids: bool,
}

impl Gemini {
    /// Google's own service, `generativelanguage.googleapis.com`.
    pub const GOOGLE: Self = Self { vertex: false, call_ids: true };

    /// Vertex, `LOCATION-aiplatform.googleapis.com`.
    pub const VERTEX: Self = Self { vertex: true, call_ids: true };

    /// The path of an operation on a model (`countTokens`, `embedContent`, ...) below the provider's base address.
    #[must_use]
    pub fn path(&self, model: &str, operation: &str) -> String {
        address::endpoint(model, self.vertex, operation)
    }
}

impl ProviderCodec for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::GEMINI
    }

    fn max_event_bytes(&self) -> usize {
        // A picture that the model made comes in one piece, in base64.
        16 * 1024 * 1024
    }

    fn endpoint(&self, model: &str, stream: bool) -> String {
        self.path(model, if stream { "streamGenerateContent?alt=sse" } else { "generateContent" })
    }

    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        request::encode(request, model, source, self, losses)
    }

    /// The model stands in the path; one that a client repeats in the body is taken out.
    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        _model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        let edits = match find(body, members, "model") {
            Some(_) => vec![Edit::Remove { name: "model" }],
            None => Vec::new(),
        };
        let body = Source { bytes: body, members }.edited(edits, &[], losses)?;
        Ok(vec![without_foreign(&body, losses)])
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        answer::decode(body)
    }

    fn reader(&self, choices: u32) -> Box<dyn StreamReader> {
        Box::new(StreamDecoder::new(choices))
    }

    fn fault(&self, status: u16, body: &[u8], hints: RetryHints, credential: Option<&str>) -> ProviderFault {
        error::provider_fault(status, body, hints, credential)
    }
}

impl Billed for Gemini {
    fn output(&self) -> &'static [&'static str] {
        &[
            "candidates/content/parts/text",
            "candidates/content/parts/functionCall/name",
            "candidates/content/parts/functionCall/args",
        ]
    }

    fn counts(&self) -> &'static [&'static str] {
        &["usageMetadata"]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        usage::read(raw).filter(|read| !read.corrected).map(|read| read.usage)
    }
}

/// The dialect as clients speak it. Model and stream stand in the path ([`Address`]).
#[derive(Clone, Copy, Debug)]
pub struct GeminiClient;

impl ClientCodec for GeminiClient {
    fn dialect(&self) -> Dialect {
        Dialect::GEMINI
    }

    fn check(
        &self,
        body: Bytes,
        address: Address<'_>,
        limits: &RequestLimits,
    ) -> Result<CheckedRequest, RequestError> {
        request::check(body, address, limits)
    }

    fn decode(&self, document: &Document, address: Address<'_>) -> Result<ChatRequest, RequestError> {
        request::decode(document, address)
    }

    fn shows(&self, part: &Part) -> bool {
        match part {
            Part::Native { kind, .. } => NATIVE.contains(&kind.as_str()),
            Part::Image { .. } | Part::Audio(_) | Part::Document(_) => Medium::of(part).is_some(),
            _ => true,
        }
    }

    fn encode(&self, answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
        answer::encode(answer, form)
    }

    fn writer(&self, form: &AnswerForm<'_>) -> Box<dyn StreamWriter> {
        Box::new(StreamEncoder::new(form))
    }

    fn verbatim_failure(&self, error: &ClientError<'_>) -> Bytes {
        let mut out = BytesMut::new();
        error::write_event(&mut out, error);
        out.freeze()
    }

    fn error(&self, error: &ClientError<'_>) -> Bytes {
        error::encode(error)
    }
}
