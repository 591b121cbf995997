//! Where Redis is.

use super::wire::{Wire, WireError};
use redis::Client;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::time::Duration;

/// What every key begins with. Installations that share a server have databases of their own (the number at the URL's end).
const PREFIX: &str = "switchyard:";

/// The address of a Redis server. Neither shows its password.
#[derive(Clone)]
pub struct RedisAddress {
    pub(super) client: Client,
    pub(super) prefix: String,
    place: String,
}

/// A text that is no address of a Redis server. Does not repeat it: there is a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected redis://[user:password@]host:port/number, or rediss:// for TLS")]
pub struct InvalidRedisAddress;

impl RedisAddress {
    /// Reads a `redis://` or `rediss://` URL.
    ///
    /// # Errors
    /// [`InvalidRedisAddress`] for anything else.
    pub fn parse(url: &SecretString) -> Result<Self, InvalidRedisAddress> {
        let client = Client::open(url.expose_secret()).map_err(|_| InvalidRedisAddress)?;
        let place = client.get_connection_info().addr().to_string();
        Ok(Self { client, prefix: PREFIX.to_owned(), place })
    }

    /// The same with keys that begin otherwise: tests that share a server have their own.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Asks the server whether it takes our scripts.
    ///
    /// # Errors
    /// Why not, in words without a password.
    pub async fn probe(&self) -> Result<(), String> {
        let mut wire = Wire::new(self, Duration::from_secs(1));
        wire.open().await.map_err(|error: WireError| format!("Redis at {self} can't be used: {error}"))
    }
}

/// Host and port.
impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisAddress").field(&self.place).finish()
    }
}
