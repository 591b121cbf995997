//! Which dialect is spoken at which address.

use super::gemini::Action;
use super::models::Asker;
use actix_web::http::header::HeaderMap;
use switchyard_dialects::anthropic_messages::AnthropicMessagesClient;
use switchyard_dialects::codec::{ClientCodec, OperationClient};
use switchyard_dialects::gemini::GeminiClient;
use switchyard_dialects::gemini::embeddings::{GeminiEmbeddingsClient, Texts};
use switchyard_dialects::openai_chat::OpenAiChatClient;
use switchyard_dialects::openai_operations::{
    OpenAiCompletionsClient, OpenAiEmbeddingsClient, OpenAiImagesClient, OpenAiModerationsClient,
    OpenAiSpeechClient,
};
use switchyard_dialects::openai_responses::OpenAiResponsesClient;
use switchyard_domain::chat::Dialect;

/// OpenAI's chat completions.
pub(crate) static OPENAI_CHAT: &dyn ClientCodec = &OpenAiChatClient;
/// OpenAI's Responses.
pub(crate) static OPENAI_RESPONSES: &dyn ClientCodec = &OpenAiResponsesClient;
/// Anthropic's messages.
pub(crate) static ANTHROPIC_MESSAGES: &dyn ClientCodec = &AnthropicMessagesClient;
/// Google's Gemini.
pub(crate) static GEMINI: &dyn ClientCodec = &GeminiClient;

/// The dialects that clients speak.
static SPOKEN: &[&dyn ClientCodec] =
    &[&OpenAiChatClient, &OpenAiResponsesClient, &AnthropicMessagesClient, &GeminiClient];

/// The client dialect of this name.
pub(crate) fn named(name: &str) -> Option<&'static dyn ClientCodec> {
    SPOKEN.iter().find(|codec| codec.dialect().0 == name).copied()
}

/// The operations whose calls are JSON.
static OPERATIONS: &[&dyn OperationClient] = &[
    &OpenAiEmbeddingsClient,
    &OpenAiCompletionsClient,
    &OpenAiModerationsClient,
    &OpenAiImagesClient,
    &OpenAiSpeechClient,
    &GeminiEmbeddingsClient { texts: Texts::Several },
    &GeminiEmbeddingsClient { texts: Texts::One },
];

/// The client dialect of this name, of an operation other than chats.
pub(crate) fn operation_named(name: &str) -> Option<&'static dyn OperationClient> {
    OPERATIONS.iter().find(|codec| codec.dialect().0 == name).copied()
}

/// The names of all client dialects.
pub(crate) fn names() -> Vec<&'static str> {
    let chats = SPOKEN.iter().map(|codec| codec.dialect().0);
    let operations = OPERATIONS.iter().map(|codec| codec.dialect().0);
    chats.chain(operations).chain([Dialect::OPENAI_TRANSCRIPTIONS.0]).collect()
}

/// The headers of clients that go on to providers, in any dialect.
pub(crate) fn headers() -> impl Iterator<Item = &'static str> {
    SPOKEN.iter().flat_map(|codec| codec.headers()).copied()
}

/// OpenAI's embeddings.
pub(crate) static OPENAI_EMBEDDINGS: &dyn OperationClient = &OpenAiEmbeddingsClient;
/// OpenAI's first completions.
pub(crate) static OPENAI_COMPLETIONS: &dyn OperationClient = &OpenAiCompletionsClient;
/// OpenAI's moderations.
pub(crate) static OPENAI_MODERATIONS: &dyn OperationClient = &OpenAiModerationsClient;
/// OpenAI's pictures.
pub(crate) static OPENAI_IMAGES: &dyn OperationClient = &OpenAiImagesClient;
/// OpenAI's speech.
pub(crate) static OPENAI_SPEECH: &dyn OperationClient = &OpenAiSpeechClient;

