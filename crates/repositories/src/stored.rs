//! Values as they are stored, and back. What was stored and has no meaning is corrupt, never guessed.

use crate::error::{Fault, corrupt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::RepositoryError;

/// A count as a column takes it. One beyond the column's range is held at its end, since a count that large is a vendor's
/// absurdity, and an event that can't be stored would block all after it.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A stored number in a narrower or unsigned type.
pub(crate) fn number<T: TryFrom<i64>>(value: i64, column: &str) -> Result<T, Fault> {
    T::try_from(value).map_err(|_| corrupt(format_args!("{column} is {value}")))
}

/// The same, where it may be absent.
pub(crate) fn optional<T: TryFrom<i64>>(value: Option<i64>, column: &str) -> Result<Option<T>, Fault> {
    value.map(|value| number(value, column)).transpose()
}

/// A stored word of a closed set.
pub(crate) fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>, column: &str) -> Result<T, Fault> {
    parse(text).ok_or_else(|| corrupt(format_args!("{column} is `{text}`")))
}

/// A stored name.
pub(crate) fn name(text: String) -> Result<Name, Fault> {
    Name::new(text).map_err(corrupt)
}

/// A value as JSON text.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(corrupt)
}

/// A value from JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str, column: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| corrupt(format_args!("{column}: {error}")))
}

/// The four columns of limits: requests and tokens a minute, requests a day, calls at once.
pub(crate) type LimitColumns = (Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Limits as columns.
pub(crate) fn limit_columns(limits: &Limits) -> LimitColumns {
    (
        limits.rpm.map(i64::from),
        limits.tpm.map(count),
        limits.rpd.map(i64::from),
        limits.concurrency.map(i64::from),
    )
}

/// Limits from columns.
pub(crate) fn limits((rpm, tpm, rpd, concurrency): LimitColumns) -> Result<Limits, Fault> {
    Ok(Limits {
        rpm: optional(rpm, "rpm")?,
        tpm: optional(tpm, "tpm")?,
        rpd: optional(rpd, "rpd")?,
        concurrency: optional(concurrency, "concurrency")?,
    })
}

/// The five columns that every configuration row has: version, owner, created, updated, by whom.
pub(crate) type MetaColumns = (i64, String, i64, i64, String);

/// Row facts from columns.
pub(crate) fn meta(
    (version, owner, created_at, updated_at, updated_by): MetaColumns,
) -> Result<RowMeta, Fault> {
    Ok(RowMeta {
        version,
        owner: Owner::stored(&owner).map_err(corrupt)?,
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
        updated_by,
    })
}

/// What is made of a row of which a hand in the tables, or a newer program, left something that has no meaning here: the row stands, with
/// this part as if it were not there, and is not to be used. One row must not keep all others from being read.
pub(crate) struct Readable<'a> {
    what: &'a str,
    id: i64,
    is_whole: bool,
}

impl<'a> Readable<'a> {
    /// A row, by the name of what it holds.
    pub(crate) fn row(what: &'a str, id: i64) -> Self {
        Self { what, id, is_whole: true }
    }

    /// A part of it, or what stands in its place.
    pub(crate) fn part<T>(&mut self, read: Result<T, Fault>, instead: impl FnOnce() -> T) -> T {
        read.unwrap_or_else(|fault| {
            self.is_whole = false;
            let why = match fault.into_answer() {
                RepositoryError::Corrupt(why) => why,
                other => other.to_string(),
            };
            tracing::error!(what = self.what, id = self.id, reason = %why, "a stored row can't be read and is switched off");
            instead()
        })
    }

    /// Whether all of it could be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Row facts of which something has no meaning.
pub(crate) fn unread_meta(version: i64, updated_by: String) -> RowMeta {
    let (created_at, updated_at) = (Timestamp(0), Timestamp(0));
    RowMeta { version, owner: Owner::Api, created_at, updated_at, updated_by }
}
