//! Finds what has to be written so that what is stored becomes what is declared.

use super::super::index::Index;
use super::super::providers::ProviderAdmin;
use super::keys::{KeyChanges, given_keys};
use super::losing::Losing;
use super::plan::{ObjectKind, Plan, PlannedObject, Step};
use crate::error::AdminError;
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use switchyard_domain::declaration::Declaration;
use switchyard_domain::declared::{DeclaredProvider, DeclaredRoute};
use switchyard_domain::difference::{FieldChange, differences};
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Provider, SharedPlace};
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    ConfigurationSet, NewProvider, NewRoute, ProviderPatch, ProviderStep, ProviderWrite, RouteWrite,
};

/// What a document may do.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Whether it changes what others own, and what is another vendor's by now.
    pub(crate) takes_over: bool,
    /// Whether what the file owned and the document does not declare is switched off.
    pub(crate) disables_absent: bool,
    /// What a backup has besides.
    kept: Option<Arc<Kept>>,
}

/// What a backup has, and no document can say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Of its providers.
    pub(crate) providers: HashMap<Name, KeptProvider>,
    /// Whether the file had withdrawn a route. A backup of before that was told does not say.
    pub(crate) withdrawn_routes: HashMap<Name, bool>,
}

/// What a backup has of a provider, and no document can say.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptProvider {
    /// Its shared credentials, by their places.
    pub(crate) keys: Vec<(SharedPlace, SecretString)>,
    /// What was known of its health.
    pub(crate) health: ProviderHealth,
    /// What the file said of it. A backup of before that was told does not say.
    pub(crate) declaration: Option<Declaration>,
}

impl Rules {
    /// A declaration: all that the file owns, and nothing else.
    pub(crate) const DECLARED: Self = Self { takes_over: false, disables_absent: true, kept: None };

    /// A backup: whatever is in it is as it was, and whatever is not stays as it is.
    pub(crate) fn restored(kept: Arc<Kept>) -> Self {
        Self { takes_over: true, disables_absent: false, kept: Some(kept) }
    }
}

/// A plan on its way, with what has to be written for it.
pub(super) struct Planning<'a> {
    pub(super) index: Index<'a>,
    providers: &'a ProviderAdmin,
    rules: &'a Rules,
    pub(super) losing: Losing,
    pub(super) plan: Plan,
    pub(super) set: ConfigurationSet,
}

impl<'a> Planning<'a> {
    pub(super) fn new(index: Index<'a>, providers: &'a ProviderAdmin, rules: &'a Rules) -> Self {
        let (plan, set, losing) = (Plan::default(), ConfigurationSet::default(), Losing::default());
        Self { index, providers, rules, losing, plan, set }
    }

    /// Plans a provider that was checked.
    pub(super) fn provider(&mut self, wanted: &DeclaredProvider) -> Result<(), AdminError> {
        let current = self.index.provider(&wanted.name);
        let declaration = self.declaration(wanted, current);
        let wanted = DeclaredProvider { owner: Some(owner_of(&wanted.owner)), ..wanted.clone() };
        let known = current.filter(|current| !gives_way(current, &wanted));
        let is_left_alone = known.is_some_and(|known| left_alone(known, &wanted, self.rules).is_some());
        if let Some(current) = current.filter(|_| !is_left_alone) {
            self.losing.note(current, &wanted);
        }
        match known {
            None => self.new_provider(&wanted, declaration),
            Some(current) => match left_alone(current, &wanted, self.rules) {
                Some(reason) => {
                    self.conflict(ObjectKind::Provider, &wanted.name, &current.meta.owner, reason);
                    Ok(())
                }
                None => self.known_provider(current, &wanted, declaration),
            },
        }
    }

    /// What the file says of a provider then.
    fn declaration(&self, wanted: &DeclaredProvider, current: Option<&Provider>) -> Declaration {
        if owner_of(&wanted.owner) != Owner::File {
            return Declaration::default();
        }
        let known =
            current.filter(|current| current.meta.owner == Owner::File).map(|current| current.declaration);
        if let Some(kept) = self.kept(wanted) {
            let unsaid = || Declaration { is_withdrawn: !wanted.enabled, ..Declaration::default() };
            return kept.declaration.or(known).unwrap_or_else(unsaid);
        }
        let known = known.unwrap_or_default();
        let given_keys = given_keys(wanted, known.given_keys);
        let is_withdrawn = known.is_withdrawn && is_stated_off(wanted.owner.as_ref(), wanted.enabled);
        Declaration { is_withdrawn, given_keys }
    }