/// Google's vectors.
pub(crate) fn gemini_embeddings(texts: Texts) -> &'static dyn OperationClient {
    match texts {
        Texts::One => &GeminiEmbeddingsClient { texts: Texts::One },
        Texts::Several => &GeminiEmbeddingsClient { texts: Texts::Several },
    }
}

/// The dialect of the gateway surface that a request is for; `None` where no dialect is spoken. Errors are written in it even where
/// nothing answers.
pub(crate) fn at(path: &str, headers: &HeaderMap) -> Option<&'static dyn ClientCodec> {
    let under = |prefix| is_under(path, prefix);
    if is_google(path) {
        Some(GEMINI)
    } else if under("/v1/models") {
        Some(Asker::of(headers).dialect())
    } else if under("/v1/messages") {
        Some(ANTHROPIC_MESSAGES)
    } else if under("/v1/responses") {
        Some(OPENAI_RESPONSES)
    } else {
        (under("/v1") || path == "/chat/completions").then_some(OPENAI_CHAT)
    }
}

/// Whether a path is one of Google's alone. Its SDKs call `v1` or `v1beta`, as they please; an action behind a colon is what only
/// their paths have.
pub(crate) fn is_google(path: &str) -> bool {
    let has_action = |call: &str| Action::of(&call.replace("%3A", ":").replace("%3a", ":")).is_some();
    is_under(path, "/v1beta") || path.strip_prefix("/v1/models/").is_some_and(has_action)
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use switchyard_domain::chat::Dialect;

    #[test]
    fn each_surface_has_its_dialect_and_other_paths_have_none() {
        for (path, dialect) in [
            ("/v1", Some(Dialect::OPENAI_CHAT)),
            ("/v1/", Some(Dialect::OPENAI_CHAT)),
            ("/v1/chat/completions", Some(Dialect::OPENAI_CHAT)),
            ("/v1/x", Some(Dialect::OPENAI_CHAT)),
            ("/v1/responses", Some(Dialect::OPENAI_RESPONSES)),
            ("/v1/messages", Some(Dialect::ANTHROPIC_MESSAGES)),
            ("/v1/messages/count_tokens", Some(Dialect::ANTHROPIC_MESSAGES)),
            ("/v1/messagesx", Some(Dialect::OPENAI_CHAT)),
            ("/v1beta/models/a/b:generateContent", Some(Dialect::GEMINI)),
            ("/v1/models/a/b:generateContent", Some(Dialect::GEMINI)),
            ("/v1/models/a/b:embedContent", Some(Dialect::GEMINI)),
            ("/v1/models/a/b:batchEmbedContents", Some(Dialect::GEMINI)),
            ("/v1/models/a%2Fb%3AembedContent", Some(Dialect::GEMINI)),
            ("/v1/models", Some(Dialect::OPENAI_CHAT)),
            ("/v1/models/llama3:8b", Some(Dialect::OPENAI_CHAT)),
            ("/chat/completions", Some(Dialect::OPENAI_CHAT)),
            ("/", None),
            ("/v12", None),
            ("/health", None),
            ("/chat/completions/x", None),
            ("/api/v1/chat", None),
        ] {
            assert_eq!(at(path, &HeaderMap::new()).map(|codec| codec.dialect()), dialect, "{path}");
        }
    }

    #[test]
    fn where_three_vendors_have_a_list_the_askers_headers_tell_whose_words_it_wants() {
        for (header, dialect) in [
            ("anthropic-version", Dialect::ANTHROPIC_MESSAGES),
            ("x-goog-api-key", Dialect::GEMINI),
            ("authorization", Dialect::OPENAI_CHAT),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(header), HeaderValue::from_static("x"));
            for path in ["/v1/models", "/v1/models/a/b"] {
                assert_eq!(at(path, &headers).map(|codec| codec.dialect()), Some(dialect), "{path} {header}");
            }
            let elsewhere = at("/v1/chat/completions", &headers).map(|codec| codec.dialect());
            assert_eq!(elsewhere, Some(Dialect::OPENAI_CHAT), "{header}");
        }
    }
}
