//! A streamed chat completion: its events, each a frame.

use std::io::Write;

use super::errors::Told;
use super::faults::StreamFrames;
use super::frame::{Frame, Frames, Part, Token, escape, quoted};
use super::grammar::UsageFault;
use super::logprobs;
use super::plan::{Plan, Said};
use super::script::Script;
use super::words::words;

/// What Azure sends first.
const AZURE_FIRST: &str = r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}}]}"#;
const BROKEN: &str =
    r#"data: {"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"del"#;

/// Writes the chunks of one stream, which share all but their choices and usage.
#[derive(Clone)]
pub(crate) struct Chunks {
    prefix: String,
    eol: &'static str,
    logprobs: Option<usize>,
    no_usage: &'static str,
}

impl Chunks {
    pub(crate) fn new(plan: &Plan, script: &Script) -> Self {
        let prefix = format!(
            r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":{},"service_tier":"default","system_fingerprint":"{}","choices":["#,
            plan.id,
            plan.created,
            quoted(&plan.model),
            plan.fingerprint
        );
        let asked = tells_usage(plan) && plan.usage != UsageFault::EveryChunk;
        let no_usage = if asked { r#","usage":null"# } else { "" };
        Self { prefix, eol: script.line_ending.as_str(), logprobs: plan.logprobs, no_usage }
    }

    /// An event of lines as they stand.
    fn event(&self, part: Part, lines: &[&str]) -> Frame {
        let mut bytes = Vec::new();
        for line in lines.iter().chain(&[""]) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(self.eol.as_bytes());
        }
        Frame::new(part, bytes)
    }