    fn new_provider(
        &mut self,
        wanted: &DeclaredProvider,
        declaration: Declaration,
    ) -> Result<(), AdminError> {
        let owner = owner_of(&wanted.owner);
        let keys = KeyChanges::of(self.providers, None, wanted, self.kept(wanted), false)?;
        let mut differences = differences(&Value::Object(Map::new()), wanted);
        differences.extend(keys.told());
        self.tell(ObjectKind::Provider, &wanted.name, &owner, Step::Create, differences);
        let provider = NewProvider {
            name: wanted.name.clone(),
            vendor: wanted.vendor.clone(),
            base_url: wanted.base_url.clone(),
            called_at: self.providers.called_at(&wanted.vendor),
            is_enabled: wanted.enabled,
            models: wanted.models.clone(),
            credential: None,
        };
        self.push(ProviderStep::Create(provider), keys, wanted, declaration);
        Ok(())
    }

    fn known_provider(
        &mut self,
        current: &Provider,
        wanted: &DeclaredProvider,
        declaration: Declaration,
    ) -> Result<(), AdminError> {
        let owner = owner_of(&wanted.owner);
        let mut patch = patch(current, wanted, &owner);
        patch.forgets_credentials = self.providers.is_moved(current, &patch);
        let is_moved = patch.forgets_credentials;
        let keys = KeyChanges::of(self.providers, Some(current), wanted, self.kept(wanted), is_moved)?;
        let mut differences = differences(&current.declared(), wanted);
        differences.extend(keys.told());
        if owner == Owner::File {
            differences.extend(said_otherwise(current.declaration, declaration));
        }
        if differences.is_empty() {
            self.tell(ObjectKind::Provider, &wanted.name, &owner, Step::Unchanged, differences);
            return Ok(());
        }
        self.tell(ObjectKind::Provider, &wanted.name, &owner, Step::Change, differences);
        self.push(ProviderStep::Update(current.id, patch), keys, wanted, declaration);
        Ok(())
    }

    /// What a backup has of a provider besides.
    fn kept(&self, wanted: &DeclaredProvider) -> Option<&'a KeptProvider> {
        self.rules.kept.as_ref()?.providers.get(&wanted.name)
    }

    fn push(
        &mut self,
        step: ProviderStep,
        keys: KeyChanges,
        wanted: &DeclaredProvider,
        declaration: Declaration,
    ) {
        let owner = owner_of(&wanted.owner);
        let health = self.kept(wanted).map(|kept| kept.health.clone());
        let health = health.filter(|health| *health != ProviderHealth::default());
        let credentials = keys.writes(self.providers);
        self.set.providers.push(ProviderWrite { step, credentials, health, declaration, owner });
    }

    /// Plans a route that was checked.
    pub(super) fn route(&mut self, wanted: &DeclaredRoute) {
        let owner = owner_of(&wanted.owner);
        let current = self.index.route(&wanted.name);
        let is_withdrawn = self.is_withdrawn(wanted, &owner, current);
        let wanted = DeclaredRoute { owner: Some(owner.clone()), ..wanted.clone() };
        let (step, differences) = match current {
            None => (Step::Create, differences(&Value::Object(Map::new()), &wanted)),
            Some(current) => {
                if let Some(other) = self.other_owner(&current.meta.owner, &owner) {
                    let reason = format!("it belongs to `{other}`");
                    return self.conflict(ObjectKind::Route, &wanted.name, &current.meta.owner, reason);
                }
                let mut differences = differences(&declared_route(&self.index, current), &wanted);
                if owner == Owner::File {
                    differences.extend(declared_otherwise(current.is_withdrawn, is_withdrawn));
                }
                (Step::Change, differences)
            }
        };
        if differences.is_empty() {
            return self.tell(ObjectKind::Route, &wanted.name, &owner, Step::Unchanged, differences);
        }
        self.tell(ObjectKind::Route, &wanted.name, &owner, step, differences);
        let current = current.map(|current| (current.id, current.meta.version));
        self.set.routes.push(RouteWrite { current, route: wanted, is_withdrawn, owner });
    }

    /// Whether the file declares a route no more, by what a backup has of it, or else by what is stored.
    fn is_withdrawn(&self, wanted: &DeclaredRoute, owner: &Owner, current: Option<&Route>) -> bool {
        if *owner != Owner::File {
            return false;
        }
        let known =
            current.filter(|current| current.meta.owner == Owner::File).map(|current| current.is_withdrawn);
        match &self.rules.kept {
            Some(kept) => {
                kept.withdrawn_routes.get(&wanted.name).copied().or(known).unwrap_or(!wanted.enabled)
            }
            None => known == Some(true) && is_stated_off(wanted.owner.as_ref(), wanted.enabled),
        }
    }

    fn other_owner<'o>(&self, current: &'o Owner, wanted: &Owner) -> Option<&'o Owner> {
        other_owner(current, wanted).filter(|_| !self.rules.takes_over)
    }

    pub(super) fn tell(
        &mut self,
        kind: ObjectKind,
        name: &Name,
        owner: &Owner,
        step: Step,
        differences: Vec<FieldChange>,
    ) {
        let (name, owner) = (name.clone(), owner.clone());
        self.plan.objects.push(PlannedObject { kind, name, owner, step, differences, reason: None });
    }

    fn conflict(&mut self, kind: ObjectKind, name: &Name, owner: &Owner, reason: String) {
        self.tell(kind, name, owner, Step::Conflict, Vec::new());
        self.explain(reason);
    }

    /// Why that becomes of the object that was told last.
    pub(super) fn explain(&mut self, reason: String) {
        if let Some(told) = self.plan.objects.last_mut() {
            told.reason = Some(reason);
        }
    }
}

