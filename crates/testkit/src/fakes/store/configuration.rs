//! Providers and routes.

use super::losing::Leaving;
use super::{MemoryStore, State, check_version, leading, missing, new_meta, raise, routes, taken, told};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashSet};
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, ProviderModelId, RouteId};
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::provider::{Credential, CredentialOwner, Provider, ProviderModel};
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, ConfigurationSet, NewProvider, NewRoute,
    ProviderPatch, ProviderRemoval, RepositoryError, Revision, RouteVersion, SealedSecret,
    StoredConfiguration,
};

#[async_trait]
impl ConfigurationRepository for MemoryStore {
    async fn load(&self) -> Result<StoredConfiguration, RepositoryError> {
        let interlude = self.faults().before_load.take();
        if let Some(interlude) = interlude {
            interlude(self);
        }
        self.read(|state| StoredConfiguration {
            revision: Revision(state.revision),
            providers: state.providers.clone(),
            routes: state.routes.clone(),
            quotas: state.quotas.clone(),
        })
    }

    async fn revision(&self) -> Result<Revision, RepositoryError> {
        self.read(|state| Revision(state.revision))
    }

    async fn changes_since(&self, known: Revision) -> Result<Option<Vec<Change>>, RepositoryError> {
        self.read(|state| {
            let later: Vec<Change> =
                state.changes.iter().filter(|change| change.revision > known).copied().collect();
            let missed = state.revision - known.0;
            (i64::try_from(later.len()) == Ok(missed)).then_some(later)
        })
    }

    async fn seeds(&self) -> Result<i64, RepositoryError> {
        self.read(|state| state.seeds)
    }

    async fn note_seeds(&self, edition: i64) -> Result<(), RepositoryError> {
        self.write(|state| {
            state.seeds = edition;
            Ok(())
        })
    }

    async fn create_provider(
        &self,
        provider: NewProvider,
        author: &Author,
    ) -> Result<ProviderId, RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Create, author, |state| {
            create(state, provider, &[], author)
        })
    }

    async fn update_provider(
        &self,
        id: ProviderId,
        patch: ProviderPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Update, author, |state| {
            leading::refuse_change(state, id, &patch, author)?;
            change(state, id, patch, &[], author)
        })
    }

    async fn delete_provider(
        &self,
        id: ProviderId,
        removal: ProviderRemoval,
        author: &Author,
    ) -> Result<Vec<String>, RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Delete, author, |state| {
            let place = place_of(state, id)?;
            check_version(removal.expected_version, &place.meta)?;
            let name = place.name.to_string();
            let uses = |route: &Route| route.targets.iter().any(|target| target.provider == id);
            let mut users: Vec<String> =
                state.routes.iter().filter(|route| uses(route)).map(|route| route.name.to_string()).collect();
            users.sort_unstable();
            leading::refuse_removal(state, id, removal, author)?;
            routes::take_targets(state, id, author)?;
            state.providers.retain(|provider| provider.id != id);
            state.own_credentials.retain(|(provider, _)| *provider != id);
            state.quotas.retain(|quota| quota.scope != QuotaScope::Provider(id));
            let mut details = BTreeMap::from([("name".to_owned(), name)]);
            if !users.is_empty() {
                details.insert("routes_changed".to_owned(), users.join(", "));
            }
            Ok((users, Some((id.0, details))))
        })
    }

    async fn put_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let kind = ChangeKind::of_credential(owner);
        self.change(kind, AuditAction::Update, author, |state| {
            check_version(expected_version, &place_of(state, provider)?.meta)?;
            state.put_credential(provider, owner, secret, author)
        })
    }

    async fn add_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: SealedSecret,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let kind = ChangeKind::of_credential(owner);
        self.change(kind, AuditAction::Update, author, |state| {
            check_version(expected_version, &place_of(state, provider)?.meta)?;
            if state.has_credential(provider, owner) {
                let reason = format!("the provider has a credential of `{}`", owner.to_word());
                return Err(RepositoryError::Conflict { reason });
            }
            state.put_credential(provider, owner, Some(secret), author)
        })
    }

    async fn create_route(&self, route: NewRoute, author: &Author) -> Result<RouteId, RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Create, author, |state| {
            routes::create(state, route, author)
        })
    }

    async fn replace_route(
        &self,
        id: RouteId,
        route: NewRoute,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Update, author, |state| {
            leading::refuse_rename(state, id, &route, author)?;
            Ok(((), routes::replace(state, id, route, expected_version, author)?))
        })
    }

    async fn delete_route(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Delete, author, |state| {
            Ok(((), routes::delete(state, id, expected_version)?))
        })
    }

    async fn write_all(&self, set: ConfigurationSet, author: &Author) -> Result<(), RepositoryError> {
        self.write_set(&set, author).await
    }

    async fn route_versions(
        &self,
        id: RouteId,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<RouteVersion>, RepositoryError> {
        self.read(|state| routes::versions(state, id, before, most))
    }
}

