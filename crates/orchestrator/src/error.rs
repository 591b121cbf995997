//! Why a call or a request of management failed, as facts; the surfaces put them in words of their dialect.

use std::borrow::Cow;
use std::time::Duration;
use switchyard_domain::fault::{Blame, FaultKind, ProviderFault};
use switchyard_ports::limiter::Rooms;
use switchyard_ports::repositories::RepositoryError;

/// What kind of failure a call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallErrorKind {
    /// No credential, or one that we do not know, or one that ended.
    InvalidApiKey,
    /// The request itself is wrong.
    InvalidRequest,
    /// There is no such route or model.
    ModelNotFound,
    /// Several providers serve this model.
    ModelAmbiguous,
    /// The key may not call it.
    ModelNotAllowed,
    /// Something would be lost at the target, and the caller or the route forbids that.
    UnsupportedFeature,
    /// A limit of ours is used up.
    RateLimited,
    /// A budget has too little left. When to come back says when calls that are running may hold less of it, or when it begins anew; it
    /// never does what has no such time.
    InsufficientQuota,
    /// The model has no known price, and the call is under a budget.
    PriceUnknown,
    /// Usage can't be recorded, so nothing is served.
    StorageUnavailable,
    /// No target can be tried.
    UpstreamUnavailable,
    /// The last target failed.
    UpstreamError,
    /// The last target did not answer in time.
    UpstreamTimeout,
    /// The last target refused the operator's credential.
    UpstreamAuthFailed,
    /// The last target's TLS failed.
    UpstreamTls,
    /// The last target redirected.
    UpstreamRedirect,
    /// The last target's answer is not understood.
    UpstreamInvalidResponse,
    /// The last target throttles.
    UpstreamThrottled,
    /// The target refused the request; its status is kept.
    UpstreamRejected,
    /// The answer broke off after the client had a part of it.
    StreamInterrupted,
    /// Our own defect.
    Internal,
}

impl CallErrorKind {
    /// Each of them.
    pub const ALL: [Self; 21] = [
        Self::InvalidApiKey,
        Self::InvalidRequest,
        Self::ModelNotFound,
        Self::ModelAmbiguous,
        Self::ModelNotAllowed,
        Self::UnsupportedFeature,
        Self::RateLimited,
        Self::InsufficientQuota,
        Self::PriceUnknown,
        Self::StorageUnavailable,
        Self::UpstreamUnavailable,
        Self::UpstreamError,
        Self::UpstreamTimeout,
        Self::UpstreamAuthFailed,
        Self::UpstreamTls,
        Self::UpstreamRedirect,
        Self::UpstreamInvalidResponse,
        Self::UpstreamThrottled,
        Self::UpstreamRejected,
        Self::StreamInterrupted,
        Self::Internal,
    ];

    /// The stored word, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidApiKey => "invalid_api_key",
            Self::InvalidRequest => "invalid_request",
            Self::ModelNotFound => "model_not_found",
            Self::ModelAmbiguous => "model_ambiguous",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::UnsupportedFeature => "unsupported_feature",
            Self::RateLimited => "rate_limited",
            Self::InsufficientQuota => "insufficient_quota",
            Self::PriceUnknown => "price_unknown",
            Self::StorageUnavailable => "storage_unavailable",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamError => "upstream_error",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamAuthFailed => "upstream_auth_failed",
            Self::UpstreamTls => "upstream_tls",
            Self::UpstreamRedirect => "upstream_redirect",
            Self::UpstreamInvalidResponse => "upstream_invalid_response",
            Self::UpstreamThrottled => "upstream_throttled",
            Self::UpstreamRejected => "upstream_rejected",
            Self::StreamInterrupted => "stream_interrupted",
            Self::Internal => "internal",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A failed call. The message is safe for the client and says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind of failure.
    pub kind: CallErrorKind,
    /// What happened, why, and what to do.
    pub message: String,
    /// The member of the request that is wrong.
    pub param: Option<String>,
    /// The provider's own code, where it refused the request.
    pub code: Option<String>,
    /// Whether the provider spoke another dialect than the caller, so that a code that is missing tells the caller nothing.
    pub is_foreign: bool,
    /// The provider's status, where it refused the request.
    pub status: Option<u16>,
    /// Whether what was asked for may be done, and billed, all the same: whoever asks for it again may pay for it twice.
    pub may_be_done: bool,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// What is left of the caller's limits, where it is known: the call was counted, or refused by one of them.
    pub rooms: Option<Box<Rooms>>,
}

impl CallError {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: CallErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            param: None,
            code: None,
            is_foreign: false,
            status: None,
            may_be_done: false,
            retry_after: None,
            rooms: None,
        }
    }

    /// The same, naming the member that is wrong.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// As [`CallError::from_fault`], where the attempt was made with an account of the caller's own.
    #[must_use]
    pub fn from_fault_of_own_account(fault: &ProviderFault, target: &str) -> Self {
        let error = Self::from_fault(fault, target);
        match message_of_own_account(fault.kind, target) {
            Some(message) => Self { message, ..error },
            None => error,
        }
    }

    /// The failure that a client sees when `fault` ended its call. `target` is the public name of the target.
    #[must_use]
    pub fn from_fault(fault: &ProviderFault, target: &str) -> Self {
        let kind = kind_of(fault.kind);
        let is_rejection = kind == CallErrorKind::UpstreamRejected;
        let is_callers = fault.kind.blame() == Blame::Caller;
        Self {
            kind,
            message: message_of(fault, target),
            param: fault.param.clone().filter(|_| is_callers),
            code: fault.code.clone().filter(|_| is_rejection),
            is_foreign: false,
            status: fault.status.filter(|_| is_rejection),
            may_be_done: false,
            retry_after: match kind {
                CallErrorKind::UpstreamThrottled => Some(clamped_retry_after(fault.retry_after)),
                CallErrorKind::UpstreamUnavailable => Some(LONGEST_WAIT),
                _ => None,
            },
            rooms: None,
        }
    }
}

