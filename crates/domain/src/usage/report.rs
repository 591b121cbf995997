//! Sums over usage, and the proof that they are the ledger's.

use crate::ids::{UserId, VirtualKeyId};
use crate::money::NanoUsd;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What a report is grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// UTC day.
    Day,
    /// `<provider>/<model>`.
    Model,
    /// Provider.
    Provider,
    /// Route.
    Route,
    /// Virtual key, by name.
    Key,
    /// Outcome.
    Status,
    /// Person, by name.
    User,
}

impl GroupBy {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Model, Self::Provider, Self::Route, Self::Key, Self::User, Self::Day, Self::Status];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Route => "route",
            Self::Key => "key",
            Self::Status => "status",
            Self::User => "user",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group_by| group_by.as_str() == word)
    }
}

/// Which usage a report is about, by the moment at which each attempt began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Of this key only.
    pub key: Option<VirtualKeyId>,
    /// Of this person only.
    pub user: Option<UserId>,
    /// Whether simulated models count.
    pub include_simulated: bool,
}

/// Sums of usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSums {
    /// Calls (final attempts).
    pub calls: u64,
    /// Attempts.
    pub attempts: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Cost of all attempts whose price is known.
    pub cost: NanoUsd,
    /// Attempts that used something at an unknown price.
    pub unpriced: u64,
}

impl UsageSums {
    /// The sum of both, held at the ends of the range.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(more.calls),
            attempts: self.attempts.saturating_add(more.attempts),
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
            cost: self.cost.saturating_add(more.cost),
            unpriced: self.unpriced.saturating_add(more.unpriced),
        }
    }
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The group's value, such as a day or a model.
    pub group: String,
    /// Its sums.
    pub sums: UsageSums,
}

/// What `ledger verify` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCheck {
    /// Entries read.
    pub entries: u64,
    /// Usage events read.
    pub events: u64,
    /// Counters of budgets compared with their entries: those that are known where this was asked.
    #[serde(default)]
    pub counters: u64,
    /// Their sum.
    pub total: NanoUsd,
    /// Every difference found; empty means that the books agree.
    pub problems: Vec<LedgerProblem>,
}

/// One difference in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerProblem {
    /// Where: an entry's id, or a rollup's day, key and model.
    pub place: String,
    /// What differs, with both values.
    pub difference: String,
}
