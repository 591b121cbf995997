//! Limits over many scopes at once.

use async_trait::async_trait;
use std::time::Duration;
use switchyard_domain::limits::{LimitKind, Limits};

/// What is limited together, such as `key:17` or `model:3/gpt-4o`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(pub String);

/// One scope's limits for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The scope.
    pub scope: Scope,
    /// Its limits.
    pub limits: Limits,
}

/// A refusal: the first limit that the call would break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The scope.
    pub scope: Scope,
    /// The limit.
    pub kind: LimitKind,
    /// Its value.
    pub limit: u64,
    /// When to come back; what a client sees in `Retry-After`. MUST NOT be longer than the limit's window.
    pub retry_after: Duration,
}

/// Why a limiter gave no permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimiterError {
    /// A limit is used up.
    #[error("over the limit of {} {}", .0.limit, .0.kind.describe())]
    Refused(Refusal),
    /// The store of the counters does not answer.
    #[error("the limit store does not answer: {0}")]
    Unavailable(String),
}

/// A call's hold on its limits. Dropping it MUST release the concurrency slots, whatever happened.
pub trait Permit: Send + Sync {
    /// Replaces the reserved tokens with those that were used; later calls count the truth. May be called once.
    fn settle(&self, tokens: u64);
}

/// Limits. `acquire` takes all demands or none, in one step: of many calls at once no more than the limit pass, and no more
/// than the limit in any 60 seconds. Refused calls count for nothing.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Takes one request, `tokens` tokens and one slot in each demand's scope.
    async fn acquire(&self, demands: &[Demand], tokens: u64) -> Result<Box<dyn Permit>, LimiterError>;
}
