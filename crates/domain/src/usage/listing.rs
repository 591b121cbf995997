//! Calls one by one, the newest first.

use super::{Outcome, UsageEvent};
use crate::ids::{AttemptId, UserId, VirtualKeyId};
use crate::money::NanoUsd;
use crate::time::Timestamp;

/// Which calls a listing is about. A call is meant when its last attempt is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Whose last attempt began at this moment or later.
    pub from: Option<Timestamp>,
    /// Whose last attempt began before this moment.
    pub to: Option<Timestamp>,
    /// Of this person only.
    pub user: Option<UserId>,
    /// Of this key only.
    pub key: Option<VirtualKeyId>,
    /// That ended at the provider of this name.
    pub provider: Option<String>,
    /// That ended at this model, by the provider's id for it.
    pub model: Option<String>,
    /// That went by the route of this name.
    pub route: Option<String>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// Of the request of this id.
    pub request_id: Option<String>,
    /// Without those to simulated models.
    pub without_simulated: bool,
}

/// Where a page of a listing ended: its last call's last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor {
    /// When it began.
    pub at: Timestamp,
    /// Its id.
    pub id: AttemptId,
}

/// A call that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// Its attempts before the last one, in their order.
    pub earlier: Vec<UsageEvent>,
    /// The attempt that it ended with.
    pub last: UsageEvent,
}

impl CallRecord {
    /// Its attempts, in their order.
    pub fn attempts(&self) -> impl Iterator<Item = &UsageEvent> {
        self.earlier.iter().chain([&self.last])
    }

    /// What its attempts cost together; `None` where one of them used something at an unknown price.
    #[must_use]
    pub fn cost(&self) -> Option<NanoUsd> {
        let billed = self.attempts().filter(|attempt| attempt.is_billed());
        billed
            .map(|attempt| attempt.cost)
            .try_fold(NanoUsd::ZERO, |sum, cost| Some(sum.saturating_add(cost?)))
    }

    /// Where a page ends that ends with it.
    #[must_use]
    pub fn cursor(&self) -> CallCursor {
        CallCursor { at: self.last.at, id: self.last.id }
    }
}
