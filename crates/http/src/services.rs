//! What the surfaces are given.

use crate::recent_log::RecentLog;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use switchyard_orchestrator::UseCases;
use switchyard_orchestrator::accounts::{Accounts, SessionGate};
use switchyard_orchestrator::admin::{
    CredentialAdmin, DeclaredConfiguration, KeyAdmin, ProviderAdmin, Reloading, RouteAdmin,
    SharedCredentialAdmin,
};
use switchyard_orchestrator::audit::AuditTrail;
use switchyard_orchestrator::backup::Backups;
use switchyard_orchestrator::chat::ChatService;
use switchyard_orchestrator::external::ExternalCalls;
use switchyard_orchestrator::insight::Insight;
use switchyard_orchestrator::models::ModelList;
use switchyard_orchestrator::principal::Authenticator;
use switchyard_orchestrator::rekey::Rekey;
use switchyard_orchestrator::status::Status;
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::idempotency::IdempotencyStore;

/// The use cases that the surfaces call, and what the edge needs. Only an argument list: every handler asks for the one
/// use case that it calls.
#[derive(Clone)]
pub struct Services {
    /// Chat calls.
    pub chat: Arc<ChatService>,
    /// The models that a caller may use.
    pub models: Arc<ModelList>,
    /// Who calls.
    pub authenticator: Arc<Authenticator>,
    /// Who is signed in.
    pub sessions: Arc<SessionGate>,
    /// People.
    pub accounts: Accounts,
    /// Virtual keys.
    pub keys: Arc<KeyAdmin>,
    /// Routes.
    pub routes: Arc<RouteAdmin>,
    /// Reading the configuration again.
    pub reloading: Arc<Reloading>,
    /// Configuration as a document.
    pub declared: Arc<DeclaredConfiguration>,
    /// The backup of providers and routes.
    pub backups: Arc<Backups>,
    /// The state of the server.
    pub status: Arc<Status>,
    /// What people look at.
    pub insight: Insight,
    /// Calls to addresses that people name.
    pub external: Arc<ExternalCalls>,
    /// People's own keys at providers.
    pub credentials: Arc<CredentialAdmin>,
    /// Providers.
    pub providers: Arc<ProviderAdmin>,
    /// The keys that providers' calls share.
    pub shared_credentials: Arc<SharedCredentialAdmin>,
    /// What people did.
    pub audit: Arc<AuditTrail>,
    /// Sealing anew what is stored.
    pub rekey: Arc<Rekey>,
    /// Which named requests were answered.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Whether the demo key is taken.
    pub demo: DemoSwitch,
    /// Lines of the log that were lost.
    pub log_losses: LogLosses,
    /// The last lines of the log; empty where nobody keeps any.
    pub recent_log: RecentLog,
    /// Time, for durations and what `/health` says.
    pub clock: Arc<dyn Clock>,
    /// Request ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Services {
    /// These use cases, at an edge with this switch.
    #[must_use]
    pub fn new(use_cases: UseCases, demo: DemoSwitch) -> Self {
        let UseCases {
            chat,
            models,
            authenticator,
            sessions,
            accounts,
            keys,
            routes,
            reloading,
            declared,
            backups,
            status,
            insight,
            external,
            credentials,
            providers,
            shared_credentials,
            audit,
            rekey,
            idempotency,
            clock,
            entropy,
        } = use_cases;
        let (log_losses, recent_log) = (LogLosses::default(), RecentLog::default());
        Self {
            chat,
            models,
            authenticator,
            sessions,
            accounts,
            keys,
            routes,
            reloading,
            declared,
            backups,
            status,
            insight,
            external,
            credentials,
            providers,
            shared_credentials,
            audit,
            rekey,
            idempotency,
            demo,
            log_losses,
            recent_log,
            clock,
            entropy,
        }
    }

    /// The same, where this says how many lines of the log were lost.
    #[must_use]
    pub fn with_log_losses(self, log_losses: LogLosses) -> Self {
        Self { log_losses, ..self }
    }

    /// The same, where the last lines of the log are kept here.
    #[must_use]
    pub fn with_recent_log(self, recent_log: RecentLog) -> Self {
        Self { recent_log, ..self }
    }
}

/// How many lines of the log were dropped since the start, because whoever takes them was behind. For the metrics: a log can't tell
/// of itself that it is not read.
#[derive(Clone)]
pub struct LogLosses(Arc<dyn Fn() -> u64 + Send + Sync>);

impl LogLosses {
    /// As this counts them.
    #[must_use]
    pub fn counted_by(count: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    pub(crate) fn count(&self) -> u64 {
        (self.0)()
    }
}

impl Default for LogLosses {
    /// None are ever lost.
    fn default() -> Self {
        Self::counted_by(|| 0)
    }
}

/// Whether the key `sy-demo` calls simulated models. Where it does, it does so from this machine only, on a server that
/// nobody else can reach, while nobody administers it. Clones switch together.
#[derive(Clone, Debug, Default)]
pub struct DemoSwitch(Arc<AtomicBool>);

impl DemoSwitch {
    /// A switch in this position.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self(Arc::new(AtomicBool::new(on)))
    }

    /// Moves it.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    /// Its position.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
