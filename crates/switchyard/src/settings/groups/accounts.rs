//! People: who may register, how they sign in, and the first of them.

use super::ServerSettings;
use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use secrecy::SecretString;
use std::time::Duration;

/// Which passwords are good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordPolicy {
    /// 8 to 128 characters.
    Standard,
    /// 15 to 128 characters, and none on the list of common ones.
    Strict,
}

impl PasswordPolicy {
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] =
        &[(&["standard"], Self::Standard), (&["strict"], Self::Strict)];

    /// The least number of characters.
    #[must_use]
    pub fn min_chars(self) -> usize {
        match self {
            Self::Standard => 8,
            Self::Strict => 15,
        }
    }
}

/// The administrator to create at first start.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Registration, sessions and passwords.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Absent: a one-time link is printed at start while there is no administrator.
    pub first_administrator: Option<FirstAdministrator>,
    /// Whether anyone may register.
    pub allow_open_registration: bool,
    /// Lets those register who know it.
    pub registration_token: Option<SecretString>,
    /// Which passwords are good enough.
    pub password_policy: PasswordPolicy,
    /// Whether browsers send the session cookies over HTTPS only.
    pub cookie_secure: bool,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long a session can be refreshed.
    pub refresh_token_lifetime: Duration,
    /// How many virtual keys somebody may have who does not administer.
    pub max_keys_per_user: u32,
}

impl AccountSettings {
    pub(in crate::settings) fn read(values: &Values, server: &ServerSettings) -> Result<Self, Problem> {
        let is_private = server.tls.is_none() && server.listen.is_loopback_only();
        let username = values.optional(&table::ADMIN_USERNAME)?;
        let password = values.optional(&table::ADMIN_PASSWORD)?;
        Ok(Self {
            first_administrator: username
                .zip(password)
                .map(|(username, password)| FirstAdministrator { username, password }),
            allow_open_registration: values.required(&table::ALLOW_OPEN_REGISTRATION)?,
            registration_token: values.optional(&table::REGISTRATION_TOKEN)?,
            password_policy: values.required(&table::PASSWORD_POLICY)?,
            cookie_secure: values.optional(&table::COOKIE_SECURE)?.unwrap_or(!is_private),
            access_token_lifetime: values.required(&table::ACCESS_TOKEN_EXPIRES_MINUTES)?,
            refresh_token_lifetime: values.required(&table::REFRESH_TOKEN_EXPIRES_DAYS)?,
            max_keys_per_user: values.required(&table::MAX_KEYS_PER_USER)?,
        })
    }
}
