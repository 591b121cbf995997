//! The log of what people did, as a chain of sealed entries.

use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{Fault, corrupt};
use crate::schema::{audit_entries, audit_head};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::collections::HashMap;
use switchyard_domain::audit::{
    self, AuditCheck, AuditEntry, AuditFilter, AuditHead, AuditRecord, ChainWalk,
};
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::AuditSeal;
use switchyard_ports::repositories::{AuditLog, RepositoryError};

/// Entries that are read at a time when all are looked at.
const BATCH: i64 = 1_000;

#[async_trait]
impl AuditLog for Database {
    async fn record(&self, record: AuditRecord) -> Result<(), RepositoryError> {
        let seal = self.audit_seal();
        self.write(move |connection| append(connection, seal.as_deref(), record.clone())).await
    }

    async fn take_over(&self, at: Timestamp) -> Result<Option<AuditHead>, RepositoryError> {
        let seal = self.audit_seal();
        self.write(move |connection| {
            let seal = sealed_by(seal.as_deref())?;
            let before = locked_head(connection)?;
            let Some((entry, end)) = audit::join(&before, at, seal.key_id(), |message| seal.seal(message))
            else {
                return Ok(None);
            };
            insert(connection, entry, end)?;
            Ok(Some(before))
        })
        .await
    }

    async fn page(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, RepositoryError> {
        self.read(move |connection| {
            let mut query = audit_entries::table
                .select(ENTRY_COLUMNS)
                .order(audit_entries::sequence.desc())
                .limit(i64::from(limit))
                .into_boxed();
            if let Some(before) = before {
                query = query.filter(audit_entries::sequence.lt(before));
            }
            if let Some(actor) = &filter.actor {
                query = query.filter(audit_entries::actor.eq(actor));
            }
            if let Some(action) = filter.action {
                query = query.filter(audit_entries::action.eq(action.as_str()));
            }
            if let Some(object) = &filter.object {
                query = query.filter(audit_entries::object.eq(object));
            }
            if let Some(from) = filter.from {
                query = query.filter(audit_entries::at.ge(from.0));
            }
            if let Some(to) = filter.to {
                query = query.filter(audit_entries::at.lt(to.0));
            }
            let rows: Vec<EntryRow> = query.load(connection)?;
            Ok(rows.into_iter().map(entry).collect())
        })
        .await
    }

    async fn head(&self) -> Result<AuditHead, RepositoryError> {
        self.read(read_head).await
    }

    async fn hashes_at(&self, places: &[i64]) -> Result<Vec<Option<Vec<u8>>>, RepositoryError> {
        let places = places.to_vec();
        self.read(move |connection| {
            let mut found: HashMap<i64, Vec<u8>> = HashMap::new();
            for places in places.chunks(BATCH as usize) {
                let rows: Vec<(i64, Vec<u8>)> = audit_entries::table
                    .filter(audit_entries::sequence.eq_any(places))
                    .select((audit_entries::sequence, audit_entries::hash))
                    .load(connection)?;
                found.extend(rows);
            }
            Ok(places.iter().map(|place| found.get(place).cloned()).collect())
        })
        .await
    }

    async fn verify(&self) -> Result<AuditCheck, RepositoryError> {
        let seal = self.audit_seal();
        self.long_snapshot(move |connection| walk(connection, sealed_by(seal.as_deref())?)).await
    }
}

fn walk(connection: &mut AnyConnection, seal: &dyn AuditSeal) -> Result<AuditCheck, Fault> {
    let sealing = |key_id: &str, message: &[u8]| seal.seal_under(key_id, message);
    let (mut walk, mut after) = (ChainWalk::default(), i64::MIN);
    loop {
        let rows: Vec<EntryRow> = audit_entries::table
            .filter(audit_entries::sequence.gt(after))
            .order(audit_entries::sequence)
            .limit(BATCH)
            .select(ENTRY_COLUMNS)
            .load(connection)?;
        let entries: Vec<AuditEntry> = rows.into_iter().map(entry).collect();
        let Some(last) = entries.last() else { break };
        after = last.sequence;
        entries.iter().for_each(|entry| walk.step(entry, &sealing));
    }
    Ok(walk.finish(&read_head(connection)?, &sealing))
}

/// Adds an entry behind the end of the log. The end is locked until the transaction ends, so this comes last in it.
pub(crate) fn append(
    connection: &mut AnyConnection,
    seal: Option<&dyn AuditSeal>,
    record: AuditRecord,
) -> Result<(), Fault> {
    let seal = sealed_by(seal)?;
    let before = locked_head(connection)?;
    let (entry, end) =
        audit::append(&before, record, seal.key_id(), |message| seal.seal(message)).map_err(corrupt)?;
    insert(connection, entry, end)
}

/// The end of the log, which nobody else moves until the transaction ends.
fn locked_head(connection: &mut AnyConnection) -> Result<AuditHead, Fault> {
    let locked: HeadRow = each!(connection, inner => diesel::update(audit_head::table.find(1))
        .set(audit_head::sequence.eq(audit_head::sequence))
        .returning(HEAD_COLUMNS)
        .get_result(inner))?;
    Ok(head(locked))
}

fn insert(connection: &mut AnyConnection, entry: AuditEntry, end: AuditHead) -> Result<(), Fault> {
    let row = (
        audit_entries::sequence.eq(entry.sequence),
        audit_entries::at.eq(entry.at.0),
        audit_entries::actor.eq(entry.actor),
        audit_entries::action.eq(entry.action),
        audit_entries::object.eq(entry.object),
        audit_entries::outcome.eq(entry.outcome),
        audit_entries::address.eq(entry.address),
        audit_entries::request_id.eq(entry.request_id),
        audit_entries::details.eq(entry.details),
        audit_entries::key_id.eq(entry.key_id),
        audit_entries::previous.eq(entry.previous),
        audit_entries::hash.eq(entry.hash),
    );
    diesel::insert_into(audit_entries::table).values(row).execute(connection).map_err(behind_the_end)?;
    diesel::update(audit_head::table.find(1))
        .set((
            audit_head::sequence.eq(end.sequence),
            audit_head::hash.eq(end.hash),
            audit_head::key_id.eq(end.key_id),
            audit_head::seal.eq(end.seal),
        ))
        .execute(connection)?;
    Ok(())
}

fn sealed_by(seal: Option<&dyn AuditSeal>) -> Result<&dyn AuditSeal, Fault> {
    seal.ok_or_else(|| corrupt("the audit log was opened without its key"))
}

fn behind_the_end(error: DieselError) -> Fault {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => corrupt(
            "the audit log has entries behind its recorded end: `switchyard audit verify` tells the first of them",
        ),
        other => other.into(),
    }
}

