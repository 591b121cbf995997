//! What is written down of what people did: who, what, to which object, from where, and whether it was let. The entries are a
//! chain: each is sealed together with the one before it, so that none can be changed, taken out or moved unseen.

mod chain;
mod check;
mod checkpoint;
mod entry;

pub use chain::{AuditHead, UnsoundEnd, append, join};
pub use check::{AuditCheck, AuditFlaw, AuditProblem, ChainWalk, Sealing};
pub use checkpoint::{Checkpoint, thinned};
pub use entry::{AuditEntry, AuditFilter};

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// An object was made.
    Create,
    /// An object was changed.
    Update,
    /// An object was removed.
    Delete,
    /// A secret was replaced by a new one.
    Rotate,
    /// Somebody signed in.
    SignIn,
    /// Somebody ended a session.
    SignOut,
    /// A refresh token was presented that was used before: its session ended.
    TokenReused,
    /// Somebody asked for what is not their right.
    Access,
    /// A stored secret was used by a person to try a provider.
    TestSecret,
    /// Configuration was read out whole.
    Export,
    /// Configuration was put back.
    Restore,
    /// Stored secrets were sealed anew.
    Rekey,
    /// The log goes on under another key than that of the entries before.
    Continue,
}

impl AuditAction {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Rotate,
        Self::SignIn,
        Self::SignOut,
        Self::TokenReused,
        Self::Access,
        Self::TestSecret,
        Self::Export,
        Self::Restore,
        Self::Rekey,
        Self::Continue,
    ];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Rotate => "rotate",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::TokenReused => "token_reused",
            Self::Access => "access",
            Self::TestSecret => "test_secret",
            Self::Export => "export",
            Self::Restore => "restore",
            Self::Rekey => "rekey",
            Self::Continue => "continue",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// Whether it was let.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl AuditOutcome {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// One thing that somebody did, before it has a place in the log. It holds no secret and no content of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// Who: a user's name, `cli:<user>`, `file`, `seed`, `system`, or `anonymous`.
    pub actor: String,
    /// What.
    pub action: AuditAction,
    /// To which object, such as `provider:3`, `user:7`, `session:...`.
    pub object: String,
    /// Whether it was let.
    pub outcome: AuditOutcome,
    /// From which address, where there is one.
    pub address: Option<IpAddr>,
    /// The request that asked for it, where there is one.
    pub request_id: Option<String>,
    /// What else matters, by name: which fields changed, why it was refused.
    pub details: BTreeMap<String, String>,
}
