//! Configuration as a document: what is stored is written as one, and what one declares becomes rows, all of it or nothing. Rows
//! belong to the file unless the document says whose they are. What it no longer declares is disabled, never deleted; what others
//! own is left alone, and a name that they hold is a conflict that is told. What came with the product stays, unless the document says
//! that it has all that there is, as an export does.

mod absent;
mod check;
mod keys;
mod led_to;
mod losing;
mod plan;
mod planning;
mod text;

pub use plan::{Applied, Drift, ObjectKind, Plan, PlannedObject, Step};
pub(crate) use planning::{Kept, KeptProvider, Rules};
pub use text::{DocumentFormat, yaml_bounds};

use super::AdminPorts;
use super::index::Index;
use super::providers::ProviderAdmin;
use crate::error::AdminError;
use led_to::LedTo;
use planning::Planning;
use std::collections::HashSet;
use std::sync::Arc;
use switchyard_domain::declared::Declared;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::provider::{Provider, kept_address};
use switchyard_ports::repositories::{ConfigurationSet, RepositoryError, StoredConfiguration};

/// How often a set is planned anew when somebody else wrote in between.
const TRIES: u32 = 8;

/// Names of what follows the settings as long as nobody changed it: no document has it then, and none takes it away.
#[derive(Clone, Debug, Default)]
pub struct OfSettings {
    /// Of providers.
    pub providers: HashSet<Name>,
    /// Of routes.
    pub routes: HashSet<Name>,
}

/// Applies declared configuration, and declares what is stored.
pub struct DeclaredConfiguration {
    ports: AdminPorts,
    providers: Arc<ProviderAdmin>,
    of_settings: Arc<OfSettings>,
}

impl DeclaredConfiguration {
    /// Over the given use cases.
    #[must_use]
    pub fn new(ports: AdminPorts, providers: Arc<ProviderAdmin>) -> Self {
        Self { ports, providers, of_settings: Arc::default() }
    }

    /// The same, where these follow the settings.
    #[must_use]
    pub fn with_settings(self, of_settings: OfSettings) -> Self {
        Self { of_settings: Arc::new(of_settings), ..self }
    }

    /// All providers and routes as a document, but for what came with the product and is off or follows the settings; with their owners and without secrets, in the order of their names. What it says, and
    /// in which order, depends on nothing else: not on ids, versions or times.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn export(&self) -> Result<Declared, AdminError> {
        Ok(exported(&self.ports.configuration.load().await?, &self.of_settings))
    }

    /// What applying `wanted` would do now. Nothing is written.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for the first thing of it that can't be used.
    pub async fn plan(&self, wanted: &Declared) -> Result<Plan, AdminError> {
        self.planned_by(wanted, Rules::DECLARED).await
    }

    /// How what is stored differs from `wanted`.
    ///
    /// # Errors
    /// As for [`DeclaredConfiguration::plan`].
    pub async fn drift(&self, wanted: &Declared) -> Result<Drift, AdminError> {
        let Planned { stored, plan, .. } = self.planned(&in_kept_form(wanted), &Rules::DECLARED).await?;
        let told: HashSet<(ObjectKind, &Name)> =
            plan.objects.iter().map(|object| (object.kind, &object.name)).collect();
        let mut undeclared = Vec::new();
        for provider in &stored.providers {
            undeclared.push((ObjectKind::Provider, &provider.name, &provider.meta.owner));
        }
        for route in &stored.routes {
            undeclared.push((ObjectKind::Route, &route.name, &route.meta.owner));
        }
        // What came with the product is nobody's work.
        let is_others = |kind, name: &Name, owner: &Owner| {
            !matches!(owner, Owner::File | Owner::Seed) && !told.contains(&(kind, name))
        };
        let undeclared: Vec<_> = undeclared
            .into_iter()
            .filter(|(kind, name, owner)| is_others(*kind, name, owner))
            .map(|(kind, name, owner)| (kind, name.clone(), owner.clone()))
            .collect();
        Ok(Drift { plan, undeclared })
    }

    /// Makes the stored configuration what `wanted` says, in one transaction. Applying the same again changes nothing.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] when something of it can't be used. Whatever the error, nothing was written.
    pub async fn apply(&self, wanted: &Declared, by: &Writer) -> Result<Applied, AdminError> {
        Ok(self.carry_out(wanted, by).await?.applied())
    }

    /// The same, and answers what was done object by object.
    ///
    /// # Errors
    /// As for [`DeclaredConfiguration::apply`].
    pub async fn carry_out(&self, wanted: &Declared, by: &Writer) -> Result<Plan, AdminError> {
        self.write(wanted, Rules::DECLARED, by).await
    }

    /// The same for what a server's own file says. Where it `says_nothing`, not even that there is nothing, and objects of the file are
    /// switched on, it is none that can be used: a file that was cut off while it was written looks like it.
    ///
    /// # Errors
    /// As for [`DeclaredConfiguration::apply`].
    pub async fn apply_file(
        &self,
        wanted: Declared,
        says_nothing: bool,
        by: &Writer,
    ) -> Result<Applied, AdminError> {
        if says_nothing {
            self.refuse_silence().await?;
        }
        self.apply(&wanted.of_the_file(), by).await
    }

    /// Refuses a file that says nothing of providers and routes while objects of the file are switched on.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] then.
    pub async fn refuse_silence(&self) -> Result<(), AdminError> {
        let stored = self.ports.configuration.load().await?;
        let is_file = |owner: &Owner| *owner == Owner::File;
        let providers =
            stored.providers.iter().filter(|known| known.is_enabled && is_file(&known.meta.owner)).count();
        let routes =
            stored.routes.iter().filter(|known| known.is_active && is_file(&known.meta.owner)).count();
        if providers + routes == 0 {
            return Ok(());
        }
        Err(AdminError::invalid(
            "configuration file",
            format!(
                "it says nothing of `providers` and `routes`, as one would that was cut off, while {providers} providers and {routes} \
                 routes of the file are switched on; `providers: []` says that they are to be switched off"
            ),
        ))
    }

    /// Writes what `wanted` says by these rules, in one transaction, and answers what that was.
    pub(crate) async fn write(
        &self,
        wanted: &Declared,
        rules: Rules,
        by: &Writer,
    ) -> Result<Plan, AdminError> {
        let (wanted, mut tries) = (in_kept_form(wanted), TRIES);
        loop {
            let Planned { plan, set, .. } = self.planned(&wanted, &rules).await?;
            if set.is_empty() {
                return Ok(plan);
            }
            tries -= 1;
            match self.ports.configuration.write_all(set, &self.ports.author(by)).await {
                Ok(()) => {
                    self.ports.read_own_write().await;
                    return Ok(plan);
                }
                // Somebody else was quicker, such as another server that starts with the same file: what they wrote is compared.
                Err(RepositoryError::Conflict { .. } | RepositoryError::Stale { .. }) if tries > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What writing `wanted` by these rules would do.
    pub(crate) async fn planned_by(&self, wanted: &Declared, rules: Rules) -> Result<Plan, AdminError> {
        Ok(self.planned(&in_kept_form(wanted), &rules).await?.plan)
    }

    /// Plans beside the calls that are served: a long document takes a while.
    async fn planned(&self, wanted: &Arc<Declared>, rules: &Rules) -> Result<Planned, AdminError> {
        let stored = self.ports.configuration.load().await?;
        let (providers, wanted, rules) = (Arc::clone(&self.providers), Arc::clone(wanted), rules.clone());
        let of_settings = Arc::clone(&self.of_settings);
        let plan = move || {
            let mut planning = Self::planning(&providers, &stored, &wanted, &rules)?;
            if wanted.whole {
                planning.absent_seeds(&wanted, &of_settings);
            }
            planning.losses();
            let Planning { plan, set, .. } = planning;
            Ok(Planned { plan, set, stored })
        };
        let planned = tokio::task::spawn_blocking(plan).await;
        planned.unwrap_or_else(|error| Err(RepositoryError::Unavailable(error.to_string()).into()))
    }

    fn planning<'a>(
        providers: &'a ProviderAdmin,
        stored: &'a StoredConfiguration,
        wanted: &Declared,
        rules: &'a Rules,
    ) -> Result<Planning<'a>, AdminError> {
        let index = Index::of(stored);
        check::check(providers, &index, wanted, rules)?;
        let mut planning = Planning::new(index, providers, rules);
        for provider in &wanted.providers {
            planning.provider(provider)?;
        }
        for route in check::in_order(&wanted.routes)? {
            planning.route(route);
        }
        planning.spare_routes_of_file(wanted)?;
        if rules.disables_absent {
            planning.absent(wanted);
        }
        Ok(planning)
    }
}

