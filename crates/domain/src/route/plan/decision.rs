//! Which rule decided where a call goes, in words.

use super::Headroom;
use crate::money::NanoUsd;
use crate::route::Strategy;
use std::fmt;
use std::time::Duration;

/// The word where a priority alone decides.
const PRIORITY: &str = "priority";

/// Why the first target of a plan is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The priorities that were told apart, where they were: the one that goes first and the one behind it.
    pub priority: Option<(u32, u32)>,
    /// How the first was chosen among its equals.
    pub choice: Choice,
    /// Whether all that could be tried is better avoided at the moment.
    pub is_last_resort: bool,
}

/// Why a target stands where it stands among those of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is the first of them.
    First(Decision),
    /// It is the first of its priority, which comes later.
    Priority {
        /// Its priority.
        own: u32,
        /// The one before it.
        after: u32,
        /// How it was chosen among its equals.
        choice: Choice,
    },
    /// It follows its equals, by their strategy.
    Next(Strategy),
    /// Another model of its provider comes before it, so the other providers do too.
    ProviderAgain,
    /// It is better not tried now.
    Avoided,
}

/// How a target was chosen among its equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The caller named a provider's model.
    Named,
    /// There is no other that can take the call.
    Only,
    /// The first that works.
    Failover,
    /// In turn.
    RoundRobin {
        /// Which turn of the route it is, from 1.
        turn: u64,
        /// After how many turns it begins anew.
        of: u64,
    },
    /// Drawn by weight.
    Weighted {
        /// Its weight.
        weight: u64,
        /// The weight of all.
        of: u64,
    },
    /// The quicker of two that were drawn.
    LeastLatency {
        /// Its time to the first content.
        chosen: Option<Duration>,
        /// The other's, where two were near each other; else that of the next one.
        other: Option<Duration>,
        /// Whether two were drawn.
        drawn: bool,
    },
    /// The one with the fewest calls in flight for its weight.
    LeastBusy {
        /// Its calls in flight.
        chosen: u32,
        /// The next one's.
        other: u32,
    },
    /// The one where the call costs least.
    Cheapest {
        /// What it costs there.
        chosen: Option<NanoUsd>,
        /// What it costs at the next one.
        other: Option<NanoUsd>,
    },
    /// The one with the largest share of its limits left.
    Headroom {
        /// Its share.
        chosen: Headroom,
        /// The next one's.
        other: Headroom,
    },
}

impl Decision {
    /// A provider's model that was named by the caller.
    pub const NAMED: Self = Self { priority: None, choice: Choice::Named, is_last_resort: false };

    /// The word for programs, stable: a strategy's, or `only`, `named`, `priority`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self.choice {
            Choice::Only if self.priority.is_some() => PRIORITY,
            choice => choice.as_str(),
        }
    }
}

impl Choice {
    fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Only => "only",
            Self::Failover => Strategy::Failover.as_str(),
            Self::RoundRobin { .. } => Strategy::RoundRobin.as_str(),
            Self::Weighted { .. } => Strategy::Weighted.as_str(),
            Self::LeastLatency { .. } => Strategy::LeastLatency.as_str(),
            Self::LeastBusy { .. } => Strategy::LeastBusy.as_str(),
            Self::Cheapest { .. } => Strategy::Cheapest.as_str(),
            Self::Headroom { .. } => Strategy::Headroom.as_str(),
        }
    }
}

impl Rule {
    /// Whether there was another that could have stood there.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        let alone = Decision { priority: None, choice: Choice::Only, is_last_resort: false };
        !matches!(self, Self::First(decision) if *decision == alone || *decision == Decision::NAMED)
    }

    /// The word for programs, stable: as of a [`Decision`], or `provider_again`, `avoided`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::First(decision) => decision.as_str(),
            Self::Priority { choice: Choice::Only, .. } => PRIORITY,
            Self::Priority { choice, .. } => choice.as_str(),
            Self::Next(strategy) => strategy.as_str(),
            Self::ProviderAgain => "provider_again",
            Self::Avoided => "avoided",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First(decision) => decision.fmt(f),
            Self::Priority { own, after, choice: Choice::Only } => write!(f, "priority {own} after {after}"),
            Self::Priority { own, after, choice } => {
                write!(f, "priority {own} after {after}; equals by {choice}")
            }
            Self::Next(strategy) => write!(f, "the next of its equals by {}", strategy.as_str()),
            Self::ProviderAgain => f.write_str("its provider comes before it already, so others go first"),
            Self::Avoided => f.write_str("better not tried now, so all others go first"),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_last_resort {
            f.write_str("nothing better is left; ")?;
        }
        match (self.priority, self.choice) {
            (Some((first, next)), Choice::Only) => write!(f, "priority {first} before {next}"),
            (Some((first, next)), choice) => write!(f, "priority {first} before {next}; equals by {choice}"),
            (None, choice) => choice.fmt(f),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named => f.write_str("named by the caller"),
            Self::Only => f.write_str("the only target that can take the call"),
            Self::Failover => f.write_str("failover: the first that works"),
            Self::RoundRobin { turn, of } => write!(f, "round-robin, turn {turn} of {of}"),
            Self::Weighted { weight, of } => write!(f, "a draw by weight, {weight} of {of}"),
            Self::LeastLatency { chosen: None, .. } => {
                f.write_str("least latency: not measured lately, so it is tried")
            }
            Self::LeastLatency { chosen: Some(chosen), other, drawn } => {
                let how = if *drawn { "least latency of two drawn" } else { "least latency" };
                write!(
                    f,
                    "{how}: {} ms before {}",
                    chosen.as_millis(),
                    Shown(other.map(|other| format!("{} ms", other.as_millis())))
                )
            }
            Self::LeastBusy { chosen, other } => {
                write!(f, "least busy: {chosen} in flight before {other}, by weight")
            }
            Self::Cheapest { chosen, other } => write!(
                f,
                "cheapest: {} before {}",
                Shown(chosen.map(|chosen| format!("{chosen} USD"))),
                Shown(other.map(|other| format!("{other} USD")))
            ),
            Self::Headroom { chosen, other } => write!(f, "headroom: {chosen} left before {other}"),
        }
    }
}

/// What may not be known.
struct Shown(Option<String>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("unknown"))
    }
}
