//! Providers and routes.

use super::{MemoryStore, State, check_version, missing, new_meta, raise, taken, told};
use async_trait::async_trait;
use std::collections::HashSet;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, ProviderModelId, RouteId, TargetId};
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::provider::{Credential, CredentialOwner, Provider, ProviderModel};
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, NewProvider, NewRoute, NewTarget, ProviderPatch,
    RepositoryError, Revision, SealedSecret, StoredConfiguration,
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
            let known = state.providers.iter().position(|known| known.name == provider.name);
            if let Some(place) = known {
                return take_over(state, place, provider, author);
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
                meta: new_meta(author),
            });
            Ok((id, changed))
        })
    }

    async fn update_provider(
        &self,
        id: ProviderId,
        patch: ProviderPatch,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Update, author, |state| {
            let place = place_of(state, id)?;
            check_version(patch.expected_version, &place.meta)?;
            let known = place.models.clone();
            if patch
                == (ProviderPatch { expected_version: patch.expected_version, ..ProviderPatch::default() })
            {
                return Ok(((), None));
            }
            let fields = patch.fields().join(", ");
            let models = patch.models.map(|list| models(state, &known, &list)).transpose()?;
            if patch.forgets_credentials {
                let (gone, rest) = std::mem::take(&mut state.own_credentials)
                    .into_iter()
                    .partition(|(provider, _)| *provider == id);
                state.own_credentials = rest;
                let gone: Vec<(ProviderId, Credential)> = gone;
                for (_, credential) in gone {
                    state.note(ChangeKind::Credential, credential.id.0);
                }
            }
            let provider = place_of(state, id)?;
            if patch.forgets_credentials {
                provider.credentials.clear();
            }
            provider.models = models.unwrap_or(known);
            provider.base_url = patch.base_url.unwrap_or(provider.base_url.take());
            provider.is_enabled = patch.is_enabled.unwrap_or(provider.is_enabled);
            if let Some(owner) = patch.owner {
                provider.meta.owner = owner;
            } else if provider.meta.owner == Owner::Seed {
                provider.meta.owner = author.by.owner.clone();
            }
            raise(&mut provider.meta, author);
            Ok(((), told(id.0, [("name", provider.name.to_string()), ("fields", fields)])))
        })
    }

    async fn delete_provider(&self, id: ProviderId, author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Delete, author, |state| {
            let name = place_of(state, id)?.name.to_string();
            let uses = |route: &&Route| route.targets.iter().any(|target| target.provider == id);
            let users: Vec<String> =
                state.routes.iter().filter(uses).map(|route| format!("`{}`", route.name)).collect();
            if !users.is_empty() {
                let reason = format!("the provider is in use by these routes: {}", users.join(", "));
                return Err(RepositoryError::Conflict { reason });
            }
            state.providers.retain(|provider| provider.id != id);
            state.own_credentials.retain(|(provider, _)| *provider != id);
            state.quotas.retain(|quota| quota.scope != QuotaScope::Provider(id));
            Ok(((), told(id.0, [("name", name)])))
        })
    }

    async fn put_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let kind = ChangeKind::of_credential(owner);
        self.change(kind, AuditAction::Update, author, |state| {
            state.put_credential(provider, owner, secret, author)
        })
    }

    async fn add_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: SealedSecret,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let kind = ChangeKind::of_credential(owner);
        self.change(kind, AuditAction::Update, author, |state| {
            if state.has_credential(provider, owner) {
                let reason = format!("the provider has a credential of `{}`", owner.to_word());
                return Err(RepositoryError::Conflict { reason });
            }
            state.put_credential(provider, owner, Some(secret), author)
        })
    }

    async fn create_route(&self, route: NewRoute, author: &Author) -> Result<RouteId, RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Create, author, |state| {
            let name = route.name.to_string();
            if let Some(place) = state.routes.iter().position(|known| known.name == route.name) {
                let known = state.routes.remove(place);
                if !gives_way(&known.meta, author) {
                    return Err(taken("route", &name));
                }
                let targets = targets(state, known.targets, &route.targets)?;
                let meta = RowMeta { version: known.meta.version + 1, ..new_meta(author) };
                state.routes.insert(place, stored(known.id, route, targets, meta));
                return Ok((
                    known.id,
                    told(known.id.0, [("name", name), ("in_place_of", "seed".to_owned())]),
                ));
            }
            let id = RouteId(state.new_id_of(&author.by.owner));
            let targets = targets(state, Vec::new(), &route.targets)?;
            state.routes.push(stored(id, route, targets, new_meta(author)));
            Ok((id, told(id.0, [("name", name)])))
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
            let place = state.routes.iter().position(|known| known.id == id);
            let place = place.ok_or_else(|| missing("route", id.0))?;
            let before = state.routes.remove(place);
            check_version(expected_version, &before.meta)?;
            if state.routes.iter().any(|known| known.name == route.name) {
                return Err(taken("route", route.name.as_str()));
            }
            let mut meta = before.meta;
            raise(&mut meta, author);
            meta.owner = author.by.owner.clone();
            let targets = targets(state, before.targets, &route.targets)?;
            let name = route.name.to_string();
            let changed = match before.name.to_string() {
                before if before == name => told(id.0, [("name", name)]),
                before => told(id.0, [("name", name), ("name_before", before)]),
            };
            state.routes.insert(place, stored(id, route, targets, meta));
            Ok(((), changed))
        })
    }

    async fn delete_route(&self, id: RouteId, author: &Author) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Route, AuditAction::Delete, author, |state| {
            let place = state.routes.iter().position(|known| known.id == id);
            let gone = state.routes.remove(place.ok_or_else(|| missing("route", id.0))?);
            Ok(((), told(id.0, [("name", gone.name.to_string())])))
        })
    }
}

