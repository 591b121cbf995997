//! The secrets that keys are made of.

use crate::settings::problem::Problem;
use crate::settings::secrets::EncryptionKey;
use crate::settings::table;
use crate::settings::values::Values;
use secrecy::{ExposeSecret, SecretString};

/// The secrets that were given; an absent one is made at first start and kept in the data directory.
#[derive(Clone, Debug, Default)]
pub struct SecretSettings {
    /// What the pepper of virtual keys, the CSRF key and the audit chain's key derive from.
    pub secret_key: Option<SecretString>,
    /// What sessions are signed with.
    pub jwt_secret: Option<SecretString>,
    /// The one before, whose sessions go on.
    pub jwt_secret_previous: Option<SecretString>,
    /// What stored provider credentials are sealed under.
    pub encryption_key: Option<EncryptionKey>,
    /// The keys before that, which still open, each with the setting that gives it: those that are called previous, and a text that a
    /// key beside it wins over.
    pub encryption_keys_previous: Vec<(&'static str, EncryptionKey)>,
}

impl SecretSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        let key = values.optional(&table::ENCRYPTION_KEY)?.map(EncryptionKey::Bytes);
        let text = values.optional(&table::BACKEND_API_KEY_SECRET)?.map(EncryptionKey::Passphrase);
        let older_key = values.optional(&table::ENCRYPTION_KEY_PREVIOUS)?.map(EncryptionKey::Bytes);
        let given = |row| values.of(row).map(|given| given.text.expose_secret());
        let is_older =
            given(&table::BACKEND_API_KEY_SECRET) != given(&table::BACKEND_API_KEY_SECRET_PREVIOUS);
        let older_text = values.optional(&table::BACKEND_API_KEY_SECRET_PREVIOUS)?.filter(|_| is_older);
        let older_text = older_text.map(EncryptionKey::Passphrase);
        let (encryption_key, beaten) = match key {
            Some(key) => (Some(key), text),
            None => (text, None),
        };
        let previous = [
            ("ENCRYPTION_KEY_PREVIOUS", older_key),
            ("BACKEND_API_KEY_SECRET_PREVIOUS", older_text),
            ("BACKEND_API_KEY_SECRET", beaten),
        ];
        Ok(Self {
            secret_key: values.optional(&table::SECRET_KEY)?,
            jwt_secret: values.optional(&table::JWT_SECRET)?,
            jwt_secret_previous: values.optional(&table::JWT_SECRET_PREVIOUS)?,
            encryption_key,
            encryption_keys_previous: previous
                .into_iter()
                .filter_map(|(setting, key)| Some((setting, key?)))
                .collect(),
        })
    }
}
