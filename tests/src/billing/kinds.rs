//! The kinds of calls: what the provider does, how the answer is asked for, and whether the client stays.

use serde_json::{Value, json};

/// The model of each route that always answers.
pub(super) const HEALTHY: &str = "gpt-4o-healthy";

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In turns.
    Either,
    /// As one body.
    Buffered,
    /// As a stream.
    Streamed,
}

/// When a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// After so many words.
    AfterWords(usize),
    /// After so many milliseconds.
    AfterMs(u64),
}

/// A kind of call.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name, part of its model's and its route's.
    pub name: &'static str,
    /// What the provider does, in the simulator's grammar.
    pub script: &'static str,
    /// How the answer is asked for.
    pub mode: Mode,
    /// When the client leaves, if it does not wait for the end.
    pub leaves: Option<Leaving>,
    /// More members of the request, by name.
    pub more: Option<More>,
    /// Prompt tokens that come from the cache.
    pub cached: u64,
    /// Completion tokens that are reasoning.
    pub reasoning: u64,
}

/// What a request may have besides its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// A small limit of output.
    MaxTokens(u64),
    /// Several choices.
    Choices(u64),
    /// A tool to call.
    Tool,
    /// The usage at a stream's end.
    Usage,
}

impl Kind {
    const fn new(name: &'static str, mode: Mode, script: &'static str) -> Self {
        Self { name, script, mode, leaves: None, more: None, cached: 0, reasoning: 0 }
    }

    const fn with(mut self, more: More) -> Self {
        self.more = Some(more);
        self
    }

    const fn leaving(mut self, leaves: Leaving) -> Self {
        self.leaves = Some(leaves);
        self
    }

    const fn inside(mut self, cached: u64, reasoning: u64) -> Self {
        (self.cached, self.reasoning) = (cached, reasoning);
        self
    }

    /// The model that answers so. Its tokenizer is public, so that what was received can be counted exactly.
    #[must_use]
    pub fn model(&self) -> String {
        format!("gpt-4o-{}", self.name)
    }

    /// The route that tries this model first.
    #[must_use]
    pub fn route(&self) -> String {
        format!("route-{}", self.name)
    }

    /// Whether something goes wrong.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !SOUND.iter().any(|sound| sound.name == self.name)
    }

    /// More members of the request's body.
    #[must_use]
    pub fn members(&self) -> Value {
        match self.more {
            None => json!({}),
            Some(More::MaxTokens(most)) => json!({"max_tokens": most}),
            Some(More::Choices(count)) => json!({"n": count}),
            Some(More::Usage) => json!({"stream_options": {"include_usage": true}}),
            Some(More::Tool) => json!({"tools": [{"type": "function", "function": {
                "name": "look_up",
                "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
            }}]}),
        }
    }
}

use Mode::{Buffered, Either, Streamed};

/// Calls that go well.
pub static SOUND: &[Kind] = &[
    Kind::new("plain", Either, ""),
    Kind::new("usage-asked", Streamed, "tokens=20").with(More::Usage),
    Kind::new("long", Either, "tokens=150"),
    Kind::new("cached", Either, "tokens=6&cached=5&reasoning=4").inside(5, 4),
    Kind::new("tool", Either, "").with(More::Tool),
    Kind::new("choices", Either, "tokens=9").with(More::Choices(3)),
    Kind::new("limited", Either, "tokens=40").with(More::MaxTokens(7)),
];

/// Calls that meet a fault of the provider or of the network, or whose client leaves.
pub static FAULTS: &[Kind] = &[
    // Answers that are none.
    Kind::new("server-error", Either, "status=500"),
    Kind::new("unavailable", Either, "status=503"),
    Kind::new("throttled", Either, "status=429&retry_after=1"),
    Kind::new("rejected", Either, "status=400"),
    Kind::new("refused", Either, "refuse"),
    Kind::new("html", Either, "html"),
    Kind::new("html-502", Either, "html&status=502"),
    Kind::new("error-in-200", Either, "error_in_200"),
    Kind::new("redirect", Either, "redirect=302"),
    // Silence.
    Kind::new("slow-head", Either, "latency_ms=60000"),
    Kind::new("silent", Streamed, "stall_before_first"),
    Kind::new("stalls", Streamed, "stall_after=5"),
    Kind::new("body-stalls", Buffered, "tokens=3&stall_after=230"),
    // Ends that come too early.
    Kind::new("cut", Streamed, "cut_after=6"),
    Kind::new("cut-at-once", Streamed, "cut_after=0"),
    Kind::new("body-cut", Buffered, "tokens=3&cut_after=230"),
    Kind::new("reset", Streamed, "rst_after=4"),
    Kind::new("body-reset", Buffered, "tokens=3&rst_after=230"),
    Kind::new("malformed", Buffered, "malformed_json"),
    Kind::new("too-long", Buffered, "wrong_length=%2B20"),
    // Streams that are strange.
    Kind::new("error-event", Streamed, "error_event_after=5"),
    Kind::new("error-first", Streamed, "error_event_first"),
    Kind::new("no-done", Streamed, "no_done"),
    Kind::new("no-finish", Streamed, "no_finish"),
    Kind::new("after-done", Streamed, "double_done&data_after_done"),
    Kind::new("bad-events", Streamed, "bad_events=1&bad_events_within=2"),
    // One word, so that nothing is under way when we hang up at the fourth: what is, only the sender can know.
    Kind::new("too-many-bad", Streamed, "tokens=1&bad_events=3&bad_events_within=1"),
    Kind::new("noise", Streamed, "comments&unknown_events&empty_choices_first"),
    Kind::new("torn", Either, "byte_at_a_time"),
    Kind::new("split", Either, "split_utf8"),
    Kind::new("invalid-utf8", Either, "invalid_utf8"),
    Kind::new("json-for-stream", Streamed, "json_for_stream"),
    Kind::new("stream-for-json", Buffered, "sse_for_json"),
    Kind::new("gzip", Either, "gzip"),
    // Usage that can't be believed.
    Kind::new("usage-missing", Either, "usage=missing&tokens=25"),
    Kind::new("usage-zero", Either, "usage=zero"),
    Kind::new("usage-negative", Either, "usage=negative"),
    Kind::new("usage-huge", Either, "usage=huge"),
    Kind::new("usage-over-max", Either, "usage=over_max").with(More::MaxTokens(50)),
    // Clients that leave.
    Kind::new("left-in-stream", Streamed, "tokens=50&stall_after=9").leaving(Leaving::AfterWords(9)),
    Kind::new("left-before-head", Either, "latency_ms=60000").leaving(Leaving::AfterMs(200)),
    Kind::new("left-before-first", Streamed, "stall_before_first").leaving(Leaving::AfterMs(1_500)),
    Kind::new("left-in-body", Buffered, "tokens=3&stall_after=230").leaving(Leaving::AfterMs(1_500)),
];
