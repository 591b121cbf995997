//! Limits on calls: how many, how large, how many at once.

use serde::{Deserialize, Serialize};

/// Limits of one scope (a key, a provider's model, ...). `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in any 60 seconds.
    pub rpm: Option<u32>,
    /// Tokens in any 60 seconds.
    pub tpm: Option<u64>,
    /// Requests in a UTC day.
    pub rpd: Option<u32>,
    /// Calls in flight at one moment.
    pub concurrency: Option<u32>,
}

impl Limits {
    /// No limit at all.
    pub const NONE: Self = Self { rpm: None, tpm: None, rpd: None, concurrency: None };

    /// Whether nothing is limited, so that admission may skip the scope.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Whether one of the limits is zero, so that nothing could ever pass: what switching off is for.
    #[must_use]
    pub fn admits_nothing(&self) -> bool {
        let Self { rpm, tpm, rpd, concurrency } = *self;
        [rpm, rpd, concurrency].contains(&Some(0)) || tpm == Some(0)
    }
}

/// Which limit refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Requests per minute.
    Requests,
    /// Tokens per minute.
    Tokens,
    /// Requests per day.
    DailyRequests,
    /// Calls in flight.
    Concurrency,
    /// A budget that is spent.
    Budget,
    /// A budget of which calls in flight hold what is left.
    BudgetHeld,
}

impl LimitKind {
    /// The limit in words, for a message.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Requests => "requests per minute",
            Self::Tokens => "tokens per minute",
            Self::DailyRequests => "requests per day",
            Self::Concurrency => "calls at the same time",
            Self::Budget | Self::BudgetHeld => "nano-USD",
        }
    }
}
