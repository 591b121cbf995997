use switchyard_domain::chat::ChatEvent;

use super::{AnswerFault, DecodedAnswer, decode};
use crate::openai_chat::UsageRule;
use crate::openai_chat::json::close;

/// What there is of an answer whose body broke off, or breaks off inside: its text as far as it came, for counting what the
/// provider bills. A count of the provider's own is believed only in a body that is whole. Where the body ends inside a word,
/// that piece of it is text too.
#[must_use]
pub fn decode_remains(body: &[u8], rule: UsageRule) -> Option<DecodedAnswer> {
    match decode(body, rule) {
        Ok(answer) => Some(answer),
        Err(AnswerFault::NotJson) => {
            let mut answer = decode(&close(body)?, rule).ok()?;
            answer.events.retain(|event| !matches!(event, ChatEvent::Usage(_)));
            Some(DecodedAnswer { usage_corrected: false, ..answer })
        }
        Err(AnswerFault::NoChoices | AnswerFault::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = concat!(
        r#"{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"#,
        r#""assistant","reasoning_content":" why","content":" one two","tool_calls":[{"id":"c","type":"function","#,
        r#""function":{"name":"look_up","arguments":"{\"a\":1}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"#,
        r#""completion_tokens":25,"total_tokens":35}}"#
    );

    fn text_and_usage(body: &str) -> (String, bool) {
        let events = decode_remains(body.as_bytes(), UsageRule::default()).map(|answer| answer.events);
        let events = events.unwrap_or_default();
        let text = events.iter().filter_map(|event| match event {
            ChatEvent::Delta { delta, .. } => Some(delta.output_text()),
            _ => None,
        });
        (text.collect(), events.iter().any(|event| matches!(event, ChatEvent::Usage(_))))
    }

    #[test]
    fn a_body_that_is_whole_says_all() {
        assert_eq!(text_and_usage(WHOLE), (r#" why one twolook_up{"a":1}"#.to_owned(), true));
    }

    #[test]
    fn of_a_cut_body_the_text_that_came_remains_and_no_count() {
        let until = |end: &str| &WHOLE[..WHOLE.find(end).unwrap() + end.len()];
        assert_eq!(text_and_usage(until(" one t")), (" why one t".to_owned(), false));
        assert_eq!(text_and_usage(until("look_up\"")), (" why one twolook_up".to_owned(), false));
        assert_eq!(
            text_and_usage(until("finish_reason")),
            (r#" why one twolook_up{"a":1}"#.to_owned(), false)
        );
        assert!(!text_and_usage(until(r#""completion_tokens":2"#)).1);
        assert!(!text_and_usage(until(r#""total_tokens":35}"#)).1);
    }

    #[test]
    fn nothing_remains_of_what_is_no_answer() {
        for body in ["", "<html>", r#"{"error":{"message":"no"}"#, r#"{"id":"x","choi"#] {
            assert_eq!(text_and_usage(body), (String::new(), false), "{body}");
        }
    }
}
