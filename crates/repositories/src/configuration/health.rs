//! What tests and checks of providers found.

use super::providers;
use super::revision::{self, Written};
use crate::connection::{AnyConnection, each};
use crate::database::Database;
use crate::error::{Fault, check_version};
use crate::schema::{provider_health, providers as rows};
use crate::stored::{count, number, optional, word};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::HashMap;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::provider_health::{HealthEvent, HealthFinding, HealthStatus, ProviderHealth};
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{Author, ChangeKind, ProviderHealthRepository, RepositoryError};

#[async_trait]
impl ProviderHealthRepository for Database {
    async fn claim_checks(
        &self,
        providers: &[ProviderId],
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ProviderId>, RepositoryError> {
        let wanted: Vec<i64> = providers.iter().map(|id| id.0).collect();
        self.write(move |connection| {
            // Of two claims, the second one sees what the first took; and nobody removes a provider in between.
            revision::queue(connection)?;
            claim(connection, &wanted, before, now)
        })
        .await
    }

    async fn note_health(
        &self,
        provider: ProviderId,
        seen_version: Option<i64>,
        event: HealthEvent,
        author: &Author,
    ) -> Result<ProviderHealth, RepositoryError> {
        let at = author.at;
        self.change(ChangeKind::Provider, AuditAction::Update, author, move |connection| {
            let (name, version) = providers::stored(connection, provider)?;
            check_version(seen_version, version)?;
            let known = of(connection, provider)?.unwrap_or_default();
            let health = known.clone().after(event.clone(), at);
            put(connection, provider, &health)?;
            if health.is_as_well_as(&known) {
                return Ok(Written::Nothing(health));
            }
            let state = if health.is_healthy { "healthy" } else { "unhealthy" };
            let written = Written::made(provider.0, health).with("name", name).with_fields(&["health"]);
            Ok(written.with("health", state))
        })
        .await
    }
}

fn claim(
    connection: &mut AnyConnection,
    wanted: &[i64],
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<ProviderId>, Fault> {
    let there: Vec<i64> =
        rows::table.filter(rows::id.eq_any(wanted)).order(rows::id).select(rows::id).load(connection)?;
    let known: Vec<(i64, Option<i64>)> = provider_health::table
        .filter(provider_health::provider_id.eq_any(wanted))
        .select((provider_health::provider_id, provider_health::checked_at))
        .load(connection)?;
    let known: HashMap<i64, Option<i64>> = known.into_iter().collect();
    // A clock that was set back must not keep a provider from being asked until it comes there again.
    let farthest = now.0.saturating_add(now.0.saturating_sub(before.0));
    let mut due = Vec::new();
    for id in there {
        match known.get(&id) {
            Some(checked) if checked.is_some_and(|at| at > before.0 && at <= farthest) => continue,
            Some(_) => {
                diesel::update(provider_health::table.find(id))
                    .set(provider_health::checked_at.eq(now.0))
                    .execute(connection)?;
            }
            None => {
                let health = ProviderHealth { checked_at: Some(now), ..ProviderHealth::default() };
                put(connection, ProviderId(id), &health)?;
            }
        }
        due.push(ProviderId(id));
    }
    Ok(due)
}

fn put(connection: &mut AnyConnection, provider: ProviderId, health: &ProviderHealth) -> Result<(), Fault> {
    let HealthFinding { status, status_code, latency_ms, detail } = &health.last;
    let row = (
        provider_health::provider_id.eq(provider.0),
        provider_health::status.eq(status.as_str()),
        provider_health::status_code.eq(status_code.map(i64::from)),
        provider_health::latency_ms.eq(latency_ms.map(count)),
        provider_health::detail.eq(detail),
        provider_health::last_tested_at.eq(health.last_tested_at.map(|at| at.0)),
        provider_health::is_healthy.eq(health.is_healthy),
        provider_health::consecutive_failures.eq(i64::from(health.consecutive_failures)),
        provider_health::checked_at.eq(health.checked_at.map(|at| at.0)),
    );
    each!(connection, inner => diesel::insert_into(provider_health::table)
        .values(row)
        .on_conflict(provider_health::provider_id)
        .do_update()
        .set((
            provider_health::status.eq(excluded(provider_health::status)),
            provider_health::status_code.eq(excluded(provider_health::status_code)),
            provider_health::latency_ms.eq(excluded(provider_health::latency_ms)),
            provider_health::detail.eq(excluded(provider_health::detail)),
            provider_health::last_tested_at.eq(excluded(provider_health::last_tested_at)),
            provider_health::is_healthy.eq(excluded(provider_health::is_healthy)),
            provider_health::consecutive_failures.eq(excluded(provider_health::consecutive_failures)),
            provider_health::checked_at.eq(excluded(provider_health::checked_at)),
        ))
        .execute(inner))?;
    Ok(())
}

/// Writes what was known of a provider, where nothing is known of it.
pub(super) fn keep(
    connection: &mut AnyConnection,
    provider: ProviderId,
    health: &ProviderHealth,
) -> Result<(), Fault> {
    match of(connection, provider)? {
        Some(_) => Ok(()),
        None => put(connection, provider, health),
    }
}

/// Forgets what was found of a provider, which is called elsewhere from now on.
pub(super) fn forget(connection: &mut AnyConnection, provider: ProviderId) -> Result<(), Fault> {
    diesel::delete(provider_health::table.find(provider.0)).execute(connection)?;
    Ok(())
}

type Row = (i64, (String, Option<i64>, Option<i64>, Option<String>), (Option<i64>, bool, i64, Option<i64>));
type Columns = (
    provider_health::provider_id,
    (
        provider_health::status,
        provider_health::status_code,
        provider_health::latency_ms,
        provider_health::detail,
    ),
    (
        provider_health::last_tested_at,
        provider_health::is_healthy,
        provider_health::consecutive_failures,
        provider_health::checked_at,
    ),
);
const COLUMNS: Columns = (
    provider_health::provider_id,
    (
        provider_health::status,
        provider_health::status_code,
        provider_health::latency_ms,
        provider_health::detail,
    ),
    (
        provider_health::last_tested_at,
        provider_health::is_healthy,
        provider_health::consecutive_failures,
        provider_health::checked_at,
    ),
);

/// What is known of each provider of which anything is.
pub(super) fn load(connection: &mut AnyConnection) -> Result<HashMap<i64, ProviderHealth>, Fault> {
    let found: Vec<Row> = provider_health::table.select(COLUMNS).load(connection)?;
    found.into_iter().map(read).collect()
}

fn of(connection: &mut AnyConnection, provider: ProviderId) -> Result<Option<ProviderHealth>, Fault> {
    let row: Option<Row> =
        provider_health::table.find(provider.0).select(COLUMNS).first(connection).optional()?;
    row.map(|row| read(row).map(|(_, health)| health)).transpose()
}

fn read(
    (id, (status, status_code, latency_ms, detail), (tested, is_healthy, failures, checked)): Row,
) -> Result<(i64, ProviderHealth), Fault> {
    let last = HealthFinding {
        status: word(&status, HealthStatus::parse, "provider_health.status")?,
        status_code: optional(status_code, "provider_health.status_code")?,
        latency_ms: optional(latency_ms, "provider_health.latency_ms")?,
        detail,
    };
    let health = ProviderHealth {
        last,
        last_tested_at: tested.map(Timestamp),
        is_healthy,
        consecutive_failures: number(failures, "provider_health.consecutive_failures")?,
        checked_at: checked.map(Timestamp),
    };
    Ok((id, health))
}
