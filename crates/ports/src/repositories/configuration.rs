//! Providers and routes, read whole and written one by one.

use super::{ConfigurationSet, NewProvider, RepositoryError};
use async_trait::async_trait;
use std::collections::BTreeMap;
use switchyard_domain::audit::{AuditAction, AuditOutcome, AuditRecord};
use switchyard_domain::declared::{DeclaredModel, DeclaredRoute, DeclaredTarget};
use switchyard_domain::fault::FailoverOn;
use switchyard_domain::ids::{ProviderId, RouteId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::{Owner, Writer};
use switchyard_domain::name::Name;
use switchyard_domain::notes::Notes;
use switchyard_domain::provider::{CredentialOwner, Provider};
use switchyard_domain::quota::Quota;
use switchyard_domain::route::{
    OnDisconnect, Route, RouteMode, Strategy, Target, TargetModels, Timeouts, When,
};
use switchyard_domain::time::Timestamp;

/// Counts the committed writes of configuration. A reader that has seen revision n has seen every write up to n: revisions
/// become visible in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

/// What a write touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A provider, its models or its shared credentials.
    Provider,
    /// A route or its targets.
    Route,
    /// A virtual key.
    VirtualKey,
    /// A user, their rights or their sessions.
    User,
    /// The limits and the budget of a scope.
    Quota,
    /// A credential of a user or a virtual key.
    Credential,
}

impl ChangeKind {
    /// What a write of a credential touches: a shared one is a part of its provider.
    #[must_use]
    pub fn of_credential(owner: &CredentialOwner) -> Self {
        if owner.is_shared() { Self::Provider } else { Self::Credential }
    }

    /// An object of this kind, as the audit log names it.
    #[must_use]
    pub fn object(self, id: i64) -> String {
        let kind = match self {
            Self::Provider => "provider",
            Self::Route => "route",
            Self::VirtualKey => "key",
            Self::User => "user",
            Self::Quota => "quota",
            Self::Credential => "credential",
        };
        format!("{kind}:{id}")
    }
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision that it made.
    pub revision: Revision,
    /// What it touched.
    pub kind: ChangeKind,
    /// The object's id.
    pub id: i64,
}

/// Who writes, when, on whose behalf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub by: Writer,
    /// The time that is written down.
    pub at: Timestamp,
}

impl Author {
    /// The entry of a write of configuration in the audit log. `details` hold names and words, never a secret.
    #[must_use]
    pub fn did(
        &self,
        action: AuditAction,
        kind: ChangeKind,
        id: i64,
        details: BTreeMap<String, String>,
    ) -> AuditRecord {
        AuditRecord { details, ..self.did_to(action, kind.object(id)) }
    }

    /// The entry of a write that is none of configuration, to an object of this name.
    #[must_use]
    pub fn did_to(&self, action: AuditAction, object: String) -> AuditRecord {
        AuditRecord {
            at: self.at,
            actor: self.by.name.to_string(),
            action,
            object,
            outcome: AuditOutcome::Done,
            address: self.by.address,
            request_id: self.by.request_id.clone(),
            details: BTreeMap::new(),
        }
    }
}

/// Providers, routes and quotas at one revision, read in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredConfiguration {
    /// The revision.
    pub revision: Revision,
    /// All providers with models and shared credentials, by id.
    pub providers: Vec<Provider>,
    /// All routes with targets, by id.
    pub routes: Vec<Route>,
    /// All quotas, by id.
    pub quotas: Vec<Quota>,
}

/// Changes to a provider; `None` leaves as is. `models` replaces the list whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderPatch {
    /// Its unique name.
    pub name: Option<Name>,
    /// The vendor's key.
    pub vendor: Option<String>,
    /// Where it is called: `Some(None)` means the vendor's own.
    pub base_url: Option<Option<String>>,
    /// Whether calls may go to it.
    pub is_enabled: Option<bool>,
    /// Its models.
    pub models: Option<Vec<DeclaredModel>>,
    /// The owner, when the file adopts an object.
    pub owner: Option<Owner>,
    /// Forgets every credential there, whosever it is, in the same transaction: nobody lent theirs for another address.
    pub forgets_credentials: bool,
    /// Whether the shared credentials stay where others are forgotten.
    pub keeps_shared: bool,
    /// Whether models go that routes name: the targets lose them, and go where they name no other. Those that the file declares stay in
    /// any case.
    pub drops_used_models: bool,
    /// The models of the new list that targets name from then on in the place of those that go, by these.
    pub model_successors: BTreeMap<String, String>,
    /// Takes the place of the first shared credential, after what is forgotten is; `Some(None)` forgets it alone.
    pub credential: Option<Option<SealedSecret>>,
    /// Refused as [`RepositoryError::Stale`] when this is not the object's version.
    pub expected_version: Option<i64>,
}

