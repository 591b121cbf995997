//! Writes of virtual keys; the caller gives the transaction.

use crate::configuration::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, conflict, not_found};
use crate::quotas;
use crate::schema::virtual_keys;
use crate::stored::{json, limit_columns};
use diesel::prelude::*;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::limits::Limits;
use switchyard_domain::name::Name;
use switchyard_domain::quota::{QuotaScope, stated};
use switchyard_ports::repositories::{
    Author, ChangeKind, KeyPatch, NewVirtualKey, UNUSED_KEYS_COUNT_FOR_MS, enough_keys, enough_unused_keys,
};

const SAME_HASH: &str = "a key with the same hash exists";

pub(super) fn create(
    connection: &mut AnyConnection,
    key: &NewVirtualKey,
    author: &Author,
) -> Result<i64, Fault> {
    check_number(connection, key, author)?;
    let (rpm, tpm, rpd, concurrency) = limit_columns(&key.limits);
    let row = (
        virtual_keys::name.eq(key.name.as_str()),
        virtual_keys::prefix.eq(&key.prefix),
        virtual_keys::hash.eq(key.hash.0.as_slice()),
        virtual_keys::is_active.eq(true),
        virtual_keys::models.eq(key.models.as_ref().map(json).transpose()?),
        (
            virtual_keys::rpm.eq(rpm),
            virtual_keys::tpm.eq(tpm),
            virtual_keys::rpd.eq(rpd),
            virtual_keys::concurrency.eq(concurrency),
        ),
        virtual_keys::expires_at.eq(key.expires_at.map(|at| at.0)),
        (
            virtual_keys::user_id.eq(key.user.map(|user| user.0)),
            virtual_keys::tags.eq(tags_column(&key.tags)?),
        ),
        (virtual_keys::lent.eq(key.is_lent), virtual_keys::made_by.eq(author.by.name.as_ref())),
        virtual_keys::version.eq(1),
        virtual_keys::owner.eq(author.by.owner.to_string()),
        virtual_keys::created_at.eq(author.at.0),
        virtual_keys::updated_at.eq(author.at.0),
        virtual_keys::updated_by.eq(author.by.name.as_ref()),
    );
    each!(connection, inner => diesel::insert_into(virtual_keys::table)
        .values(row)
        .returning(virtual_keys::id)
        .get_result(inner))
    .map_err(|error| taken(error, key.name.as_str()))
}

/// Refuses a key to whoever has enough. Writes of configuration come one after the other, so that nobody gets past it.
fn check_number(connection: &mut AnyConnection, key: &NewVirtualKey, author: &Author) -> Result<(), Fault> {
    let Some(most) = key.at_most else { return Ok(()) };
    let there: i64 = match key.user {
        Some(user) => {
            virtual_keys::table.filter(virtual_keys::user_id.eq(user.0)).count().get_result(connection)?
        }
        None => virtual_keys::table
            .filter(virtual_keys::user_id.is_null())
            .filter(virtual_keys::last_used_at.is_null())
            .filter(virtual_keys::made_by.eq(author.by.name.as_ref()))
            .filter(virtual_keys::created_at.gt(author.at.0.saturating_sub(UNUSED_KEYS_COUNT_FOR_MS)))
            .count()
            .get_result(connection)?,
    };
    let enough = if key.user.is_some() { enough_keys } else { enough_unused_keys };
    if there < i64::from(most) { Ok(()) } else { Err(conflict(enough(most))) }
}

