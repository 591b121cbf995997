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

    /// The same without those limits on requests and tokens that are zero: in a route's target, zero means "no limit", and what is to
    /// take no call is switched off.
    #[must_use]
    pub fn where_zero_is_none(self) -> Self {
        Self {
            rpm: self.rpm.filter(|limit| *limit > 0),
            tpm: self.tpm.filter(|limit| *limit > 0),
            rpd: self.rpd.filter(|limit| *limit > 0),
            concurrency: self.concurrency,
        }
    }

    /// What holds where both hold: of each kind the smaller one.
    #[must_use]
    pub fn tightest(self, other: Self) -> Self {
        Self {
            rpm: smaller(self.rpm, other.rpm),
            tpm: smaller(self.tpm, other.tpm),
            rpd: smaller(self.rpd, other.rpd),
            concurrency: smaller(self.concurrency, other.concurrency),
        }
    }

    /// Whether none of the limits that are given here is above one of `bound`.
    #[must_use]
    pub fn is_within(self, bound: Self) -> bool {
        fn fits<T: Ord>(limit: Option<T>, bound: Option<T>) -> bool {
            match (limit, bound) {
                (Some(limit), Some(bound)) => limit <= bound,
                _ => true,
            }
        }
        fits(self.rpm, bound.rpm)
            && fits(self.tpm, bound.tpm)
            && fits(self.rpd, bound.rpd)
            && fits(self.concurrency, bound.concurrency)
    }
}

fn smaller<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_limits_the_smaller_one_holds_and_what_is_not_limited_leaves_the_other() {
        let one = Limits { rpm: Some(5), tpm: Some(100), ..Limits::NONE };
        let other = Limits { rpm: Some(7), rpd: Some(9), ..Limits::NONE };
        let both = Limits { rpm: Some(5), tpm: Some(100), rpd: Some(9), concurrency: None };
        assert_eq!((one.tightest(other), other.tightest(one)), (both, both));
    }

    #[test]
    fn a_zero_of_requests_or_tokens_can_be_taken_for_no_limit() {
        let zeros = Limits { rpm: Some(0), tpm: Some(0), rpd: Some(0), concurrency: Some(0) };
        assert_eq!(zeros.where_zero_is_none(), Limits { concurrency: Some(0), ..Limits::NONE });
        let ones = Limits { rpm: Some(1), tpm: Some(1), rpd: Some(1), concurrency: None };
        assert_eq!(ones.where_zero_is_none(), ones);
    }

    #[test]
    fn only_a_limit_above_its_bound_is_not_within() {
        let bound = Limits { rpm: Some(5), tpm: Some(100), ..Limits::NONE };
        assert!(Limits::NONE.is_within(bound));
        assert!(Limits { rpm: Some(5), concurrency: Some(1_000), ..Limits::NONE }.is_within(bound));
        assert!(!Limits { rpm: Some(6), ..Limits::NONE }.is_within(bound));
        assert!(!Limits { tpm: Some(101), ..bound }.is_within(bound));
        let few = Limits { rpd: Some(1), concurrency: Some(1), ..Limits::NONE };
        assert!(!Limits { rpd: Some(2), ..Limits::NONE }.is_within(few));
        assert!(!Limits { concurrency: Some(2), ..Limits::NONE }.is_within(few));
    }
}
