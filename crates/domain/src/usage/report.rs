//! Sums over usage, and the proof that they are the ledger's.

use crate::ids::VirtualKeyId;
use crate::money::NanoUsd;
use crate::time::Day;
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
}

/// Which usage a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// From this day on.
    pub from: Option<Day>,
    /// To this day, itself included.
    pub to: Option<Day>,
    /// Of this key only.
    pub key: Option<VirtualKeyId>,
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
