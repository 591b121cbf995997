//! The dialects, on the side of providers and on that of clients.

use switchyard_dialects::anthropic_messages::{AnthropicMessages, AnthropicMessagesClient};
use switchyard_dialects::bedrock_converse::BedrockConverse;
use switchyard_dialects::codec::{AnswerForm, ClientCodec, MemberRule, ProviderCodec, StreamFraming};
use switchyard_dialects::cohere::Cohere;
use switchyard_dialects::gemini::{Gemini, GeminiClient};
use switchyard_dialects::ollama::Ollama;
use switchyard_dialects::openai_chat::request::{
    CacheForm, DocumentForm, ReasoningForm, StreamUsage, TargetFacts, ToolCallIds,
};
use switchyard_dialects::openai_chat::{OpenAiChat, OpenAiChatClient, UsageRule};
use switchyard_dialects::openai_responses::{OpenAiResponses, OpenAiResponsesClient, ProofsWanted};
use switchyard_domain::chat::Dialect;

/// A dialect under test.
#[derive(Debug)]
pub struct Subject {
    /// The dialect as vendors speak it; the first keeps to its inventor.
    pub codecs: &'static [&'static dyn ProviderCodec],
    /// The dialect as clients speak it, where they do.
    pub client: Option<&'static dyn ClientCodec>,
}

impl Subject {
    /// The dialect as its inventor speaks it.
    pub(crate) fn codec(&self) -> &'static dyn ProviderCodec {
        self.codecs[0]
    }
}

/// One that refuses much of what OpenAI takes, and counts otherwise.
static STRICT_CHAT: OpenAiChat = OpenAiChat {
    requests: TargetFacts {
        developer_role: false,
        stream_usage: StreamUsage::Unasked,
        seed_member: "random_seed",
        required_word: "any",
        reasoning: ReasoningForm::ThinkingPart,
        cache: CacheForm::CacheControl,
        documents: DocumentForm::DocumentUrl,
        tool_call_ids: ToolCallIds::NineAlphanumeric,
        legacy_functions: false,
        ..TargetFacts::OPENAI
    },
    usage: UsageRule { completion_excludes_reasoning: true, prompt_excludes_audio: true },
    members: &[
        MemberRule::Rename { from: "max_completion_tokens", to: "max_tokens" },
        MemberRule::Omit { name: "stream_options" },
        MemberRule::Drop { name: "user", why: "unknown" },
    ],
    answers_flat: true,
};

/// One that keeps nothing and gives no proofs.
static PLAIN_SPOKEN_RESPONSES: OpenAiResponses = OpenAiResponses {
    issuer: "deepseek",
    stores: false,
    proofs: ProofsWanted::Never,
    developer_role: false,
    reasoning_text: true,
    members: &[],
};

/// OpenAI's chat completions.
pub static OPENAI_CHAT: Subject =
    Subject { codecs: &[&OpenAiChat::PLAIN, &STRICT_CHAT], client: Some(&OpenAiChatClient) };
/// OpenAI's Responses.
pub static OPENAI_RESPONSES: Subject = Subject {
    codecs: &[&OpenAiResponses::PLAIN, &PLAIN_SPOKEN_RESPONSES],
    client: Some(&OpenAiResponsesClient),
};
/// Anthropic's messages.
pub static ANTHROPIC_MESSAGES: Subject =
    Subject { codecs: &[&AnthropicMessages::PLAIN], client: Some(&AnthropicMessagesClient) };
/// Google's `generateContent`.
pub static GEMINI: Subject =
    Subject { codecs: &[&Gemini::GOOGLE, &Gemini::VERTEX], client: Some(&GeminiClient) };
/// Ollama's own.
pub static OLLAMA: Subject = Subject { codecs: &[&Ollama], client: None };
/// Cohere's.
pub static COHERE: Subject = Subject { codecs: &[&Cohere], client: None };
/// Amazon Bedrock's.
pub static BEDROCK_CONVERSE: Subject = Subject { codecs: &[&BedrockConverse], client: None };

/// All dialects.
pub(crate) static ALL: [&Subject; 7] =
    [&OPENAI_CHAT, &OPENAI_RESPONSES, &ANTHROPIC_MESSAGES, &GEMINI, &OLLAMA, &COHERE, &BEDROCK_CONVERSE];

/// The dialects that clients speak.
pub(crate) fn spoken_by_clients()
-> impl Iterator<Item = (&'static dyn ClientCodec, &'static dyn ProviderCodec)> {
    ALL.iter().filter_map(|subject| Some((subject.client?, subject.codec())))
}

/// The client's side of a dialect.
pub(crate) fn client_of(dialect: Dialect) -> Option<&'static dyn ClientCodec> {
    spoken_by_clients().map(|(client, _)| client).find(|client| client.dialect() == dialect)
}

/// What an answer to a client is made with.
pub(crate) const FORM: AnswerForm<'static> = AnswerForm {
    fallback_id: "fallback",
    fallback_model: "model",
    fallback_created: 1,
    request: None,
    include_usage: true,
    framing: StreamFraming::Sse,
};
