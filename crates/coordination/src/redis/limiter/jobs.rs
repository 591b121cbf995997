//! What the desk is asked to do.

use super::permit::RedisPermit;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::time::{Day, Timestamp};
use switchyard_ports::limiter::{Ask, Counter, Known, LimiterError, Mark, Scope, Used};
use tokio::sync::oneshot;

/// Redis does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Away(pub(super) String);

/// Where an answer goes. Whoever does not wait any longer drops the other end.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Away>>;

/// What is known of a counter, and how many microseconds to wait before a question to the ledger is worth it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) known: Known,
    pub(super) wait: u64,
}

/// A question, whose answer somebody waits for.
pub(super) enum Question {
    Acquire { asks: Vec<Ask>, reply: Reply<Result<Vec<RedisPermit>, LimiterError>> },
    Cover { permit: u64, money: NanoUsd, at: Timestamp, reply: Reply<Result<(), LimiterError>> },
    Standing { counter: Counter, reply: Reply<Look> },
    Seed { counter: Counter, mark: Mark, spent: NanoUsd, reply: Reply<bool> },
    Asked { reply: Reply<Vec<Counter>> },
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
            Self::Seed { reply, .. } => reply.send(Err(away)).is_ok(),
            Self::Asked { reply } => reply.send(Err(away)).is_ok(),
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
    /// What is known of every budget is to be known no more.
    Doubt,
    /// How many requests of a day the ledger knows of.
    Day(Day, Vec<(Scope, u64)>),
    /// A call was admitted without Redis.
    Alone { permit: u64, ask: Ask },
}
