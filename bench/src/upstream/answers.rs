//! The bytes of the answers, made once for each kind that is asked for.

use super::wish::Wish;
use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;

const WORDS: [&str; 8] = [" the", " water", " was", " still", " and", " very", " cold", "."];

/// What goes out.
#[derive(Clone)]
pub(crate) enum Reply {
    Whole(Rc<[u8]>),
    Stream(Rc<Stream>),
}

/// A stream in the pieces that it is written in.
pub(crate) struct Stream {
    /// The head and the chunk that says who speaks.
    pub(crate) opening: Vec<u8>,
    /// The content, a word each.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// The reason of the end, the usage if asked for, and the end.
    pub(crate) end: Vec<u8>,
}

/// All answers made so far.
#[derive(Default)]
pub(crate) struct Answers {
    made: HashMap<(bool, usize, bool), Reply>,
}

impl Answers {
    pub(crate) fn to(&mut self, wish: Wish) -> Reply {
        let make = || match wish.stream {
            true => Reply::Stream(Rc::new(stream(wish))),
            false => Reply::Whole(whole(wish.tokens).into()),
        };
        self.made.entry((wish.stream, wish.tokens, wish.usage)).or_insert_with(make).clone()
    }
}

fn words(count: usize) -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().cycle().take(count)
}

fn usage(tokens: usize) -> String {
    format!(
        r#"{{"prompt_tokens":250,"completion_tokens":{tokens},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#,
        250 + tokens
    )
}

fn whole(tokens: usize) -> Vec<u8> {
    let (text, usage) = (words(tokens).collect::<String>(), usage(tokens));
    let body = format!(
        r#"{{"id":"chatcmpl-bench0001","object":"chat.completion","created":1790000000,"model":"gpt-sim","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{usage},"service_tier":"default","system_fingerprint":"fp_sim"}}"#
    );
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn stream(wish: Wish) -> Stream {
    let unused = if wish.usage { r#","usage":null"# } else { "" };
    let event = |choices: &str, usage: &str| {
        chunk(&format!(
            r#"data: {{"id":"chatcmpl-bench0001","object":"chat.completion.chunk","created":1790000000,"model":"gpt-sim","service_tier":"default","system_fingerprint":"fp_sim","choices":[{choices}]{usage}}}"#
        ))
    };
    let choice = |delta: &str, finish: &str| {
        event(
            &format!(r#"{{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{finish}}}"#),
            unused,
        )
    };
    let mut opening = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    opening += &choice(r#""role":"assistant","content":"","refusal":null"#, "null");
    let content = |word| choice(&format!(r#""content":"{word}""#), "null").into_bytes();
    let mut end = choice("", r#""stop""#);
    if wish.usage {
        end += &event("", &format!(r#","usage":{}"#, usage(wish.tokens)));
    }
    end += &chunk("data: [DONE]");
    end += "0\r\n\r\n";
    Stream {
        opening: opening.into_bytes(),
        chunks: words(wish.tokens).map(content).collect(),
        end: end.into_bytes(),
    }
}

/// An event as one chunk of HTTP.
fn chunk(event: &str) -> String {
    let mut chunk = String::with_capacity(event.len() + 16);
    // Writing to memory does not fail.
    let _ = write!(chunk, "{:x}\r\n{event}\n\n\r\n", event.len() + 2);
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Body, response_head};
    use bytes::BytesMut;
    use std::time::Duration;

    fn body(bytes: &[u8]) -> String {
        let head = response_head(bytes).unwrap().unwrap();
        let (mut input, mut body) = (BytesMut::from(&bytes[head.length..]), BytesMut::new());
        assert!(Body::new(head.framing).take(&mut input, &mut body).unwrap() && input.is_empty());
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn streamed(usage: bool) -> String {
        let stream = stream(Wish { stream: true, tokens: 5, pace: Duration::ZERO, usage });
        body(&[stream.opening, stream.chunks.concat(), stream.end].concat())
    }

    #[test]
    fn a_whole_answer_is_json_of_the_announced_length() {
        let answer: serde_json::Value = serde_json::from_str(&body(&whole(12))).unwrap();
        assert_eq!(answer["usage"]["total_tokens"], 262);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn a_stream_has_a_chunk_for_each_word_and_tells_its_usage_only_if_asked() {
        for asked in [false, true] {
            let text = streamed(asked);
            let events: Vec<serde_json::Value> = text
                .split_terminator("\n\n")
                .filter_map(|event| event.strip_prefix("data: ").filter(|data| *data != "[DONE]"))
                .map(|data| serde_json::from_str(data).unwrap())
                .collect();
            assert_eq!(events.len(), if asked { 8 } else { 7 });
            assert_eq!(events.last().unwrap()["usage"]["completion_tokens"].as_u64(), asked.then_some(5));
            assert_eq!(text.matches(crate::load::CONTENT).count(), 5);
            assert!(text.ends_with("data: [DONE]\n\n"));
        }
    }
}
