//! The dialect as others use it.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::{ChatAnswer, ChatRequest, Dialect, LossReport, Part, TokenUsage};
use switchyard_domain::wire::Member;

use super::client_messages::{MessageRules, rewritten};
use super::request::{StreamUsage, TargetFacts, ToolCallIds};
use super::stream::{StreamDecoder, StreamEncoder, Watcher};
use super::{UsageRule, answer, request, usage};
use crate::codec::{
    Address, AnswerFault, AnswerForm, Billed, ClientCodec, ClientError, DecodedAnswer, LastWord, Look,
    MemberRule, ProviderCodec, Source, StreamReader, StreamWatcher, StreamWriter, Unsupported, joined,
    quoted,
};
use crate::openai_error::{encode_error, write_error_event};
use crate::request::{CheckedRequest, RequestError, RequestLimits};
use crate::scan::{Document, ScanLimits};
use crate::splice::Edit;
use crate::sse::DONE;

/// The dialect as a vendor speaks it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiChat {
    /// How requests are written. What this says of roles and ids of tool calls holds for a client's own bytes too, and so does
    /// whether usage is asked for in streams.
    pub requests: TargetFacts,
    /// How it counts.
    pub usage: UsageRule,
    /// Members of a request that it does not take as they are.
    pub members: &'static [MemberRule],
    /// Whether a buffered answer may be a flat object (`text` or `content`, `model`, `usage`).
    pub answers_flat: bool,
}

impl OpenAiChat {
    /// A vendor that keeps to OpenAI in all respects, and whose streams are asked for their usage.
    pub const PLAIN: Self = Self {
        requests: TargetFacts { stream_usage: StreamUsage::Always, ..TargetFacts::OPENAI },
        usage: UsageRule { completion_excludes_reasoning: false, prompt_excludes_audio: false },
        members: &[],
        answers_flat: false,
    };

    fn edited(
        &self,
        source: &Source<'_>,
        model: &str,
        asks_usage: bool,
        plain_messages: bool,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        let model = quoted(model);
        let messages = match plain_messages {
            true => None,
            false => rewritten(source.bytes, source.members, MessageRules::of(&self.requests), losses),
        };
        let mut edits = Vec::with_capacity(3 + self.members.len());
        edits.push(Edit::Set { name: "model", value: &model });
        if asks_usage {
            edits.push(Edit::SetIn { object: "stream_options", name: "include_usage", value: b"true" });
        }
        if let Some(value) = &messages {
            edits.push(Edit::Set { name: "messages", value });
        }
        source.edited_in_pieces(edits, self.members, losses)
    }
}

impl ProviderCodec for OpenAiChat {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_CHAT
    }

    fn last_word(&self) -> LastWord {
        LastWord::Fixed
    }

    fn endpoint(&self, _model: &str, _stream: bool) -> String {
        "chat/completions".to_owned()
    }

    fn write(
        &self,
        request: &ChatRequest,
        model: &str,
        source: Dialect,
        losses: &mut LossReport,
    ) -> Result<Bytes, Unsupported> {
        let body = request::encode(request, source, &self.requests.of_model(model), losses);
        let scanned = Document::scan(body, ScanLimits::UNBOUNDED).map_err(|error| Unsupported {
            param: None,
            message: format!("the request could not be prepared: {error}"),
        })?;
        let source = Source { bytes: scanned.body(), members: &scanned.wire_members() };
        Ok(joined(&self.edited(&source, model, false, false, losses)?))
    }

    fn adapt(
        &self,
        body: &Bytes,
        members: &[Member],
        model: &str,
        facts: &CallFacts,
        losses: &mut LossReport,
    ) -> Result<Vec<Bytes>, Unsupported> {
        let asks_usage =
            facts.stream && !facts.wants_stream_usage && self.requests.stream_usage == StreamUsage::Always;
        self.edited(&Source { bytes: body, members }, model, asks_usage, facts.plain_messages, losses)
    }

    fn decode(&self, body: &[u8]) -> Result<DecodedAnswer, AnswerFault> {
        match answer::decode(body, self.usage) {
            Err(AnswerFault::NoChoices) if self.answers_flat => {
                answer::decode_flat(body, self.usage).ok_or(AnswerFault::NoChoices)
            }
            decoded => decoded,
        }
    }

    fn glance(&self, body: &[u8], output: &mut String) -> Result<Look, AnswerFault> {
        answer::glance(body, self.usage, output)
    }

    fn reader(&self, choices: u32) -> Box<dyn StreamReader> {
        Box::new(StreamDecoder::new(self.usage, choices))
    }

    fn watcher(&self, choices: u32) -> Box<dyn StreamWatcher> {
        Box::new(Watcher::new(self.usage, choices))
    }

    fn departures(&self) -> Vec<String> {
        let mut departures: Vec<String> = self.members.iter().map(MemberRule::sentence).collect();
        if !self.requests.developer_role {
            departures.push("Messages of the role `developer` are sent as `system`.".to_owned());
        }
        if self.requests.tool_call_ids == ToolCallIds::NineAlphanumeric {
            departures.push("Ids of tool calls in the history are given nine letters or digits.".to_owned());
        }
        departures.extend(MessageRules::of(&self.requests).reasoning_sentence());
        if self.requests.stream_usage == StreamUsage::Always {
            departures.push("Streams are asked for their usage.".to_owned());
        }
        departures
    }
}

