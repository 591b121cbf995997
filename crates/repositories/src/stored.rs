//! Values as they are stored, and back. What was stored and has no meaning is corrupt, never guessed.

use crate::error::{Fault, corrupt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;

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
        owner: Owner::try_from(owner).map_err(corrupt)?,
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
        updated_by,
    })
}
