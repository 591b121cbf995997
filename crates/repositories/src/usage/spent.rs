//! What a scope spent, by the ledger.

use super::total::total;
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::ledger_entries;
use diesel::prelude::*;
use switchyard_domain::budget::Span;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::QuotaScope;

/// The most that is added of one entry: beyond it the sum would overflow its column. `ledger verify` names such entries.
const MOST: i64 = super::verify::PLAUSIBLE;

macro_rules! sum {
    ($connection:ident, $span:ident $(, $of:expr)?) => {
        ledger_entries::table
            .filter(ledger_entries::at.ge($span.start.0))
            .filter(ledger_entries::at.lt($span.end.0))
            .filter(ledger_entries::amount.le(MOST))
            $(.filter($of))?
            .select(total!(ledger_entries::amount))
            .first::<Option<i64>>($connection)?
    };
}

pub(super) fn spent(connection: &mut AnyConnection, scope: QuotaScope, span: Span) -> Result<NanoUsd, Fault> {
    let sum = match scope {
        QuotaScope::Global => sum!(connection, span),
        QuotaScope::User(id) => sum!(connection, span, ledger_entries::user_id.eq(id.0)),
        QuotaScope::Provider(id) => sum!(connection, span, ledger_entries::provider_id.eq(id.0)),
        QuotaScope::Key(id) => sum!(connection, span, ledger_entries::key_id.eq(id.0)),
    };
    Ok(NanoUsd(sum.unwrap_or(0)))
}
