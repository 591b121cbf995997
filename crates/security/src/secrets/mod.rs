//! The process's secrets: those that are given, and those that are generated at first start into the data directory.

mod error;
mod file;
mod keyring_file;

pub use error::SecretError;
pub(crate) use file::Stamp;
pub use keyring_file::KeyringFile;

use crate::keyring::{EncryptionKey, Keyring};
use crate::{random, weak};
use file::KeyFile;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

/// The file of the generated encryption key.
pub const ENCRYPTION_KEY_FILE: &str = "master.key";
/// The file of the generated `SECRET_KEY`.
pub const SECRET_KEY_FILE: &str = "secret.key";
/// The file of the generated `JWT_SECRET`.
pub const JWT_SECRET_FILE: &str = "jwt.key";

/// Secrets that the operator gives. What is absent is generated.
#[derive(Debug, Default)]
pub struct GivenSecrets {
    /// The secret that the sub-keys are derived from.
    pub secret_key: Option<SecretString>,
    /// The secret that tokens are signed with.
    pub jwt_secret: Option<SecretString>,
    /// The one before it, whose tokens are still taken. Never generated.
    pub jwt_secret_previous: Option<SecretString>,
    /// The key that seals.
    pub encryption_key: Option<EncryptionKey>,
    /// Those that sealed before, which still open, each with the setting that gives it.
    pub previous_encryption_keys: Vec<(&'static str, EncryptionKey)>,
}

/// The process's secrets.
#[derive(Debug)]
pub struct Secrets {
    /// The secret that the sub-keys are derived from.
    pub secret_key: SecretString,
    /// The secret that tokens are signed with.
    pub jwt_secret: SecretString,
    /// The one before it.
    pub jwt_secret_previous: Option<SecretString>,
    /// The keys of the vault.
    pub keyring: Keyring,
    /// The file that they come from, unless they are given.
    pub keyring_file: Option<KeyringFile>,
    /// The files that were written just now, for the banner; empty from the second start on.
    pub generated: Vec<PathBuf>,
}

impl Secrets {
    /// Random secrets that end with the process: for data that does.
    #[must_use]
    pub fn ephemeral() -> Self {
        let drawn = || {
            let mut bytes = zeroize::Zeroizing::new([0; 32]);
            random::fill(bytes.as_mut());
            SecretString::from(hex::encode(*bytes))
        };
        Self {
            secret_key: drawn(),
            jwt_secret: drawn(),
            jwt_secret_previous: None,
            keyring: Keyring::new(EncryptionKey::generate()),
            keyring_file: None,
            generated: Vec::new(),
        }
    }
}

/// Finds or makes the process's secrets.
#[derive(Debug)]
pub struct SecretStore;

impl SecretStore {
    /// Takes what is given, reads the rest from `dir`, and generates there what is in neither place (making `dir` with mode
    /// 0700 if need be). Of several processes or threads at once one generates and all get the same. A secret that is given
    /// leaves its file, if there is one, unread.
    ///
    /// # Errors
    /// [`SecretError`] names the file or the setting and what to do about it. The process must not start.
    pub fn load_or_generate(dir: &Path, given: GivenSecrets) -> Result<Secrets, SecretError> {
        let mut generated = Vec::new();
        let mut from_file = |name| -> Result<SecretString, SecretError> {
            let file = KeyFile::new(dir, name);
            let (text, is_new) = file.read_or_generate()?;
            if is_new {
                generated.push(file.path().to_owned());
            }
            Ok(text)
        };
        let secret_key = match given.secret_key {
            Some(text) => refuse_weak("SECRET_KEY", text)?,
            None => from_file(SECRET_KEY_FILE)?,
        };
        let jwt_secret = match given.jwt_secret {
            Some(text) => refuse_weak("JWT_SECRET", text)?,
            None => from_file(JWT_SECRET_FILE)?,
        };
        let jwt_secret_previous =
            given.jwt_secret_previous.map(|text| refuse_weak("JWT_SECRET_PREVIOUS", text)).transpose()?;
        let (mut keyring, keyring_file) = match given.encryption_key {
            Some(key) => (Keyring::new(key), None),
            None => {
                let file = KeyringFile::new(dir);
                let (keyring, is_new) = file.load_or_generate()?;
                if is_new {
                    generated.push(file.path().to_owned());
                }
                (keyring, Some(file))
            }
        };
        for (setting, previous) in given.previous_encryption_keys {
            keyring = keyring
                .with_retired(previous)
                .map_err(|reason| SecretError::Keys { place: setting.to_owned(), reason })?;
        }
        Ok(Secrets { secret_key, jwt_secret, jwt_secret_previous, keyring, keyring_file, generated })
    }

    /// The files that [`Self::load_or_generate`] would write: for a check that must not leave anything behind, and to ask
    /// the database first whether it holds something sealed already.
    #[must_use]
    pub fn missing(dir: &Path, given: &GivenSecrets) -> Vec<PathBuf> {
        let wanted = [
            (given.secret_key.is_none(), SECRET_KEY_FILE),
            (given.jwt_secret.is_none(), JWT_SECRET_FILE),
            (given.encryption_key.is_none(), ENCRYPTION_KEY_FILE),
        ];
        let wanted = wanted.into_iter().filter(|(is_wanted, _)| *is_wanted);
        wanted.map(|(_, name)| dir.join(name)).filter(|path| path.symlink_metadata().is_err()).collect()
    }
}

fn refuse_weak(setting: &'static str, secret: SecretString) -> Result<SecretString, SecretError> {
    match weak::weakness(secret.expose_secret()) {
        Some(weakness) => Err(SecretError::Weak { setting, weakness }),
        None => Ok(secret),
    }
}
