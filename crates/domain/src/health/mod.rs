//! What is known of a target from the attempts at it: a breaker that leaves it alone when it fails, and how quick it is.

mod breaker;
mod latency;

pub use breaker::{Breaker, BreakerState, Entry, Ticket};
pub use latency::{AnswerForm, LatencyMeter, Percentiles};

use crate::fault::FaultKind;

/// What an attempt's end says of the target, as far as its breaker is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works. Whoever rejects a request lives.
    Works,
    /// It failed.
    Failed,
    /// It failed as it always will until somebody mends it: its breaker opens at once.
    Broken,
    /// Nothing either way.
    Neither,
}

impl FaultKind {
    /// What it says of the target. Throttles and refused accounts make a target rest, and are no failures of it; what our own side is
    /// to blame for says nothing.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Rejected | Self::Unsupported => Verdict::Works,
            Self::Connect
            | Self::Dns
            | Self::ConnectTimeout
            | Self::ServerError
            | Self::FirstByteTimeout
            | Self::IdleTimeout
            | Self::Interrupted
            | Self::InvalidResponse
            | Self::TooLarge => Verdict::Failed,
            Self::Tls => Verdict::Broken,
            Self::Throttled
            | Self::QuotaExhausted
            | Self::AuthFailed
            | Self::Transient
            | Self::TotalTimeout
            | Self::ClosedBeforeAnswer
            | Self::EgressRefused
            | Self::Redirect
            | Self::NoCredential
            | Self::Internal => Verdict::Neither,
        }
    }

    /// Whether it says that the target took long, so that the time until then is a measurement of it.
    #[must_use]
    pub fn is_slow(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::FirstByteTimeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_or_an_account_is_to_blame_for_is_no_failure_of_the_target() {
        for kind in [
            FaultKind::Rejected,
            FaultKind::Unsupported,
            FaultKind::Throttled,
            FaultKind::QuotaExhausted,
            FaultKind::AuthFailed,
            FaultKind::Transient,
            FaultKind::ClosedBeforeAnswer,
            FaultKind::Internal,
        ] {
            assert!(!matches!(kind.verdict(), Verdict::Failed | Verdict::Broken), "{kind}");
        }
        assert_eq!(
            (FaultKind::Tls.verdict(), FaultKind::Rejected.verdict()),
            (Verdict::Broken, Verdict::Works)
        );
        for kind in [
            FaultKind::Connect,
            FaultKind::ServerError,
            FaultKind::IdleTimeout,
            FaultKind::Interrupted,
            FaultKind::TooLarge,
        ] {
            assert_eq!(kind.verdict(), Verdict::Failed, "{kind}");
        }
    }
}
