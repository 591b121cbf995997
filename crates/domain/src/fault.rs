//! What can go wrong at a provider: who is at fault, whether another target or another try may help.

use crate::retry::RetryCause;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What went wrong in an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection was refused or broke before the request was taken.
    Connect,
    /// The host's name did not resolve.
    Dns,
    /// No connection in time.
    ConnectTimeout,
    /// TLS failed: expired, wrong name, unknown authority, too old.
    Tls,
    /// The egress guard refused the address.
    EgressRefused,
    /// A kept-alive connection was closed before a byte of the answer came.
    ClosedBeforeAnswer,
    /// 429 that time heals.
    Throttled,
    /// 429 or 402 that only the operator's account heals.
    QuotaExhausted,
    /// 5xx.
    ServerError,
    /// 400, 404, 409, 413, 422 and the like: the request's own fault; another provider would say the same.
    Rejected,
    /// 401 or 403: the operator's credential.
    AuthFailed,
    /// 408 or 425.
    Transient,
    /// No first content in time.
    FirstByteTimeout,
    /// Silence in the middle.
    IdleTimeout,
    /// The call's whole time was used.
    TotalTimeout,
    /// The answer was cut in the middle.
    Interrupted,
    /// An answer that is not understood: not JSON, HTML, no choices, too many bad events.
    InvalidResponse,
    /// An answer over its cap.
    TooLarge,
    /// A redirect, which is never followed.
    Redirect,
    /// The provider or model can't do what is asked.
    Unsupported,
    /// The provider has no credential, or one that can't be opened.
    NoCredential,
    /// Our own defect.
    Internal,
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The caller must change the request.
    Caller,
    /// The provider failed; time or another provider helps.
    Provider,
    /// The operator must change the configuration.
    Operator,
    /// We failed.
    Ourselves,
}

impl FaultKind {
    const ALL: [Self; 22] = [
        Self::Connect,
        Self::Dns,
        Self::ConnectTimeout,
        Self::Tls,
        Self::EgressRefused,
        Self::ClosedBeforeAnswer,
        Self::Throttled,
        Self::QuotaExhausted,
        Self::ServerError,
        Self::Rejected,
        Self::AuthFailed,
        Self::Transient,
        Self::FirstByteTimeout,
        Self::IdleTimeout,
        Self::TotalTimeout,
        Self::Interrupted,
        Self::InvalidResponse,
        Self::TooLarge,
        Self::Redirect,
        Self::Unsupported,
        Self::NoCredential,
        Self::Internal,
    ];

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Who has to act.
    #[must_use]
    pub fn blame(self) -> Blame {
        match self {
            Self::Rejected | Self::Unsupported => Blame::Caller,
            Self::AuthFailed
            | Self::Tls
            | Self::EgressRefused
            | Self::Redirect
            | Self::QuotaExhausted
            | Self::NoCredential => Blame::Operator,
            Self::Internal => Blame::Ourselves,
            _ => Blame::Provider,
        }
    }

