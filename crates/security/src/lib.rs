//! Seals, signs, hashes and derives: the vault and its keyring, the mint of virtual keys, the seal of the audit log, passwords,
//! tokens, sub-keys of `SECRET_KEY`, the secrets that are generated into the data directory, the test for weak ones, and ids
//! from the operating system's randomness.
//!
//! This crate does not know about databases, HTTP, settings, the environment, or what the sealed texts are for: it is given
//! keys and places, and it never logs.

pub mod audit;
pub mod backup_file;
pub mod checkpoints;
pub mod csrf;
pub mod derive;
pub mod entropy;
pub mod keyring;
pub mod one_time;
pub mod passwords;
pub mod secrets;
pub mod tokens;
pub mod vault;
pub mod virtual_keys;
pub mod weak;

mod random;
