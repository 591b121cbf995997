//! Providers and their models.

use super::revision::Written;
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, conflict, not_found};
use crate::schema::{provider_models, providers, routes, targets};
use crate::stored::{count, json, limit_columns};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::ProviderId;
use switchyard_ports::repositories::{Author, NewProvider, ProviderPatch};

pub(super) fn create(
    connection: &mut AnyConnection,
    provider: &NewProvider,
    author: &Author,
) -> Result<i64, Fault> {
    let row = (
        providers::name.eq(provider.name.as_str()),
        providers::vendor.eq(&provider.vendor),
        providers::base_url.eq(&provider.base_url),
        providers::is_enabled.eq(provider.is_enabled),
        providers::version.eq(1),
        providers::owner.eq(author.by.owner.to_string()),
        providers::created_at.eq(author.at.0),
        providers::updated_at.eq(author.at.0),
        providers::updated_by.eq(author.by.name.as_ref()),
    );
    let id = each!(connection, inner => diesel::insert_into(providers::table)
        .values(row)
        .returning(providers::id)
        .get_result(inner))
    .map_err(|error| {
        Fault::from(error).or_taken(|_| format!("a provider named `{}` exists", provider.name))
    })?;
    put_models(connection, id, &provider.models)?;
    Ok(id)
}

pub(super) fn update(
    connection: &mut AnyConnection,
    id: ProviderId,
    patch: &ProviderPatch,
    author: &Author,
) -> Result<Written<()>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(patch.expected_version, version)?;
    if *patch == (ProviderPatch { expected_version: patch.expected_version, ..ProviderPatch::default() }) {
        return Ok(Written::Nothing(()));
    }
    diesel::update(providers::table.find(id.0))
        .set((
            patch.base_url.as_ref().map(|url| providers::base_url.eq(url)),
            patch.is_enabled.map(|enabled| providers::is_enabled.eq(enabled)),
            patch.owner.as_ref().map(|owner| providers::owner.eq(owner.to_string())),
            providers::version.eq(version + 1),
            providers::updated_at.eq(author.at.0),
            providers::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    if let Some(models) = &patch.models {
        put_models(connection, id.0, models)?;
    }
    Ok(Written::changed(id.0).with("name", name).with_fields(&patch.fields()))
}

/// The name and the version of a provider.
fn stored(connection: &mut AnyConnection, id: ProviderId) -> Result<(String, i64), Fault> {
    let row = providers::table.find(id.0).select((providers::name, providers::version));
    let row: Option<(String, i64)> = row.first(connection).optional()?;
    row.ok_or_else(|| missing(id))
}

/// The name of a provider.
pub(super) fn name_of(connection: &mut AnyConnection, id: ProviderId) -> Result<String, Fault> {
    stored(connection, id).map(|(name, _)| name)
}

/// Raises the version of a provider whose credential changed: its client must be built anew. Answers its name.
pub(super) fn raise_version(
    connection: &mut AnyConnection,
    id: ProviderId,
    author: &Author,
) -> Result<String, Fault> {
    let (name, _) = stored(connection, id)?;
    diesel::update(providers::table.find(id.0))
        .set((
            providers::version.eq(providers::version + 1),
            providers::updated_at.eq(author.at.0),
            providers::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    Ok(name)
}

pub(super) fn delete(connection: &mut AnyConnection, id: ProviderId) -> Result<Written<()>, Fault> {
    let (name, _) = stored(connection, id)?;
    let users: Vec<String> = targets::table
        .inner_join(routes::table.on(routes::id.eq(targets::route_id)))
        .filter(targets::provider_id.eq(id.0))
        .select(routes::name)
        .distinct()
        .load(connection)?;
    if !users.is_empty() {
        let mut users: Vec<String> = users.iter().map(|name| format!("`{name}`")).collect();
        users.sort_unstable();
        return Err(conflict(format!("the provider is in use by these routes: {}", users.join(", "))));
    }
    diesel::delete(providers::table.find(id.0)).execute(connection)?;
    Ok(Written::changed(id.0).with("name", name))
}

fn missing(id: ProviderId) -> Fault {
    not_found(format!("provider {id}"))
}

/// Refuses what names a provider that is not there.
pub(super) fn must_exist(connection: &mut AnyConnection, ids: &[ProviderId]) -> Result<(), Fault> {
    let wanted: HashSet<i64> = ids.iter().map(|id| id.0).collect();
    let found: Vec<i64> =
        providers::table.filter(providers::id.eq_any(&wanted)).select(providers::id).load(connection)?;
    match ids.iter().find(|id| !found.contains(&id.0)) {
        Some(id) => Err(missing(*id)),
        None => Ok(()),
    }
}

/// Replaces the list of models. A model that was there keeps its id, so that limits and health that count by it go on.
fn put_models(connection: &mut AnyConnection, provider: i64, models: &[DeclaredModel]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    if let Some(twice) = models.iter().find(|declared| !seen.insert(declared.model.as_str())) {
        return Err(conflict(format!("the model `{}` is listed twice", twice.model)));
    }
    let stored: Vec<(String, i64)> = provider_models::table
        .filter(provider_models::provider_id.eq(provider))
        .select((provider_models::model, provider_models::id))
        .load(connection)?;
    let mut stored: HashMap<String, i64> = stored.into_iter().collect();
    for (position, declared) in (0_i32..).zip(models) {
        let (rpm, tpm, rpd, concurrency) = limit_columns(&declared.limits);
        let facts = (
            provider_models::position.eq(position),
            provider_models::rates.eq(declared.rates.as_ref().map(json).transpose()?),
            provider_models::rpm.eq(rpm),
            provider_models::tpm.eq(tpm),
            provider_models::rpd.eq(rpd),
            provider_models::concurrency.eq(concurrency),
            provider_models::context_window.eq(declared.context_window.map(count)),
            provider_models::max_output_tokens.eq(declared.max_output_tokens.map(count)),
        );
        match stored.remove(&declared.model) {
            Some(id) => {
                diesel::update(provider_models::table.find(id)).set(facts).execute(connection)?;
            }
            None => {
                let new = (
                    provider_models::provider_id.eq(provider),
                    provider_models::model.eq(&declared.model),
                    provider_models::is_enabled.eq(true),
                    facts,
                );
                diesel::insert_into(provider_models::table).values(new).execute(connection)?;
            }
        }
    }
    for id in stored.into_values() {
        diesel::delete(provider_models::table.find(id)).execute(connection)?;
    }
    Ok(())
}
