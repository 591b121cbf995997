//! The flat answer that some small servers give: one object with the text, without choices.

use serde::Deserialize;
use switchyard_domain::chat::{ChatEvent, Delta, FinishReason, TokenUsage};

#[derive(Deserialize)]
struct Flat {
    text: Option<String>,
    content: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(alias = "input_tokens")]
    prompt_tokens: u32,
    #[serde(alias = "output_tokens")]
    completion_tokens: u32,
}

/// The events of a flat answer; `None` if the body is none.
pub(in crate::openai_chat) fn decode(body: &[u8]) -> Option<Vec<ChatEvent>> {
    let Flat { text, content, model, usage } = serde_json::from_slice(body).ok()?;
    let text = text.or(content)?;
    let mut events = vec![
        ChatEvent::Started {
            id: String::new(),
            model: model.unwrap_or_default(),
            created: None,
            extensions: Vec::new(),
        },
        ChatEvent::Delta { choice: 0, delta: Delta::Text(text) },
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
    ];
    events.extend(usage.map(|usage| {
        ChatEvent::Usage(TokenUsage {
            input: usage.prompt_tokens.into(),
            output: usage.completion_tokens.into(),
            ..TokenUsage::default()
        })
    }));
    Some(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_the_text_are_read() {
        for body in [
            r#"{"text":"hi","model":"m","usage":{"prompt_tokens":2,"completion_tokens":1}}"#,
            r#"{"content":"hi"}"#,
        ] {
            let events = decode(body.as_bytes()).unwrap();
            assert!(
                events.contains(&ChatEvent::Delta { choice: 0, delta: Delta::Text("hi".into()) }),
                "{body}"
            );
        }
        assert_eq!(decode(br#"{"output":"hi"}"#), None);
        assert_eq!(decode(br#"{"text":7}"#), None);
    }
}
