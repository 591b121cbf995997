use serde_json::{Value, json};
use switchyard_harness::TestClient;

/// The dialects that clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

impl Client {
    pub(crate) const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Anthropic, Self::Gemini];

    /// The dialect's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai-chat",
            Self::Responses => "openai-responses",
            Self::Anthropic => "anthropic-messages",
            Self::Gemini => "gemini",
        }
    }

    /// The request that the dialect's official SDK makes of these members.
    pub(crate) fn request(self, members: &Value, model: &str, streamed: bool) -> (String, Value) {
        let mut body = members.clone();
        if self == Self::Gemini {
            let action = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
            return (format!("/v1beta/models/{model}:{action}"), body);
        }
        body["model"] = json!(model);
        if streamed {
            body["stream"] = json!(true);
            if self == Self::Chat {
                body["stream_options"] = json!({"include_usage": true});
            }
        }
        let path = match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            _ => "/v1/messages",
        };
        (path.to_owned(), body)
    }

    /// A POST with the key where the dialect's official SDK puts it.
    pub(crate) fn post(self, anonymous: &TestClient, path: &str, key: &str) -> reqwest::RequestBuilder {
        let request = anonymous.request("POST", path).header("content-type", "application/json");
        match self {
            Self::Chat | Self::Responses => request.bearer_auth(key),
            Self::Anthropic => request.header("x-api-key", key).header("anthropic-version", "2023-06-01"),
            Self::Gemini => request.header("x-goog-api-key", key),
        }
    }
}
