//! What vectors have in common in all dialects that turn texts into them.

use serde_json::value::RawValue;
use switchyard_domain::chat::{Dialect, LossReport, TokenUsage};
use switchyard_domain::embedding::{Embedding, EmbeddingInput, EmbeddingRequest, Vector};

use crate::codec::{Look, Taken, Unsupported};
use crate::counts::Counter;
use crate::json::{self, Shape, elements, shape};

/// What a provider counted of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The counts, where there are any.
    pub(crate) usage: Option<TokenUsage>,
    /// Whether a number made no sense and was replaced: such counts are no base for a bill.
    pub(crate) corrected: bool,
}

impl Counted {
    /// From the count of what was read; absent is not zero.
    pub(crate) fn input(count: Option<&RawValue>) -> Self {
        let Some(count) = count else { return Self::default() };
        let mut counter = Counter::default();
        let usage = TokenUsage { input: counter.count(Some(count)), ..TokenUsage::default() };
        Self { usage: Some(usage), corrected: counter.corrected }
    }

    /// The counts that can be believed.
    pub(crate) fn credible(self) -> Option<TokenUsage> {
        self.usage.filter(|_| !self.corrected)
    }

    /// What is to be known of the answer that tells these counts.
    pub(crate) fn look(self, model: Option<String>) -> Look {
        Look {
            has_content: true,
            finished: true,
            usage: self.usage,
            usage_corrected: self.corrected,
            model,
            ..Look::of(Taken::Chunk)
        }
    }
}

/// The texts of a request for a dialect that takes nothing else.
///
/// # Errors
/// When an input is a list of tokens: which text they are only their own model knows.
pub(crate) fn texts(request: &EmbeddingRequest) -> Result<Vec<&str>, Unsupported> {
    let texts: Option<Vec<&str>> = request.inputs.iter().map(text).collect();
    texts.ok_or_else(|| Unsupported::new("input", "`input` must be texts: this model does not take tokens."))
}

fn text(input: &EmbeddingInput) -> Option<&str> {
    match input {
        EmbeddingInput::Text(text) => Some(text),
        EmbeddingInput::Tokens(_) => None,
    }
}

/// The name of the member in which clients of a dialect say what the vectors are for.
pub(crate) fn task_member(source: Dialect) -> &'static str {
    match source {
        Dialect::GEMINI_EMBEDDINGS | Dialect::GEMINI_EMBED_CONTENT => "taskType",
        _ => "input_type",
    }
}

/// Notes the members of another dialect's request that never have a like.
pub(crate) fn note_foreign(request: &EmbeddingRequest, losses: &mut LossReport) {
    if request.user.is_some() {
        losses.dropped("user", "this provider is told nothing of end users");
    }
    for (name, _) in &request.extensions {
        losses.dropped(name.as_str(), "it has no like here");
    }
}

/// The vectors of a list of lists of numbers, in their order; `None` when it is something else.
pub(crate) fn listed(list: &RawValue) -> Option<Vec<Embedding>> {
    (0..).zip(elements(list)?).map(|(index, vector)| written(index, vector)).collect()
}

/// A vector that is a list of numbers.
pub(crate) fn written(index: u64, vector: &RawValue) -> Option<Embedding> {
    let is_list = shape(vector) == Shape::Array;
    is_list.then(|| Embedding { index, vector: Vector::Written(json::keep(vector)) })
}
