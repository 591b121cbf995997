//! Why something about accounts was refused, as facts.

use std::time::Duration;
use switchyard_domain::user::{InvalidEmail, InvalidUsername, WeakPassword};
use switchyard_ports::repositories::{RepositoryError, Taken};
use switchyard_ports::tokens::TokenFault;

/// Why something about accounts was refused. None of them holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Nobody may register.
    #[error(
        "Registration is closed here. Ask an administrator. An operator may set SWITCHYARD_ALLOW_OPEN_REGISTRATION=true, or \
         SWITCHYARD_REGISTRATION_TOKEN, which people then send as `registration_token`. The first administrator is made by the link that `switchyard admin link` prints."
    )]
    RegistrationClosed,
    /// The registration token is missing or wrong.
    #[error(
        "Registration needs `registration_token`: ask an administrator for it. Without one, anybody may register where \
         SWITCHYARD_ALLOW_OPEN_REGISTRATION=true. The first administrator is made by the link that `switchyard admin link` prints."
    )]
    RegistrationToken,
    /// Somebody has the name or the address.
    #[error("{}", taken(*.0))]
    Taken(Taken),
    /// A member of the request is wrong.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The name or the password is wrong, or the account is off. Which of them is not said.
    #[error("The user name or the password is wrong.")]
    BadCredentials,
    /// The present password, asked for again, is wrong.
    #[error("The current password is wrong.")]
    WrongPassword,
    /// The token was ours and its time is over.
    #[error("The token has expired. Refresh it, or sign in again.")]
    TokenExpired,
    /// The token is none of ours, or its session ended.
    #[error("The token is not valid here, or its session has ended. Sign in again.")]
    TokenInvalid,
    /// The link was used before, is over, or never was.
    #[error(
        "This link is not valid: it opens once, within an hour. `switchyard admin link` makes a new one."
    )]
    LinkInvalid,
    /// Too often.
    #[error("Too many tries. Try again in {} s.", .0.as_secs().max(1))]
    Throttled(Duration),
    /// Too many passwords are being looked at.
    #[error("Too many people sign in at this moment. Try again in a moment.")]
    Overloaded(Duration),
    /// Nobody would be left to administer.
    #[error("This is the last active administrator: make another one first.")]
    LastAdministrator,
    /// There is no such person or session (or it is not the asker's, which looks the same).
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// The version that the writer named is no longer the object's.
    #[error("This was changed by somebody else in the meantime (it is at version {0}): read it again.")]
    Stale(i64),
    /// The database does not answer.
    #[error("Accounts can't be read or written at this moment.")]
    Unavailable,
    /// A defect of ours.
    #[error("Something went wrong here.")]
    Internal,
}

impl AccountError {
    pub(super) fn invalid(field: &'static str, message: &(impl ToString + ?Sized)) -> Self {
        Self::Invalid { field, message: message.to_string() }
    }
}

fn taken(what: Taken) -> &'static str {
    match what {
        Taken::Username => "This user name is taken, or looks like one that is.",
        Taken::Email => "This e-mail address is taken.",
    }
}

impl From<InvalidUsername> for AccountError {
    fn from(fault: InvalidUsername) -> Self {
        Self::invalid("username", &fault)
    }
}

impl From<InvalidEmail> for AccountError {
    fn from(fault: InvalidEmail) -> Self {
        Self::invalid("email", &fault)
    }
}

impl From<WeakPassword> for AccountError {
    fn from(fault: WeakPassword) -> Self {
        Self::invalid("password", &fault)
    }
}

impl From<TokenFault> for AccountError {
    fn from(fault: TokenFault) -> Self {
        match fault {
            TokenFault::Expired => Self::TokenExpired,
            TokenFault::Invalid => Self::TokenInvalid,
        }
    }
}

impl From<RepositoryError> for AccountError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::NotFound { .. } => Self::NotFound("user"),
            RepositoryError::Stale { current } => Self::Stale(current),
            RepositoryError::Unavailable(why) => {
                tracing::warn!(error = %why, "accounts can't reach the database");
                Self::Unavailable
            }
            RepositoryError::Conflict { reason: why } | RepositoryError::Corrupt(why) => {
                tracing::error!(error = %why, "accounts met a defect in the database");
                Self::Internal
            }
        }
    }
}
