//! Quotas of scopes.

use crate::configuration::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{Fault, check_version, corrupt, not_found};
use crate::schema::quotas;
use crate::stored::{LimitColumns, MetaColumns, limit_columns, limits, meta, word};
use crate::virtual_keys;
use async_trait::async_trait;
use diesel::prelude::*;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::budget::{Budget, BudgetWindow, Zone};
use switchyard_domain::limits::Limits;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::quota::{Quota, QuotaScope, stated};
use switchyard_ports::repositories::{Author, ChangeKind, NewQuota, QuotaRepository, RepositoryError};

/// Scopes in one statement; SQLite takes at most 32,766 parameters.
const SCOPES_AT_ONCE: usize = 10_000;

#[async_trait]
impl QuotaRepository for Database {
    async fn put(
        &self,
        quota: NewQuota,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let writer = author.clone();
        self.change(ChangeKind::Quota, AuditAction::Update, author, move |connection| {
            let before = told(connection, quota.scope)?;
            let id = put(connection, &quota, expected_version, &writer)?;
            let lent = match quota.scope {
                QuotaScope::Key(key) => virtual_keys::lend(connection, key, &writer)?,
                _ => None,
            };
            let after = stated(&quota.limits, quota.budget.as_ref());
            let written = Written::changed(id).with("name", quota.scope.to_string());
            Ok(written.with("before", before).with("after", after).also(ChangeKind::VirtualKey, lent))
        })
        .await
    }

    async fn remove(&self, scope: QuotaScope, author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Quota, AuditAction::Delete, author, move |connection| {
            let Stored { id, .. } = stored(connection, scope)?.ok_or_else(|| missing(scope))?;
            let before = told(connection, scope)?;
            diesel::delete(quotas::table.find(id)).execute(connection)?;
            Ok(Written::changed(id).with("name", scope.to_string()).with("before", before))
        })
        .await
    }

    async fn quotas(&self) -> Result<Vec<Quota>, RepositoryError> {
        self.read(load).await
    }

    async fn quotas_of(&self, scopes: &[QuotaScope]) -> Result<Vec<Quota>, RepositoryError> {
        let words: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        self.read(move |connection| {
            let mut found = Vec::new();
            for words in words.chunks(SCOPES_AT_ONCE) {
                let rows =
                    quotas::table.filter(quotas::scope.eq_any(words)).select(COLUMNS).load(connection)?;
                found.extend(rows.into_iter().map(quota).collect::<Result<Vec<_>, _>>()?);
            }
            found.sort_by_key(|quota| quota.id);
            Ok(found)
        })
        .await
    }
}

/// Writes the budget of a scope that has no limits here, or removes it. Answers the quota that it changed, if there was one. The caller
/// gives the transaction.
pub(crate) fn put_budget(
    connection: &mut AnyConnection,
    scope: QuotaScope,
    budget: Option<&Budget>,
    author: &Author,
) -> Result<Option<i64>, Fault> {
    match budget {
        Some(budget) => {
            let quota = NewQuota { scope, limits: Limits::NONE, budget: Some(budget.clone()) };
            put(connection, &quota, None, author).map(Some)
        }
        None => {
            let Some(Stored { id, .. }) = stored(connection, scope)? else { return Ok(None) };
            diesel::delete(quotas::table.find(id)).execute(connection)?;
            Ok(Some(id))
        }
    }
}

/// What a scope has, in words.
pub(crate) fn told(connection: &mut AnyConnection, scope: QuotaScope) -> Result<String, Fault> {
    let row: Option<(LimitColumns, BudgetColumns)> = quotas::table
        .filter(quotas::scope.eq(scope.to_string()))
        .select((
            (quotas::rpm, quotas::tpm, quotas::rpd, quotas::concurrency),
            (quotas::budget_amount, quotas::budget_window, quotas::budget_zone),
        ))
        .first(connection)
        .optional()?;
    let Some((limit_columns, budget_columns)) = row else { return Ok(stated(&Limits::NONE, None)) };
    Ok(stated(&limits(limit_columns)?, budget(budget_columns)?.as_ref()))
}

/// Lets a scope's quota go on as another's, whose object took the first one's place.
pub(crate) fn move_to(connection: &mut AnyConnection, from: QuotaScope, to: QuotaScope) -> Result<(), Fault> {
    diesel::update(quotas::table.filter(quotas::scope.eq(from.to_string())))
        .set(quotas::scope.eq(to.to_string()))
        .execute(connection)?;
    Ok(())
}

fn missing(scope: QuotaScope) -> Fault {
    not_found(format!("the quota of {scope}"))
}

/// What is there of a scope.
struct Stored {
    id: i64,
    version: i64,
    created_at: i64,
    /// Window and zone of its budget.
    windows: Option<(String, String)>,
}

