//! What becomes of objects that a document does not name.

use super::OfSettings;
use super::led_to::LedTo;
use super::losing::Left;
use super::plan::{ObjectKind, Step};
use super::planning::{Planning, declared_otherwise, declared_route, field_change};
use crate::error::AdminError;
use std::collections::HashSet;
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::declared::{Declared, DeclaredRoute};
use switchyard_domain::difference::{FieldChange, differences};
use switchyard_domain::ids::RouteId;
use switchyard_domain::meta::Owner;
use switchyard_domain::name::Name;
use switchyard_domain::provider::Provider;
use switchyard_domain::route::Route;
use switchyard_ports::repositories::{
    ProviderPatch, ProviderStep, ProviderWrite, RouteWrite, StoredConfiguration,
};

impl Planning<'_> {
    /// Plans what the file owned and is not declared any more.
    pub(super) fn absent(&mut self, wanted: &Declared) {
        let stored = self.index.stored;
        let said: HashSet<&Name> = wanted.routes.iter().map(|declared| &declared.name).collect();
        for route in stored.routes.iter().filter(|route| route.is_declared()) {
            if !said.contains(&route.name) {
                self.withdraw_route(route);
            }
        }
        let said: HashSet<&Name> = wanted.providers.iter().map(|declared| &declared.name).collect();
        for provider in stored.providers.iter().filter(|provider| provider.is_declared()) {
            if !said.contains(&provider.name) {
                self.tell_absent(ObjectKind::Provider, &provider.name, provider.is_enabled, Vec::new());
                self.set.providers.push(ProviderWrite {
                    step: ProviderStep::Update(provider.id, switching_off(provider)),
                    credentials: Vec::new(),
                    health: None,
                    declaration: Declaration { is_withdrawn: true, given_keys: GivenKeys::None },
                    owner: Owner::File,
                });
            }
        }
    }

    fn withdraw_route(&mut self, route: &Route) {
        let (off, lost) = self.switched_off(route);
        self.tell_absent(ObjectKind::Route, &route.name, route.is_active, lost);
        let current = Some((route.id, route.meta.version));
        self.set.routes.push(RouteWrite { current, route: off, is_withdrawn: true, owner: Owner::File });
    }

    /// A route as it is when it is switched off, and what its targets lose by changes of their providers.
    fn switched_off(&self, route: &Route) -> (DeclaredRoute, Vec<FieldChange>) {
        let before = declared_route(&self.index, route);
        let left = self.losing.left_of(route).map(|left| declared_route(&self.index, &left.route));
        let lost = left.as_ref().map(|left| differences(&before, left)).unwrap_or_default();
        (DeclaredRoute { enabled: false, ..left.unwrap_or(before) }, lost)
    }

    /// Plans what came with the product and is not in a document that has all that there is: whoever wrote it had removed it, or never
    /// had it. It is switched off and stays what it is, so that it is exported no more than it was there. What follows the settings is
    /// theirs, and what a route leads to that stays on is left on.
    pub(super) fn absent_seeds(&mut self, wanted: &Declared, of_settings: &OfSettings) {
        let stored = self.index.stored;
        let conflicts = self.plan.of(Step::Conflict).filter(|object| object.kind == ObjectKind::Route);
        let left_alone: HashSet<Name> = conflicts.map(|object| object.name.clone()).collect();
        let brought: Vec<&DeclaredRoute> =
            wanted.routes.iter().filter(|declared| !left_alone.contains(&declared.name)).collect();
        let said: HashSet<&Name> = wanted.routes.iter().map(|declared| &declared.name).collect();
        let goes = |route: &Route| {
            is_on_seed(&route.meta.owner, route.is_active)
                && !said.contains(&route.name)
                && !of_settings.routes.contains(&route.name)
        };
        let off = |write: &RouteWrite| write.current.filter(|_| !write.route.enabled).map(|(id, _)| id);
        let switched_off: HashSet<RouteId> = self.set.routes.iter().filter_map(off).collect();
        let is_off = |route: &Route| {
            switched_off.contains(&route.id) || (route.meta.owner == Owner::Seed && !route.is_active)
        };
        let stays = led_to_by_what_stays(stored, &brought, |route| !goes(route) && !is_off(route));
        for route in stored.routes.iter().filter(|route| goes(route) && !stays.routes.contains(&route.name)) {
            let (off, lost) = self.switched_off(route);
            self.tell_seed(ObjectKind::Route, &route.name, lost);
            let current = Some((route.id, route.meta.version));
            let owner = Owner::Seed;
            self.set.routes.push(RouteWrite { current, route: off, is_withdrawn: false, owner });
        }
        let said: HashSet<&Name> = wanted.providers.iter().map(|declared| &declared.name).collect();
        for provider in stored.providers.iter() {
            let stays = said.contains(&provider.name)
                || of_settings.providers.contains(&provider.name)
                || stays.providers.contains(&provider.name);
            if is_on_seed(&provider.meta.owner, provider.is_enabled) && !stays {
                self.tell_seed(ObjectKind::Provider, &provider.name, Vec::new());
                self.set.providers.push(ProviderWrite {
                    step: ProviderStep::Update(provider.id, switching_off(provider)),
                    credentials: Vec::new(),
                    health: None,
                    declaration: Declaration::default(),
                    owner: Owner::Seed,
                });
            }
        }
    }

    fn tell_seed(&mut self, kind: ObjectKind, name: &Name, lost: Vec<FieldChange>) {
        let mut differences = vec![field_change("enabled", true, false)];
        differences.extend(lost);
        self.tell(kind, name, &Owner::Seed, Step::Disable, differences);
    }

    /// Tells of what is declared no more: it is switched off, if it was on, and others may change or remove it.
    fn tell_absent(&mut self, kind: ObjectKind, name: &Name, is_on: bool, lost: Vec<FieldChange>) {
        let mut differences: Vec<FieldChange> = declared_otherwise(false, true).into_iter().collect();
        let step = if is_on { Step::Disable } else { Step::Change };
        differences.extend(is_on.then(|| field_change("enabled", true, false)));
        differences.extend(lost);
        self.tell(kind, name, &Owner::File, step, differences);
    }

    /// Refuses what would be taken from routes that the file declares and the document does not carry.
    pub(super) fn spare_routes_of_file(&self, wanted: &Declared) -> Result<(), AdminError> {
        let left_alone: HashSet<&Name> = self.plan.of(Step::Conflict).map(|object| &object.name).collect();
        let carried: HashSet<&Name> = wanted.routes.iter().map(|route| &route.name).collect();
        let is_spared = |route: &&Route| {
            route.is_declared() && (!carried.contains(&route.name) || left_alone.contains(&route.name))
        };
        Ok(self.losing.refuse_of_file(self.index.stored.routes.iter().filter(is_spared))?)
    }

    /// Tells what the routes lose that are not written: whatever goes with a provider's change is taken out of their targets.
    pub(super) fn losses(&mut self) {
        let written: HashSet<RouteId> =
            self.set.routes.iter().filter_map(|route| Some(route.current?.0)).collect();
        for route in self.index.stored.routes.iter().filter(|route| !written.contains(&route.id)) {
            let Some(Left { route: left, reason }) = self.losing.left_of(route) else { continue };
            let (before, after) = (declared_route(&self.index, route), declared_route(&self.index, &left));
            let differences = differences(&before, &after);
            self.tell(ObjectKind::Route, &route.name, &route.meta.owner, Step::Change, differences);
            self.explain(reason);
        }
    }
}

