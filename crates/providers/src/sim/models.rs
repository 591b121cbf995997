//! The simulated models and their tempers.

use std::time::Duration;

/// What a simulated model is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temper {
    /// A few paragraphs of this many sentences in all.
    Prose {
        /// At least.
        least: u64,
        /// At most.
        most: u64,
    },
    /// Long Markdown: headings, lists, a table, code.
    Markdown,
    /// Prose, but more often than not it fails.
    Flaky,
    /// Says what it was asked.
    Echo,
}

/// A simulated model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) id: &'static str,
    pub(super) temper: Temper,
    /// From asking to the first token.
    pub(super) first_token: Duration,
    pub(super) tokens_per_second: u32,
}

pub(super) const MODELS: [Model; 5] = [
    Model {
        id: "swift",
        temper: Temper::Prose { least: 3, most: 5 },
        first_token: Duration::from_millis(80),
        tokens_per_second: 120,
    },
    Model {
        id: "steady",
        temper: Temper::Prose { least: 6, most: 10 },
        first_token: Duration::from_millis(350),
        tokens_per_second: 45,
    },
    Model {
        id: "verbose",
        temper: Temper::Markdown,
        first_token: Duration::from_millis(200),
        tokens_per_second: 90,
    },
    Model {
        id: "flaky",
        temper: Temper::Flaky,
        first_token: Duration::from_millis(120),
        tokens_per_second: 80,
    },
    Model {
        id: "echo",
        temper: Temper::Echo,
        first_token: Duration::from_millis(20),
        tokens_per_second: 1000,
    },
];

impl Model {
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.id == id)
    }

    /// When token number `index` (from zero) is due, from asking on.
    pub(super) fn due(&self, index: usize) -> Duration {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.first_token + Duration::from_secs(1).saturating_mul(index) / self.tokens_per_second
    }
}
