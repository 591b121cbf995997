//! What requests and answers of the canonical API look like.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use switchyard_domain::limits::Limits;
use switchyard_domain::user::{Session, User};
use utoipa::ToSchema;

/// A secret that a client sends.
pub(crate) type Secret = SecretString;

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvelopeAnswer {
    /// The error's word.
    error: String,
    /// What happened and what to do.
    message: String,
    /// What else there is to it: of a `validation_error`, what is wrong with each member.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<BTreeMap<String, serde_json::Value>>,
    /// By which an administrator finds it.
    request_id: String,
}

/// A sentence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Said {
    pub(crate) message: &'static str,
}

/// Limits on all of a person's calls together; what is absent is not limited.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsShape {
    /// Requests in any minute.
    #[serde(default)]
    rpm: Option<u32>,
    /// Tokens in any minute.
    #[serde(default)]
    tpm: Option<u64>,
    /// Requests in a UTC day.
    #[serde(default)]
    rpd: Option<u32>,
    /// Calls at one moment.
    #[serde(default)]
    concurrency: Option<u32>,
}

impl From<Limits> for LimitsShape {
    fn from(Limits { rpm, tpm, rpd, concurrency }: Limits) -> Self {
        Self { rpm, tpm, rpd, concurrency }
    }
}

impl From<LimitsShape> for Limits {
    fn from(LimitsShape { rpm, tpm, rpd, concurrency }: LimitsShape) -> Self {
        Self { rpm, tpm, rpd, concurrency }
    }
}

/// A person, to themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnUser {
    /// Their id.
    id: i64,
    /// Their name.
    username: String,
    /// Where they get mail.
    email: Option<String>,
    /// `admin`, `auditor` or `member`.
    role: &'static str,
}

impl From<&User> for OwnUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            role: user.role.as_str(),
        }
    }
}

/// A person, to oneself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    pub(crate) user: OwnUser,
}

/// A person, to administrators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserShape {
    /// Their id.
    id: i64,
    /// Their name.
    username: String,
    /// Where they get mail.
    email: Option<String>,
    /// `admin`, `auditor` or `member`.
    role: &'static str,
    /// Whether they may sign in and call.
    is_active: bool,
    limits: LimitsShape,
    /// When they last signed in.
    last_login_at: Option<String>,
    /// When they were made.
    created_at: String,
    /// When they were last changed.
    updated_at: String,
    /// Who changed them last.
    updated_by: String,
    /// Where they come from.
    owner: String,
    /// Grows by one with each change; `If-Match` takes it.
    pub(super) version: i64,
}

impl From<User> for UserShape {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            email: user.email.map(|email| email.to_string()),
            role: user.role.as_str(),
            is_active: user.is_active,
            limits: user.limits.into(),
            last_login_at: user.last_login_at.map(|at| at.to_string()),
            created_at: user.meta.created_at.to_string(),
            updated_at: user.meta.updated_at.to_string(),
            updated_by: user.meta.updated_by,
            owner: user.meta.owner.to_string(),
            version: user.meta.version,
        }
    }
}

/// Some of all people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserPage {
    pub(crate) items: Vec<UserShape>,
    /// What `after` takes to go on; absent at the end.
    pub(crate) next: Option<String>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionShape {
    /// Its id.
    id: String,
    /// Whether it is the one that asks.
    is_current: bool,
    /// When it began.
    created_at: String,
    /// When its tokens were last made.
    refreshed_at: String,
    /// When it ends in any case.
    expires_at: String,
    /// From which address it began.
    address: Option<String>,
    /// What the client called itself.
    client: Option<String>,
}

impl SessionShape {
    pub(super) fn of(session: Session, is_current: bool) -> Self {
        Self {
            id: session.id.to_string(),
            is_current,
            created_at: session.created_at.to_string(),
            refreshed_at: session.refreshed_at.to_string(),
            expires_at: session.expires_at.to_string(),
            address: session.address.map(|address| address.to_string()),
            client: session.client,
        }
    }
}

/// One's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    pub(crate) items: Vec<SessionShape>,
    /// What `after` takes for the page behind this one.
    pub(crate) next: Option<String>,
}
