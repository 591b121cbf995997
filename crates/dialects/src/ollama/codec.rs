use bytes::Bytes;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport};
use switchyard_domain::wire::Member;

use super::answer::{StreamDecoder, decode};
use super::request::encode;
use crate::codec::{
    AnswerFault, Billed, DecodedAnswer, Framing, ProviderCodec, Source, StreamReader, Unsupported,
};

/// The dialect, spoken to an Ollama server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ollama;

impl ProviderCodec for Ollama {
    fn dialect(&self) -> Dialect {
        Dialect::OLLAMA
    }

    fn framing(&self) -> Framing {
        Framing::JsonLines
    }

    fn endpoint(&self, _model: &str, _stream: bool) -> String {
        "api/chat".to_owned()
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

/// The counts have no object of their own, and are among the last words of an answer.
impl Billed for Ollama {
    fn output(&self) -> &'static [&'static str] {
        &[
            "message/content",
            "message/thinking",
            "message/tool_calls/function/name",
            "message/tool_calls/function/arguments",
        ]
    }
}
