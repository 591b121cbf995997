//! A server with everything real but the ports.

mod configuration;
mod ports;
mod provider;

use configuration::{FixedConfiguration, FixedKeys, NoUsage};
use ports::{FakeMint, NoHealth, NoLimiter, NoPrices, NoTokenizer, OpenVault, RememberingJournal};
use provider::Factory;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use switchyard_domain::usage::UsageEvent;
use switchyard_http::recent_log::RecentLog;
use switchyard_http::server::{BoundServer, ServerConfig, ServerControl, bind};
use switchyard_http::services::{DemoSwitch, LogLosses, Services};
use switchyard_orchestrator::accounts::{
    AccountPorts, AccountSettings, Accounts, PasswordDesk, Rates, Throttles, session_gate,
};
use switchyard_orchestrator::admin::{
    AdminPorts, CredentialAdmin, DeclaredConfiguration, KeyAdmin, ProviderAdmin, ProviderPorts, QuotaAdmin,
    Reloading, RouteAdmin, SharedCredentialAdmin,
};
use switchyard_orchestrator::audit::AuditTrail;
use switchyard_orchestrator::backup::Backups;
use switchyard_orchestrator::chat::{
    BudgetTerms, Budgets, CallSettings, CallStatistics, ChatPorts, ChatService,
};
use switchyard_orchestrator::explain::{Explainer, Holding};
use switchyard_orchestrator::external::{ExternalCalls, ExternalSettings};
use switchyard_orchestrator::insight::Insight;
use switchyard_orchestrator::models::ModelList;
use switchyard_orchestrator::overview::Overview;
use switchyard_orchestrator::principal::Authenticator;
use switchyard_orchestrator::rekey::{Rekey, RekeyPorts};
use switchyard_orchestrator::routing::{Routing, RoutingPorts};
use switchyard_orchestrator::snapshot::{Builder, ConfigurationKeeper, UserDirectory};
use switchyard_orchestrator::status::Status;
use switchyard_orchestrator::tasks::Tasks;
use switchyard_orchestrator::usage::{BooksProof, CallHistory, LedgerWriter, RefusedCalls, UsageReports};
use switchyard_ports::clock::Clock;
use switchyard_ports::entropy::Entropy;
use switchyard_ports::provider::Deadlines;
use switchyard_ports::repositories::{DatabaseState, PoolState};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;
use switchyard_testkit::fakes::audit_seal::PlainSeal;
use switchyard_testkit::fakes::external::ToldWorld;
use switchyard_testkit::fakes::idempotency::NameBook;
use switchyard_testkit::fakes::identity::{
    PlainCsrf, PlainPasswords, PlainSecrets, PlainTokens, StandingThrottle,
};
use switchyard_testkit::fakes::store::MemoryStore;
use switchyard_testkit::fakes::vault::BoundVault;
use tokio::task::JoinHandle;

/// May call everything.
pub(crate) const KEY: &str = "sy-good";
/// May call the route `team` only.
pub(crate) const NARROW_KEY: &str = "sy-narrow";
/// Is always at its limit.
pub(crate) const LIMITED_KEY: &str = "sy-limited";

/// A database whose state a test sets.
pub(crate) struct Database(AtomicBool);

impl DatabaseState for Database {
    fn is_connected(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn pools(&self) -> Vec<PoolState> {
        Vec::new()
    }
}

/// What a test can see and move.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) control: ServerControl,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) demo: DemoSwitch,
    pub(crate) status: Arc<Status>,
    journal: Arc<RememberingJournal>,
    database: Arc<Database>,
    upstreams: Arc<AtomicUsize>,
    pub(crate) names: Arc<NameBook>,
    _server: JoinHandle<std::io::Result<()>>,
}

