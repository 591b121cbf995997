//! Which models a principal may call: exactly those that a call would accept.

use crate::principal::Principal;
use crate::snapshot::{CallerCredentials, ConfigurationKeeper, Snapshot, credentials_of};
use std::sync::Arc;

/// A public model name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicModel {
    /// What clients put in `model`.
    pub id: String,
    /// The provider's name, or `switchyard` for a route.
    pub owned_by: String,
}

/// Lists models.
pub struct ModelList {
    keeper: Arc<ConfigurationKeeper>,
}

impl ModelList {
    /// Over the given configuration.
    #[must_use]
    pub fn new(keeper: Arc<ConfigurationKeeper>) -> Self {
        Self { keeper }
    }

    /// Routes that are switched on and have a usable target, then `<provider>/<model>` of usable providers that are healthy, each by
    /// name, as far as `principal` may call them.
    #[must_use]
    pub fn for_principal(&self, principal: &Principal) -> Vec<PublicModel> {
        let snapshot = self.keeper.snapshot();
        let credentials = credentials_of(&snapshot, principal);
        let mut models = routes(&snapshot, &credentials);
        models.extend(direct(&snapshot, &credentials));
        models.retain(|model| super::chat::resolve(&snapshot, principal, &model.id).is_ok());
        models
    }

    /// One model by the name that a call would use, if `principal` may call it.
    #[must_use]
    pub fn find(&self, principal: &Principal, id: &str) -> Option<PublicModel> {
        let snapshot = self.keeper.snapshot();
        let credentials = credentials_of(&snapshot, principal);
        match super::chat::resolve(&snapshot, principal, id).ok()? {
            super::chat::Resolved::Route { route, .. } => {
                let usable = route.targets.iter().any(|target| target.is_usable(&credentials));
                usable.then(|| PublicModel { id: id.to_owned(), owned_by: "switchyard".to_owned() })
            }
            super::chat::Resolved::Direct(target) => target
                .is_usable(&credentials)
                .then(|| PublicModel { id: id.to_owned(), owned_by: target.provider.name.clone() }),
        }
    }
}

fn routes(snapshot: &Snapshot, credentials: &CallerCredentials) -> Vec<PublicModel> {
    let mut names: Vec<&String> = snapshot
        .routes
        .values()
        .filter(|route| route.is_active && route.targets.iter().any(|target| target.is_usable(credentials)))
        .map(|route| &route.name)
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| PublicModel { id: name.clone(), owned_by: "switchyard".to_owned() })
        .collect()
}

fn direct(snapshot: &Snapshot, credentials: &CallerCredentials) -> Vec<PublicModel> {
    let mut models: Vec<PublicModel> = snapshot
        .by_model
        .values()
        .flatten()
        .filter(|target| !target.provider.is_avoided() && target.is_usable(credentials))
        .map(|target| PublicModel {
            id: target.model.public_name.clone(),
            owned_by: target.provider.name.clone(),
        })
        .collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models
}
