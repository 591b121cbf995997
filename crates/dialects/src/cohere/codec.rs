use bytes::Bytes;
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, TokenUsage};
use switchyard_domain::wire::Member;

use super::answer::{StreamDecoder, decode, read_usage};
use super::request::encode;
use crate::codec::{AnswerFault, Billed, DecodedAnswer, ProviderCodec, Source, StreamReader, Unsupported};

/// The dialect, spoken to Cohere, or to whoever serves its API.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cohere;

impl ProviderCodec for Cohere {
    fn dialect(&self) -> Dialect {
        Dialect::COHERE
    }

    fn endpoint(&self, _model: &str, _stream: bool) -> String {
        "chat".to_owned()
    }

    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        encode(request, model, source, losses)
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        _facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        Source { bytes: body, members }.for_model(model, losses)
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        decode(body)
    }

    fn reader(&self, _choices: u32) -> Box<dyn StreamReader> {
        Box::new(StreamDecoder::default())
    }
}

impl Billed for Cohere {
    fn output(&self) -> &'static [&'static str] {
        &[
            "message/content",
            "message/content/text",
            "message/content/thinking",
            "message/tool_plan",
            "message/tool_calls/function/name",
            "message/tool_calls/function/arguments",
        ]
    }

    fn counts(&self) -> &'static [&'static str] {
        &["usage", "delta/usage"]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        read_usage(raw).filter(|(_, corrected)| !corrected).map(|(usage, _)| usage)
    }
}
