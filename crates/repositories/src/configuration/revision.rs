//! The revision and the list of changes: how readers learn what was written.

use crate::audit;
use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::Fault;
use crate::lane::SET;
use crate::schema::{changes, revision};
use diesel::prelude::*;
use std::collections::BTreeMap;
use switchyard_domain::audit::AuditAction;
use switchyard_ports::repositories::{Author, Change, ChangeKind, RepositoryError, Revision};

/// What a writing job did.
pub(crate) enum Written<T> {
    /// It changed the object of this id.
    Changed {
        /// The object.
        id: i64,
        /// What the writer is told.
        value: T,
        /// What else the audit log is told: names and words, never a secret.
        details: BTreeMap<String, String>,
        /// What it changed besides, which readers must look at too.
        also: Vec<(ChangeKind, i64)>,
    },
    /// There was nothing to change: no revision, no change.
    Nothing(T),
}

impl Written<()> {
    /// A change whose writer is told nothing.
    pub(crate) fn changed(id: i64) -> Self {
        Self::made(id, ())
    }
}

impl<T> Written<T> {
    /// A change.
    pub(crate) fn made(id: i64, value: T) -> Self {
        Self::Changed { id, value, details: BTreeMap::new(), also: Vec::new() }
    }

    /// The same, with a detail for the audit log.
    pub(crate) fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        if let Self::Changed { details, .. } = &mut self {
            details.insert(name.to_owned(), text.into());
        }
        self
    }

    /// The same, with another object that it changed, if there is one.
    pub(crate) fn also(mut self, kind: ChangeKind, object: Option<i64>) -> Self {
        if let Self::Changed { also, .. } = &mut self {
            also.extend(object.map(|id| (kind, id)));
        }
        self
    }

    /// The same, with the names of the fields that were changed.
    pub(crate) fn with_fields(self, fields: &[&str]) -> Self {
        self.with("fields", fields.join(", "))
    }
}

impl Database {
    /// Runs one write of configuration: the revision, the job's rows, the change and the entry in the audit log land together
    /// or not at all.
    ///
    /// The revision is raised first: its row lock makes writers queue on PostgreSQL as the write lock does on SQLite, so that
    /// jobs may check before they write, and revisions become visible in their order. The end of the audit log is locked last.
    pub(crate) async fn change<T, J>(
        &self,
        kind: ChangeKind,
        action: AuditAction,
        author: &Author,
        job: J,
    ) -> Result<T, RepositoryError>
    where
        T: Send + 'static,
        J: Fn(&mut AnyConnection) -> Result<Written<T>, Fault> + Send + 'static,
    {
        let (kept, author, seal) = (self.kept_changes(), author.clone(), self.audit_seal());
        self.write(move |connection| {
            let next = raise(connection, 1)?;
            match job(connection)? {
                Written::Changed { id, value, details, also } => {
                    note(connection, Change { revision: next, kind, id }, kept)?;
                    note_also(connection, also, kept)?;
                    audit::append(connection, seal.as_deref(), author.did(action, kind, id, details))?;
                    Ok(value)
                }
                Written::Nothing(value) => {
                    raise(connection, -1)?;
                    Ok(value)
                }
            }
        })
        .await
    }

    /// Runs a job that writes several objects of configuration: each lands as if it had been written alone, and all of them land
    /// or none.
    pub(crate) async fn change_all<J>(&self, job: J) -> Result<(), RepositoryError>
    where
        J: Fn(&mut AnyConnection) -> Result<Vec<Landing>, Fault> + Send + 'static,
    {
        let (kept, seal) = (self.kept_changes(), self.audit_seal());
        self.write_within(SET, move |connection| {
            queue(connection)?;
            let landings = job(connection)?;
            for Landing { kind, action, author, written } in landings {
                let Written::Changed { id, value: (), details, also } = written else { continue };
                let revision = raise(connection, 1)?;
                note(connection, Change { revision, kind, id }, kept)?;
                note_also(connection, also, kept)?;
                audit::append(connection, seal.as_deref(), author.did(action, kind, id, details))?;
            }
            Ok(())
        })
        .await
    }
}

