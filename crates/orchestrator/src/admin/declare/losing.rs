//! What routes lose that a document says nothing of, where a provider is going to list fewer models than it does.

use std::collections::{HashMap, HashSet};
use switchyard_domain::declared::DeclaredProvider;
use switchyard_domain::ids::ProviderId;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::{Route, Target};

/// The models that go.
#[derive(Default)]
pub(super) struct Losing(HashMap<ProviderId, Lost>);

struct Lost {
    provider: Name,
    models: HashSet<String>,
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
            self.0.insert(current.id, Lost { provider: current.name.clone(), models });
        }
    }

    /// What is left of a route; nothing where it loses nothing.
    pub(super) fn left_of(&self, route: &Route) -> Option<Left> {
        let lost = |target: &Target| {
            let Lost { provider, models } = self.0.get(&target.provider)?;
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