fn stored(connection: &mut AnyConnection, scope: QuotaScope) -> Result<Option<Stored>, Fault> {
    type Row = (i64, i64, i64, (Option<String>, Option<String>));
    let row: Option<Row> = quotas::table
        .filter(quotas::scope.eq(scope.to_string()))
        .select((
            quotas::id,
            quotas::version,
            quotas::created_at,
            (quotas::budget_window, quotas::budget_zone),
        ))
        .first(connection)
        .optional()?;
    let stored = |(id, version, created_at, (window, zone)): Row| Stored {
        id,
        version,
        created_at,
        windows: window.zip(zone),
    };
    Ok(row.map(stored))
}

/// The windows that a budget is counted in: those of another length or another zone are other windows.
fn windows(budget: &Budget) -> (String, String) {
    (budget.window.as_str().to_owned(), budget.zone.to_string())
}

fn put(
    connection: &mut AnyConnection,
    quota: &NewQuota,
    expected_version: Option<i64>,
    author: &Author,
) -> Result<i64, Fault> {
    let (rpm, tpm, rpd, concurrency) = limit_columns(&quota.limits);
    let budget = quota.budget.as_ref();
    let facts = (
        quotas::rpm.eq(rpm),
        quotas::tpm.eq(tpm),
        quotas::rpd.eq(rpd),
        quotas::concurrency.eq(concurrency),
        quotas::budget_amount.eq(budget.map(|budget| budget.amount.0)),
        quotas::budget_window.eq(budget.map(|budget| budget.window.as_str())),
        quotas::budget_zone.eq(budget.map(|budget| budget.zone.to_string())),
        quotas::owner.eq(author.by.owner.to_string()),
        quotas::updated_at.eq(author.at.0),
        quotas::updated_by.eq(author.by.name.as_ref()),
    );
    let known = stored(connection, quota.scope)?;
    match (&known, expected_version) {
        (None, Some(_)) => return Err(missing(quota.scope)),
        (Some(known), _) => check_version(expected_version, known.version)?,
        (None, None) => {}
    }
    let (version, created_at) =
        known.as_ref().map_or((1, author.at.0), |known| (known.version + 1, known.created_at));
    match known {
        Some(Stored { id, windows: counted, .. })
            if budget.is_none_or(|budget| counted == Some(windows(budget))) =>
        {
            diesel::update(quotas::table.find(id))
                .set((facts, quotas::version.eq(version)))
                .execute(connection)?;
            return Ok(id);
        }
        // A budget that begins, or is counted in other windows from now on, is a new row: who counts by the row's id counts it from the
        // ledger on.
        Some(Stored { id, .. }) => {
            diesel::delete(quotas::table.find(id)).execute(connection)?;
        }
        None => {}
    }
    let row = (
        facts,
        quotas::scope.eq(quota.scope.to_string()),
        quotas::version.eq(version),
        quotas::created_at.eq(created_at),
    );
    Ok(each!(connection, inner => diesel::insert_into(quotas::table)
        .values(row)
        .returning(quotas::id)
        .get_result(inner))?)
}

type BudgetColumns = (Option<i64>, Option<String>, Option<String>);
type QuotaRow = (i64, String, LimitColumns, BudgetColumns, MetaColumns);
type QuotaColumns = (
    quotas::id,
    quotas::scope,
    (quotas::rpm, quotas::tpm, quotas::rpd, quotas::concurrency),
    (quotas::budget_amount, quotas::budget_window, quotas::budget_zone),
    (quotas::version, quotas::owner, quotas::created_at, quotas::updated_at, quotas::updated_by),
);
const COLUMNS: QuotaColumns = (
    quotas::id,
    quotas::scope,
    (quotas::rpm, quotas::tpm, quotas::rpd, quotas::concurrency),
    (quotas::budget_amount, quotas::budget_window, quotas::budget_zone),
    (quotas::version, quotas::owner, quotas::created_at, quotas::updated_at, quotas::updated_by),
);

/// All of them; the caller may give a transaction.
pub(crate) fn load(connection: &mut AnyConnection) -> Result<Vec<Quota>, Fault> {
    let rows = quotas::table.order(quotas::id).select(COLUMNS).load(connection)?;
    rows.into_iter().map(quota).collect()
}

fn quota((id, scope, limit_columns, budget_columns, meta_columns): QuotaRow) -> Result<Quota, Fault> {
    Ok(Quota {
        id,
        scope: QuotaScope::parse(&scope).map_err(corrupt)?,
        limits: limits(limit_columns)?,
        budget: budget(budget_columns)?,
        meta: meta(meta_columns)?,
    })
}

fn budget((amount, window, zone): BudgetColumns) -> Result<Option<Budget>, Fault> {
    match (amount, window, zone) {
        (None, None, None) => Ok(None),
        (Some(amount), Some(window), Some(zone)) => Ok(Some(Budget {
            amount: NanoUsd(amount),
            window: word(&window, BudgetWindow::parse, "quotas.budget_window")?,
            zone: Zone::new(&zone).map_err(corrupt)?,
        })),
        _ => Err(corrupt("a quota has half of a budget")),
    }
}
