//! Reads the whole configuration.

use super::credentials::shared_words;
use super::{health, revision};
use crate::connection::AnyConnection;
use crate::error::Fault;
use crate::schema::{credentials, provider_models, providers, routes, targets};
use crate::stored::{LimitColumns, MetaColumns, from_json, limits, meta, name, number, optional, word};
use diesel::prelude::*;
use std::collections::HashMap;
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{CredentialId, ProviderId, ProviderModelId, RouteId, TargetId};
use switchyard_domain::provider::{Credential, CredentialOwner, Provider, ProviderModel};
use switchyard_domain::route::{OnDisconnect, Route, RouteMode, Strategy, Target, TargetModels};
use switchyard_ports::repositories::StoredConfiguration;

/// Everything at one revision; the caller gives the transaction.
pub(super) fn load(connection: &mut AnyConnection) -> Result<StoredConfiguration, Fault> {
    Ok(StoredConfiguration {
        revision: revision::current(connection)?,
        providers: load_providers(connection)?,
        routes: load_routes(connection)?,
        quotas: crate::quotas::load(connection)?,
    })
}

type ProviderRow = (i64, String, String, Option<String>, bool, (bool, String), MetaColumns);

fn load_providers(connection: &mut AnyConnection) -> Result<Vec<Provider>, Fault> {
    let mut models = load_models(connection)?;
    let mut shared = load_shared_credentials(connection)?;
    let mut health = health::load(connection)?;
    let rows: Vec<ProviderRow> = providers::table
        .order(providers::id)
        .select((
            providers::id,
            providers::name,
            providers::vendor,
            providers::base_url,
            providers::is_enabled,
            (providers::is_withdrawn, providers::given_keys),
            (
                providers::version,
                providers::owner,
                providers::created_at,
                providers::updated_at,
                providers::updated_by,
            ),
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(id, stored_name, vendor, base_url, is_enabled, (is_withdrawn, given), columns)| {
            let given_keys = word(&given, GivenKeys::parse, "providers.given_keys")?;
            Ok(Provider {
                id: ProviderId(id),
                name: name(stored_name)?,
                vendor,
                base_url,
                is_enabled,
                models: models.remove(&id).unwrap_or_default(),
                credentials: shared.remove(&id).unwrap_or_default(),
                health: health.remove(&id).unwrap_or_default(),
                declaration: Declaration { is_withdrawn, given_keys },
                meta: meta(columns)?,
            })
        })
        .collect()
}

type ModelFacts = (Option<i64>, Option<i64>, Option<String>);
type ModelRow = (i64, i64, String, Option<String>, LimitColumns, ModelFacts, bool);

fn load_models(connection: &mut AnyConnection) -> Result<HashMap<i64, Vec<ProviderModel>>, Fault> {
    let rows: Vec<ModelRow> = provider_models::table
        .order((provider_models::provider_id, provider_models::position, provider_models::id))
        .select((
            provider_models::id,
            provider_models::provider_id,
            provider_models::model,
            provider_models::rates,
            (provider_models::rpm, provider_models::tpm, provider_models::rpd, provider_models::concurrency),
            (
                provider_models::context_window,
                provider_models::max_output_tokens,
                provider_models::capabilities,
            ),
            provider_models::is_enabled,
        ))
        .load(connection)?;
    let mut models: HashMap<i64, Vec<ProviderModel>> = HashMap::new();
    for (id, provider, model, rates, columns, facts, is_enabled) in rows {
        let (context_window, max_output_tokens, capabilities) = facts;
        let capabilities = capabilities.map(|text| from_json(&text, "provider_models.capabilities"));
        models.entry(provider).or_default().push(ProviderModel {
            id: ProviderModelId(id),
            model,
            rates: rates.map(|text| from_json(&text, "provider_models.rates")).transpose()?,
            limits: limits(columns)?,
            context_window: optional(context_window, "context_window")?,
            max_output_tokens: optional(max_output_tokens, "max_output_tokens")?,
            capabilities: capabilities.transpose()?.unwrap_or_default(),
            is_enabled,
        });
    }
    Ok(models)
}

fn load_shared_credentials(connection: &mut AnyConnection) -> Result<HashMap<i64, Vec<Credential>>, Fault> {
    let rows: Vec<(i64, i64, String, String, String, MetaColumns)> = credentials::table
        .filter(credentials::owner.eq_any(shared_words()))
        .select((
            credentials::id,
            credentials::provider_id,
            credentials::owner,
            credentials::sealed,
            credentials::hint,
            (
                credentials::version,
                credentials::source,
                credentials::created_at,
                credentials::updated_at,
                credentials::updated_by,
            ),
        ))
        .load(connection)?;
    let mut shared: HashMap<i64, Vec<Credential>> = HashMap::new();
    for (id, provider, owner, sealed, hint, columns) in rows {
        let owner = word(&owner, CredentialOwner::parse, "credentials.owner")?;
        let credential = Credential { id: CredentialId(id), owner, sealed, hint, meta: meta(columns)? };
        shared.entry(provider).or_default().push(credential);
    }
    // Not by their words: `shared:10` stands before `shared:2`.
    shared.values_mut().for_each(|theirs| theirs.sort_by_key(Credential::shared_place));
    Ok(shared)
}

type RouteRow = (
    i64,
    String,
    (String, String, String),
    (bool, bool, bool),
    (String, String, Option<i64>, String),
    MetaColumns,
);

pub(super) fn load_routes(connection: &mut AnyConnection) -> Result<Vec<Route>, Fault> {
    let mut targets = load_targets(connection)?;
    let rows: Vec<RouteRow> = routes::table
        .order(routes::id)
        .select((
            routes::id,
            routes::name,
            (routes::mode, routes::strategy, routes::failover_on),
            (routes::strict, routes::is_active, routes::is_withdrawn),
            (routes::timeouts, routes::on_disconnect, routes::fallback_id, routes::config),
            (routes::version, routes::owner, routes::created_at, routes::updated_at, routes::updated_by),
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(id, stored_name, (mode, strategy, failover_on), flags, rules, columns)| {
            let (strict, is_active, is_withdrawn) = flags;
            let (timeouts, on_disconnect, fallback, config) = rules;
            Ok(Route {
                id: RouteId(id),
                name: name(stored_name)?,
                mode: word(&mode, RouteMode::parse, "routes.mode")?,
                strategy: word(&strategy, Strategy::parse, "routes.strategy")?,
                failover_on: word(&failover_on, FailoverOn::parse, "routes.failover_on")?,
                strict,
                timeouts: from_json(&timeouts, "routes.timeouts")?,
                on_disconnect: word(&on_disconnect, OnDisconnect::parse, "routes.on_disconnect")?,
                fallback: fallback.map(RouteId),
                config: from_json(&config, "routes.config")?,
                is_active,
                targets: targets.remove(&id).unwrap_or_default(),
                is_withdrawn,
                meta: meta(columns)?,
            })
        })
        .collect()
}

type TargetRow = (
    (i64, i64, i64),
    (String, Option<String>),
    (i64, i64, Option<String>),
    LimitColumns,
    (String, String, String),
    bool,
);

fn load_targets(connection: &mut AnyConnection) -> Result<HashMap<i64, Vec<Target>>, Fault> {
    let rows: Vec<TargetRow> = targets::table
        .order((targets::route_id, targets::position, targets::id))
        .select((
            (targets::id, targets::route_id, targets::provider_id),
            (targets::model, targets::models),
            (targets::weight, targets::priority, targets::strategy),
            (targets::rpm, targets::tpm, targets::rpd, targets::concurrency),
            (targets::conditions, targets::timeouts, targets::metadata),
            targets::is_enabled,
        ))
        .load(connection)?;
    let mut by_route: HashMap<i64, Vec<Target>> = HashMap::new();
    for ((id, route, provider), (model, models), sharing, columns, rules, is_enabled) in rows {
        let ((weight, priority, strategy), (conditions, timeouts, metadata)) = (sharing, rules);
        by_route.entry(route).or_default().push(Target {
            id: TargetId(id),
            provider: ProviderId(provider),
            models: target_models(model, models.as_deref())?,
            weight: number(weight, "targets.weight")?,
            priority: number(priority, "targets.priority")?,
            strategy: strategy.map(|text| word(&text, Strategy::parse, "targets.strategy")).transpose()?,
            limits: limits(columns)?,
            when: from_json(&conditions, "targets.conditions")?,
            timeouts: from_json(&timeouts, "targets.timeouts")?,
            metadata: from_json(&metadata, "targets.metadata")?,
            is_enabled,
        });
    }
    Ok(by_route)
}

/// One model stands in its own column; several, or all of the provider's, in the list beside it.
pub(super) fn target_models(model: String, listed: Option<&str>) -> Result<TargetModels, Fault> {
    match listed {
        Some(listed) => Ok(TargetModels::of(from_json(listed, "targets.models")?)),
        None => Ok(model.into()),
    }
}