/// Whether an object came with the product, and somebody else writes one of its name.
pub(super) fn gives_way(meta: &RowMeta, author: &Author) -> bool {
    meta.owner == Owner::Seed && author.by.owner != Owner::Seed
}

/// Writes a new provider. Of the spared routes none loses what goes with the one that gives way.
pub(super) fn create(
    state: &mut State,
    provider: NewProvider,
    spared: &[RouteId],
    author: &Author,
) -> Result<(ProviderId, super::Told), RepositoryError> {
    let known = state.providers.iter().position(|known| known.name == provider.name);
    if let Some(place) = known {
        return take_over(state, place, provider, spared, author);
    }
    let id = ProviderId(state.new_id_of(&author.by.owner));
    let models = models(state, &[], &provider.models)?;
    let changed = told(id.0, [("name", provider.name.to_string())]);
    state.providers.push(Provider {
        id,
        name: provider.name,
        vendor: provider.vendor,
        base_url: provider.base_url,
        is_enabled: provider.is_enabled,
        models,
        credentials: Vec::new(),
        health: ProviderHealth::default(),
        declaration: Declaration::default(),
        meta: new_meta(author),
    });
    state.write_first_credential(id, provider.credential, author)?;
    Ok((id, changed))
}

/// Changes a provider, whatever routes lead there. Of the spared ones none loses the models that go.
pub(super) fn change(
    state: &mut State,
    id: ProviderId,
    patch: ProviderPatch,
    spared: &[RouteId],
    author: &Author,
) -> Result<((), super::Told), RepositoryError> {
    let place = place_of(state, id)?;
    check_version(patch.expected_version, &place.meta)?;
    let known = place.models.clone();
    let leaving = Leaving::of(&known, patch.models.as_deref(), &patch.model_successors);
    if patch.is_empty() {
        return Ok(((), None));
    }
    let is_taken = |known: &Provider| known.id != id && Some(&known.name) == patch.name.as_ref();
    if let Some(taken_by) = state.providers.iter().find(|known| is_taken(known)) {
        return Err(taken("provider", taken_by.name.as_str()));
    }
    let fields = patch.fields().join(", ");
    let models = patch.models.map(|list| models(state, &known, &list)).transpose()?;
    if patch.forgets_credentials {
        let (gone, rest) =
            std::mem::take(&mut state.own_credentials).into_iter().partition(|(provider, _)| *provider == id);
        state.own_credentials = rest;
        let gone: Vec<(ProviderId, Credential)> = gone;
        for (_, credential) in gone {
            state.note(ChangeKind::Credential, credential.id.0);
        }
    }
    if patch.forgets_credentials && !patch.keeps_shared {
        place_of(state, id)?.credentials.clear();
    }
    if let Some(secret) = patch.credential {
        state.write_credential(id, &CredentialOwner::SHARED, secret, author)?;
    }
    let provider = place_of(state, id)?;
    if patch.base_url.is_some() || patch.vendor.is_some() {
        provider.health = ProviderHealth::default();
    }
    let name_before = provider.name.to_string();
    provider.vendor = patch.vendor.unwrap_or_else(|| provider.vendor.clone());
    provider.name = patch.name.unwrap_or_else(|| provider.name.clone());
    provider.models = models.unwrap_or(known);
    provider.base_url = patch.base_url.unwrap_or(provider.base_url.take());
    provider.is_enabled = patch.is_enabled.unwrap_or(provider.is_enabled);
    match patch.owner {
        Some(owner) => own_anew(provider, owner),
        None => leave_to(provider, author),
    }
    raise(&mut provider.meta, author);
    let name = provider.name.to_string();
    leaving.take(state, id, spared, author)?;
    let changed = told(id.0, [("name", name.clone()), ("fields", fields)]);
    let renamed = |(object, mut details): (i64, BTreeMap<String, String>)| {
        details.extend((name_before != name).then_some(("name_before".to_owned(), name_before)));
        (object, details)
    };
    Ok(((), changed.map(renamed)))
}

