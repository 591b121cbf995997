//! Whether a provider answers: what it said when it was asked last, and what checks in a row make of it.

use crate::fault::{FaultKind, ProviderFault};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a provider answered when it was asked for its models, which bills nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Nobody asked it yet.
    #[default]
    Unknown,
    /// With a success.
    Online,
    /// With another status.
    Degraded,
    /// Not in time.
    Timeout,
    /// There was no way to it.
    Unreachable,
    /// It could not be asked: it has no credential, or a defect of ours.
    Error,
}

impl HealthStatus {
    const ALL: [Self; 6] =
        [Self::Unknown, Self::Online, Self::Degraded, Self::Timeout, Self::Unreachable, Self::Error];

    /// The stored word, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Online => "online",
            Self::Degraded => "degraded",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Error => "error",
        }
    }

    /// Reads the stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What asking a provider showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthFinding {
    /// How it answered.
    pub status: HealthStatus,
    /// Its status, where it answered.
    pub status_code: Option<u16>,
    /// How long the answer took, in milliseconds; absent where there was none.
    pub latency_ms: Option<u64>,
    /// What is wrong, for people; nothing of a credential, and nothing of the provider's own words.
    pub detail: Option<String>,
}

impl HealthFinding {
    /// It answered with its models.
    #[must_use]
    pub fn online(latency_ms: u64) -> Self {
        Self {
            status: HealthStatus::Online,
            status_code: Some(200),
            latency_ms: Some(latency_ms),
            detail: None,
        }
    }

    /// What a failure says. An answer that came with a success is one, whatever stands in it: the server is there.
    #[must_use]
    pub fn failed(fault: &ProviderFault, latency_ms: u64) -> Self {
        let status_code = fault.status.or_else(|| {
            matches!(fault.kind, FaultKind::InvalidResponse | FaultKind::TooLarge).then_some(200)
        });
        if let Some(code) = status_code {
            let is_success = (200..300).contains(&code);
            return Self {
                status: if is_success { HealthStatus::Online } else { HealthStatus::Degraded },
                status_code,
                latency_ms: Some(latency_ms),
                detail: (!is_success)
                    .then(|| format!("the provider answered with status {code}{}", why(fault.kind))),
            };
        }
        let status = match fault.kind {
            FaultKind::ConnectTimeout
            | FaultKind::FirstByteTimeout
            | FaultKind::IdleTimeout
            | FaultKind::TotalTimeout => HealthStatus::Timeout,
            FaultKind::NoCredential | FaultKind::Unsupported | FaultKind::Internal => HealthStatus::Error,
            _ => HealthStatus::Unreachable,
        };
        Self { status, status_code: None, latency_ms: None, detail: Some(fault.message.clone()) }
    }

    /// Whether calls may be expected to succeed: it answered, neither with a failure of its own nor with a refusal of the credential.
    /// A server without a list of models is alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match self.status {
            HealthStatus::Online => true,
            HealthStatus::Degraded => {
                self.status_code.is_some_and(|code| code < 500 && ![401, 403].contains(&code))
            }
            _ => false,
        }
    }

    /// Whether it gave any answer.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.status, HealthStatus::Online | HealthStatus::Degraded)
    }
}

/// What a status of failure means.
fn why(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::AuthFailed => ": it refuses the credential",
        FaultKind::Throttled => ": it is asked too often",
        FaultKind::QuotaExhausted => ": its account is used up",
        FaultKind::ServerError => ": it fails",
        FaultKind::Redirect => {
            ": it redirects to another address, which is never followed; check its base URL"
        }
        _ => "",
    }
}

/// What is known of a provider's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderHealth {
    /// What asking it showed last.
    pub last: HealthFinding,
    /// When somebody tested it last.
    pub last_tested_at: Option<Timestamp>,
    /// Whether calls should go to it before others; one that is not healthy is tried when nothing else is left.
    pub is_healthy: bool,
    /// Checks in a row that found it dead.
    pub consecutive_failures: u32,
    /// When the background check asked it last.
    pub checked_at: Option<Timestamp>,
}

impl Default for ProviderHealth {
    /// Nobody asked: it is taken to be well.
    fn default() -> Self {
        Self {
            last: HealthFinding::default(),
            last_tested_at: None,
            is_healthy: true,
            consecutive_failures: 0,
            checked_at: None,
        }
    }
}

/// What becomes known of a provider's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthEvent {
    /// Somebody tested it. That says nothing of whether it is healthy, which only checks in a row decide.
    Tested(HealthFinding),
    /// The background check asked it.
    Checked {
        /// What that showed.
        finding: HealthFinding,
        /// So many failures in a row make it unhealthy.
        threshold: u32,
    },
    /// Somebody says whether it is healthy. It holds until a check finds otherwise.
    Stated(bool),
}

impl ProviderHealth {
    /// Whether it is unhealthy since checks found it dead, rather than because somebody said so.
    #[must_use]
    pub fn fails_checks(&self) -> bool {
        !self.is_healthy && self.consecutive_failures > 0
    }

