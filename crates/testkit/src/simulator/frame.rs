//! A part of a body that goes out by itself.

use super::plan::{Choice, Plan, Said, ToolCall};

/// Where in the answer a frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Before the content: a stream's role chunks.
    Opening,
    /// Carries a piece of what is said; these are what scripts count.
    Content,
    /// Noise, or what follows the content.
    Rest,
}

/// A part of a body that goes out by itself.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    pub(crate) part: Part,
    /// Completion tokens in it.
    pub(crate) tokens: u64,
    /// Text of choice 0 in it.
    pub(crate) text: String,
}

impl Frame {
    pub(crate) fn new(part: Part, bytes: Vec<u8>) -> Self {
        Self { bytes, part, tokens: 0, text: String::new() }
    }
}

/// The frames of a body, made as they are needed.
pub(crate) type Frames = Box<dyn Iterator<Item = Frame> + Send>;

/// One token of a choice, as streams send them.
pub(crate) enum Token<'a> {
    Reasoning(&'a str),
    Text(&'a str),
    Refusal(&'a str),
    CallOpens(usize, &'a ToolCall),
    Arguments(usize, &'a str),
}

impl Choice {
    /// The tokens in the order in which they are generated.
    pub(crate) fn stream(&self) -> Vec<Token<'_>> {
        let mut tokens: Vec<Token<'_>> = self.reasoning.iter().map(|word| Token::Reasoning(word)).collect();
        match &self.said {
            Said::Text(pieces) => tokens.extend(pieces.iter().map(|piece| Token::Text(piece))),
            Said::Refusal(pieces) => tokens.extend(pieces.iter().map(|piece| Token::Refusal(piece))),
            Said::Calls(calls) => {
                for (i, call) in calls.iter().enumerate() {
                    tokens.push(Token::CallOpens(i, call));
                    tokens.extend(call.arguments.iter().map(|fragment| Token::Arguments(i, fragment)));
                }
            }
        }
        tokens
    }
}

impl Plan {
    /// The tokens of all choices, interleaved as a model that runs them side by side makes them.
    pub(crate) fn interleaved(&self) -> Vec<(usize, Token<'_>)> {
        let mut streams: Vec<_> = self.choices.iter().map(|choice| choice.stream().into_iter()).collect();
        let mut tokens = Vec::with_capacity(self.completion_tokens());
        while tokens.len() < self.completion_tokens() {
            for (i, stream) in streams.iter_mut().enumerate() {
                tokens.extend(stream.next().map(|token| (i, token)));
            }
        }
        tokens
    }
}

/// Appends a text with JSON's escapes, without quotes, so that pieces of a string can be written one
/// by one.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else if let Ok(quoted) = serde_json::to_vec(text) {
        out.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default());
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = vec![b'"'];
    escape(&mut out, text);
    out.push(b'"');
    String::from_utf8(out).unwrap_or_default()
}
