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

/// The longest name of a user of the machine, in characters.
const LONGEST_USER: usize = 100;

/// A text that is none of the known forms of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an owner is api, file, seed or cli:<user>, a user of 1 to {LONGEST_USER} characters, none of them control characters, and without \
     white space at its ends"
)]
pub struct InvalidOwner;

impl Owner {
    /// One that was stored, whatever the rules for new ones are by now.
    ///
    /// # Errors
    /// [`InvalidOwner`] where it is none of the known forms.
    pub fn stored(text: &str) -> Result<Self, InvalidOwner> {
        match text {
            "api" => Ok(Self::Api),
            "file" => Ok(Self::File),
            "seed" => Ok(Self::Seed),
            other => other.strip_prefix("cli:").map(|user| Self::Cli(user.to_owned())).ok_or(InvalidOwner),
        }
    }
}

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
        let owner = Self::stored(&text)?;
        match &owner {
            Self::Cli(user) if *user != fit_user(user) || user.is_empty() => Err(InvalidOwner),
            _ => Ok(owner),
        }
    }
}

/// A user's name as far as an owner may hold it.
fn fit_user(user: &str) -> String {
    let fit: String = user.chars().filter(|c| !c.is_control()).collect();
    let fit: String = fit.trim().chars().take(LONGEST_USER).collect();
    fit.trim_end().to_owned()
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

    /// The command line, run by this user of the machine. What no owner's name may hold is left out of it.
    #[must_use]
    pub fn cli(user: &str) -> Self {
        let user = fit_user(user);
        let owner = Owner::Cli(if user.is_empty() { "unknown".to_owned() } else { user });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_one_of_few_words_or_a_user_whose_name_can_be_shown() {
        let long = format!("cli:{}", "x".repeat(LONGEST_USER + 1));
        for wrong in ["", "API", "cli:", "cli: ana", "cli:a\nb", "cli:a\0", "cli:\u{1b}[31m", long.as_str()] {
            assert_eq!(Owner::try_from(wrong.to_owned()), Err(InvalidOwner), "{wrong:?}");
        }
        for right in ["api", "file", "seed", "cli:ana", "cli:CORP\\ana", "cli:ana b"] {
            assert_eq!(Owner::try_from(right.to_owned()).unwrap().to_string(), right);
        }
        assert_eq!(Owner::stored("cli:a\nb"), Ok(Owner::Cli("a\nb".to_owned())), "it was taken once");
        for user in ["ana", " a\nb ", "", "\u{7}", &"x".repeat(300)] {
            let owner = Writer::cli(user).owner;
            assert_eq!(Owner::try_from(owner.to_string()), Ok(owner), "{user:?}");
        }
    }
}
