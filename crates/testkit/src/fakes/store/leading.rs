//! What must stay at a provider for the sake of the routes that lead there.

use super::{State, check_version, missing};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::meta::Owner;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{Author, NewRoute, ProviderPatch, ProviderRemoval, RepositoryError};

pub(super) fn refuse_change(
    state: &State,
    id: ProviderId,
    patch: &ProviderPatch,
    author: &Author,
) -> Result<(), RepositoryError> {
    let provider = find(state, id)?;
    check_version(patch.expected_version, &provider.meta)?;
    let is_renamed = patch.name.as_ref().is_some_and(|name| *name != provider.name);
    let loses = |route: &&Route| {
        let wanted = patch.models.as_deref();
        wanted.is_some_and(|wanted| names_lost(route, provider, wanted))
    };
    let is_bound = |route: &&Route| loses(route) || (is_renamed && leads_to(route, id));
    refuse_of_file(state, author, is_bound)?;
    let in_use = names(state.routes.iter().filter(loses));
    if in_use.is_empty() || patch.drops_used_models {
        return Ok(());
    }
    let reason = format!("models that would go are in use by these routes: {in_use}");
    Err(RepositoryError::Conflict { reason })
}

pub(super) fn refuse_removal(
    state: &State,
    id: ProviderId,
    removal: ProviderRemoval,
    author: &Author,
) -> Result<(), RepositoryError> {
    let mut users: Vec<&Route> = state.routes.iter().filter(|route| leads_to(route, id)).collect();
    users.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    if !users.is_empty() && !removal.takes_targets {
        let reason = format!("the provider is in use by these routes: {}", names(users));
        return Err(RepositoryError::Conflict { reason });
    }
    refuse_of_file(state, author, |route| leads_to(route, id))
}

pub(super) fn refuse_in_place(
    state: &State,
    seeded: &Provider,
    wanted: &[DeclaredModel],
    author: &Author,
) -> Result<(), RepositoryError> {
    refuse_of_file(state, author, |route| names_lost(route, seeded, wanted))
}

pub(super) fn refuse_rename(
    state: &State,
    id: RouteId,
    wanted: &NewRoute,
    author: &Author,
) -> Result<(), RepositoryError> {
    let keeps_name = |route: &Route| route.id == id && route.name == wanted.name;
    if state.routes.iter().any(keeps_name) {
        return Ok(());
    }
    refuse_of_file(state, author, |route| route.fallback == Some(id))
}

fn find(state: &State, id: ProviderId) -> Result<&Provider, RepositoryError> {
    let found = state.providers.iter().find(|provider| provider.id == id);
    found.ok_or_else(|| missing("provider", id.0))
}

fn leads_to(route: &Route, id: ProviderId) -> bool {
    route.targets.iter().any(|target| target.provider == id)
}

/// Whether a route names a model that the provider lists and would not.
fn names_lost(route: &Route, provider: &Provider, wanted: &[DeclaredModel]) -> bool {
    let is_lost = |model: &String| {
        provider.models.iter().any(|listed| listed.model == *model)
            && wanted.iter().all(|kept| kept.model != *model)
    };
    let mut there = route.targets.iter().filter(|target| target.provider == provider.id);
    there.any(|target| target.models.named().iter().any(is_lost))
}

fn refuse_of_file(
    state: &State,
    author: &Author,
    is_bound: impl Fn(&&Route) -> bool,
) -> Result<(), RepositoryError> {
    if author.by.owner == Owner::File {
        return Ok(());
    }
    let of_file = state.routes.iter().filter(|route| route.is_declared());
    let bound = names(of_file.filter(is_bound));
    if bound.is_empty() {
        return Ok(());
    }
    let reason = format!("these routes are declared in the configuration file and name it: {bound}");
    Err(RepositoryError::Conflict { reason })
}

fn names<'a>(routes: impl IntoIterator<Item = &'a Route>) -> String {
    let names: Vec<String> = routes.into_iter().map(|route| format!("`{}`", route.name)).collect();
    names.join(", ")
}
