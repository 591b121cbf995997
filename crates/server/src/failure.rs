//! Why the process ends badly, and with which exit code: 1 runtime, 2 usage, 4 not found, 5 unreachable, 6 refused for safety,
//! 78 configuration.

use std::process::ExitCode;
use switchyard::OpenError;
use switchyard::orchestrator::accounts::AccountError;
use switchyard::orchestrator::backup::RestoreError;
use switchyard::orchestrator::error::AdminError;
use switchyard::orchestrator::routing::RoutingError;
use switchyard::ports::repositories::RepositoryError;
use switchyard::settings::{DotEnvError, SettingsErrors};
use switchyard_domain::route::PlanError;

const RUNTIME: u8 = 1;
const USAGE: u8 = 2;
const DIFFERS: u8 = 2;
const NOT_FOUND: u8 = 4;
const UNREACHABLE: u8 = 5;
const REFUSED: u8 = 6;
const CONFIGURATION: u8 = 78;

/// A bad end: a code for scripts and a message for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self::new(RUNTIME, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    /// What was asked is not so, as a script can tell: the code of linters that found something.
    pub(crate) fn differs(message: impl Into<String>) -> Self {
        Self::new(DIFFERS, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(NOT_FOUND, message)
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(UNREACHABLE, message)
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(REFUSED, message)
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(CONFIGURATION, message)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<SettingsErrors> for Failure {
    fn from(errors: SettingsErrors) -> Self {
        Self::configuration(errors.to_string())
    }
}

impl From<DotEnvError> for Failure {
    fn from(error: DotEnvError) -> Self {
        Self::configuration(error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let code = if error.is_configuration() { CONFIGURATION } else { RUNTIME };
        Self::new(code, error.to_string())
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        let code = match &error {
            AccountError::Invalid { .. } | AccountError::Taken(_) => USAGE,
            AccountError::NotFound(_) => NOT_FOUND,
            AccountError::LastAdministrator | AccountError::Stale(_) => REFUSED,
            _ => RUNTIME,
        };
        Self::new(code, error.to_string())
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let code = match error {
            RestoreError::Admin(error) => return error.into(),
            RestoreError::NotKept | RestoreError::NotFound(_) => NOT_FOUND,
            RestoreError::ForeignKey(_) | RestoreError::Newer(_) | RestoreError::Tampered => REFUSED,
            RestoreError::Unreadable(_) | RestoreError::NotWritten(_) => RUNTIME,
        };
        Self::new(code, error.to_string())
    }
}

impl From<RoutingError> for Failure {
    fn from(error: RoutingError) -> Self {
        let code = match &error {
            RoutingError::NoSuchRoute => NOT_FOUND,
            RoutingError::NoPlan { why: PlanError::HintMissing | PlanError::HintNotServed, .. } => USAGE,
            RoutingError::SwitchedOff(_) | RoutingError::NoneReady(_) | RoutingError::NoPlan { .. } => {
                REFUSED
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let code = match &error {
            AdminError::Invalid { .. } => USAGE,
            AdminError::Repository(RepositoryError::NotFound { .. }) => NOT_FOUND,
            AdminError::FileOwned { .. }
            | AdminError::Repository(RepositoryError::Conflict { .. } | RepositoryError::Stale { .. }) => {
                REFUSED
            }
            AdminError::Provider(_) => UNREACHABLE,
            AdminError::Repository(_) | AdminError::Vault(_) => RUNTIME,
        };
        Self::new(code, error.to_string())
    }
}