impl ProviderPatch {
    /// The names of the fields that it sets.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let Self {
            name,
            vendor,
            base_url,
            is_enabled,
            models,
            owner,
            forgets_credentials,
            keeps_shared: _,
            drops_used_models: _,
            model_successors: _,
            credential,
            expected_version: _,
        } = self;
        let fields = [
            (name.is_some(), "name"),
            (vendor.is_some(), "vendor"),
            (base_url.is_some(), "base_url"),
            (is_enabled.is_some(), "is_enabled"),
            (models.is_some(), "models"),
            (owner.is_some(), "owner"),
            (*forgets_credentials, "credentials"),
            (credential.is_some(), "credential"),
        ];
        fields.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name).collect()
    }

    /// Whether it changes nothing, whatever version it expects.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }
}

/// How a provider is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProviderRemoval {
    /// Whether the targets that lead to it go too; else one that a route uses stays.
    pub takes_targets: bool,
    /// Refused as [`RepositoryError::Stale`] when this is not the object's version.
    pub expected_version: Option<i64>,
}

/// A route to be written, or to replace one.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRoute {
    /// Its unique name.
    pub name: Name,
    /// How it chooses.
    pub mode: RouteMode,
    /// How equals share.
    pub strategy: Strategy,
    /// Which faults move on.
    pub failover_on: FailoverOn,
    /// Whether a loss is refused.
    pub strict: bool,
    /// How long the steps of its calls may take.
    pub timeouts: Timeouts,
    /// What becomes of a call whose client has gone.
    pub on_disconnect: OnDisconnect,
    /// The route whose targets are tried after its own.
    pub fallback: Option<RouteId>,
    /// What its operator keeps with it.
    pub config: Notes,
    /// Whether calls may use it.
    pub is_active: bool,
    /// Its targets, in order.
    pub targets: Vec<NewTarget>,
}

impl NewRoute {
    /// One of which nothing is said but its name: without targets, switched on, all else by default.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self {
            name,
            mode: RouteMode::default(),
            strategy: Strategy::default(),
            failover_on: FailoverOn::default(),
            strict: false,
            timeouts: Timeouts::DEFAULT,
            on_disconnect: OnDisconnect::default(),
            fallback: None,
            config: Notes::default(),
            is_active: true,
            targets: Vec::new(),
        }
    }

    /// What it leads to, without targets whose provider is none of the known ones.
    #[must_use]
    pub fn leads_to(&self, is_known: impl Fn(ProviderId) -> bool) -> LedTo {
        let providers = self.targets.iter().map(|target| target.provider);
        LedTo { providers: providers.filter(|id| is_known(*id)).collect(), fallback: self.fallback }
    }

    /// A declared one, with the ids of what it leads to.
    #[must_use]
    pub fn of(route: &DeclaredRoute, fallback: Option<RouteId>, targets: Vec<NewTarget>) -> Self {
        Self {
            name: route.name.clone(),
            mode: route.mode,
            strategy: route.strategy,
            failover_on: route.failover_on,
            strict: route.strict,
            timeouts: route.timeouts,
            on_disconnect: route.on_disconnect,
            fallback,
            config: route.config.clone(),
            is_active: route.enabled,
            targets,
        }
    }

    /// The same by names, which are nobody's. A target whose provider has none any more is left out.
    #[must_use]
    pub fn declared(
        &self,
        provider: impl Fn(ProviderId) -> Option<Name>,
        fallback: Option<Name>,
    ) -> DeclaredRoute {
        let target = |target: &NewTarget| Some(target.declared(provider(target.provider)?));
        DeclaredRoute {
            name: self.name.clone(),
            owner: None,
            mode: self.mode,
            strategy: self.strategy,
            failover_on: self.failover_on,
            strict: self.strict,
            timeouts: self.timeouts,
            on_disconnect: self.on_disconnect,
            fallback,
            config: self.config.clone(),
            targets: self.targets.iter().filter_map(target).collect(),
            enabled: self.is_active,
        }
    }
}