    /// Whether it tells of the account that was called with, and of nobody else's at the same provider.
    #[must_use]
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::Throttled | Self::QuotaExhausted | Self::AuthFailed)
    }

    /// The stored word, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::EgressRefused => "egress_refused",
            Self::ClosedBeforeAnswer => "closed_before_answer",
            Self::Throttled => "throttled",
            Self::QuotaExhausted => "quota_exhausted",
            Self::ServerError => "server_error",
            Self::Rejected => "rejected",
            Self::AuthFailed => "auth_failed",
            Self::Transient => "transient",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Interrupted => "interrupted",
            Self::InvalidResponse => "invalid_response",
            Self::TooLarge => "too_large",
            Self::Redirect => "redirect",
            Self::Unsupported => "unsupported",
            Self::NoCredential => "no_credential",
            Self::Internal => "internal",
        }
    }

    /// Whether a timeout of an answer, which a client sees as 504. A connection that does not come about is none: nothing was
    /// asked yet, and it fails like one that is refused.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        matches!(self, Self::FirstByteTimeout | Self::IdleTimeout | Self::TotalTimeout)
    }

    /// Whether the same target may be tried again, and what that answers to. Configuration faults and the caller's own are
    /// never tried again at the same place; a first-byte timeout is, once in a call.
    #[must_use]
    pub fn retry_cause(self) -> Option<RetryCause> {
        match self {
            Self::Throttled => Some(RetryCause::Throttled),
            Self::Connect
            | Self::ConnectTimeout
            | Self::ClosedBeforeAnswer
            | Self::ServerError
            | Self::Transient
            | Self::FirstByteTimeout
            | Self::Interrupted
            | Self::InvalidResponse => Some(RetryCause::Transient),
            _ => None,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which faults move a call on to the next target of its route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverOn {
    /// Network faults, timeouts, 5xx. No second try at the same target.
    ServerErrors,
    /// Also 401, 403, 408, 425, 429, and the operator's other faults at one target.
    #[default]
    Availability,
    /// Everything, a rejected request included.
    Any,
}

impl FailoverOn {
    /// Whether `kind` moves on to another target.
    ///
    /// A redirect does not: a wrong base URL must be seen, and hiding it would hide that somebody may want our calls. Nor does
    /// an answer over its cap: it was paid for, and the next target would be asked for the same.
    #[must_use]
    pub fn moves_on(self, kind: FaultKind) -> bool {
        let stays = matches!(
            kind,
            FaultKind::Rejected
                | FaultKind::Unsupported
                | FaultKind::Redirect
                | FaultKind::TooLarge
                | FaultKind::Internal
        );
        match self {
            Self::Any => kind != FaultKind::Internal,
            Self::Availability => !stays,
            Self::ServerErrors => {
                !stays
                    && !matches!(
                        kind,
                        FaultKind::AuthFailed
                            | FaultKind::Throttled
                            | FaultKind::QuotaExhausted
                            | FaultKind::Transient
                    )
            }
        }
    }

    /// Whether the same target may be tried again when no other remains.
    #[must_use]
    pub fn retries_same_target(self) -> bool {
        self != Self::ServerErrors
    }
}

/// A failed attempt. `message` is cleaned: no credential, no raw vendor payload, at most a few hundred characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ProviderFault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The provider's status, where it answered.
    pub status: Option<u16>,
    /// The provider's machine-readable code.
    pub code: Option<String>,
    /// The provider's word for the class of error, where it has one besides.
    pub class: Option<String>,
    /// The member of the request that the provider complains of.
    pub param: Option<String>,
    /// What happened, for people.
    pub message: String,
    /// Whether the message is in the provider's words. Of what a caller did wrong they tell the caller; else they may speak of the
    /// provider's inner parts, and are for whoever runs this server.
    pub is_quoted: bool,
    /// How long the provider asks to wait, as it said.
    pub retry_after: Option<Duration>,
    /// The provider's own word on whether to retry (`x-should-retry`), which outranks ours.
    pub should_retry: Option<bool>,
}

impl ProviderFault {
    /// A fault without an answer's details.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            class: None,
            param: None,
            message: message.into(),
            is_quoted: false,
            retry_after: None,
            should_retry: None,
        }
    }

    /// Whether the same target may be tried again, and what that answers to. The provider's own word comes first, as in
    /// OpenAI's SDKs: its `false` ends every fault, its `true` buys even a rejected request another try.
    #[must_use]
    pub fn retry_cause(&self) -> Option<RetryCause> {
        match self.should_retry {
            Some(false) => None,
            _ if self.is_asked_back() => Some(RetryCause::Transient),
            _ => self.kind.retry_cause(),
        }
    }

    /// Whether nothing but the provider's word (`x-should-retry: true`) speaks for another try. A redirect and an answer over
    /// its cap are final whatever it says: the one must be seen, the other was paid for.
    #[must_use]
    pub fn is_asked_back(&self) -> bool {
        self.should_retry == Some(true)
            && self.kind.retry_cause().is_none()
            && !matches!(self.kind, FaultKind::Redirect | FaultKind::TooLarge | FaultKind::Internal)
    }

    /// Whether one more try is all that it is worth.
    #[must_use]
    pub fn is_tried_once_more(&self) -> bool {
        self.kind == FaultKind::FirstByteTimeout || self.is_asked_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_request_moves_on_only_where_the_route_says_any() {
        assert!(!FailoverOn::Availability.moves_on(FaultKind::Rejected));
        assert!(FailoverOn::Any.moves_on(FaultKind::Rejected));
    }

    #[test]
    fn a_redirect_and_an_answer_over_its_cap_end_the_call() {
        for kind in [FaultKind::Redirect, FaultKind::TooLarge] {
            assert!(
                !FailoverOn::Availability.moves_on(kind) && !FailoverOn::ServerErrors.moves_on(kind),
                "{kind}"
            );
            assert!(FailoverOn::Any.moves_on(kind), "{kind}");
        }
    }

    #[test]
    fn a_throttle_stays_under_server_errors_and_moves_under_availability() {
        assert!(!FailoverOn::ServerErrors.moves_on(FaultKind::Throttled));
        assert!(FailoverOn::Availability.moves_on(FaultKind::Throttled));
    }

    #[test]
    fn the_providers_word_against_a_retry_outranks_ours() {
        let mut fault = ProviderFault::new(FaultKind::ServerError, "x");
        assert!(fault.retry_cause().is_some());
        fault.should_retry = Some(false);
        assert!(fault.retry_cause().is_none());
    }

    #[test]
    fn the_providers_word_for_a_retry_outranks_ours_once() {
        let asked = |kind| ProviderFault { should_retry: Some(true), ..ProviderFault::new(kind, "x") };
        for kind in [FaultKind::Rejected, FaultKind::QuotaExhausted, FaultKind::AuthFailed] {
            assert!(ProviderFault::new(kind, "x").retry_cause().is_none(), "{kind}");
            let fault = asked(kind);
            assert_eq!(fault.retry_cause(), Some(RetryCause::Transient), "{kind}");
            assert!(fault.is_tried_once_more(), "{kind}");
        }
        for kind in [FaultKind::Redirect, FaultKind::TooLarge, FaultKind::Internal] {
            assert!(asked(kind).retry_cause().is_none(), "{kind}");
        }
        let throttled = asked(FaultKind::Throttled);
        assert_eq!(throttled.retry_cause(), Some(RetryCause::Throttled));
        assert!(!throttled.is_tried_once_more(), "it needs nobody's word");
    }
}
