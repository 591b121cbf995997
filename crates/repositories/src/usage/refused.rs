//! Calls that were refused.

use super::row::{optional_text, text, uuid};
use crate::connection::{AnyConnection, each};
use crate::error::Fault;
use crate::schema::refused_calls;
use crate::stored::{count, number};
use diesel::prelude::*;
use switchyard_domain::ids::{CallId, UserId, VirtualKeyId};
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::RefusedCall;

/// A refused call's row.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = refused_calls, treat_none_as_default_value = false)]
pub(super) struct RefusedRow {
    id: Vec<u8>,
    at: i64,
    request_id: String,
    key_id: Option<i64>,
    user_id: Option<i64>,
    address: Option<String>,
    dialect: String,
    model: String,
    reason: String,
    duration_ms: i64,
}

impl RefusedRow {
    pub(super) fn new(call: &RefusedCall) -> Self {
        Self {
            id: call.id.0.into_bytes().to_vec(),
            at: call.at.0,
            request_id: text(&call.request_id),
            key_id: call.key.map(|key| key.0),
            user_id: call.user.map(|user| user.0),
            address: optional_text(call.address.as_ref()),
            dialect: text(&call.dialect),
            model: text(&call.model),
            reason: text(&call.reason),
            duration_ms: count(call.duration_ms),
        }
    }

    fn into_call(self) -> Result<RefusedCall, Fault> {
        Ok(RefusedCall {
            id: CallId(uuid(&self.id)?),
            at: Timestamp(self.at),
            request_id: self.request_id,
            key: self.key_id.map(VirtualKeyId),
            user: self.user_id.map(UserId),
            address: self.address,
            dialect: self.dialect,
            model: self.model,
            reason: self.reason,
            duration_ms: number(self.duration_ms, "duration_ms")?,
        })
    }
}

/// Writes them, and lets go what is more than so many. The caller gives the transaction.
pub(super) fn record(connection: &mut AnyConnection, rows: &[RefusedRow], kept: u32) -> Result<(), Fault> {
    for row in rows {
        each!(connection, inner => diesel::insert_into(refused_calls::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(inner))?;
    }
    let first_too_many: Option<(i64, Vec<u8>)> = refused_calls::table
        .order((refused_calls::at.desc(), refused_calls::id.desc()))
        .offset(i64::from(kept))
        .limit(1)
        .select((refused_calls::at, refused_calls::id))
        .first(connection)
        .optional()?;
    if let Some((at, id)) = first_too_many {
        let is_older = refused_calls::at.lt(at).or(refused_calls::at.eq(at).and(refused_calls::id.le(id)));
        diesel::delete(refused_calls::table.filter(is_older)).execute(connection)?;
    }
    Ok(())
}

/// Those before a moment, the newest first.
pub(super) fn page(
    connection: &mut AnyConnection,
    to: Option<Timestamp>,
    most: u32,
) -> Result<Vec<RefusedCall>, Fault> {
    let rows: Vec<RefusedRow> = refused_calls::table
        .filter(refused_calls::at.lt(to.map_or(i64::MAX, |to| to.0)))
        .order((refused_calls::at.desc(), refused_calls::id.desc()))
        .limit(i64::from(most))
        .select(RefusedRow::as_select())
        .load(connection)?;
    rows.into_iter().map(RefusedRow::into_call).collect()
}
