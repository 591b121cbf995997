//! What the path of a call says: in which dialect it is, and in some for which model.

use std::borrow::Cow;

use super::Wire;

/// A path that a dialect knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) wire: Wire,
    /// The model, where it stands in the path.
    pub(crate) model: Option<String>,
    /// Whether a stream is asked for, where the path says so.
    pub(crate) stream: Option<bool>,
}

impl Spoken {
    /// What is spoken at `path`, whatever stands before.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let body_says = |wire| Some(Self { wire, model: None, stream: None });
        for (end, wire) in [
            ("/chat/completions", Wire::OpenAiChat),
            ("/responses", Wire::OpenAiResponses),
            ("/v1/messages", Wire::Anthropic),
            ("/v2/chat", Wire::Cohere),
            ("/api/chat", Wire::Ollama),
        ] {
            if path.ends_with(end) {
                return body_says(wire);
            }
        }
        let (before, operation) = path.rsplit_once(['/', ':'])?;
        let (wire, stream) = match operation {
            "generateContent" => (Wire::Gemini, false),
            "streamGenerateContent" => (Wire::Gemini, true),
            "converse" => (Wire::Bedrock, false),
            "converse-stream" => (Wire::Bedrock, true),
            _ => return None,
        };
        let place = if wire == Wire::Gemini { "/models/" } else { "/model/" };
        let (_, model) = before.rsplit_once(place)?;
        Some(Self { wire, model: Some(decoded(model).into_owned()), stream: Some(stream) })
    }
}

/// The model in the path of an action of Google's.
pub(crate) fn model_in_path(path: &str) -> Option<Cow<'_, str>> {
    let (before, _) = path.rsplit_once(':')?;
    before.rsplit_once("/models/").map(|(_, model)| decoded(model))
}

/// A part of a path without its percent-encoding.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, later)) = rest.split_first() {
        let code = later.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = later.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = later;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_all_dialects_are_known() {
        for (path, wire, model) in [
            ("/v1/chat/completions", Wire::OpenAiChat, None),
            ("/openai/deployments/gpt/chat/completions", Wire::OpenAiChat, None),
            ("/v1/responses", Wire::OpenAiResponses, None),
            ("/v1/messages", Wire::Anthropic, None),
            ("/v2/chat", Wire::Cohere, None),
            ("/api/chat", Wire::Ollama, None),
            ("/v1beta/models/m%3Fa%3Db:streamGenerateContent", Wire::Gemini, Some("m?a=b")),
            (
                "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
                Wire::Gemini,
                Some("m"),
            ),
            ("/model/amazon.nova-v1%3A0/converse-stream", Wire::Bedrock, Some("amazon.nova-v1:0")),
        ] {
            let spoken = Spoken::at(path).unwrap();
            assert_eq!((spoken.wire, spoken.model.as_deref()), (wire, model), "{path}");
        }
        assert_eq!(Spoken::at("/v1/embeddings"), None);
        assert_eq!(Spoken::at("/v1/messages/count_tokens"), None);
        assert_eq!(model_in_path("/v1beta/models/m%3Fa%3Db:embedContent").as_deref(), Some("m?a=b"));
        assert_eq!(model_in_path("/v1/embeddings"), None);
    }
}
