//! A target as the plan sees it.

use crate::ids::ProviderId;
use crate::money::NanoUsd;
use crate::provider::Capabilities;
use crate::route::{Need, Strategy, When};
use std::fmt;
use std::time::Duration;

/// Whether a target can take a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    Ready,
    /// Better not now: tried only after all that are ready, so that the last provider of a route is never given up untried.
    Avoid(Avoidance),
    /// No: switched off, or its provider is.
    Unusable,
}

/// Why a target is better not tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Avoidance {
    /// It failed so often that it is left alone for a while.
    BreakerOpen {
        /// For how long yet.
        left: Duration,
    },
    /// It failed, and one call finds out at this moment whether it works again.
    Probed,
    /// It throttled, or its account is used up or refused.
    Resting {
        /// For how long yet.
        left: Duration,
    },
    /// A check found that it does not answer, or a person said so.
    Unhealthy,
}

impl Avoidance {
    /// The word for programs, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen { .. } => "breaker_open",
            Self::Probed => "half_open",
            Self::Resting { .. } => "resting",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for Avoidance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BreakerOpen { left } => write!(f, "breaker open for {} ms", left.as_millis()),
            Self::Probed => f.write_str("half-open, and one call is trying it already"),
            Self::Resting { left } => write!(f, "resting for {} ms", left.as_millis()),
            Self::Unhealthy => f.write_str("unhealthy by its last check"),
        }
    }
}

/// A share of what may be used that is still left, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Headroom(u16);

impl Headroom {
    /// Nothing is limited, or nothing was used.
    pub const FULL: Self = Self(1000);

    /// What is left of `limit` after `used`.
    #[must_use]
    pub fn of(used: u128, limit: u128) -> Self {
        if limit == 0 {
            return Self(0);
        }
        let left = limit.saturating_sub(used).saturating_mul(1000) / limit;
        Self(u16::try_from(left).unwrap_or(1000).min(1000))
    }

    /// In thousandths.
    #[must_use]
    pub fn per_mille(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Headroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(share) = self;
        match share % 10 {
            0 => write!(f, "{} %", share / 10),
            tenth => write!(f, "{}.{tenth} %", share / 10),
        }
    }
}

/// A target as the plan sees it: the model of it that the call would go to, and what is known of that one now.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The provider.
    pub provider: ProviderId,
    /// Whether it serves the model that the caller named; `true` where none was named.
    pub serves: bool,
    /// Its share among equals.
    pub weight: u32,
    /// Lower is tried first.
    pub priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    pub strategy: Option<Strategy>,
    /// Which calls it takes.
    pub when: &'a When,
    /// Whether it can take a call.
    pub availability: Availability,
    /// What the model can do.
    pub capabilities: Capabilities,
    /// The most tokens of a prompt and its answer, where known.
    pub context_window: Option<u64>,
    /// How long it takes to the first content of an answer, as it was lately; `None` when it was not measured.
    pub latency: Option<Duration>,
    /// Attempts in flight.
    pub in_flight: u32,
    /// What this call would cost there by estimate; `None` when that is not known.
    pub cost: Option<NanoUsd>,
    /// What is left of its limits.
    pub headroom: Headroom,
}

impl<'a> Candidate<'a> {
    /// A target of a provider that takes calls of this kind, of which nothing else is known.
    #[must_use]
    pub fn plain(provider: ProviderId, when: &'a When) -> Self {
        Self {
            provider,
            serves: true,
            weight: 1,
            priority: 0,
            strategy: None,
            when,
            availability: Availability::Ready,
            capabilities: Capabilities::default(),
            context_window: None,
            latency: None,
            in_flight: 0,
            cost: None,
            headroom: Headroom::FULL,
        }
    }
}

impl Candidate<'_> {
    /// Its weight, which is at least 1.
    #[must_use]
    pub fn share(&self) -> u64 {
        u64::from(self.weight.max(1))
    }

    /// Whether its model is known not to give this.
    pub(super) fn lacks(&self, need: Need) -> bool {
        let known = match need {
            Need::Tools => self.capabilities.tools,
            Need::Vision => self.capabilities.vision,
            Need::JsonSchema => self.capabilities.json_schema,
        };
        known == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headroom_is_what_is_left_of_a_limit() {
        assert_eq!(Headroom::of(20, 100).to_string(), "80 %");
        assert_eq!(Headroom::of(1, 1000).to_string(), "99.9 %");
        assert_eq!((Headroom::of(101, 100), Headroom::of(0, 0)), (Headroom(0), Headroom(0)));
        assert_eq!(Headroom::of(0, 7), Headroom::FULL);
    }
}