/// One object of several that were written.
pub(crate) struct Landing {
    /// What it is.
    pub(crate) kind: ChangeKind,
    /// What was done to it.
    pub(crate) action: AuditAction,
    /// By whom.
    pub(crate) author: Author,
    /// What came of it.
    pub(crate) written: Written<()>,
}

fn note_also(connection: &mut AnyConnection, also: Vec<(ChangeKind, i64)>, kept: i64) -> Result<(), Fault> {
    for (kind, id) in also {
        let revision = raise(connection, 1)?;
        note(connection, Change { revision, kind, id }, kept)?;
    }
    Ok(())
}

/// Queues behind every other writer of configuration, until the transaction ends. There is no new revision.
pub(crate) fn queue(connection: &mut AnyConnection) -> Result<(), Fault> {
    raise(connection, 0).map(drop)
}

fn raise(connection: &mut AnyConnection, by: i64) -> Result<Revision, Fault> {
    let value = each!(connection, inner => diesel::update(revision::table.find(1))
        .set(revision::value.eq(revision::value + by))
        .returning(revision::value)
        .get_result(inner))?;
    Ok(Revision(value))
}

fn note(connection: &mut AnyConnection, change: Change, kept: i64) -> Result<(), Fault> {
    diesel::insert_into(changes::table)
        .values((
            changes::revision.eq(change.revision.0),
            changes::kind.eq(kind_word(change.kind)),
            changes::object_id.eq(change.id),
        ))
        .execute(connection)?;
    let outdated = change.revision.0.saturating_sub(kept.max(1));
    diesel::delete(changes::table.filter(changes::revision.le(outdated))).execute(connection)?;
    Ok(())
}

/// The newest revision.
pub(crate) fn current(connection: &mut AnyConnection) -> Result<Revision, Fault> {
    Ok(Revision(revision::table.find(1).select(revision::value).first(connection)?))
}

/// The changes after `known`, if they are all there and of kinds that are known here: a newer version beside this one may write
/// others, and whoever does not know what changed loads everything. One statement reads `known` itself too: when it stands in the list, or the
/// list begins right behind it, nothing in between is missing. A database that was set back does not hold it.
pub(crate) fn changes_since(
    connection: &mut AnyConnection,
    known: Revision,
) -> Result<Option<Vec<Change>>, Fault> {
    let rows: Vec<(i64, String, i64)> = changes::table
        .filter(changes::revision.ge(known.0))
        .order(changes::revision)
        .select((changes::revision, changes::kind, changes::object_id))
        .load(connection)?;
    let is_whole = match rows.first() {
        Some((first, ..)) => *first == known.0 || *first == known.0.saturating_add(1),
        None => known.0 == 0,
    };
    if !is_whole {
        return Ok(None);
    }
    let later = rows.into_iter().filter(|(revision, ..)| *revision > known.0);
    let changes = later.map(|(revision, kind, id)| {
        Some(Change { revision: Revision(revision), kind: parse_kind(&kind)?, id })
    });
    Ok(changes.collect())
}

fn kind_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Provider => "provider",
        ChangeKind::Route => "route",
        ChangeKind::VirtualKey => "virtual_key",
        ChangeKind::User => "user",
        ChangeKind::Quota => "quota",
        ChangeKind::Credential => "credential",
    }
}

fn parse_kind(word: &str) -> Option<ChangeKind> {
    [
        ChangeKind::Provider,
        ChangeKind::Route,
        ChangeKind::VirtualKey,
        ChangeKind::User,
        ChangeKind::Quota,
        ChangeKind::Credential,
    ]
    .into_iter()
    .find(|kind| kind_word(*kind) == word)
}
