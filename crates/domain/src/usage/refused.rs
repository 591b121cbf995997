//! Calls that were refused before anything was sent.

use crate::ids::{CallId, UserId, VirtualKeyId};
use crate::time::Timestamp;

/// A call that was judged and went nowhere: it has no attempt, used nothing, and stands in no ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// Its id.
    pub id: CallId,
    /// When it was refused.
    pub at: Timestamp,
    /// The request id that the client saw.
    pub request_id: String,
    /// Whose key it was.
    pub key: Option<VirtualKeyId>,
    /// Whose call it was.
    pub user: Option<UserId>,
    /// The address at which it came.
    pub address: Option<String>,
    /// The client's dialect.
    pub dialect: String,
    /// What the client asked for in `model`.
    pub model: String,
    /// Why, in a word.
    pub reason: String,
    /// Milliseconds until it was refused.
    pub duration_ms: u64,
}
