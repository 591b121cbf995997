//! What the desk is asked to do.

use super::permit::RedisPermit;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::Timestamp;
use switchyard_ports::limiter::{Ask, Counter, LimiterError, Standing, Used};
use tokio::sync::oneshot;

/// Redis does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Away(pub(super) String);

/// Where an answer goes. Whoever does not wait any longer drops the other end.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Away>>;

/// Where a counter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// What was spent is known.
    Known(Standing),
    /// It is not; the ledger knows all of it after so many microseconds, unless the version is another then.
    Unknown { wait: u64, version: u64 },
}

/// A question, whose answer somebody waits for.
pub(super) enum Question {
    Acquire { asks: Vec<Ask>, reply: Reply<Result<Vec<RedisPermit>, LimiterError>> },
    Cover { permit: u64, money: NanoUsd, at: Timestamp, reply: Reply<Result<(), LimiterError>> },
    Standing { counter: Counter, reply: Reply<Known> },
    Seed { counter: Counter, spent: NanoUsd, version: Option<u64>, reply: Reply<()> },
    Doubt { reply: Reply<()> },
}

impl Question {
    /// Nobody answers.
    pub(super) fn leave(self, why: &str) {
        let away = Away(why.to_owned());
        // Who asked may have gone.
        let _ = match self {
            Self::Acquire { reply, .. } => reply.send(Err(away)).is_ok(),
            Self::Cover { reply, .. } => reply.send(Err(away)).is_ok(),
            Self::Standing { reply, .. } => reply.send(Err(away)).is_ok(),
            Self::Seed { reply, .. } | Self::Doubt { reply } => reply.send(Err(away)).is_ok(),
        };
    }
}

/// What comes to the desk, in the order in which it happened.
pub(super) enum Job {
    /// A question, and whether it was asked once already.
    Ask(Question, bool),
    /// A permit was settled.
    Settle { permit: u64, used: Used },
    /// Something was used under no permit.
    Charge { used: Used },
    /// A permit's call runs no more.
    Land { permit: u64 },
    /// A permit ended.
    Drop { permit: u64 },
    /// A call was admitted without Redis.
    Alone { permit: u64, ask: Ask },
}