/// The same of an account that is the caller's own, where it is the account's fault.
fn message_of_own_account(kind: FaultKind, target: &str) -> Option<String> {
    match kind {
        FaultKind::AuthFailed => {
            Some(format!("{target} refused the key that is stored for your calls. Store another one."))
        }
        FaultKind::QuotaExhausted => Some(format!(
            "The account of the key that is stored for your calls is used up at {target}. Raise its quota, or add credit to it."
        )),
        FaultKind::Throttled => Some(format!(
            "{target} is rate-limiting the account of the key that is stored for your calls. Try again later."
        )),
        _ => None,
    }
}

/// What the client hears. A fault that is not the caller's is told without the provider's words: they may speak of the operator's
/// account, or hold whatever the provider let slip. They are in the log.
fn message_of(fault: &ProviderFault, target: &str) -> String {
    match fault.kind {
        FaultKind::Rejected | FaultKind::Unsupported => fault.message.clone(),
        FaultKind::AuthFailed => format!(
            "{target} refused the credential that this server holds for it. An administrator must replace it."
        ),
        FaultKind::QuotaExhausted => format!(
            "The account that this server has at {target} is used up. An administrator must raise its quota or add credit."
        ),
        FaultKind::NoCredential => {
            format!("This server holds no credential for {target}. An administrator can store one.")
        }
        FaultKind::EgressRefused => format!(
            "This server may not call the address of {target}. An administrator must allow it or give another."
        ),
        FaultKind::Throttled => format!("{target} is rate-limiting this server. Try again later."),
        FaultKind::Internal => format!("Something went wrong here before {target} was called."),
        _ => format!("{target} failed: {}", told(fault)),
    }
}

/// What happened, in our own words, save where the provider complains of the request: groq tells in the middle of a stream that a tool was
/// called wrongly, as a 400 (`groq-chat_completions-9e866a6389`, 2026).
pub(crate) fn told(fault: &ProviderFault) -> Cow<'_, str> {
    match fault.status {
        Some(400 | 404 | 409 | 413 | 422) => Cow::Borrowed(fault.message.trim_end_matches('.')),
        _ if !fault.is_quoted => Cow::Borrowed(fault.message.trim_end_matches('.')),
        Some(status) if status >= 400 => {
            Cow::Owned(format!("the provider answered with the error status {status}"))
        }
        _ => Cow::Borrowed("the provider sent an error in its answer"),
    }
}

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What we tell a client to wait: as the provider said, within bounds, so that a provider's absurd value neither
/// hammers nor parks our clients.
fn clamped_retry_after(said: Option<Duration>) -> Duration {
    said.unwrap_or(SHORTEST_WAIT).clamp(SHORTEST_WAIT, LONGEST_WAIT)
}

fn kind_of(fault: FaultKind) -> CallErrorKind {
    match fault {
        FaultKind::Rejected => CallErrorKind::UpstreamRejected,
        FaultKind::Unsupported => CallErrorKind::UnsupportedFeature,
        FaultKind::Throttled => CallErrorKind::UpstreamThrottled,
        FaultKind::AuthFailed => CallErrorKind::UpstreamAuthFailed,
        FaultKind::Tls => CallErrorKind::UpstreamTls,
        FaultKind::Redirect => CallErrorKind::UpstreamRedirect,
        FaultKind::InvalidResponse => CallErrorKind::UpstreamInvalidResponse,
        FaultKind::FirstByteTimeout | FaultKind::IdleTimeout | FaultKind::TotalTimeout => {
            CallErrorKind::UpstreamTimeout
        }
        FaultKind::NoCredential => CallErrorKind::UpstreamUnavailable,
        FaultKind::Internal => CallErrorKind::Internal,
        FaultKind::Connect
        | FaultKind::Dns
        | FaultKind::ConnectTimeout
        | FaultKind::EgressRefused
        | FaultKind::ClosedBeforeAnswer
        | FaultKind::QuotaExhausted
        | FaultKind::ServerError
        | FaultKind::Transient
        | FaultKind::Interrupted
        | FaultKind::TooLarge => CallErrorKind::UpstreamError,
    }
}

/// Why a request of management failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The input is wrong.
    #[error("{message}")]
    Invalid {
        /// What is wrong and what is expected.
        message: String,
        /// The member that is wrong.
        param: Option<String>,
    },
    /// It is the configuration file's: what anybody else wrote would be undone when the file is read again.
    #[error(
        "{what} is declared in the configuration file: change it there, and have the file read again (POST /reload-config, or a \
         restart)"
    )]
    FileOwned {
        /// Which object.
        what: String,
    },
    /// The repository said no.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A secret can't be sealed or opened.
    #[error(transparent)]
    Vault(#[from] switchyard_ports::vault::VaultError),
    /// A provider failed when it was asked.
    #[error("the provider failed: {0}")]
    Provider(#[from] ProviderFault),
}

impl AdminError {
    /// A wrong input.
    #[must_use]
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), param: Some(param.to_owned()) }
    }

    /// The same, where the input is a part of a larger one.
    pub(crate) fn within(self, place: &str) -> Self {
        let Self::Invalid { message, param } = self else { return self };
        let param = param.map_or(place.to_owned(), |param| format!("{place}.{param}"));
        Self::Invalid { message, param: Some(param) }
    }
}
