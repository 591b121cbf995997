//! Providers and routes.

use super::{MemoryStore, State, check_version, missing, new_meta, raise, routes, taken, told};
use async_trait::async_trait;
use std::collections::HashSet;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{CredentialId, ProviderId, ProviderModelId, RouteId};
use switchyard_domain::meta::{Owner, RowMeta};
use switchyard_domain::provider::{Credential, CredentialOwner, Provider, ProviderModel};
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    Author, Change, ChangeKind, ConfigurationRepository, ConfigurationSet, NewProvider, NewRoute,
    ProviderPatch, RepositoryError, Revision, RouteVersion, SealedSecret, StoredConfiguration,
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
                credential: None,
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
                provider.credential = None;
            }
            provider.models = models.unwrap_or(known);
            provider.vendor = patch.vendor.unwrap_or_else(|| provider.vendor.clone());
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
        let kind = match owner {
            CredentialOwner::Shared => ChangeKind::Provider,
            _ => ChangeKind::Credential,
        };
        self.change(kind, AuditAction::Update, author, |state| {
            secret.as_ref().map_or(Ok(()), |secret| state.refuse_retired(&secret.sealed))?;
            let new_id = CredentialId(state.new_id());
            let shared = place_of(state, provider)?.credential.take();
            let own =
                |(of, credential): &(ProviderId, Credential)| *of == provider && credential.owner == *owner;
            let before = match owner {
                CredentialOwner::Shared => shared,
                _ => {
                    place_of(state, provider)?.credential = shared;
                    let place = state.own_credentials.iter().position(own);
                    place.map(|place| state.own_credentials.remove(place).1)
                }
            };
            if secret.is_none() && before.is_none() {
                return Ok(((), None));
            }
            let what = if secret.is_some() { "stored" } else { "forgotten" };
            let id = before.as_ref().map_or(new_id, |before| before.id);
            let after = secret.map(|secret| {
                let (id, mut meta) = match before {
                    Some(before) => (before.id, before.meta),
                    None => (new_id, new_meta(author)),
                };
                if id != new_id {
                    raise(&mut meta, author);
                }
                Credential { id, owner: owner.clone(), sealed: secret.sealed, hint: secret.hint, meta }
            });
            match owner {
                CredentialOwner::Shared => place_of(state, provider)?.credential = after,
                _ => state.own_credentials.extend(after.map(|credential| (provider, credential))),
            }
            let place = place_of(state, provider)?;
            if kind == ChangeKind::Provider {
                raise(&mut place.meta, author);
            }
            let details = [
                ("name", place.name.to_string()),
                ("fields", "credential".to_owned()),
                ("credential_of", owner.to_word()),
                ("credential", what.to_owned()),
            ];
            let object = if kind == ChangeKind::Provider { provider.0 } else { id.0 };
            Ok(((), told(object, details)))
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
            credential: None,
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