impl World {
    /// As configured by default, on a port of its own.
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            workers: NonZeroUsize::new(1),
            environment: "testing".to_owned(),
            ..ServerConfig::default()
        };
        change(&mut config);
        let clock = Arc::new(ManualClock::default());
        let journal = Arc::new(RememberingJournal::default());
        let database = Arc::new(Database(AtomicBool::new(true)));
        let upstreams = Arc::new(AtomicUsize::new(0));
        let names = Arc::new(NameBook::new(Arc::clone(&clock) as _));
        let services = services(&clock, &journal, &database, &upstreams, &names).await;
        let (demo, status) = (services.demo.clone(), Arc::clone(&services.status));
        let bound: BoundServer = bind(config, services).unwrap();
        Self {
            address: bound.addresses()[0],
            metrics: bound.metrics_addresses().first().copied(),
            control: bound.control(),
            _server: tokio::spawn(bound.run()),
            clock,
            demo,
            status,
            journal,
            database,
            upstreams,
            names,
        }
    }

    pub(crate) fn set_recordable(&self, recordable: bool) {
        self.journal.set_writable(recordable);
    }

    pub(crate) fn set_database(&self, connected: bool) {
        self.database.0.store(connected, Ordering::Relaxed);
    }

    /// Upstream answers that are open now.
    pub(crate) fn upstreams(&self) -> usize {
        self.upstreams.load(Ordering::Relaxed)
    }

    pub(crate) fn recorded(&self) -> Vec<UsageEvent> {
        self.journal.events()
    }

    /// Returns once `count` upstream answers are open; fails where that takes longer than anything here may.
    pub(crate) async fn until_upstreams(&self, count: usize) {
        eventually(|| self.upstreams() == count).await;
    }
}

/// Returns once something is so.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to be");
}

