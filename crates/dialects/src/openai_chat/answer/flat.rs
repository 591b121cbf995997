//! The flat answer that some small servers give: one object with the text, without choices.

use switchyard_domain::chat::{ChatEvent, Delta, FinishReason};

use crate::codec::DecodedAnswer;
use crate::json::{object, text, without_lone_surrogates};
use crate::openai_chat::UsageRule;
use crate::openai_chat::usage;

/// Reads a flat answer; `None` if the body is none.
pub(in crate::openai_chat) fn decode(body: &[u8], rule: UsageRule) -> Option<DecodedAnswer> {
    let body = String::from_utf8_lossy(body);
    let body = without_lone_surrogates(body.trim());
    let top = object(&body)?;
    let said = top.get("text").and_then(text).or_else(|| top.get("content").and_then(text))?;
    let model = top.get("model").and_then(text).unwrap_or_default().into_owned();
    let counted = top.get("usage").and_then(|usage| usage::read(usage, rule));
    let mut events = vec![
        ChatEvent::Started { id: String::new(), model, created: None, extensions: Vec::new() },
        ChatEvent::Delta { choice: 0, delta: Delta::Text(said.into_owned()) },
        ChatEvent::Finished { choice: 0, reason: FinishReason::Stop },
    ];
    events.extend(counted.map(|counted| ChatEvent::Usage(counted.usage)));
    Some(DecodedAnswer { events, usage_corrected: counted.is_some_and(|counted| counted.corrected) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_the_text_are_read() {
        for body in [
            r#"{"text":"hi","model":"m","usage":{"prompt_tokens":2,"completion_tokens":1}}"#,
            r#"{"content":"hi"}"#,
            r#"{"content":"hi","usage":{}}"#,
            r#"{"content":"hi","usage":{"prompt_tokens":-1}}"#,
        ] {
            let events = decode(body.as_bytes(), UsageRule::default()).unwrap().events;
            assert!(
                events.contains(&ChatEvent::Delta { choice: 0, delta: Delta::Text("hi".into()) }),
                "{body}"
            );
        }
        assert_eq!(decode(br#"{"output":"hi"}"#, UsageRule::default()), None);
        assert_eq!(decode(br#"{"text":7}"#, UsageRule::default()), None);
    }

    #[test]
    fn counts_that_make_no_sense_leave_the_answer_and_are_told() {
        for (usage, corrected) in [
            (r#"{"prompt_tokens":2,"completion_tokens":1}"#, false),
            (r#"{"prompt_tokens":5}"#, true),
            (r#"{"prompt_tokens":9007199254740992,"completion_tokens":1}"#, true),
        ] {
            let body = format!(r#"{{"text":"hi","usage":{usage}}}"#);
            let answer = decode(body.as_bytes(), UsageRule::default()).unwrap();
            assert_eq!(answer.usage_corrected, corrected, "{usage}");
        }
    }
}