fn read_head(connection: &mut AnyConnection) -> Result<AuditHead, Fault> {
    Ok(head(audit_head::table.find(1).select(HEAD_COLUMNS).first(connection)?))
}

type HeadRow = (i64, Vec<u8>, String, Vec<u8>);
type HeadColumns = (audit_head::sequence, audit_head::hash, audit_head::key_id, audit_head::seal);
const HEAD_COLUMNS: HeadColumns =
    (audit_head::sequence, audit_head::hash, audit_head::key_id, audit_head::seal);

fn head((sequence, hash, key_id, seal): HeadRow) -> AuditHead {
    AuditHead { sequence, hash, key_id, seal }
}

type Words = (String, String, String, String);
type EntryRow = (i64, i64, Words, (Option<String>, Option<String>), String, (String, Vec<u8>, Vec<u8>));
type EntryColumns = (
    audit_entries::sequence,
    audit_entries::at,
    (audit_entries::actor, audit_entries::action, audit_entries::object, audit_entries::outcome),
    (audit_entries::address, audit_entries::request_id),
    audit_entries::details,
    (audit_entries::key_id, audit_entries::previous, audit_entries::hash),
);
const ENTRY_COLUMNS: EntryColumns = (
    audit_entries::sequence,
    audit_entries::at,
    (audit_entries::actor, audit_entries::action, audit_entries::object, audit_entries::outcome),
    (audit_entries::address, audit_entries::request_id),
    audit_entries::details,
    (audit_entries::key_id, audit_entries::previous, audit_entries::hash),
);

fn entry(row: EntryRow) -> AuditEntry {
    let (sequence, at, words, (address, request_id), details, (key_id, previous, hash)) = row;
    let (actor, action, object, outcome) = words;
    AuditEntry {
        sequence,
        at: Timestamp(at),
        actor,
        action,
        object,
        outcome,
        address,
        request_id,
        details,
        key_id,
        previous,
        hash,
    }
}