/// What holds output: two members of a flat answer, and those of others.
const OUTPUT: &[&str] = &[
    "content",
    "text",
    "choices/message/content",
    "choices/message/content/text",
    "choices/message/content/thinking",
    "choices/message/content/thinking/text",
    "choices/message/reasoning_content",
    "choices/message/reasoning",
    "choices/message/refusal",
    "choices/message/tool_calls/function/name",
    "choices/message/tool_calls/function/arguments",
    "choices/message/tool_calls/custom/name",
    "choices/message/tool_calls/custom/input",
    "choices/message/function_call/name",
    "choices/message/function_call/arguments",
];

impl Billed for OpenAiChat {
    fn output(&self) -> &'static [&'static str] {
        OUTPUT
    }

    /// A vendor's error must not be taken for a flat answer.
    fn is_output(&self, path: &str) -> bool {
        (self.answers_flat || path.contains('/')) && OUTPUT.contains(&path)
    }

    /// Some send reasoning under both names.
    fn alike(&self) -> Option<(&'static str, [&'static str; 2])> {
        if self.answers_flat {
            return Some(("", ["content", "text"]));
        }
        Some(("choices/message", ["choices/message/reasoning_content", "choices/message/reasoning"]))
    }

    fn counts(&self) -> &'static [&'static str] {
        // The second is Groq's.
        &["usage", "x_groq/usage"]
    }

    fn count(&self, raw: &RawValue) -> Option<TokenUsage> {
        usage::read(raw, self.usage).filter(|read| !read.corrected).map(|read| read.usage)
    }
}

/// The dialect as clients speak it.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiChatClient;

impl ClientCodec for OpenAiChatClient {
    fn dialect(&self) -> Dialect {
        Dialect::OPENAI_CHAT
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

    fn shared_members(&self) -> &'static [&'static str] {
        // The second is OpenRouter's, which clients may know.
        &["service_tier", "native_finish_reason"]
    }

    fn shows(&self, part: &Part) -> bool {
        !matches!(part, Part::Image { .. } | Part::Audio(_) | Part::Document(_) | Part::Native { .. })
    }

    fn encode(&self, answer: &ChatAnswer, form: &AnswerForm<'_>) -> Bytes {
        answer::encode(answer, form)
    }

    fn writer(&self, form: &AnswerForm<'_>) -> Box<dyn StreamWriter> {
        Box::new(StreamEncoder::new(form))
    }

    fn verbatim_end(&self) -> Bytes {
        DONE
    }

    fn verbatim_failure(&self, error: &ClientError<'_>) -> Bytes {
        let mut out = BytesMut::new();
        write_error_event(&mut out, error);
        out.freeze()
    }

    fn error(&self, error: &ClientError<'_>) -> Bytes {
        encode_error(error)
    }
}