async fn services(
    clock: &Arc<ManualClock>,
    journal: &Arc<RememberingJournal>,
    database: &Arc<Database>,
    upstreams: &Arc<AtomicUsize>,
    names: &Arc<NameBook>,
) -> Services {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let entropy = Arc::new(SeededEntropy::default()) as Arc<dyn Entropy>;
    let builder =
        Builder::new(Arc::new(Factory(Arc::clone(upstreams))), Arc::new(OpenVault), Arc::new(NoPrices));
    let store = Arc::new(MemoryStore::default());
    let users = Arc::new(UserDirectory::new(Arc::clone(&store) as _, Arc::clone(&clock)));
    let keeper =
        ConfigurationKeeper::start(Arc::new(FixedConfiguration), Arc::new(FixedKeys), users, builder);
    let keeper = Arc::new(keeper.await.unwrap());
    let statistics = Arc::new(CallStatistics::default());
    let writer = Arc::new(LedgerWriter::new(
        Arc::clone(journal) as _,
        Arc::new(NoUsage),
        Arc::new(FixedKeys),
        Arc::clone(&clock),
    ));
    let ports = ChatPorts {
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        limiter: Arc::new(NoLimiter),
        budgets: Arc::new(Budgets::new(
            Arc::new(NoUsage),
            Arc::clone(&writer),
            Arc::clone(&clock),
            BudgetTerms::default(),
        )),
        journal: Arc::clone(journal) as _,
        tokenizer: Arc::new(NoTokenizer),
        health: Arc::new(NoHealth),
        tasks: Tasks::new(tokio::runtime::Handle::current()),
        statistics: Arc::clone(&statistics),
        refused: Arc::new(RefusedCalls::new(Arc::new(NoUsage), Arc::clone(&clock))),
    };
    let minute = Duration::from_secs(60);
    let deadlines = Deadlines { first_content: minute, idle: minute, total: minute * 10 };
    let status = Arc::new(Status::new(
        Arc::clone(&keeper),
        Arc::clone(journal) as _,
        writer,
        statistics,
        Arc::clone(database) as _,
        None,
    ));
    let routing = RoutingPorts {
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        health: Arc::new(NoHealth),
        limiter: Arc::new(NoLimiter),
    };
    let insight = Insight {
        reports: Arc::new(UsageReports::new(Arc::clone(&store) as _)),
        history: Arc::new(CallHistory::new(Arc::clone(&store) as _)),
        proof: Arc::new(BooksProof::new(
            Arc::clone(&store) as _,
            Arc::clone(&store) as _,
            None,
            ports.tasks.clone(),
        )),
        overview: Arc::new(Overview::new(
            Arc::clone(&status),
            Arc::clone(&keeper),
            Arc::new(NoHealth),
            Arc::clone(database) as _,
            Arc::clone(&clock),
        )),
        explainer: Arc::new(Explainer::new(
            Arc::clone(&keeper),
            routing.clone(),
            Holding { unpriced_ceiling: None, max_attempts: 3 },
        )),
        routing: Arc::new(Routing::new(Arc::clone(&keeper), routing)),
    };
    let admin = AdminPorts {
        clock: Arc::clone(&clock),
        configuration: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        keeper: None,
        backup: None,
    };
    let vault = Arc::new(BoundVault::default());
    let besides = ProviderPorts {
        factory: Arc::new(Factory(Arc::clone(upstreams))),
        vault: Arc::clone(&vault) as _,
        prices: Arc::new(NoPrices),
        health: Arc::clone(&store) as _,
    };
    let providers = Arc::new(ProviderAdmin::new(admin.clone(), besides));
    let declared = Arc::new(DeclaredConfiguration::new(admin.clone(), Arc::clone(&providers)));
    let shared_credentials =
        SharedCredentialAdmin::new(admin.clone(), Arc::clone(&providers), Arc::clone(&vault) as _);
    let credentials =
        CredentialAdmin::new(admin, Arc::clone(&store) as _, Arc::clone(&providers), Arc::clone(&vault) as _);
    let audit =
        AuditTrail::new(Arc::clone(&store) as _, Arc::new(PlainSeal::default()), None, Arc::clone(&clock));
    let rekey = Rekey::new(RekeyPorts {
        clock: Arc::clone(&clock),
        keyring: Arc::clone(&store) as _,
        credentials: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        vault: Arc::clone(&vault) as _,
        rotation: vault,
        backup: None,
    });
    let accounts = AccountPorts {
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        users: Arc::clone(&store) as _,
        sessions: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        passwords: Arc::new(PasswordDesk::new(Arc::new(PlainPasswords::default()), 1)),
        tokens: Arc::new(PlainTokens),
        csrf: Arc::new(PlainCsrf),
        secrets: Arc::new(PlainSecrets::default()),
        throttles: Arc::new(Throttles::new(Arc::new(StandingThrottle::default()), Rates::default())),
        keeper: Some(Arc::clone(&keeper)),
    };
    let admin = AdminPorts {
        clock: Arc::clone(&clock),
        configuration: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        keeper: Some(Arc::clone(&keeper)),
        backup: None,
    };
    let quotas = QuotaAdmin::new(
        admin.clone(),
        Arc::clone(&store) as _,
        Arc::clone(&store) as _,
        Arc::clone(&store) as _,
        Arc::clone(&store) as _,
    );
    let settings = CallSettings { max_attempts: 3, deadlines, first_of_pieces: None };
    Services {
        chat: Arc::new(ChatService::new(Arc::clone(&keeper), Arc::new(ports), settings)),
        models: Arc::new(ModelList::new(Arc::clone(&keeper))),
        reloading: Arc::new(Reloading::new(Arc::clone(&keeper))),
        backups: Arc::new(Backups::new(None, Arc::clone(&declared))),
        declared,
        sessions: session_gate(&accounts, Arc::clone(&keeper)),
        routes: Arc::new(RouteAdmin::new(admin.clone())),
        keys: Arc::new(KeyAdmin::new(admin, store, Arc::new(FakeMint), Arc::new(quotas))),
        accounts: Accounts::new(&accounts, &AccountSettings::default()),
        authenticator: Arc::new(Authenticator::new(
            Arc::new(FakeMint),
            Arc::clone(&clock),
            keeper.directory(),
        )),
        status,
        insight,
        external: Arc::new(ExternalCalls::new(
            Arc::new(ToldWorld::default()),
            Arc::clone(&clock),
            ExternalSettings::default(),
        )),
        credentials: Arc::new(credentials),
        providers,
        shared_credentials: Arc::new(shared_credentials),
        audit: Arc::new(audit),
        rekey: Arc::new(rekey),
        idempotency: Arc::clone(names) as _,
        demo: DemoSwitch::new(false),
        log_losses: LogLosses::counted_by(|| 17),
        recent_log: RecentLog::default(),
        clock,
        entropy,
    }
}
