//! Providers and their models.

use super::created::Created;
use super::credentials::shared_words;
use super::losing::{self, Leaving};
use super::revision::Written;
use super::{counters, credentials as secrets, health, leading, routes as routes_of};
use crate::connection::{AnyConnection, each};
use crate::error::{Fault, check_version, conflict, not_found};
use crate::quotas;
use crate::schema::{credentials, provider_models, providers, targets};
use crate::stored::{count, json, limit_columns};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Capabilities, CredentialOwner};
use switchyard_domain::quota::QuotaScope;
use switchyard_ports::repositories::{
    Author, ChangeKind, NewProvider, ProviderPatch, ProviderRemoval, SealedSecret,
};

/// Writes a new provider. One that came with the product and has its name gives way. Of the spared routes none loses what goes with it.
pub(super) fn create(
    connection: &mut AnyConnection,
    provider: &NewProvider,
    spared: &[RouteId],
    author: &Author,
) -> Result<Created, Fault> {
    let seeded = seeded(connection, provider, author)?;
    let took_over = seeded.is_some();
    let leaving = match &seeded {
        Some(seeded) => Leaving::of(connection, ProviderId(seeded.id), &provider.models, &BTreeMap::new())?,
        None => Leaving::default(),
    };
    let id = match seeded {
        None => insert(connection, provider, author)?,
        Some(seeded) if provider.is_same_place(&seeded.vendor, seeded.base_url.as_deref()) => {
            take_over(connection, &seeded, provider, author)?;
            seeded.id
        }
        Some(seeded) => replace(connection, &seeded, provider, author)?,
    };
    put_models(connection, id, &provider.models)?;
    let routes_changed = leaving.take(connection, ProviderId(id), spared, author)?;
    Ok(Created { id, took_over, routes_changed })
}

