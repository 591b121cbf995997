//! The dialects in which the simulator answers: by the path that was called, each written after recorded exchanges and not
//! with the product's own writers, which are tested against it.

#![expect(clippy::indexing_slicing, reason = "members are put into JSON objects that were made just before")]

mod anthropic;
mod bedrock;
mod cohere;
mod counts;
mod format;
mod gemini;
mod ollama;
mod openai_chat;
mod prompt;
mod responses;
mod spoken;
mod stream;

use std::borrow::Cow;

use serde_json::Value;

use super::answer::{self, Whole};
use super::errors::Told;
use super::frame::{Frame, Part};
use super::grammar::LineEnding;
use super::plan::Plan;
use super::script::Script;
use crate::aws_frames::{encode_event, encode_exception};

pub(crate) use spoken::{Spoken, model_in_path};

/// The dialect in which a call came, and in which it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAiChat,
    OpenAiResponses,
    Anthropic,
    Gemini,
    Cohere,
    Ollama,
    Bedrock,
}

/// How a stream is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Sse,
    Lines,
    Aws,
}

/// An event of a stream, before it is framed.
pub(crate) struct Event {
    pub(crate) name: Option<&'static str>,
    pub(crate) data: String,
    pub(crate) part: Part,
    /// Completion tokens in it.
    pub(crate) tokens: u64,
    /// Text of choice 0 in it.
    pub(crate) text: String,
}

impl Event {
    fn new(part: Part, name: Option<&'static str>, data: &Value) -> Self {
        Self { name, data: data.to_string(), part, tokens: 0, text: String::new() }
    }

    /// One token.
    fn token(name: Option<&'static str>, data: &Value) -> Self {
        Self { tokens: 1, ..Self::new(Part::Content, name, data) }
    }

    /// With text of choice 0.
    fn saying(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Carrying this many tokens.
    fn worth(mut self, tokens: usize) -> Self {
        self.tokens = tokens as u64;
        self
    }
}

/// Writes the answers of one dialect other than OpenAI's chat.
trait Writer: Send + Sync {
    /// A whole answer.
    fn whole(&self, plan: &Plan) -> Value;
    /// The events of a faultless stream, without its last word; `extra` more words before the finish are counted.
    fn events(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Event>;
    /// A word of choice 0.
    fn word(&self, plan: &Plan, word: &str) -> Event;
    /// What ends a stream, where the dialect has something that says nothing else.
    fn last_word(&self) -> Option<Event>;
    /// An error's body.
    fn error(&self, told: &Told) -> Value;
    /// An error in a stream.
    fn error_event(&self, told: &Told) -> Event;
    /// An event that clients pass over.
    fn unknown_event(&self) -> Event;
}

impl Wire {
    fn framing(self) -> Framing {
        match self {
            Self::Ollama => Framing::Lines,
            Self::Bedrock => Framing::Aws,
            _ => Framing::Sse,
        }
    }

    fn writer(self) -> Option<&'static dyn Writer> {
        match self {
            Self::OpenAiChat => None,
            Self::OpenAiResponses => Some(&responses::Responses),
            Self::Anthropic => Some(&anthropic::Anthropic),
            Self::Gemini => Some(&gemini::Gemini),
            Self::Cohere => Some(&cohere::Cohere),
            Self::Ollama => Some(&ollama::Ollama),
            Self::Bedrock => Some(&bedrock::Bedrock),
        }
    }

    /// The content type of its streams.
    pub(crate) fn stream_type(self) -> &'static str {
        match self.framing() {
            Framing::Sse => "text/event-stream; charset=utf-8",
            Framing::Lines => "application/x-ndjson",
            Framing::Aws => "application/vnd.amazon.eventstream",
        }
    }

    /// A whole answer. Outside of OpenAI's chat all of it counts once the last byte is sent.
    pub(crate) fn whole(self, plan: &Plan) -> Whole {
        let whole = answer::completion(plan);
        match self.writer() {
            None => whole,
            Some(writer) => whole.encoded(writer.whole(plan).to_string().into_bytes()),
        }
    }

    /// The body of an error, and a header that goes with it.
    pub(crate) fn error(self, told: &Told) -> (Value, Option<(&'static str, String)>) {
        match self.writer() {
            None => (told.openai(), None),
            Some(writer) if self == Self::Bedrock => {
                let class = format!("{}:http://internal.amazon.com/coral/", bedrock::exception(told.status));
                (writer.error(told), Some(("x-amzn-errortype", class)))
            }
            Some(writer) => (writer.error(told), None),
        }
    }

    /// A model's listing.
    pub(crate) fn listing(path: &str, names: &[String]) -> Value {
        if path.ends_with("/foundation-models") {
            bedrock::listing(names)
        } else if path.ends_with("/publishers/google/models") {
            gemini::publishers(names)
        } else if path.ends_with("/api/tags") {
            ollama::tags(names)
        } else if path.contains("/v1beta/") {
            gemini::listing(names)
        } else {
            openai_chat::listing(names)
        }
    }
}

/// Puts events into frames.
#[derive(Clone, Copy)]
struct Framer {
    framing: Framing,
    eol: &'static str,
}

/// Between the name and the data of an event that is not framed yet.
const SEPARATOR: u8 = 0;

impl Framer {
    fn new(wire: Wire, script: &Script) -> Self {
        // Google's lines end so: google-streamgeneratecontent-03f83418bd.
        let crlf = wire == Wire::Gemini && script.line_ending == LineEnding::default();
        Self { framing: wire.framing(), eol: if crlf { "\r\n" } else { script.line_ending.as_str() } }
    }

    fn frame(&self, event: Event) -> Frame {
        let Event { name, data, part, tokens, text } = event;
        let bytes = match self.framing {
            Framing::Sse => {
                let name = name.map_or(String::new(), |name| format!("event: {name}{}", self.eol));
                format!("{name}data: {data}{0}{0}", self.eol).into_bytes()
            }
            Framing::Lines => format!("{data}\n").into_bytes(),
            // Its checksums come last, when nothing changes any more.
            Framing::Aws => [name.unwrap_or_default().as_bytes(), &[SEPARATOR], data.as_bytes()].concat(),
        };
        Frame { tokens, text, ..Frame::new(part, bytes) }
    }

    fn sealed(&self, mut frame: Frame) -> Frame {
        if self.framing == Framing::Aws
            && let Some(at) = frame.bytes.iter().position(|byte| *byte == SEPARATOR)
        {
            let (name, data) = frame.bytes.split_at(at);
            let name = String::from_utf8_lossy(name);
            let data = data.get(1..).unwrap_or_default();
            let exception = name.ends_with("Exception");
            let sealed = if exception { encode_exception(&name, data) } else { encode_event(&name, data) };
            frame.bytes = sealed.to_vec();
        }
        frame
    }
}

/// The parts of a text that is written in a `application/json` body: nothing but the text itself.
fn text_of(pieces: &[String]) -> Cow<'_, str> {
    match pieces {
        [one] => Cow::Borrowed(one),
        many => Cow::Owned(many.concat()),
    }
}