/// Whether an object came with the product, and somebody else writes one of its name.
fn gives_way(meta: &RowMeta, author: &Author) -> bool {
    meta.owner == Owner::Seed && author.by.owner != Owner::Seed
}

fn take_over(
    state: &mut State,
    place: usize,
    wanted: NewProvider,
    author: &Author,
) -> Result<(ProviderId, super::Told), RepositoryError> {
    let name = wanted.name.to_string();
    let Some(known) = state.providers.get(place).cloned().filter(|known| gives_way(&known.meta, author))
    else {
        return Err(taken("provider", &name));
    };
    let is_same_place = known.vendor == wanted.vendor && known.base_url == wanted.base_url;
    let (id, version) = if is_same_place {
        (known.id, known.meta.version + 1)
    } else {
        state.own_credentials.retain(|(provider, _)| *provider != known.id);
        (ProviderId(state.new_id_of(&author.by.owner)), 1)
    };
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
        *provider = Provider {
            id,
            name: wanted.name,
            vendor: wanted.vendor,
            base_url: wanted.base_url,
            is_enabled: wanted.is_enabled,
            models,
            credentials: Vec::new(),
            meta: RowMeta { version, ..new_meta(author) },
        };
    }
    state.providers.sort_by_key(|provider| provider.id);
    Ok((id, told(id.0, [("name", name), ("in_place_of", "seed".to_owned())])))
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
                is_enabled: kept.is_none_or(|kept| kept.is_enabled),
            })
        })
        .collect()
}

/// The list of targets as stored; those of the same provider and model keep their ids.
fn targets(
    state: &mut State,
    mut known: Vec<Target>,
    wanted: &[NewTarget],
) -> Result<Vec<Target>, RepositoryError> {
    wanted
        .iter()
        .map(|target| {
            place_of(state, target.provider)?;
            let is_kept = |kept: &Target| kept.provider == target.provider && kept.model == target.model;
            let kept = known.iter().position(is_kept).map(|place| known.remove(place));
            Ok(Target {
                id: kept.as_ref().map_or_else(|| TargetId(state.new_id()), |kept| kept.id),
                provider: target.provider,
                model: target.model.clone(),
                weight: target.weight,
                priority: target.priority,
                limits: target.limits,
                is_enabled: kept.is_none_or(|kept| kept.is_enabled),
            })
        })
        .collect()
}

fn stored(id: RouteId, route: NewRoute, targets: Vec<Target>, meta: RowMeta) -> Route {
    Route {
        id,
        name: route.name,
        mode: route.mode,
        strategy: route.strategy,
        failover_on: route.failover_on,
        strict: route.strict,
        is_active: route.is_active,
        targets,
        meta,
    }
}
