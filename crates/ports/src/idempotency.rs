//! Requests that their callers name, so that the same one sent twice is carried out once.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use uuid::Uuid;

/// How long it is remembered what became of a request, from its end.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// How long a claim holds of which nobody ever says what became of it, because its process was killed.
pub const CLAIMED_FOR: Duration = Duration::from_secs(3600);

/// The longest body that is kept for being given again, in bytes.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// A request under the name that its caller gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedRequest {
    /// A digest of the caller and the name: two callers never share one.
    pub name: [u8; 32],
    /// A digest of the caller alone: what is remembered takes room of theirs.
    pub caller: [u8; 32],
    /// A digest of what is asked: method, address and body.
    pub content: [u8; 32],
    /// Tells this attempt at it from all others.
    pub claim: Uuid,
}

/// An answer as it is given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The headers that belong to the answer.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, of [`LONGEST_BODY`] bytes at most.
    pub body: Bytes,
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was: it is this request's now, until it is finished or given back.
    Claimed,
    /// The same request is being answered.
    InFlight,
    /// The same request was answered, and this is the answer.
    Answered(KeptAnswer),
    /// The same request was answered, and the answer is not there to be given again.
    Spent,
    /// The name belongs to a request that asks for something else.
    Different,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// This answer, to be given again.
    Answered(KeptAnswer),
    /// An answer that can't be given again: a stream, or one that is too long or secret.
    Spent,
}

/// The store does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of idempotency keys does not answer: {0}")]
pub struct IdempotencyUnavailable(pub String);

/// Remembers named requests. Of many that claim one name at once exactly one MUST get it. What does not hold the claim any more
/// changes nothing. Memory MUST be bounded: where it is used up, the caller who has most of it loses the oldest answers before the names
/// that they were given to, so that a request becomes [`Standing::Spent`] rather than being carried out a second time, and nobody makes
/// another's be forgotten. An adapter that keeps
/// answers outside of this process's memory MUST seal them: there are secrets that were minted among them.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// What is known of a request's name; claims it where nothing is.
    async fn claim(&self, request: &NamedRequest) -> Result<Standing, IdempotencyUnavailable>;

    /// Notes what became of a request that has its name. Once this returns, the next one is told.
    async fn finish(&self, request: &NamedRequest, finish: Finish) -> Result<(), IdempotencyUnavailable>;

    /// Gives a name back, as if it had never been claimed: the request failed, or its client left. MUST NOT block; an adapter that
    /// has to ask another process does so in a task of its own, and where that fails, the claim ends after [`CLAIMED_FOR`].
    fn give_back(&self, request: &NamedRequest);
}
