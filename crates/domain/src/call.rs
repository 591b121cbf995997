//! What admission and routing need to know about a client's call, whatever dialect it came in.

use crate::chat::Dialect;

/// The facts of a call, taken from its body in one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// The dialect that the client speaks.
    pub dialect: Dialect,
    /// What the client asked for in `model`, as written.
    pub model: String,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Whether the client asked to see usage in the stream.
    pub wants_stream_usage: bool,
    /// The most output tokens that the client allows for one choice.
    pub max_output_tokens: Option<u64>,
    /// How many choices the client asked the provider to make. It may want to be shown fewer (`best_of`); all are billed.
    pub choices: u32,
    /// Bytes of text in the prompt, for the token estimate.
    pub prompt_text_bytes: u64,
    /// Messages in the prompt.
    pub messages: u32,
    /// Images in the prompt.
    pub images: u32,
    /// Whether the client wants the answer in a form that no provider gives, so that its bytes can't pass through.
    pub decodes_answer: bool,
    /// Whether the caller wants a refusal rather than a loss.
    pub strict: bool,
    /// The headers of the client that mean something to a provider of the same dialect (`anthropic-beta`), by names in lower
    /// case. To any other provider they are lost.
    pub headers: Vec<(&'static str, String)>,
}

impl CallFacts {
    /// A quick upper-leaning estimate of the prompt's tokens: four bytes a token, four tokens a message for its frame, a
    /// low-detail image at 85. It reserves; it never bills.
    #[must_use]
    pub fn estimated_prompt_tokens(&self) -> u64 {
        self.prompt_text_bytes.div_ceil(4) + 4 * u64::from(self.messages) + 85 * u64::from(self.images) + 3
    }
}