    fn chunk(&self, part: Part, choices: &[u8], usage: Option<&str>) -> Frame {
        let mut bytes = Vec::with_capacity(self.prefix.len() + choices.len() + 64);
        bytes.extend_from_slice(self.prefix.as_bytes());
        bytes.extend_from_slice(choices);
        // Writing to memory does not fail.
        let _ = match usage {
            Some(usage) => write!(bytes, r#"],"usage":{usage}}}{0}{0}"#, self.eol),
            None => write!(bytes, "]{}}}{1}{1}", self.no_usage, self.eol),
        };
        Frame::new(part, bytes)
    }

    fn opening(&self, index: usize, said: &Said, usage: Option<&str>) -> Frame {
        let content = if matches!(said, Said::Text(_)) { r#""""# } else { "null" };
        let delta = format!(
            r#"{{"index":{index},"delta":{{"role":"assistant","content":{content},"refusal":null}},"logprobs":null,"finish_reason":null}}"#
        );
        self.chunk(Part::Opening, delta.as_bytes(), usage)
    }

    fn token(&self, index: usize, token: &Token<'_>, usage: Option<&str>) -> Frame {
        let mut choice = Vec::with_capacity(128);
        let _ = write!(choice, r#"{{"index":{index},"delta":{{"#);
        delta(&mut choice, token);
        match (token, self.logprobs) {
            (Token::Text(text), Some(count)) => {
                let logprobs = logprobs::of_pieces([*text], count);
                let _ = write!(choice, r#"}},"logprobs":{logprobs},"finish_reason":null}}"#);
            }
            _ => choice.extend_from_slice(br#"},"logprobs":null,"finish_reason":null}"#),
        }
        let mut frame = self.chunk(Part::Content, &choice, usage);
        frame.tokens = 1;
        if let (0, Token::Text(text) | Token::Refusal(text)) = (index, token) {
            (*text).clone_into(&mut frame.text);
        }
        frame
    }

    /// A content chunk of choice 0.
    fn chunk_of(&self, word: &str) -> Frame {
        self.token(0, &Token::Text(&format!(" {word}")), None)
    }
}

impl StreamFrames for Chunks {
    fn content(&self, plan: &Plan, script: &Script, extra: usize) -> Vec<Frame> {
        chunks(self, plan, script, extra)
    }

    fn word(&self, _plan: &Plan, word: &str) -> Frame {
        self.chunk_of(word)
    }

    fn more(&self, plan: &Plan) -> Frames {
        let chunks = self.clone();
        Box::new(words(plan.seed).map(move |word| chunks.chunk_of(word)))
    }

    fn last_word(&self) -> Option<Frame> {
        Some(self.event(Part::Rest, &["data: [DONE]"]))
    }

    fn error(&self, script: &Script) -> Frame {
        let data = format!("data: {}", Told::within(script).openai());
        if script.error_event_named {
            self.event(Part::Rest, &["event: error", &data])
        } else {
            self.event(Part::Rest, &[&data])
        }
    }

    fn comment(&self) -> Option<Frame> {
        Some(self.event(Part::Opening, &[": OPENROUTER PROCESSING"]))
    }

    fn unknown(&self) -> Frame {
        self.event(Part::Opening, &["event: ping", "id: 7", "retry: 3000", r#"data: {"type":"ping"}"#])
    }

    fn broken(&self) -> Frame {
        self.event(Part::Opening, &[BROKEN])
    }

    fn empty_first(&self) -> Frame {
        self.event(Part::Opening, &[AZURE_FIRST])
    }
}

fn delta(out: &mut Vec<u8>, token: &Token<'_>) {
    let mut member = |name: &str, text: &str, end: &str| {
        out.extend_from_slice(name.as_bytes());
        escape(out, text);
        out.extend_from_slice(end.as_bytes());
    };
    match token {
        Token::Reasoning(text) => member(r#""reasoning_content":""#, text, "\""),
        Token::Text(text) => member(r#""content":""#, text, "\""),
        Token::Refusal(text) => member(r#""refusal":""#, text, "\""),
        Token::Arguments(call, text) => {
            let opening = format!(r#""tool_calls":[{{"index":{call},"function":{{"arguments":""#);
            member(&opening, text, r#""}}]"#);
        }
        Token::CallOpens(index, call) => {
            let opening = format!(
                r#""tool_calls":[{{"index":{index},"id":"{}","type":"function","function":{{"name":""#,
                call.id
            );
            member(&opening, &call.name, r#"","arguments":""}}]"#);
        }
    }
}

/// Whether the stream says what it used: it was asked to, or does so unasked.
fn tells_usage(plan: &Plan) -> bool {
    match plan.usage {
        UsageFault::Missing => false,
        UsageFault::Unasked | UsageFault::EveryChunk => true,
        _ => plan.include_usage,
    }
}

/// The chunks of a faultless stream, without its `[DONE]`; `extra` more words before the finish are
/// counted in the usage.
fn chunks(chunks: &Chunks, plan: &Plan, script: &Script, extra: usize) -> Vec<Frame> {
    let each = plan.usage == UsageFault::EveryChunk;
    let so_far = |count: usize| each.then(|| plan.usage(count).map(|usage| usage.to_string())).flatten();
    let mut frames = Vec::with_capacity(plan.completion_tokens() + 4);
    for (i, choice) in plan.choices.iter().enumerate() {
        frames.push(chunks.opening(i, &choice.said, so_far(0).as_deref()));
    }
    for (count, (i, token)) in plan.interleaved().iter().enumerate() {
        frames.push(chunks.token(*i, token, so_far(count + 1).as_deref()));
    }
    let all = plan.completion_tokens() + extra;
    if !script.no_finish {
        for (i, choice) in plan.choices.iter().enumerate() {
            let finish = quoted(&choice.finish);
            let last = format!(r#"{{"index":{i},"delta":{{}},"logprobs":null,"finish_reason":{finish}}}"#);
            frames.push(chunks.chunk(Part::Rest, last.as_bytes(), so_far(all).as_deref()));
        }
    }
    if tells_usage(plan)
        && let Some(usage) = plan.usage(all)
    {
        frames.push(chunks.chunk(Part::Rest, b"", Some(&usage.to_string())));
    }
    frames
}