fn take_over(
    state: &mut State,
    place: usize,
    wanted: NewProvider,
    spared: &[RouteId],
    author: &Author,
) -> Result<(ProviderId, super::Told), RepositoryError> {
    let name = wanted.name.to_string();
    let Some(known) = state.providers.get(place).cloned().filter(|known| gives_way(&known.meta, author))
    else {
        return Err(taken("provider", &name));
    };
    leading::refuse_in_place(state, &known, &wanted.models, author)?;
    let is_same_place = wanted.is_same_place(&known.vendor, known.base_url.as_deref());
    let (id, version) = if is_same_place {
        (known.id, known.meta.version + 1)
    } else {
        state.own_credentials.retain(|(provider, _)| *provider != known.id);
        (ProviderId(state.new_id_of(&author.by.owner)), 1)
    };
    let leaving = Leaving::of(&known.models, Some(&wanted.models), &BTreeMap::new());
    let models = models(state, if is_same_place { &known.models } else { &[] }, &wanted.models)?;
    for quota in state.quotas.iter_mut().filter(|quota| quota.scope == QuotaScope::Provider(known.id)) {
        quota.scope = QuotaScope::Provider(id);
    }
    for target in state.routes.iter_mut().flat_map(|route| &mut route.targets) {
        if target.provider == known.id {
            target.provider = id;
        }
    }
    if let Some(provider) = state.providers.get_mut(place) {
        let is_same_address = is_same_place && known.base_url == wanted.base_url;
        let health = if is_same_address { provider.health.clone() } else { ProviderHealth::default() };
        *provider = Provider {
            id,
            name: wanted.name,
            vendor: wanted.vendor,
            base_url: wanted.base_url,
            is_enabled: wanted.is_enabled,
            models,
            credentials: Vec::new(),
            health,
            declaration: Declaration::default(),
            meta: RowMeta { version, ..new_meta(author) },
        };
    }
    state.providers.sort_by_key(|provider| provider.id);
    state.write_first_credential(id, wanted.credential, author)?;
    leaving.take(state, id, spared, author)?;
    Ok((id, told(id.0, [("name", name), ("in_place_of", "seed".to_owned())])))
}

/// What came with the product, or was the file's and is declared no more, is its changer's from then on.
pub(super) fn leave_to(provider: &mut Provider, author: &Author) {
    let is_left = provider.declaration.is_withdrawn && author.by.owner != Owner::File;
    if provider.meta.owner == Owner::Seed || is_left {
        own_anew(provider, author.by.owner.clone());
    }
}

/// What the file said of it is no more.
fn own_anew(provider: &mut Provider, owner: Owner) {
    provider.meta.owner = owner;
    provider.declaration = Declaration::default();
}

pub(super) fn place_of(state: &mut State, id: ProviderId) -> Result<&mut Provider, RepositoryError> {
    let found = state.providers.iter_mut().find(|provider| provider.id == id);
    found.ok_or_else(|| missing("provider", id.0))
}

/// The list of models as stored; those that were known keep their ids.
fn models(
    state: &mut State,
    known: &[ProviderModel],
    wanted: &[DeclaredModel],
) -> Result<Vec<ProviderModel>, RepositoryError> {
    let mut seen = HashSet::new();
    wanted
        .iter()
        .map(|model| {
            if !seen.insert(&model.model) {
                let reason = format!("the model `{}` is listed twice", model.model);
                return Err(RepositoryError::Conflict { reason });
            }
            let kept = known.iter().find(|kept| kept.model == model.model);
            Ok(ProviderModel {
                id: kept.map_or_else(|| ProviderModelId(state.new_id()), |kept| kept.id),
                model: model.model.clone(),
                rates: model.rates,
                limits: model.limits,
                context_window: model.context_window,
                max_output_tokens: model.max_output_tokens,
                capabilities: model.capabilities,
                is_enabled: model.enabled,
            })
        })
        .collect()
}
