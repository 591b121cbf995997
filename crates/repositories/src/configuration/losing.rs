//! What becomes of targets when their provider no longer lists the models that they name.

use super::leading::lost_models;
use super::load::load_routes;
use super::revision::Written;
use super::{routes, targets};
use crate::connection::AnyConnection;
use crate::error::Fault;
use std::collections::{BTreeMap, HashMap};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::{Author, ChangeKind};

/// Models that a provider lists and is not going to, each with what targets name in its place, if anything.
#[derive(Default)]
pub(super) struct Leaving(HashMap<String, Option<String>>);

impl Leaving {
    /// Those of a provider that is going to list the wanted ones.
    pub(super) fn of(
        connection: &mut AnyConnection,
        provider: ProviderId,
        wanted: &[DeclaredModel],
        successors: &BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let successor = |model: &String| {
            let named = successors.get(model)?;
            wanted.iter().any(|listed| listed.model == *named).then(|| named.clone())
        };
        let lost = lost_models(connection, provider, Some(wanted))?;
        let with_successor = |model: String| {
            let successor = successor(&model);
            (model, successor)
        };
        Ok(Self(lost.into_iter().map(with_successor).collect()))
    }

    /// Takes them out of all targets at a provider but those of the spared routes. Answers the routes that this changed, by name.
    pub(super) fn take(
        &self,
        connection: &mut AnyConnection,
        provider: ProviderId,
        spared: &[RouteId],
        author: &Author,
    ) -> Result<Vec<(i64, String)>, Fault> {
        let mut changed = Vec::new();
        if self.0.is_empty() {
            return Ok(changed);
        }
        let mut there = load_routes(connection)?;
        there.retain(|route| !spared.contains(&route.id) && self.are_named(route, provider));
        for mut route in there {
            let mut left = Vec::with_capacity(route.targets.len());
            for target in route.targets {
                left.extend(self.leave(connection, target, provider)?);
            }
            route.targets = left;
            routes::note_targets(connection, &route, author)?;
            changed.push((route.id.0, route.name.to_string()));
        }
        changed.sort_unstable_by(|one, other| one.1.cmp(&other.1));
        Ok(changed)
    }

    /// What is left of a target.
    fn leave(
        &self,
        connection: &mut AnyConnection,
        target: Target,
        provider: ProviderId,
    ) -> Result<Option<Target>, Fault> {
        if target.provider != provider {
            return Ok(Some(target));
        }
        let Some(models) = target.models.renamed(|model| self.now(model)) else {
            targets::delete(connection, target.id)?;
            return Ok(None);
        };
        if models != target.models {
            targets::name(connection, target.id, &models)?;
        }
        Ok(Some(Target { models, ..target }))
    }

    fn now(&self, model: &str) -> Option<String> {
        self.0.get(model).map_or_else(|| Some(model.to_owned()), Option::clone)
    }

    fn are_named(&self, route: &Route, provider: ProviderId) -> bool {
        let mut there = route.targets.iter().filter(|target| target.provider == provider);
        there.any(|target| target.models.named().iter().any(|model| self.0.contains_key(model)))
    }
}

/// What was written, with the routes that it changed besides.
pub(super) fn told<T>(written: Written<T>, changed: &[(i64, String)]) -> Written<T> {
    if changed.is_empty() {
        return written;
    }
    let names: Vec<&str> = changed.iter().map(|(_, name)| name.as_str()).collect();
    let written = written.with("routes_changed", names.join(", "));
    changed.iter().fold(written, |written, (route, _)| written.also(ChangeKind::Route, Some(*route)))
}
