//! Why a process must not start with its secrets.

use crate::keyring::InvalidKey;
use crate::weak::Weakness;
use std::path::PathBuf;

/// Why the secrets can't be used. Each message names the file or the setting and says what to do; none holds a part of a
/// secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Group or others may read or change the file.
    #[error(
        "{path}: other users may access this key file (mode {mode:04o}): run `chmod 600 {path}`, and if they may have read \
         it, replace the key",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link, a directory, a device, or a file that was exchanged while it was opened.
    #[error(
        "{path}: this is not a plain file: put the key file itself there, or give the secret as a setting",
        path = path.display()
    )]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The content is not a key: cut short, empty, or something else.
    #[error(
        "{path}: expected one line of 64 hex digits: restore the file from a backup, or, if nothing was sealed under this \
         key yet, remove it so that a new one is generated",
        path = path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file holds a key that can be guessed.
    #[error("{path}: this key is weak: {weakness}: replace it with the output of `openssl rand -hex 32`", path = path.display())]
    WeakFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with the key.
        weakness: Weakness,
    },
    /// A given secret can be guessed.
    #[error("{setting}: this secret is weak: {weakness}: make one with `openssl rand -hex 32`")]
    Weak {
        /// The setting.
        setting: &'static str,
        /// What is wrong with the secret.
        weakness: Weakness,
    },
    /// Keys that can't stand beside each other.
    #[error("{place}: {reason}")]
    Keys {
        /// The file or the setting.
        place: String,
        /// What is wrong.
        reason: InvalidKey,
    },
    /// The file can't be read or written.
    #[error(
        "{path}: {source}: make the data directory writable for the user that this server runs as, or give the secret as a \
         setting",
        path = path.display()
    )]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SecretError {
    /// The exit code of a process that stops for this reason: its configuration is at fault (`EX_CONFIG`).
    pub const EXIT_CODE: u8 = 78;
}
