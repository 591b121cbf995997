//! What routes lose that a document says nothing of, where a provider is going to list fewer models than it does.

use super::planning::owner_of;
use std::collections::{HashMap, HashSet};
use switchyard_domain::declared::DeclaredProvider;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Route, Target};
use switchyard_ports::repositories::RepositoryError;

/// The models that go.
#[derive(Default)]
pub(super) struct Losing(HashMap<ProviderId, Lost>);

struct Lost {
    provider: Name,
    models: HashSet<String>,
    /// Whether the provider is the file's then: what the file declares is for it to change.
    is_of_file: bool,
}

/// What is left of a route.
pub(super) struct Left {
    pub(super) route: Route,
    /// Which models went, and why.
    pub(super) reason: String,
}

impl Losing {
    /// Notes that a stored provider becomes the wanted one.
    pub(super) fn note(&mut self, current: &Provider, wanted: &DeclaredProvider) {
        let kept: HashSet<&str> = wanted.models.iter().map(|model| model.model.as_str()).collect();
        let models = current.models.iter().map(|model| &model.model);
        let models: HashSet<String> =
            models.filter(|model| !kept.contains(model.as_str())).cloned().collect();
        if !models.is_empty() {
            let is_of_file = owner_of(&wanted.owner) == Owner::File;
            self.0.insert(current.id, Lost { provider: current.name.clone(), models, is_of_file });
        }
    }

    /// Refuses what would take models out of these routes, which the file declares, by a change of a provider that is not the file's:
    /// the next start with the file would find them gone.
    ///
    /// # Errors
    /// [`RepositoryError::Conflict`], naming them.
    pub(super) fn refuse_of_file<'r>(
        &self,
        declared: impl Iterator<Item = &'r Route>,
    ) -> Result<(), RepositoryError> {
        let named: Vec<String> = declared
            .filter(|route| route.targets.iter().any(|target| self.is_bound(target)))
            .map(|route| format!("`{}`", route.name))
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        let named = named.join(", ");
        let reason = format!(
            "these routes are declared in the configuration file and name models that would go from their providers: {named}; change \
             them there first"
        );
        Err(RepositoryError::Conflict { reason })
    }

    fn is_bound(&self, target: &Target) -> bool {
        let lost = self.0.get(&target.provider).filter(|lost| !lost.is_of_file);
        lost.is_some_and(|lost| target.models.named().iter().any(|model| lost.models.contains(model)))
    }

    /// What is left of a route; nothing where it loses nothing.
    pub(super) fn left_of(&self, route: &Route) -> Option<Left> {
        let lost = |target: &Target| {
            let Lost { provider, models, .. } = self.0.get(&target.provider)?;
            let named = target.models.named().iter().filter(|model| models.contains(*model));
            let named: Vec<&str> = named.map(String::as_str).collect();
            let told = || format!("the provider `{provider}` no longer lists `{}`", named.join("`, `"));
            (!named.is_empty()).then(told)
        };
        let mut told: Vec<String> = route.targets.iter().filter_map(lost).collect();
        if told.is_empty() {
            return None;
        }
        told.dedup();
        let targets = route.targets.iter().filter_map(|target| {
            let is_lost =
                |model: &str| self.0.get(&target.provider).is_some_and(|lost| lost.models.contains(model));
            let models = target.models.renamed(|model| (!is_lost(model)).then(|| model.to_owned()))?;
            Some(Target { models, ..target.clone() })
        });
        let route = Route { targets: targets.collect(), ..route.clone() };
        Some(Left { route, reason: told.join("; ") })
    }
}