pub(super) fn update(
    connection: &mut AnyConnection,
    id: VirtualKeyId,
    patch: &KeyPatch,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(patch.expected_version, version)?;
    if *patch == (KeyPatch { expected_version: patch.expected_version, ..KeyPatch::default() }) {
        return Ok(Written::Nothing(()));
    }
    let models = patch.models.as_ref().map(|models| models.as_ref().map(json).transpose()).transpose()?;
    let limits = patch.limits.map(|limits| {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&limits);
        (
            virtual_keys::rpm.eq(rpm),
            virtual_keys::tpm.eq(tpm),
            virtual_keys::rpd.eq(rpd),
            virtual_keys::concurrency.eq(concurrency),
        )
    });
    let rotation = patch.rotation.as_ref().map(|rotation| {
        let (hash, until) =
            (rotation.previous.map(|it| it.hash.0.to_vec()), rotation.previous.map(|it| it.until.0));
        (
            virtual_keys::prefix.eq(&rotation.prefix),
            virtual_keys::hash.eq(rotation.hash.0.as_slice()),
            virtual_keys::previous_hash.eq(hash),
            virtual_keys::previous_until.eq(until),
        )
    });
    let tags = patch.tags.as_ref().map(|tags| tags_column(tags)).transpose()?;
    diesel::update(virtual_keys::table.find(id.0))
        .set((
            patch.name.as_ref().map(|name| virtual_keys::name.eq(name.as_str())),
            patch.is_active.map(|active| virtual_keys::is_active.eq(active)),
            models.map(|models| virtual_keys::models.eq(models)),
            limits,
            patch.expires_at.map(|at| virtual_keys::expires_at.eq(at.map(|at| at.0))),
            patch.user.map(|user| virtual_keys::user_id.eq(user.map(|user| user.0))),
            tags.map(|tags| virtual_keys::tags.eq(tags)),
            rotation,
            (
                patch.is_lent.map(|is_lent| virtual_keys::lent.eq(is_lent)),
                patch.is_barred.map(|is_barred| virtual_keys::barred.eq(is_barred)),
            ),
            virtual_keys::version.eq(version + 1),
            virtual_keys::updated_at.eq(author.at.0),
            virtual_keys::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)
        .map_err(|error| taken(error, patch.name.as_ref().map_or(name.as_str(), Name::as_str)))?;
    let written = Written::changed(id.0).with("name", name).with_fields(&patch.fields());
    let Some(budget) = &patch.budget else { return Ok(written) };
    let (scope, budget) = (QuotaScope::Key(id), budget.as_ref());
    let before = quotas::told(connection, scope)?;
    let quota = quotas::put_budget(connection, scope, budget, author)?;
    let written = written.with("budget_before", before).with("budget", stated(&Limits::NONE, budget));
    Ok(written.also(ChangeKind::Quota, quota))
}

/// Makes a key lent: an administrator says what it may. It is another version of the key however often that is said, so that nobody
/// writes over it what was judged before. Answers the key, unless it is not there.
pub(crate) fn lend(
    connection: &mut AnyConnection,
    id: VirtualKeyId,
    author: &Author,
) -> Result<Option<i64>, Fault> {
    let lent = diesel::update(virtual_keys::table.find(id.0))
        .set((
            virtual_keys::lent.eq(true),
            virtual_keys::version.eq(virtual_keys::version + 1),
            virtual_keys::updated_at.eq(author.at.0),
            virtual_keys::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    Ok((lent > 0).then_some(id.0))
}

/// The name and the version of a key.
pub(super) fn stored(connection: &mut AnyConnection, id: VirtualKeyId) -> Result<(String, i64), Fault> {
    let row = virtual_keys::table.find(id.0).select((virtual_keys::name, virtual_keys::version));
    let row: Option<(String, i64)> = row.first(connection).optional()?;
    row.ok_or_else(|| missing(id))
}

/// No tags are no value.
fn tags_column(tags: &[String]) -> Result<Option<String>, Fault> {
    if tags.is_empty() { Ok(None) } else { json(&tags).map(Some) }
}

/// What a name or a hash that is taken says.
fn taken(error: diesel::result::Error, name: &str) -> Fault {
    Fault::from(error).or_taken(|place| {
        if place.contains("hash") { SAME_HASH.to_owned() } else { format!("a key named `{name}` exists") }
    })
}

fn missing(id: VirtualKeyId) -> Fault {
    not_found(format!("virtual key {id}"))
}
