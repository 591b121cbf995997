//! What becomes of targets when their provider no longer lists the models that they name.

use super::{State, routes};
use std::collections::{BTreeMap, HashMap};
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::provider::ProviderModel;
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::{Author, RepositoryError};

/// Models that go, each with what is named in its place.
pub(super) struct Leaving(HashMap<String, Option<String>>);

impl Leaving {
    pub(super) fn of(
        known: &[ProviderModel],
        wanted: Option<&[DeclaredModel]>,
        successors: &BTreeMap<String, String>,
    ) -> Self {
        let Some(wanted) = wanted else { return Self(HashMap::new()) };
        let is_listed = |name: &&String| wanted.iter().any(|listed| listed.model == **name);
        let gone = known.iter().map(|model| &model.model).filter(|name| !is_listed(name));
        let successor = |name: &String| successors.get(name).filter(is_listed).cloned();
        Self(gone.map(|name| (name.clone(), successor(name))).collect())
    }

    pub(super) fn take(
        &self,
        state: &mut State,
        provider: ProviderId,
        spared: &[RouteId],
        author: &Author,
    ) -> Result<(), RepositoryError> {
        let now = |name: &str| self.0.get(name).map_or_else(|| Some(name.to_owned()), Option::clone);
        let left = |target: &Target| {
            if target.provider != provider {
                return Some(target.clone());
            }
            Some(Target { models: target.models.renamed(now)?, ..target.clone() })
        };
        let losing = |route: &Route| {
            let targets: Vec<Target> = route.targets.iter().filter_map(left).collect();
            (targets != route.targets).then(|| Route { targets, ..route.clone() })
        };
        let others = state.routes.iter().filter(|route| !spared.contains(&route.id));
        let changed: Vec<Route> = others.filter_map(losing).collect();
        changed.into_iter().try_for_each(|route| routes::keep_targets(state, route, author))
    }
}