impl From<&Route> for NewRoute {
    /// What writes the route as it is.
    fn from(route: &Route) -> Self {
        Self {
            name: route.name.clone(),
            mode: route.mode,
            strategy: route.strategy,
            failover_on: route.failover_on,
            strict: route.strict,
            timeouts: route.timeouts,
            on_disconnect: route.on_disconnect,
            fallback: route.fallback,
            config: route.config.clone(),
            is_active: route.is_active,
            targets: route.targets.iter().map(NewTarget::from).collect(),
        }
    }
}

impl From<&Target> for NewTarget {
    /// What writes the target as it is.
    fn from(target: &Target) -> Self {
        Self {
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
        }
    }
}

/// A target to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTarget {
    /// The provider.
    pub provider: ProviderId,
    /// The models that it serves there.
    pub models: TargetModels,
    /// Its share among equals.
    pub weight: u32,
    /// Lower is tried first.
    pub priority: u32,
    /// How it shares with its equals, where that is not as in the route.
    pub strategy: Option<Strategy>,
    /// Limits on calls through it.
    pub limits: Limits,
    /// Which calls it takes.
    pub when: When,
    /// How long the steps of calls to it may take.
    pub timeouts: Timeouts,
    /// What its operator keeps with it.
    pub metadata: Notes,
    /// Whether calls may use it.
    pub is_enabled: bool,
}

impl NewTarget {
    /// One of which nothing is said but where it leads.
    #[must_use]
    pub fn new(provider: ProviderId, models: impl Into<TargetModels>) -> Self {
        Self {
            provider,
            models: models.into(),
            weight: 1,
            priority: 0,
            strategy: None,
            limits: Limits::NONE,
            when: When::default(),
            timeouts: Timeouts::DEFAULT,
            metadata: Notes::default(),
            is_enabled: true,
        }
    }

    /// A declared one, with the id of its provider.
    #[must_use]
    pub fn of(target: &DeclaredTarget, provider: ProviderId) -> Self {
        Self {
            provider,
            models: target.models.clone(),
            weight: target.weight,
            priority: target.priority,
            strategy: target.strategy,
            limits: target.limits,
            when: target.when.clone(),
            timeouts: target.timeouts,
            metadata: target.metadata.clone(),
            is_enabled: target.enabled,
        }
    }

    /// The same by its provider's name.
    fn declared(&self, provider: Name) -> DeclaredTarget {
        DeclaredTarget {
            provider,
            models: self.models.clone(),
            weight: self.weight,
            priority: self.priority,
            strategy: self.strategy,
            limits: self.limits,
            when: self.when.clone(),
            timeouts: self.timeouts,
            metadata: self.metadata.clone(),
            enabled: self.is_enabled,
        }
    }
}

/// What a version of a route led to, whatever it is called by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedTo {
    /// The providers of its targets, in the order of these.
    pub providers: Vec<ProviderId>,
    /// The route that it fell back to.
    pub fallback: Option<RouteId>,
}

/// A version of a route, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteVersion {
    /// Its number, from 1.
    pub version: i64,
    /// What the route was, by the names of then.
    pub route: DeclaredRoute,
    /// The objects that these names were; nothing of a version that was written before this was kept.
    pub led_to: Option<LedTo>,
    /// When it was written.
    pub written_at: Timestamp,
    /// By whom.
    pub written_by: String,
}

/// A sealed secret to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// The sealed text.
    pub sealed: String,
    /// What a person may see of it.
    pub hint: String,
}