pub(super) fn field_change(field: &str, before: impl Into<Value>, after: impl Into<Value>) -> FieldChange {
    FieldChange { field: field.to_owned(), before: Some(before.into()), after: Some(after.into()) }
}

/// Whether a document says whose an object is, as exports do, and that it is off: such a one declares nothing anew.
fn is_stated_off(owner: Option<&Owner>, is_enabled: bool) -> bool {
    owner.is_some() && !is_enabled
}

/// What is told where the file declares what it had withdrawn, or withdraws what it declared.
pub(super) fn declared_otherwise(was_withdrawn: bool, is_withdrawn: bool) -> Option<FieldChange> {
    (was_withdrawn != is_withdrawn).then(|| field_change("declared", !was_withdrawn, !is_withdrawn))
}

/// What is told where the file says something else of a provider than before.
fn said_otherwise(before: Declaration, after: Declaration) -> impl Iterator<Item = FieldChange> {
    let (was, is) = (before.given_keys, after.given_keys);
    let keys = (was != is).then(|| field_change("given_keys", was.as_str(), is.as_str()));
    declared_otherwise(before.is_withdrawn, after.is_withdrawn).into_iter().chain(keys)
}

/// Whose a declared object is.
pub(super) fn owner_of(stated: &Option<Owner>) -> Owner {
    stated.clone().unwrap_or(Owner::File)
}

/// Whether a new provider takes the place of this one, which is of another vendor and came with the product.
pub(super) fn gives_way(current: &Provider, wanted: &DeclaredProvider) -> bool {
    let is_seed = current.meta.owner == Owner::Seed && owner_of(&wanted.owner) != Owner::Seed;
    is_seed && current.vendor != wanted.vendor
}

/// Who else owns an object. A document takes over what is its own and what came with the product.
pub(super) fn other_owner<'o>(current: &'o Owner, wanted: &Owner) -> Option<&'o Owner> {
    Some(current).filter(|current| *current != wanted && **current != Owner::Seed)
}

/// Why a provider is left as it is.
pub(super) fn left_alone(current: &Provider, wanted: &DeclaredProvider, rules: &Rules) -> Option<String> {
    if rules.takes_over {
        return None;
    }
    if let Some(other) = other_owner(&current.meta.owner, &owner_of(&wanted.owner)) {
        return Some(format!("it belongs to `{other}`"));
    }
    (current.vendor != wanted.vendor).then(|| {
        format!(
            "its vendor is `{}` and can't be changed to `{}`; declare it under another name",
            current.vendor, wanted.vendor
        )
    })
}

/// A stored route by the names of what it leads to, with its owner. Of what its targets name, only what their providers list: a document
/// with more in it could be applied nowhere.
pub(super) fn declared_route(index: &Index<'_>, route: &Route) -> DeclaredRoute {
    let fallback = route.fallback.and_then(|id| index.route_name(id)).cloned();
    let declared = NewRoute::from(route).declared(|id| index.provider_name(id).cloned(), fallback);
    let is_listed = |provider: &Name, model: &str| index.lists(provider, model);
    DeclaredRoute { owner: Some(route.meta.owner.clone()), ..declared.naming_only(is_listed) }
}

fn patch(current: &Provider, wanted: &DeclaredProvider, owner: &Owner) -> ProviderPatch {
    let known = current.declared();
    ProviderPatch {
        vendor: (current.vendor != wanted.vendor).then(|| wanted.vendor.clone()),
        base_url: (current.base_url != wanted.base_url).then(|| wanted.base_url.clone()),
        is_enabled: (current.is_enabled != wanted.enabled).then_some(wanted.enabled),
        models: (known.models != wanted.models).then(|| wanted.models.clone()),
        owner: (current.meta.owner != *owner).then(|| owner.clone()),
        expected_version: Some(current.meta.version),
        ..ProviderPatch::default()
    }
}
