//! Why the application can't be opened.

use crate::keyring_check::KeyringError;
use switchyard_orchestrator::accounts::AccountError;
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::RepositoryError;
use switchyard_repositories::DatabaseError;
use switchyard_security::secrets::SecretError;

/// Why the application can't be opened. Messages name what to change and never a secret.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A secret is missing, malformed, weak or readable by others.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database can't be opened or migrated.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database can't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The database belongs to another encryption key.
    #[error(transparent)]
    Keyring(KeyringError),
    /// The journal's directory can't be used.
    #[error("the usage journal can't be opened: {0}")]
    Journal(String),
    /// The configuration file declares something that can't be applied.
    #[error("the declared configuration can't be applied: {}", placed(.0))]
    Declared(AdminError),
    /// A setting can't be used.
    #[error("{0}")]
    Setting(String),
    /// Passwords can't be hashed, or tokens not be signed.
    #[error("accounts can't be opened: {0}")]
    Accounts(String),
    /// The first administrator can't be made.
    #[error("SWITCHYARD_ADMIN_USERNAME, SWITCHYARD_ADMIN_PASSWORD: {0}")]
    FirstAdministrator(AccountError),
    /// The built-in price catalogue can't be read: a defect of the build.
    #[error("the built-in price catalogue can't be read: {0}")]
    Catalogue(String),
    /// What an empty database gets can't be read: a defect of the build.
    #[error("the built-in configuration can't be read: {0}")]
    Seeds(String),
}

/// What is wrong, behind where.
fn placed(error: &AdminError) -> String {
    match error {
        AdminError::Invalid { message, param: Some(place) } => format!("{place}: {message}"),
        other => other.to_string(),
    }
}

impl OpenError {
    /// Whether the configuration is at fault (exit code 78) rather than the machine.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Secret(_)
                | Self::Keyring(KeyringError::OutrunBy { .. })
                | Self::Declared(_)
                | Self::Setting(_)
                | Self::FirstAdministrator(AccountError::Invalid { .. } | AccountError::Taken(_))
        )
    }
}

impl From<KeyringError> for OpenError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Repository(error) => Self::Repository(error),
            other => Self::Keyring(other),
        }
    }
}

/// What fails for want of the database is the machine's fault, whatever was to be written.
impl From<AdminError> for OpenError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Repository(
                error @ (RepositoryError::Unavailable(_) | RepositoryError::Corrupt(_)),
            ) => Self::Repository(error),
            other => Self::Declared(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_away_is_no_fault_of_the_configuration() {
        let away = AdminError::Repository(RepositoryError::Unavailable("x".to_owned()));
        assert!(!OpenError::from(away).is_configuration());
        let taken = AdminError::Repository(RepositoryError::Conflict { reason: "x".to_owned() });
        assert!(OpenError::from(taken).is_configuration());
        assert!(OpenError::from(AdminError::invalid("models", "x")).is_configuration());
    }
}