/// Providers and routes. Each write is one transaction: the rows, the version, the revision, the change, the entry in the audit
/// log. Writers that name a
/// stale version are refused. All functions answer [`RepositoryError::Unavailable`] within seconds when the database hangs.
#[async_trait]
pub trait ConfigurationRepository: Send + Sync {
    /// Everything, at one revision.
    async fn load(&self) -> Result<StoredConfiguration, RepositoryError>;
    /// The newest revision: one integer, asked for often.
    async fn revision(&self) -> Result<Revision, RepositoryError>;
    /// The changes after `revision`, oldest first; `None` when they are no longer all kept, so that the reader must load whole.
    async fn changes_since(&self, revision: Revision) -> Result<Option<Vec<Change>>, RepositoryError>;
    /// The newest edition of the objects that come with the product which this database was given; 0 for none.
    async fn seeds(&self) -> Result<i64, RepositoryError>;
    /// Notes that it was given this edition.
    async fn note_seeds(&self, edition: i64) -> Result<(), RepositoryError>;
    /// Writes a new provider. `Conflict` when the name is taken. One that came with the product (`Owner::Seed`) gives way, and
    /// routes that lead to it lead to the new one, but for models that it does not list, as by `update_provider`. At the same place it becomes the new one, which loses only the shared
    /// credentials; else the new one has an id of its own and none of its credentials. `Conflict`, naming them, where the new one lacks
    /// models that routes of the file name, unless the file writes it. Ids of what comes with the product are counted from 1,000,000,
    /// all others from 1; none is given twice. Its credential is written in the same transaction.
    async fn create_provider(
        &self,
        provider: NewProvider,
        author: &Author,
    ) -> Result<ProviderId, RepositoryError>;
    /// Changes a provider. One that came with the product, or that the file owned and declares no more, is the author's from then on.
    /// `Conflict` when its new name is taken; naming them, while routes name a model that it would lack, unless those may be dropped;
    /// and, for all authors but the file, while routes that the file declares lead to it by a name or name a model that it would lose.
    /// Targets name no model that their provider does not list: those that name one that goes lose it, or name its successor, and one
    /// that names no other goes. That changes those routes, whose versions are raised and which stay whose they are. At another
    /// address, or as another vendor's, nothing is known of its health.
    async fn update_provider(
        &self,
        id: ProviderId,
        patch: ProviderPatch,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Removes a provider with its models and credentials. `Conflict`, naming the routes, while a route uses it, unless its targets go
    /// too: that changes those routes, whose versions are raised. Answers their names. Targets of routes that the file declares are the
    /// file's to remove: for all other authors, they are a `Conflict` in any case.
    async fn delete_provider(
        &self,
        id: ProviderId,
        removal: ProviderRemoval,
        author: &Author,
    ) -> Result<Vec<String>, RepositoryError>;
    /// Writes or replaces the credential that `owner` has at a provider; `None` forgets it. A shared one changes the provider, which is
    /// the author's from then on where it came with the product; any other is a change of its own ([`ChangeKind::Credential`]), by the
    /// credential's id. `Stale` where the provider has another version than the expected one.
    async fn put_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: Option<SealedSecret>,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Writes the credential that `owner` has at a provider; `Conflict` where there is one. Otherwise as
    /// [`ConfigurationRepository::put_credential`].
    async fn add_credential(
        &self,
        provider: ProviderId,
        owner: &CredentialOwner,
        secret: SealedSecret,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Writes a new route. `Conflict` when the name is taken, but one that came with the product gives way; `NotFound` when a
    /// target's provider or the fallback does not exist. A fallback that leads back to the route is a `Conflict`.
    async fn create_route(&self, route: NewRoute, author: &Author) -> Result<RouteId, RepositoryError>;
    /// Replaces a route whole, as it would be written anew: it is the author's. `Conflict`, naming them, where it gets another name and routes that the
    /// file declares fall back to it, unless the file writes it.
    async fn replace_route(
        &self,
        id: RouteId,
        route: NewRoute,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Removes a route with its targets and its versions. `Conflict`, naming them, while other routes fall back to it; `Stale` where
    /// it has another version than the expected one.
    async fn delete_route(
        &self,
        id: RouteId,
        expected_version: Option<i64>,
        author: &Author,
    ) -> Result<(), RepositoryError>;
    /// Writes all of a set in one transaction, or nothing of it: each object with its own change and its own entry in the audit log,
    /// as if it had been written alone. What is as it should be is left as it is, and a set that changes nothing is no change.
    /// `NotFound` for a name that a route leads to and that is not there; else as for what is written alone. Routes of the set that
    /// replace others are written as the set says, whatever models go with it; all others lose what goes. It may take longer than other
    /// writes.
    async fn write_all(&self, set: ConfigurationSet, author: &Author) -> Result<(), RepositoryError>;
    /// The versions of a route, the newest first: at most `most` of those before `before`. The newest hundred are kept.
    async fn route_versions(
        &self,
        id: RouteId,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<RouteVersion>, RepositoryError>;
}
