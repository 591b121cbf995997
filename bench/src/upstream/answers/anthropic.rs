//! Anthropic's messages.

use super::{Events, text, words};

pub(super) fn whole(tokens: usize) -> String {
    let text = text(tokens);
    let message =
        message(&format!(r#"[{{"type":"text","text":"{text}"}}]"#), r#""end_turn""#, &usage(tokens));
    format!("{{{message}}}")
}

pub(super) fn events(tokens: usize) -> Events {
    let start = message("[]", "null", &usage(1));
    let content = |word| {
        let delta = format!(r#""index":0,"delta":{{"type":"text_delta","text":"{word}"}}"#);
        event("content_block_delta", &delta)
    };
    let last = format!(
        r#""delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{tokens}}}"#
    );
    Events {
        opening: vec![
            event("message_start", &format!(r#""message":{{{start}}}"#)),
            event("content_block_start", r#""index":0,"content_block":{"type":"text","text":""}"#),
            r#"event: ping
data: {"type": "ping"}"#
                .to_owned(),
        ],
        content: words(tokens).map(content).collect(),
        end: vec![
            event("content_block_stop", r#""index":0"#),
            event("message_delta", &last),
            "event: message_stop\ndata: {\"type\":\"message_stop\"}".to_owned(),
        ],
    }
}

fn event(name: &str, members: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{members}}}")
}

fn message(content: &str, reason: &str, usage: &str) -> String {
    format!(
        r#""model":"claude-sim","id":"msg_bench0001","type":"message","role":"assistant","content":{content},"stop_reason":{reason},"stop_sequence":null,"usage":{usage}"#
    )
}

fn usage(tokens: usize) -> String {
    format!(
        r#"{{"input_tokens":250,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}},"output_tokens":{tokens},"service_tier":"standard"}}"#
    )
}
