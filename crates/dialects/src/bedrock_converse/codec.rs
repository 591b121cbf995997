use std::fmt::Write;

use bytes::Bytes;
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatRequest, Dialect, LossReport, TokenUsage};
use switchyard_domain::wire::Member;

use super::answer::{StreamDecoder, decode, read_usage};
use super::request::encode;
use crate::codec::{AnswerFault, Billed, DecodedAnswer, Framing, ProviderCodec, StreamReader, Unsupported};

/// The dialect, spoken to Bedrock's runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct BedrockConverse;

impl ProviderCodec for BedrockConverse {
    fn dialect(&self) -> Dialect {
        Dialect::BEDROCK_CONVERSE
    }

    fn framing(&self) -> Framing {
        Framing::AwsEventStream
    }

    fn endpoint(&self, model: &str, stream: bool) -> String {
        let operation = if stream { "converse-stream" } else { "converse" };
        format!("model/{}/{operation}", segment(model))
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

    /// The body as it is: the model stands in the path.
    fn adapt(
        &self,
        body: &Bytes,
        _members: &[Member],
        _model: &str,
        _facts: &CallFacts,
        _losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        Ok(vec![body.clone()])
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        decode(body)
    }

    fn reader(&self, _choices: u32) -> Box<dyn StreamReader> {
        Box::new(StreamDecoder::default())
    }
}

impl Billed for BedrockConverse {
    fn output(&self) -> &'static [&'static str] {
        &[
            "output/message/content/text",
            "output/message/content/reasoningContent/reasoningText/text",
            "output/message/content/citationsContent/content/text",
            "output/message/content/toolUse/name",
            "output/message/content/toolUse/input",
        ]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        read_usage(raw).filter(|(_, corrected)| !corrected).map(|(usage, _)| usage)
    }
}

/// A model id as one segment of a path: colons, and the slashes of ARNs, must not be taken for the path's own.
fn segment(model: &str) -> String {
    let mut out = String::with_capacity(model.len() + 8);
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into memory that grows can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        for (model, stream, path) in [
            ("amazon.nova-lite-v1:0", false, "model/amazon.nova-lite-v1%3A0/converse"),
            (
                "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.x",
                true,
                "model/arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Ainference-profile%2Fus.x/converse-stream",
            ),
            ("a?b#é", false, "model/a%3Fb%23%C3%A9/converse"),
        ] {
            assert_eq!(BedrockConverse.endpoint(model, stream), path);
        }
    }
}
