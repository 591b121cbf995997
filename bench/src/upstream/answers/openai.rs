//! OpenAI's chat completions.

use super::{Events, text, words};

pub(super) fn whole(tokens: usize) -> String {
    let (text, usage) = (text(tokens), usage(tokens));
    format!(
        r#"{{"id":"chatcmpl-bench0001","object":"chat.completion","created":1790000000,"model":"gpt-sim","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{usage},"service_tier":"default","system_fingerprint":"fp_sim"}}"#
    )
}

pub(super) fn events(tokens: usize, asked_for_usage: bool) -> Events {
    let unused = if asked_for_usage { r#","usage":null"# } else { "" };
    let event = |choices: &str, usage: &str| {
        format!(
            r#"data: {{"id":"chatcmpl-bench0001","object":"chat.completion.chunk","created":1790000000,"model":"gpt-sim","service_tier":"default","system_fingerprint":"fp_sim","choices":[{choices}]{usage}}}"#
        )
    };
    let choice = |delta: &str, finish: &str| {
        event(
            &format!(r#"{{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{finish}}}"#),
            unused,
        )
    };
    let mut end = vec![choice("", r#""stop""#)];
    if asked_for_usage {
        end.push(event("", &format!(r#","usage":{}"#, usage(tokens))));
    }
    end.push("data: [DONE]".to_owned());
    Events {
        opening: vec![choice(r#""role":"assistant","content":"","refusal":null"#, "null")],
        content: words(tokens).map(|word| choice(&format!(r#""content":"{word}""#), "null")).collect(),
        end,
    }
}

fn usage(tokens: usize) -> String {
    format!(
        r#"{{"prompt_tokens":250,"completion_tokens":{tokens},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#,
        250 + tokens
    )
}