/// What was planned, and over what.
struct Planned {
    stored: StoredConfiguration,
    plan: Plan,
    set: ConfigurationSet,
}

/// A document with addresses as they are kept, however they are written.
fn in_kept_form(wanted: &Declared) -> Arc<Declared> {
    let mut wanted = wanted.clone();
    for provider in &mut wanted.providers {
        provider.base_url = provider.base_url.as_deref().and_then(kept_address);
    }
    Arc::new(wanted)
}

/// All that is stored, as a document, in the order of names.
pub(crate) fn declared(stored: &StoredConfiguration) -> Declared {
    let index = Index::of(stored);
    let mut declared = Declared {
        whole: false,
        providers: stored.providers.iter().map(Provider::declared).collect(),
        routes: stored.routes.iter().map(|route| planning::declared_route(&index, route)).collect(),
    };
    declared.providers.sort_by(|one, other| one.name.cmp(&other.name));
    declared.routes.sort_by(|one, other| one.name.cmp(&other.name));
    declared
}

/// The same as one writes it for another database. What came with the product, has not become anybody's, and is off or follows the
/// settings is left out, unless something leads to it: whoever applies the document has it switched off, or not at all, or as their own
/// settings say.
fn exported(stored: &StoredConfiguration, of_settings: &OfSettings) -> Declared {
    let is_left_out =
        |owner: &Owner, is_on: bool, follows: bool| *owner == Owner::Seed && (!is_on || follows);
    let routes = stored.routes.iter().filter(|route| {
        !is_left_out(&route.meta.owner, route.is_active, of_settings.routes.contains(&route.name))
    });
    let mut led_to = LedTo::of(stored);
    routes.for_each(|route| led_to.add(route));
    let providers = stored.providers.iter().filter(|provider| {
        !is_left_out(
            &provider.meta.owner,
            provider.is_enabled,
            of_settings.providers.contains(&provider.name),
        )
    });
    let providers: HashSet<&Name> =
        providers.map(|provider| &provider.name).chain(led_to.providers.iter().copied()).collect();
    let mut declared = declared(stored);
    declared.whole = true;
    declared.providers.retain(|provider| providers.contains(&provider.name));
    declared.routes.retain(|route| led_to.routes.contains(&route.name));
    declared
}