fn switching_off(provider: &Provider) -> ProviderPatch {
    ProviderPatch {
        is_enabled: provider.is_enabled.then_some(false),
        expected_version: Some(provider.meta.version),
        ..ProviderPatch::default()
    }
}

/// What the routes lead to that a document brings, and those stored ones beside them that stay.
fn led_to_by_what_stays<'a>(
    stored: &'a StoredConfiguration,
    brought: &[&'a DeclaredRoute],
    stays: impl Fn(&Route) -> bool,
) -> LedTo<'a> {
    let said: HashSet<&Name> = brought.iter().map(|declared| &declared.name).collect();
    let mut led_to = LedTo::of(stored);
    for route in stored.routes.iter().filter(|route| !said.contains(&route.name) && stays(route)) {
        led_to.add(route);
    }
    for declared in brought {
        led_to.providers.extend(declared.targets.iter().map(|target| &target.provider));
        let behind =
            |name: &Name| stored.routes.iter().find(|route| route.name == *name && !said.contains(name));
        if let Some(route) = declared.fallback.as_ref().and_then(behind) {
            led_to.add(route);
        }
    }
    led_to
}

/// Whether it came with the product, nobody changed it, and it is on.
fn is_on_seed(owner: &Owner, is_on: bool) -> bool {
    is_on && *owner == Owner::Seed
}