fn insert(connection: &mut AnyConnection, provider: &NewProvider, author: &Author) -> Result<i64, Fault> {
    let row = (
        providers::id.eq(counters::provider_id(connection, &author.by.owner)?),
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
    each!(connection, inner => diesel::insert_into(providers::table)
        .values(row)
        .returning(providers::id)
        .get_result(inner))
    .map_err(|error| Fault::from(error).or_taken(|_| format!("a provider named `{}` exists", provider.name)))
}

/// A provider that came with the product.
pub(super) struct Seeded {
    pub(super) id: i64,
    vendor: String,
    base_url: Option<String>,
    version: i64,
}

/// The one that gives way to the new provider.
pub(super) fn seeded(
    connection: &mut AnyConnection,
    provider: &NewProvider,
    author: &Author,
) -> Result<Option<Seeded>, Fault> {
    if author.by.owner == Owner::Seed {
        return Ok(None);
    }
    let row: Option<(i64, String, Option<String>, i64)> = providers::table
        .filter(providers::name.eq(provider.name.as_str()))
        .filter(providers::owner.eq(Owner::Seed.to_string()))
        .select((providers::id, providers::vendor, providers::base_url, providers::version))
        .first(connection)
        .optional()?;
    Ok(row.map(|(id, vendor, base_url, version)| Seeded { id, vendor, base_url, version }))
}

/// The same account at the same place becomes the writer's. What people lent for it they have lent still; the shared credentials
/// were the product's row's.
fn take_over(
    connection: &mut AnyConnection,
    seeded: &Seeded,
    provider: &NewProvider,
    author: &Author,
) -> Result<(), Fault> {
    let shared = credentials::owner.eq_any(shared_words());
    let theirs = credentials::table.filter(credentials::provider_id.eq(seeded.id));
    diesel::delete(theirs.filter(shared)).execute(connection)?;
    diesel::update(providers::table.find(seeded.id))
        .set((
            providers::base_url.eq(&provider.base_url),
            providers::is_enabled.eq(provider.is_enabled),
            providers::version.eq(seeded.version + 1),
            providers::owner.eq(author.by.owner.to_string()),
            providers::created_at.eq(author.at.0),
            providers::updated_at.eq(author.at.0),
            providers::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    if seeded.base_url != provider.base_url {
        health::forget(connection, ProviderId(seeded.id))?;
    }
    Ok(())
}

/// One of another address or vendor takes the place in the routes, and none of the credentials: nobody lent them for it, and they
/// are known by the old id wherever they are kept.
fn replace(
    connection: &mut AnyConnection,
    seeded: &Seeded,
    provider: &NewProvider,
    author: &Author,
) -> Result<i64, Fault> {
    let nobody = format!("\u{1}{}", seeded.id);
    diesel::update(providers::table.find(seeded.id)).set(providers::name.eq(nobody)).execute(connection)?;
    let id = insert(connection, provider, author)?;
    diesel::update(targets::table.filter(targets::provider_id.eq(seeded.id)))
        .set(targets::provider_id.eq(id))
        .execute(connection)?;
    // A cap on what is spent there is one on this account from now on.
    let scope = |id| QuotaScope::Provider(ProviderId(id));
    quotas::move_to(connection, scope(seeded.id), scope(id))?;
    diesel::delete(providers::table.find(seeded.id)).execute(connection)?;
    Ok(id)
}

/// Changes a provider. Of the spared routes none loses the models that go.
pub(super) fn update(
    connection: &mut AnyConnection,
    id: ProviderId,
    patch: &ProviderPatch,
    spared: &[RouteId],
    author: &Author,
) -> Result<Written<()>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(patch.expected_version, version)?;
    let owner = new_owner(connection, id, patch.owner.as_ref(), author)?;
    if patch.is_empty() {
        return Ok(Written::Nothing(()));
    }
    let taken =
        |_: &str| format!("a provider named `{}` exists", patch.name.as_ref().map_or(&*name, Name::as_str));
    diesel::update(providers::table.find(id.0))
        .set((
            patch.name.as_ref().map(|name| providers::name.eq(name.as_str())),
            patch.vendor.as_ref().map(|vendor| providers::vendor.eq(vendor)),
            patch.base_url.as_ref().map(|url| providers::base_url.eq(url)),
            patch.is_enabled.map(|enabled| providers::is_enabled.eq(enabled)),
            owner.map(owned_anew),
            providers::version.eq(version + 1),
            providers::updated_at.eq(author.at.0),
            providers::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)
        .map_err(|error| Fault::from(error).or_taken(taken))?;
    let mut routes_changed = Vec::new();
    if let Some(models) = &patch.models {
        let leaving = Leaving::of(connection, id, models, &patch.model_successors)?;
        put_models(connection, id.0, models)?;
        routes_changed = leaving.take(connection, id, spared, author)?;
    }
    if patch.base_url.is_some() || patch.vendor.is_some() {
        health::forget(connection, id)?;
    }
    let mut written = losing::told(Written::changed(id.0).with_fields(&patch.fields()), &routes_changed);
    written = match &patch.name {
        Some(new) => written.with("name", new.as_str()).with("name_before", name),
        None => written.with("name", name),
    };
    if patch.forgets_credentials {
        let forgotten = forget_credentials(connection, id, patch.keeps_shared)?;
        written = written.with("credentials_forgotten", forgotten.len().to_string());
        for credential in forgotten {
            written = written.also(ChangeKind::Credential, Some(credential));
        }
    }
    if let Some(secret) = &patch.credential {
        let done = put_shared(connection, id, secret.as_ref(), author)?;
        written = written.with("credential_of", CredentialOwner::SHARED.to_word()).with("credential", done);
    }
    Ok(written)
}

/// Forgets the credentials at a provider, but for the shared ones if they are kept. Answers their ids.
fn forget_credentials(
    connection: &mut AnyConnection,
    id: ProviderId,
    keeps_shared: bool,
) -> Result<Vec<i64>, Fault> {
    let theirs = credentials::table.filter(credentials::provider_id.eq(id.0));
    let all: Vec<(i64, String)> = theirs.select((credentials::id, credentials::owner)).load(connection)?;
    let kept = if keeps_shared { shared_words() } else { Vec::new() };
    let forgotten: Vec<i64> =
        all.into_iter().filter(|(_, owner)| !kept.contains(owner)).map(|(id, _)| id).collect();
    diesel::delete(credentials::table.filter(credentials::id.eq_any(&forgotten))).execute(connection)?;
    Ok(forgotten)
}

/// Writes the first shared credential or forgets it, and answers which, for the audit log.
fn put_shared(
    connection: &mut AnyConnection,
    id: ProviderId,
    secret: Option<&SealedSecret>,
    author: &Author,
) -> Result<&'static str, Fault> {
    let shared = CredentialOwner::SHARED;
    if let Some(secret) = secret {
        secrets::store(connection, id, &shared, secret, author)?;
        return Ok("stored");
    }
    let theirs = credentials::provider_id.eq(id.0).and(credentials::owner.eq(shared.to_word()));
    diesel::delete(credentials::table.filter(theirs)).execute(connection)?;
    Ok("forgotten")
}

/// What came with the product is its changer's from then on: it gives way to nobody any more. So is what the file owned and declares no
/// more: nobody else says what becomes of it.
fn new_owner(
    connection: &mut AnyConnection,
    id: ProviderId,
    stated: Option<&Owner>,
    author: &Author,
) -> Result<Option<String>, Fault> {
    if let Some(owner) = stated {
        return Ok(Some(owner.to_string()));
    }
    let row = providers::table.find(id.0).select((providers::owner, providers::is_withdrawn));
    let (owner, is_withdrawn): (String, bool) = row.first(connection)?;
    let is_left = is_withdrawn && author.by.owner != Owner::File;
    Ok((owner == Owner::Seed.to_string() || is_left).then(|| author.by.owner.to_string()))
}

/// Whose a provider is, and what the file says of it.
type OwnerColumns = (
    diesel::dsl::Eq<providers::owner, String>,
    diesel::dsl::Eq<providers::is_withdrawn, bool>,
    diesel::dsl::Eq<providers::given_keys, &'static str>,
);

/// The columns of a provider that gets another owner: what the file said of it is no more.
fn owned_anew(owner: String) -> OwnerColumns {
    (
        providers::owner.eq(owner),
        providers::is_withdrawn.eq(false),
        providers::given_keys.eq(GivenKeys::None.as_str()),
    )
}

/// Notes what the file says of a provider; answers whether it said something else before. The version is the caller's to raise.
pub(super) fn declare(
    connection: &mut AnyConnection,
    id: ProviderId,
    declaration: Declaration,
) -> Result<bool, Fault> {
    let Declaration { is_withdrawn, given_keys } = declaration;
    let is_known =
        providers::is_withdrawn.eq(is_withdrawn).and(providers::given_keys.eq(given_keys.as_str()));
    let other = providers::table.filter(providers::id.eq(id.0)).filter(diesel::dsl::not(is_known));
    let changed = diesel::update(other)
        .set((providers::is_withdrawn.eq(is_withdrawn), providers::given_keys.eq(given_keys.as_str())))
        .execute(connection)?;
    Ok(changed > 0)
}

/// The name and the version of a provider.
pub(super) fn stored(connection: &mut AnyConnection, id: ProviderId) -> Result<(String, i64), Fault> {
    let row = providers::table.find(id.0).select((providers::name, providers::version));
    let row: Option<(String, i64)> = row.first(connection).optional()?;
    row.ok_or_else(|| missing(id))
}

/// The provider of a name.
pub(super) fn id_of(connection: &mut AnyConnection, name: &Name) -> Result<ProviderId, Fault> {
    let row = providers::table.filter(providers::name.eq(name.as_str())).select(providers::id);
    let id: Option<i64> = row.first(connection).optional()?;
    id.map(ProviderId).ok_or_else(|| not_found(format!("the provider `{name}`")))
}

/// Refuses another version of a provider than the expected one, if there is one.
pub(super) fn at_version(
    connection: &mut AnyConnection,
    id: ProviderId,
    expected_version: Option<i64>,
) -> Result<(), Fault> {
    let (_, version) = stored(connection, id)?;
    check_version(expected_version, version)
}

/// The name of a provider.
pub(super) fn name_of(connection: &mut AnyConnection, id: ProviderId) -> Result<String, Fault> {
    stored(connection, id).map(|(name, _)| name)
}

/// Raises the version of a provider whose credential changed: its client must be built anew. One that came with the product
/// is its changer's from then on, as after any change: to give way would take the credential along. Answers its name.
pub(super) fn raise_version(
    connection: &mut AnyConnection,
    id: ProviderId,
    author: &Author,
) -> Result<String, Fault> {
    let (name, _) = stored(connection, id)?;
    let owner = new_owner(connection, id, None, author)?;
    diesel::update(providers::table.find(id.0))
        .set((
            owner.map(owned_anew),
            providers::version.eq(providers::version + 1),
            providers::updated_at.eq(author.at.0),
            providers::updated_by.eq(author.by.name.as_ref()),
        ))
        .execute(connection)?;
    Ok(name)
}

pub(super) fn delete(
    connection: &mut AnyConnection,
    id: ProviderId,
    removal: ProviderRemoval,
    author: &Author,
) -> Result<Written<Vec<String>>, Fault> {
    let (name, version) = stored(connection, id)?;
    check_version(removal.expected_version, version)?;
    let users = leading::routes_over(connection, id)?;
    let names: Vec<String> = users.iter().map(|(_, name)| name.clone()).collect();
    routes_of::take_targets(connection, id, author)?;
    let quota = quotas::put_budget(connection, QuotaScope::Provider(id), None, author)?;
    diesel::delete(providers::table.find(id.0)).execute(connection)?;
    let written = Written::made(id.0, names).with("name", name).also(ChangeKind::Quota, quota);
    Ok(losing::told(written, &users))
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
            provider_models::capabilities.eq(capabilities(&declared.capabilities)?),
            provider_models::is_enabled.eq(declared.enabled),
        );
        match stored.remove(&declared.model) {
            Some(id) => {
                diesel::update(provider_models::table.find(id)).set(facts).execute(connection)?;
            }
            None => {
                let new = (
                    provider_models::provider_id.eq(provider),
                    provider_models::model.eq(&declared.model),
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

/// What is said of a model, as it is stored: nothing where nothing is said.
fn capabilities(said: &Capabilities) -> Result<Option<String>, Fault> {
    (*said != Capabilities::UNKNOWN).then(|| json(said)).transpose()
}
