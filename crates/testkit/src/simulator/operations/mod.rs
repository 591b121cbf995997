//! What the simulator is asked to do besides chatting: each operation as OpenAI answers it, vectors as other vendors do too, with
//! those faults of the script that make sense there.

mod asked;
mod media;
mod text;
mod vectors;

pub(crate) use asked::Asked;

use serde_json::{Value, json};

use super::answer::Whole;
use super::errors::Told;
use super::frame::{Frame, Part};
use super::grammar::UsageFault;
use super::reply::{Body, Reply};
use super::script::Script;
use super::wires::Wire;
use vectors::Vectors;

/// An operation that is no chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Embeddings(Vectors),
    Completions,
    Moderations,
    Images,
    Speech,
    Transcriptions,
}

impl Operation {
    /// The operation at a path, whatever stands before its end.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let ends = [
            ("/embeddings", Self::Embeddings(Vectors::OpenAi)),
            (":embedContent", Self::Embeddings(Vectors::GeminiOne)),
            (":batchEmbedContents", Self::Embeddings(Vectors::GeminiSeveral)),
            ("/api/embed", Self::Embeddings(Vectors::Ollama)),
            ("/embed", Self::Embeddings(Vectors::Cohere)),
            ("/completions", Self::Completions),
            ("/moderations", Self::Moderations),
            ("/images/generations", Self::Images),
            ("/audio/speech", Self::Speech),
            ("/audio/transcriptions", Self::Transcriptions),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, operation)| operation)
    }

    /// The answer to what was asked.
    pub(crate) fn reply(self, asked: &Asked, script: &Script, seq: u64) -> Reply {
        match self {
            Self::Embeddings(vectors) => vectors.reply(asked, script),
            Self::Completions => text::completion(asked, script, seq),
            Self::Moderations => text::moderation(asked, script, seq),
            Self::Images => media::images(asked, script),
            Self::Speech => media::speech(asked, script),
            Self::Transcriptions => media::transcription(asked, script),
        }
    }
}

/// What the script wants said in place of any answer, in OpenAI's words.
fn instead(script: &Script, streams: bool) -> Option<Reply> {
    Reply::instead(Wire::OpenAiChat, script, streams)
}

/// A whole answer in JSON.
fn whole(body: &Value, prompt_tokens: u64, script: &Script) -> Reply {
    let mut whole = Whole::plain(body.to_string());
    if script.malformed_json {
        whole.bytes.truncate(whole.bytes.len() / 2);
    }
    let well_formed = !script.malformed_json;
    Reply { prompt_tokens, well_formed, ..Reply::of_whole("application/json", whole, script) }
}

/// An event stream of these pieces and this end, cut short by an error event where the script wants one.
fn events(content: Vec<Frame>, end: Vec<Frame>, prompt_tokens: u64, script: &Script) -> Reply {
    let error = || event(None, Part::Rest, &Told::within(script).openai());
    let mut frames = content;
    if script.error_event_first {
        frames = vec![error()];
    } else if let Some(count) = script.error_event_after {
        frames.truncate(count);
        frames.push(error());
    } else {
        frames.extend(end);
    }
    let prompt_tokens = if script.error_event_first { 0 } else { prompt_tokens };
    let reply = Reply::whole(200, "text/event-stream; charset=utf-8", "");
    Reply { prompt_tokens, body: Body::Frames(Box::new(frames.into_iter())), ..reply }
}

fn event(name: Option<&str>, part: Part, data: &Value) -> Frame {
    let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
    Frame::new(part, format!("{name}data: {data}\n\n").into_bytes())
}

/// The numbers that an answer tells for these true ones, by the script; nothing where they shall be missing.
fn told(input: u64, output: u64, script: &Script) -> Option<(i64, i64)> {
    let huge = 1 << 53;
    let truth = (i64::try_from(input).unwrap_or(huge), i64::try_from(output).unwrap_or(huge));
    match script.usage {
        UsageFault::Missing => None,
        UsageFault::Zero => Some((0, 0)),
        UsageFault::Negative => Some((-1, -1)),
        UsageFault::Huge => Some((huge, huge)),
        UsageFault::OverMax => Some((truth.0, truth.1 + 1_000)),
        UsageFault::Normal | UsageFault::Unasked | UsageFault::EveryChunk => Some(truth),
    }
}

/// Counts by the names of OpenAI's newer endpoints.
fn newer_usage(input: u64, output: u64, script: &Script) -> Option<Value> {
    let (input, output) = told(input, output, script)?;
    Some(json!({"total_tokens": input + output, "input_tokens": input, "output_tokens": output}))
}