    /// Whether calls and checks treat the provider alike by both: all else that is known is for people to read.
    #[must_use]
    pub fn is_as_well_as(&self, other: &Self) -> bool {
        (self.is_healthy, self.fails_checks()) == (other.is_healthy, other.fails_checks())
    }

    /// What is known once this happened.
    #[must_use]
    pub fn after(self, event: HealthEvent, at: Timestamp) -> Self {
        match event {
            HealthEvent::Tested(last) => Self { last, last_tested_at: Some(at), ..self },
            HealthEvent::Checked { finding, threshold } => {
                let is_alive = finding.is_alive();
                let failures = if is_alive { 0 } else { self.consecutive_failures.saturating_add(1) };
                Self {
                    last: finding,
                    is_healthy: is_alive || (self.is_healthy && failures < threshold),
                    consecutive_failures: failures,
                    checked_at: Some(at),
                    ..self
                }
            }
            HealthEvent::Stated(is_healthy) => Self { is_healthy, consecutive_failures: 0, ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_000);

    fn fault(kind: FaultKind, status: Option<u16>) -> ProviderFault {
        ProviderFault { status, ..ProviderFault::new(kind, "what happened") }
    }

    fn checked(health: ProviderHealth, finding: &HealthFinding) -> ProviderHealth {
        health.after(HealthEvent::Checked { finding: finding.clone(), threshold: 3 }, AT)
    }

    #[test]
    fn the_third_failure_in_a_row_makes_unhealthy_and_one_success_healthy_again() {
        let dead = HealthFinding::failed(&fault(FaultKind::Connect, None), 3);
        let alive = HealthFinding::online(7);
        let mut health = ProviderHealth::default();
        for (finding, is_healthy, failures) in [
            (&dead, true, 1),
            (&dead, true, 2),
            (&alive, true, 0),
            (&dead, true, 1),
            (&dead, true, 2),
            (&dead, false, 3),
            (&dead, false, 4),
            (&alive, true, 0),
        ] {
            health = checked(health, finding);
            assert_eq!((health.is_healthy, health.consecutive_failures), (is_healthy, failures));
        }
        assert_eq!((health.checked_at, health.last_tested_at), (Some(AT), None));
    }

    #[test]
    fn a_test_says_nothing_of_health_and_a_statement_holds_until_a_check_finds_otherwise() {
        let dead = HealthFinding::failed(&fault(FaultKind::Connect, None), 3);
        let tested = ProviderHealth::default().after(HealthEvent::Tested(dead.clone()), AT);
        assert_eq!(
            (tested.is_healthy, tested.consecutive_failures, tested.last_tested_at),
            (true, 0, Some(AT))
        );
        assert_eq!(tested.last.status, HealthStatus::Unreachable);
        let stated = tested.after(HealthEvent::Stated(false), AT);
        assert!(!stated.is_healthy);
        assert!(!checked(stated.clone(), &dead).is_healthy, "a failure does not heal");
        assert!(checked(stated, &HealthFinding::online(1)).is_healthy);
    }

    #[test]
    fn faults_are_told_apart_by_what_became_of_the_question() {
        for (kind, status, expected, code, is_alive) in [
            (FaultKind::AuthFailed, Some(401), HealthStatus::Degraded, Some(401), false),
            (FaultKind::Rejected, Some(404), HealthStatus::Degraded, Some(404), true),
            (FaultKind::Throttled, Some(429), HealthStatus::Degraded, Some(429), true),
            (FaultKind::ServerError, Some(503), HealthStatus::Degraded, Some(503), false),
            (FaultKind::Redirect, Some(302), HealthStatus::Degraded, Some(302), true),
            (FaultKind::InvalidResponse, Some(200), HealthStatus::Online, Some(200), true),
            (FaultKind::TooLarge, None, HealthStatus::Online, Some(200), true),
            (FaultKind::FirstByteTimeout, None, HealthStatus::Timeout, None, false),
            (FaultKind::ConnectTimeout, None, HealthStatus::Timeout, None, false),
            (FaultKind::Connect, None, HealthStatus::Unreachable, None, false),
            (FaultKind::Tls, None, HealthStatus::Unreachable, None, false),
            (FaultKind::EgressRefused, None, HealthStatus::Unreachable, None, false),
            (FaultKind::NoCredential, None, HealthStatus::Error, None, false),
        ] {
            let finding = HealthFinding::failed(&fault(kind, status), 5);
            assert_eq!(
                (finding.status, finding.status_code, finding.is_alive()),
                (expected, code, is_alive),
                "{kind}"
            );
            assert_eq!(finding.detail.is_none(), expected == HealthStatus::Online, "{kind}");
            assert_eq!(finding.latency_ms.is_some(), finding.is_answered(), "{kind}");
        }
    }

    #[test]
    fn every_status_has_a_word_of_its_own() {
        for status in HealthStatus::ALL {
            assert_eq!(HealthStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(HealthStatus::parse("up"), None);
    }
}
