//! Routes and their versions.

use super::configuration::{gives_way, place_of};
use super::{State, Told, check_version, missing, new_meta, raise, taken, told};
use switchyard_domain::declared::DeclaredRoute;
use switchyard_domain::ids::{ProviderId, RouteId, TargetId};
use switchyard_domain::meta::RowMeta;
use switchyard_domain::route::{LONGEST_CHAIN, Route, Target};
use switchyard_ports::repositories::{
    Author, ChangeKind, NewRoute, NewTarget, RepositoryError, RouteVersion,
};

const VERSIONS_KEPT: i64 = 100;

pub(super) fn create(
    state: &mut State,
    route: NewRoute,
    author: &Author,
) -> Result<(RouteId, Told), RepositoryError> {
    let name = route.name.to_string();
    if let Some(known) = state.routes.iter().find(|known| known.name == route.name).cloned() {
        if !gives_way(&known.meta, author) {
            return Err(taken("route", &name));
        }
        let meta = RowMeta { version: known.meta.version + 1, ..new_meta(author) };
        put(state, known.id, known.targets, route, meta)?;
        return Ok((known.id, told(known.id.0, [("name", name), ("in_place_of", "seed".to_owned())])));
    }
    let id = RouteId(state.new_id_of(&author.by.owner));
    put(state, id, Vec::new(), route, new_meta(author))?;
    Ok((id, told(id.0, [("name", name)])))
}

pub(super) fn replace(
    state: &mut State,
    id: RouteId,
    route: NewRoute,
    expected_version: Option<i64>,
    author: &Author,
) -> Result<Told, RepositoryError> {
    let before = find(state, id)?;
    check_version(expected_version, &before.meta)?;
    if state.routes.iter().any(|known| known.id != id && known.name == route.name) {
        return Err(taken("route", route.name.as_str()));
    }
    let mut meta = before.meta;
    raise(&mut meta, author);
    meta.owner = author.by.owner.clone();
    let name = route.name.to_string();
    let changed = match before.name.to_string() {
        before if before == name => told(id.0, [("name", name)]),
        before => told(id.0, [("name", name), ("name_before", before)]),
    };
    put(state, id, before.targets, route, meta)?;
    Ok(changed)
}

pub(super) fn delete(
    state: &mut State,
    id: RouteId,
    expected_version: Option<i64>,
) -> Result<Told, RepositoryError> {
    let gone = find(state, id)?;
    check_version(expected_version, &gone.meta)?;
    let mut leaning: Vec<String> = state
        .routes
        .iter()
        .filter(|route| route.fallback == Some(id))
        .map(|route| format!("`{}`", route.name))
        .collect();
    leaning.sort_unstable();
    if !leaning.is_empty() {
        let reason = format!("these routes fall back to it: {}", leaning.join(", "));
        return Err(RepositoryError::Conflict { reason });
    }
    state.routes.retain(|route| route.id != id);
    state.route_versions.retain(|(of, _)| *of != id);
    Ok(told(id.0, [("name", gone.name.to_string())]))
}

/// Removes the targets that lead to a provider: a change of each route that has some, which stays whose it is.
pub(super) fn take_targets(
    state: &mut State,
    provider: ProviderId,
    author: &Author,
) -> Result<(), RepositoryError> {
    let leads_there = |route: &Route| route.targets.iter().any(|target| target.provider == provider);
    let changed: Vec<Route> = state.routes.iter().filter(|route| leads_there(route)).cloned().collect();
    for mut route in changed {
        route.targets.retain(|target| target.provider != provider);
        keep_targets(state, route, author)?;
    }
    Ok(())
}

/// Leaves a route, which is as it was else, only these targets: a version of it, which stays whose it is.
pub(super) fn keep_targets(state: &mut State, route: Route, author: &Author) -> Result<(), RepositoryError> {
    let mut meta = route.meta.clone();
    raise(&mut meta, author);
    let left = NewRoute::from(&route);
    put(state, route.id, route.targets, left, meta)?;
    let written = state.routes.iter_mut().find(|known| known.id == route.id);
    written.into_iter().for_each(|known| known.is_withdrawn = route.is_withdrawn);
    state.note(ChangeKind::Route, route.id.0);
    Ok(())
}

pub(super) fn versions(state: &State, id: RouteId, before: Option<i64>, most: u32) -> Vec<RouteVersion> {
    let of_route = state.route_versions.iter().rev().filter(|(of, _)| *of == id).map(|(_, version)| version);
    let before = before.unwrap_or(i64::MAX);
    of_route.filter(|version| version.version < before).take(most as usize).cloned().collect()
}

fn find(state: &State, id: RouteId) -> Result<Route, RepositoryError> {
    state.routes.iter().find(|known| known.id == id).cloned().ok_or_else(|| missing("route", id.0))
}

/// Writes a route in its place, and keeps the version.
fn put(
    state: &mut State,
    id: RouteId,
    known: Vec<Target>,
    route: NewRoute,
    meta: RowMeta,
) -> Result<(), RepositoryError> {
    check_fallback(state, id, &route)?;
    let targets = targets(state, known, &route.targets)?;
    let version = RouteVersion {
        version: meta.version,
        route: declared(state, &route),
        led_to: Some(route.leads_to(|id| state.providers.iter().any(|provider| provider.id == id))),
        written_at: meta.updated_at,
        written_by: meta.updated_by.clone(),
    };
    state.route_versions.retain(|(of, kept)| *of != id || kept.version > meta.version - VERSIONS_KEPT);
    state.route_versions.push((id, version));
    let written = stored(id, route, targets, meta);
    match state.routes.iter_mut().find(|known| known.id == id) {
        Some(place) => *place = written,
        None => state.routes.push(written),
    }
    Ok(())
}

fn check_fallback(state: &State, id: RouteId, route: &NewRoute) -> Result<(), RepositoryError> {
    let mut next = route.fallback;
    for _ in 0..=LONGEST_CHAIN {
        let Some(current) = next else { return Ok(()) };
        if current == id {
            let reason = format!("the fallback of the route `{}` leads back to it", route.name);
            return Err(RepositoryError::Conflict { reason });
        }
        next = find(state, current)?.fallback;
    }
    let reason = format!("the route `{}` falls back over more than {LONGEST_CHAIN} routes", route.name);
    Err(RepositoryError::Conflict { reason })
}

fn declared(state: &State, route: &NewRoute) -> DeclaredRoute {
    let fallback = state.routes.iter().find(|known| route.fallback == Some(known.id));
    let provider = |id| state.providers.iter().find(|provider| provider.id == id);
    route.declared(
        |id| provider(id).map(|provider| provider.name.clone()),
        fallback.map(|fallback| fallback.name.clone()),
    )
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
            let is_kept = |kept: &Target| kept.provider == target.provider && kept.models == target.models;
            let kept = known.iter().position(is_kept).map(|place| known.remove(place));
            Ok(Target {
                id: kept.as_ref().map_or_else(|| TargetId(state.new_id()), |kept| kept.id),
                provider: target.provider,
                models: target.models.clone(),
                weight: target.weight,
                priority: target.priority,
                strategy: target.strategy,
                limits: target.limits,
                when: target.when.clone(),
                timeouts: target.timeouts,
                metadata: target.metadata.clone(),
                is_enabled: target.is_enabled,
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
        timeouts: route.timeouts,
        on_disconnect: route.on_disconnect,
        fallback: route.fallback,
        config: route.config,
        is_active: route.is_active,
        targets,
        is_withdrawn: false,
        meta,
    }
}
