//! What every configuration row carries beside its own facts: version, owner, and who changed it when.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// Where a configuration object comes from, hence who may change it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// Written through the management API.
    Api,
    /// Declared in the configuration file, which is then its only source.
    File,
    /// Delivered with the product; gives way to a user's object of the same name.
    Seed,
    /// Written by the command line, by this user of the machine.
    Cli(String),
}

/// A stored owner that is none of the known forms.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not an owner: expected api, file, seed or cli:<user>")]
pub struct InvalidOwner(String);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("api"),
            Self::File => f.write_str("file"),
            Self::Seed => f.write_str("seed"),
            Self::Cli(user) => write!(f, "cli:{user}"),
        }
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

impl TryFrom<String> for Owner {
    type Error = InvalidOwner;

    fn try_from(text: String) -> Result<Self, InvalidOwner> {
        match text.as_str() {
            "api" => Ok(Self::Api),
            "file" => Ok(Self::File),
            "seed" => Ok(Self::Seed),
            other => match other.strip_prefix("cli:") {
                Some(user) => Ok(Self::Cli(user.to_owned())),
                None => Err(InvalidOwner(text)),
            },
        }
    }
}

/// Who writes configuration, and from where: what its rows and its entry in the audit log tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The owner that new rows get.
    pub owner: Owner,
    /// The name that is written down: a user's, `api` where a program writes through the library, `file`, `seed`, `cli:<user>`.
    pub name: Cow<'static, str>,
    /// From which address, where there is one.
    pub address: Option<IpAddr>,
    /// The request that asked for it, where there is one.
    pub request_id: Option<String>,
}

impl Writer {
    /// A program that embeds the library.
    pub const API: Self = Self::named(Owner::Api, "api");
    /// The configuration file.
    pub const FILE: Self = Self::named(Owner::File, "file");
    /// The product itself.
    pub const SEED: Self = Self::named(Owner::Seed, "seed");
    /// The background check of providers.
    pub const HEALTH: Self = Self::named(Owner::Api, "health");

    const fn named(owner: Owner, name: &'static str) -> Self {
        Self { owner, name: Cow::Borrowed(name), address: None, request_id: None }
    }

    /// The command line, run by this user of the machine.
    #[must_use]
    pub fn cli(user: String) -> Self {
        let owner = Owner::Cli(user);
        Self { name: Cow::Owned(owner.to_string()), owner, address: None, request_id: None }
    }
}

/// The columns that every configuration row has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowMeta {
    /// Starts at 1 and grows by one with each change; a writer that names a stale one is refused.
    pub version: i64,
    /// Where the object comes from.
    pub owner: Owner,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Who wrote it last: a user's name, `file`, `seed`, or `cli:<user>`.
    pub updated_by: String,
}
