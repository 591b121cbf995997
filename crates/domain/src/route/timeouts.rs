//! How long the steps of a call may take, where a route or a target says so.

use serde::{Deserialize, Serialize};

/// The longest that may be asked for: an hour.
const LONGEST_MS: u64 = 3_600_000;

/// Milliseconds for each step of an attempt. `None` is as the next wider rule says: a target's as its route's, a route's as the
/// process's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// To a connection, its TLS included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// To the first content of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_content_ms: Option<u64>,
    /// Between two pieces of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// In all. Of a route: of the whole call with all its attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

/// A timeout that can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{step}` is between 1 and {LONGEST_MS} milliseconds")]
pub struct InvalidTimeout {
    /// The field.
    pub step: &'static str,
}

impl Timeouts {
    /// As everywhere.
    pub const DEFAULT: Self =
        Self { connect_ms: None, first_content_ms: None, idle_ms: None, total_ms: None };

    /// Whether nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::DEFAULT
    }

    /// These, and where they say nothing, those.
    #[must_use]
    pub fn or(self, wider: Self) -> Self {
        Self {
            connect_ms: self.connect_ms.or(wider.connect_ms),
            first_content_ms: self.first_content_ms.or(wider.first_content_ms),
            idle_ms: self.idle_ms.or(wider.idle_ms),
            total_ms: self.total_ms.or(wider.total_ms),
        }
    }

    /// Whether each can be kept.
    ///
    /// # Errors
    /// [`InvalidTimeout`] for one that is zero or longer than an hour.
    pub fn check(&self) -> Result<(), InvalidTimeout> {
        let Self { connect_ms, first_content_ms, idle_ms, total_ms } = *self;
        let steps = [
            ("connect_ms", connect_ms),
            ("first_content_ms", first_content_ms),
            ("idle_ms", idle_ms),
            ("total_ms", total_ms),
        ];
        let is_wrong = |limit: Option<u64>| limit.is_some_and(|limit| !(1..=LONGEST_MS).contains(&limit));
        match steps.into_iter().find(|(_, limit)| is_wrong(*limit)) {
            Some((step, _)) => Err(InvalidTimeout { step }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_targets_own_outranks_its_routes() {
        let of_target = Timeouts { idle_ms: Some(5), ..Timeouts::DEFAULT };
        let of_route = Timeouts { idle_ms: Some(9), total_ms: Some(7), ..Timeouts::DEFAULT };
        let both = Timeouts { idle_ms: Some(5), total_ms: Some(7), ..Timeouts::DEFAULT };
        assert_eq!(of_target.or(of_route), both);
    }

    #[test]
    fn no_time_at_all_and_more_than_an_hour_are_refused() {
        let idle = |idle| Timeouts { idle_ms: Some(idle), ..Timeouts::DEFAULT }.check();
        assert_eq!((idle(1), idle(3_600_000), Timeouts::DEFAULT.check()), (Ok(()), Ok(()), Ok(())));
        for wrong in [0, 3_600_001] {
            assert_eq!(idle(wrong), Err(InvalidTimeout { step: "idle_ms" }), "{wrong}");
        }
    }
}
