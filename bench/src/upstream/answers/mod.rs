//! The bytes of the answers, made once for each kind that is asked for.

mod anthropic;
mod gemini;
mod openai;

use super::wish::Wish;
use crate::dialect::Dialect;
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
    /// The head and what comes before the content.
    pub(crate) opening: Vec<u8>,
    /// The content, a word each.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// The reason of the end, the usage if asked for, and the end.
    pub(crate) end: Vec<u8>,
}

/// The events of a stream, without the empty lines that end them.
struct Events {
    opening: Vec<String>,
    content: Vec<String>,
    end: Vec<String>,
}

/// All answers made so far.
#[derive(Default)]
pub(crate) struct Answers {
    made: HashMap<(Dialect, bool, usize, bool), Reply>,
}

impl Answers {
    pub(crate) fn to(&mut self, wish: Wish) -> Reply {
        let make = || match wish.stream {
            true => Reply::Stream(Rc::new(stream(wish))),
            false => Reply::Whole(whole(wish).into()),
        };
        let kind = (wish.dialect, wish.stream, wish.tokens, wish.usage);
        self.made.entry(kind).or_insert_with(make).clone()
    }
}

fn words(count: usize) -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().cycle().take(count)
}

fn text(count: usize) -> String {
    words(count).collect()
}

fn whole(wish: Wish) -> Vec<u8> {
    let body = match wish.dialect {
        Dialect::OpenAi => openai::whole(wish.tokens),
        Dialect::Anthropic => anthropic::whole(wish.tokens),
        Dialect::Gemini => gemini::whole(wish.tokens),
    };
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn stream(wish: Wish) -> Stream {
    let events = match wish.dialect {
        Dialect::OpenAi => openai::events(wish.tokens, wish.usage),
        Dialect::Anthropic => anthropic::events(wish.tokens),
        Dialect::Gemini => gemini::events(wish.tokens),
    };
    let mut opening = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    let mut end = String::new();
    events.opening.iter().for_each(|event| chunk(&mut opening, event));
    events.end.iter().for_each(|event| chunk(&mut end, event));
    end += "0\r\n\r\n";
    let content = |event: &String| {
        let mut bytes = String::new();
        chunk(&mut bytes, event);
        bytes.into_bytes()
    };
    Stream {
        opening: opening.into_bytes(),
        chunks: events.content.iter().map(content).collect(),
        end: end.into_bytes(),
    }
}

/// An event as one chunk of HTTP.
fn chunk(bytes: &mut String, event: &str) {
    // Writing to memory does not fail.
    let _ = write!(bytes, "{:x}\r\n{event}\n\n\r\n", event.len() + 2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Body, response_head};
    use bytes::BytesMut;
    use serde_json::Value;
    use std::time::Duration;

    fn wish(dialect: Dialect, usage: bool) -> Wish {
        Wish { dialect, stream: true, tokens: 5, pace: Duration::ZERO, usage }
    }

    fn body(bytes: &[u8]) -> String {
        let head = response_head(bytes).unwrap().unwrap();
        let (mut input, mut body) = (BytesMut::from(&bytes[head.length..]), BytesMut::new());
        assert!(Body::new(head.framing).take(&mut input, &mut body).unwrap() && input.is_empty());
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn streamed(wish: Wish) -> String {
        let stream = stream(wish);
        body(&[stream.opening, stream.chunks.concat(), stream.end].concat())
    }

    fn events(text: &str) -> Vec<Value> {
        let data = |event: &str| event.rsplit_once("data: ").map(|(_, data)| data.to_owned());
        let data = text.split_terminator("\n\n").filter_map(data).filter(|data| data != "[DONE]");
        data.map(|data| serde_json::from_str(&data).unwrap()).collect()
    }

    #[test]
    fn a_whole_answer_is_json_of_the_announced_length() {
        let cases = [
            (Dialect::OpenAi, "/usage/completion_tokens", "/choices/0/message/content"),
            (Dialect::Anthropic, "/usage/output_tokens", "/content/0/text"),
            (Dialect::Gemini, "/usageMetadata/candidatesTokenCount", "/candidates/0/content/parts/0/text"),
        ];
        for (dialect, tokens, content) in cases {
            let answer: Value = serde_json::from_str(&body(&whole(wish(dialect, true)))).unwrap();
            assert_eq!(answer.pointer(tokens).unwrap(), 5, "{dialect:?}");
            assert_eq!(answer.pointer(content).unwrap(), " the water was still and", "{dialect:?}");
        }
    }

    #[test]
    fn a_stream_has_a_chunk_for_each_word_and_tells_its_usage_only_if_asked() {
        for asked in [false, true] {
            let text = streamed(wish(Dialect::OpenAi, asked));
            let events = events(&text);
            assert_eq!(events.len(), if asked { 8 } else { 7 });
            assert_eq!(events.last().unwrap()["usage"]["completion_tokens"].as_u64(), asked.then_some(5));
            assert_eq!(text.matches(crate::load::CONTENT).count(), 5);
            assert!(text.ends_with("data: [DONE]\n\n"));
        }
    }

    #[test]
    fn a_stream_of_another_dialect_has_a_chunk_for_each_word_and_ends_with_its_usage() {
        let text = streamed(wish(Dialect::Anthropic, true));
        let said = events(&text);
        assert_eq!(said.iter().filter(|event| event["type"] == "content_block_delta").count(), 5);
        assert_eq!(said[said.len() - 2]["usage"]["output_tokens"], 5);
        assert_eq!(said.last().unwrap()["type"], "message_stop");
        assert!(
            said.iter().all(|event| text.contains(&format!("event: {}\n", event["type"].as_str().unwrap())))
        );

        let said = events(&streamed(wish(Dialect::Gemini, true)));
        assert_eq!(said.len(), 6);
        assert_eq!(said[5]["candidates"][0]["finishReason"], "STOP");
        assert_eq!(said[5]["usageMetadata"]["totalTokenCount"], 255);
    }
}
