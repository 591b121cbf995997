//! Providers and routes that are written together.

use super::{MemoryStore, configuration, raise, told};
use std::sync::Mutex;
use switchyard_domain::audit::AuditAction;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::{DeclaredRoute, DeclaredTarget};
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_ports::repositories::{
    Author, ChangeKind, ConfigurationRepository, ConfigurationSet, NewRoute, NewTarget, ProviderStep,
    ProviderWrite, RepositoryError, RouteWrite,
};

impl MemoryStore {
    /// Writes a set on a copy, which takes this one's place when all of it was written and nobody else wrote meanwhile.
    pub(super) async fn write_set(
        &self,
        set: &ConfigurationSet,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        loop {
            let before = self.state().clone();
            let revision = before.revision;
            let copy =
                Self { state: Mutex::new(before), faults: Mutex::default(), kept_changes: self.kept_changes };
            let said: Vec<RouteId> = set.routes.iter().filter_map(|route| Some(route.current?.0)).collect();
            for provider in &set.providers {
                copy.write_provider(provider, &said, author).await?;
            }
            for route in copy.state().routes.iter_mut().filter(|route| said.contains(&route.id)) {
                route.fallback = None;
            }
            for route in &set.routes {
                copy.write_route(route, author).await?;
            }
            let after = copy.state().clone();
            let is_done = self.write(|state| {
                let is_current = state.revision == revision;
                if is_current {
                    *state = after;
                }
                Ok(is_current)
            })?;
            if is_done {
                return Ok(());
            }
        }
    }

    async fn write_provider(
        &self,
        write: &ProviderWrite,
        said: &[RouteId],
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let author = as_owner(author, &write.owner);
        let is_empty =
            |step: &ProviderStep| matches!(step, ProviderStep::Update(_, patch) if patch.is_empty());
        let is_changed = !is_empty(&write.step) || !write.credentials.is_empty();
        let id = match &write.step {
            ProviderStep::Create(provider) => {
                self.change(ChangeKind::Provider, AuditAction::Create, &author, |state| {
                    configuration::create(state, provider.clone(), said, &author)
                })?
            }
            ProviderStep::Update(id, patch) => {
                self.change(ChangeKind::Provider, AuditAction::Update, &author, |state| {
                    configuration::change(state, *id, patch.clone(), said, &author)
                })?;
                *id
            }
        };
        if let Some(known) = &write.health {
            let mut state = self.state();
            let provider = state.providers.iter_mut().find(|provider| provider.id == id);
            let unknown = provider.filter(|provider| provider.health == ProviderHealth::default());
            unknown.into_iter().for_each(|provider| provider.health = known.clone());
        }
        for credential in &write.credentials {
            let sealed = credential.secret.as_ref().map(|seal| seal(id)).transpose()?;
            self.put_credential(id, &credential.owner, sealed, None, &author).await?;
        }
        self.declare(id, write.declaration, is_changed, &author)
    }

    /// Notes what the file says of a provider: a change, where nothing else of it is one.
    fn declare(
        &self,
        id: ProviderId,
        declaration: Declaration,
        is_changed: bool,
        author: &Author,
    ) -> Result<(), RepositoryError> {
        self.change(ChangeKind::Provider, AuditAction::Update, author, |state| {
            let provider = configuration::place_of(state, id)?;
            let is_other = provider.declaration != declaration;
            provider.declaration = declaration;
            if !is_other || is_changed {
                return Ok(((), None));
            }
            raise(&mut provider.meta, author);
            let name = provider.name.to_string();
            Ok(((), told(id.0, [("name", name), ("fields", "declaration".to_owned())])))
        })
    }

    async fn write_route(&self, write: &RouteWrite, author: &Author) -> Result<(), RepositoryError> {
        let author = as_owner(author, &write.owner);
        let route = self.by_ids(&write.route)?;
        let id = match write.current {
            None => self.create_route(route, &author).await?,
            Some((id, version)) => {
                self.replace_route(id, route, Some(version), &author).await?;
                id
            }
        };
        let mut state = self.state();
        let written = state.routes.iter_mut().find(|route| route.id == id);
        written.into_iter().for_each(|route| route.is_withdrawn = write.is_withdrawn);
        Ok(())
    }

    fn by_ids(&self, route: &DeclaredRoute) -> Result<NewRoute, RepositoryError> {
        let state = self.state();
        let target = |target: &DeclaredTarget| {
            let found = state.providers.iter().find(|provider| provider.name == target.provider);
            let found = found.ok_or_else(|| not_there("provider", &target.provider))?;
            Ok(NewTarget::of(target, found.id))
        };
        let targets = route.targets.iter().map(target).collect::<Result<_, RepositoryError>>()?;
        let fallback = |name: &Name| {
            let found = state.routes.iter().find(|known| known.name == *name);
            found.map(|found| found.id).ok_or_else(|| not_there("route", name))
        };
        let fallback = route.fallback.as_ref().map(fallback).transpose()?;
        Ok(NewRoute::of(route, fallback, targets))
    }
}

fn as_owner(author: &Author, owner: &Owner) -> Author {
    Author { by: Writer { owner: owner.clone(), ..author.by.clone() }, at: author.at }
}

fn not_there(what: &str, name: &Name) -> RepositoryError {
    RepositoryError::NotFound { what: format!("the {what} `{name}`") }
}
