//! The whole application, without a socket.

use crate::adapters::Adapters;
use crate::administration::Administration;
use crate::builder::{Builder, UsageJournal};
use crate::chat_client::{Caller, ChatClient};
use crate::error::OpenError;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use switchyard_journal::{FileJournal, Fsync, MemoryJournal, Options};
use switchyard_orchestrator::UseCases;
use switchyard_orchestrator::accounts::Accounts;
use switchyard_orchestrator::admin::{KeyAdmin, ProviderAdmin, QuotaAdmin, Reloading, RouteAdmin};
use switchyard_orchestrator::chat::{Budgets, CallStatistics, ChatPorts, ChatService, DayCounts};
use switchyard_orchestrator::explain::Explainer;
use switchyard_orchestrator::external::ExternalCalls;
use switchyard_orchestrator::health_checks::{HealthCheckSettings, HealthChecks};
use switchyard_orchestrator::insight::Insight;
use switchyard_orchestrator::models::ModelList;
use switchyard_orchestrator::overview::Overview;
use switchyard_orchestrator::principal::Authenticator;
use switchyard_orchestrator::routing::{Routing, RoutingPorts};
use switchyard_orchestrator::snapshot::{Builder as SnapshotBuilder, ConfigurationKeeper, UserDirectory};
use switchyard_orchestrator::status::Status;
use switchyard_orchestrator::tasks::Tasks;
use switchyard_orchestrator::usage::{
    BooksProof, CallHistory, LedgerWriter, LiveCounters, RefusedCalls, UsageReports,
};
use switchyard_ports::journal::Journal;
use switchyard_ports::repositories::{
    ConfigurationRepository, CredentialRepository, DatabaseState, ProviderHealthRepository, QuotaRepository,
    UsageRepository, UserRepository, VirtualKeyRepository,
};
use tokio_util::sync::DropGuard;

/// How long closing waits for calls and loops when the caller names no time.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long between two tries to bring what an earlier process left into the ledger.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// The application. Calls, administration and reports go through it; a server adds sockets.
pub struct Embedded {
    administration: Administration,
    use_cases: UseCases,
    writer: Arc<LedgerWriter>,
    tasks: Tasks,
    /// Ends the loops of an application that is dropped without being closed.
    _stop: DropGuard,
}

impl Embedded {
    pub(crate) async fn open(mut builder: Builder) -> Result<Self, OpenError> {
        let adapters = Adapters::open(&mut builder).await?;
        let journal = open_journal(&builder.journal)?;
        let keeper = Arc::new(start_keeper(&adapters).await?);
        let administration = Administration::over(&adapters, &builder, Some(Arc::clone(&keeper)));
        administration.prepare(&mut builder).await?;
        // Only here: a command is run under other settings than the server.
        administration.followers()?.follow().await?;
        keeper.refresh().await?;
        if let Some(backup) = &administration.backup {
            backup.wake_and_begin().await;
        }

        let tasks = Tasks::new(tokio::runtime::Handle::current());
        let writer = Arc::new(LedgerWriter::new(
            Arc::clone(&journal),
            Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
            Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
            Arc::clone(&adapters.clock),
        ));
        adapters.sharing.begin(&tasks);
        // What an earlier process left is spent: budgets begin with it.
        if journal.backlog() > 0 {
            bring_what_was_left(&tasks, &writer, &adapters).await;
        }
        let budgets = Budgets::new(
            Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
            Arc::clone(&writer),
            Arc::clone(&adapters.clock),
            builder.budgets,
        );
        let ports = chat_ports(&adapters, Arc::clone(&journal), &tasks, budgets);
        let days = day_counts(&adapters, &keeper);
        // Before the first call: a day's limit goes on where an earlier process left it.
        if let Err(error) = days.tell().await {
            tracing::warn!(%error, "limits of a day begin anew until the ledger and the limiter can be asked");
        }
        let statistics = Arc::clone(&ports.statistics);
        let status = Arc::new(Status::new(
            Arc::clone(&keeper),
            journal,
            Arc::clone(&writer),
            statistics,
            Arc::clone(&adapters.database) as Arc<dyn DatabaseState>,
            adapters.sharing.store(),
        ));
        let insight = insight(&adapters, &administration, &keeper, &ports, &status, &writer);
        begin_loops(&tasks, &keeper, &writer, &administration, &adapters);
        begin_loops_of_calls(&tasks, &keeper, &ports, days);
        begin_health_checks(&tasks, &keeper, &adapters, builder.health_checks);
        let sessions = administration.session_gate(&keeper);
        let authenticator =
            Authenticator::new(Arc::clone(&adapters.mint), Arc::clone(&adapters.clock), keeper.directory())
                .with_sessions(Arc::clone(&sessions));
        let external =
            ExternalCalls::new(Arc::clone(&adapters.external), Arc::clone(&adapters.clock), builder.external);
        let reloading = Reloading::new(Arc::clone(&keeper));
        let reloading = match builder.file {
            Some(reader) => reloading.with_file(reader, Arc::clone(&administration.declared)),
            None => reloading,
        };
        let use_cases = UseCases {
            chat: Arc::new(ChatService::new(Arc::clone(&keeper), Arc::new(ports), builder.calls)),
            reloading: Arc::new(reloading),
            declared: Arc::clone(&administration.declared),
            backups: Arc::clone(&administration.backups),
            models: Arc::new(ModelList::new(keeper)),
            authenticator: Arc::new(authenticator),
            sessions,
            accounts: administration.accounts().clone(),
            keys: Arc::clone(&administration.keys),
            routes: Arc::clone(&administration.routes),
            status,
            insight,
            external: Arc::new(external),
            credentials: Arc::clone(administration.credentials()),
            providers: Arc::clone(&administration.providers),
            shared_credentials: Arc::clone(&administration.shared_credentials),
            audit: Arc::clone(administration.audit()),
            rekey: Arc::clone(administration.rekey()),
            idempotency: Arc::clone(&adapters.sharing.idempotency),
            clock: adapters.clock,
            entropy: adapters.entropy,
        };
        let stop = tasks.stopping().drop_guard();
        Ok(Self { administration, use_cases, writer, tasks, _stop: stop })
    }

    /// Chat calls on the program's own behalf: no key, no key's limits; usage is recorded without a key.
    #[must_use]
    pub fn chat(&self) -> ChatClient {
        self.chat_as(Caller::Program)
    }

    /// Chat calls on a virtual key's behalf, with its limits and on its bill; `None` when the key is not usable. Once it is
    /// revoked or ends, calls are refused.
    #[must_use]
    pub fn chat_with_key(&self, key: &str) -> Option<ChatClient> {
        let authenticator = Arc::clone(&self.use_cases.authenticator);
        authenticator.virtual_key(key)?;
        let key = Arc::new(SecretString::from(key));
        Some(self.chat_as(Caller::Key { key, authenticator }))
    }

    fn chat_as(&self, caller: Caller) -> ChatClient {
        let UseCases { chat, entropy, .. } = &self.use_cases;
        ChatClient { service: Arc::clone(chat), entropy: Arc::clone(entropy), caller }
    }

    /// Providers.
    #[must_use]
    pub fn providers(&self) -> &ProviderAdmin {
        self.administration.providers()
    }

    /// Routes.
    #[must_use]
    pub fn routes(&self) -> &RouteAdmin {
        self.administration.routes()
    }

    /// Virtual keys.
    #[must_use]
    pub fn keys(&self) -> &KeyAdmin {
        self.administration.keys()
    }

    /// People.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        self.administration.accounts()
    }

    /// Limits and budgets of scopes.
    #[must_use]
    pub fn quotas(&self) -> &QuotaAdmin {
        self.administration.quotas()
    }

    /// Usage and the ledger.
    #[must_use]
    pub fn usage(&self) -> &UsageReports {
        self.administration.usage()
    }

    /// The administrative use cases together.
    #[must_use]
    pub fn administration(&self) -> &Administration {
        &self.administration
    }

    /// What a surface calls.
    #[must_use]
    pub fn use_cases(&self) -> UseCases {
        self.use_cases.clone()
    }

    /// The state of the application.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        Arc::clone(&self.use_cases.status)
    }

    /// Brings what the journal holds into the ledger now rather than within half a second. Answers whether all arrived.
    pub async fn flush_usage(&self) -> bool {
        self.writer.drain_once().await
    }

    /// Ends the background work; usage that waits is brought to the ledger first. Answers whether all ended in time.
    pub async fn close(self) -> bool {
        self.close_within(PATIENCE).await
    }

    /// As [`Embedded::close`], with a time of the caller's.
    pub async fn close_within(self, patience: Duration) -> bool {
        let all = async {
            let ended = self.tasks.shutdown(patience).await;
            // Calls that were settled while the loops ended wrote to the journal behind its last drain.
            self.writer.drain_once().await && ended
        };
        tokio::time::timeout(patience, all).await.unwrap_or(false)
    }
}

fn open_journal(choice: &UsageJournal) -> Result<Arc<dyn Journal>, OpenError> {
    match choice {
        UsageJournal::Memory => Ok(Arc::new(MemoryJournal::default())),
        UsageJournal::Directory { path, sync_each } => {
            let mut options = Options::default();
            if *sync_each {
                options.fsync = Fsync::Always;
            }
            let journal =
                FileJournal::open(path, options).map_err(|error| OpenError::Journal(error.to_string()))?;
            Ok(Arc::new(journal))
        }
    }
}

pub(crate) async fn start_keeper(adapters: &Adapters) -> Result<ConfigurationKeeper, OpenError> {
    let builder = SnapshotBuilder::new(
        Arc::clone(&adapters.factory),
        Arc::clone(&adapters.vault),
        Arc::clone(&adapters.prices),
    );
    let credentials = Arc::clone(&adapters.database) as Arc<dyn CredentialRepository>;
    let builder = builder
        .with_credentials(credentials, adapters.shares_credentials)
        .with_set_apart(adapters.shared_models.set_apart())
        .with_health(Arc::clone(&adapters.health));
    let users = UserDirectory::new(
        Arc::clone(&adapters.database) as Arc<dyn UserRepository>,
        Arc::clone(&adapters.clock),
    );
    let keeper = ConfigurationKeeper::start(
        Arc::clone(&adapters.database) as Arc<dyn ConfigurationRepository>,
        Arc::clone(&adapters.database) as Arc<dyn VirtualKeyRepository>,
        Arc::new(users),
        builder,
    );
    Ok(keeper.await?)
}

fn chat_ports(adapters: &Adapters, journal: Arc<dyn Journal>, tasks: &Tasks, budgets: Budgets) -> ChatPorts {
    ChatPorts {
        clock: Arc::clone(&adapters.clock),
        entropy: Arc::clone(&adapters.entropy),
        limiter: Arc::clone(&adapters.sharing.limiter),
        budgets: Arc::new(budgets),
        journal,
        tokenizer: Arc::clone(&adapters.tokenizer),
        health: Arc::clone(&adapters.health),
        tasks: tasks.clone(),
        statistics: Arc::new(CallStatistics::default()),
        refused: Arc::new(RefusedCalls::new(
            Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
            Arc::clone(&adapters.clock),
        )),
    }
}

fn insight(
    adapters: &Adapters,
    administration: &Administration,
    keeper: &Arc<ConfigurationKeeper>,
    ports: &ChatPorts,
    status: &Arc<Status>,
    writer: &Arc<LedgerWriter>,
) -> Insight {
    let usage = || Arc::clone(&adapters.database) as Arc<dyn UsageRepository>;
    let clock = || Arc::clone(&adapters.clock);
    let counters =
        LiveCounters { limiter: Arc::clone(&ports.limiter), writer: Arc::clone(writer), clock: clock() };
    let quotas = Arc::clone(&adapters.database) as Arc<dyn QuotaRepository>;
    let routing = RoutingPorts {
        clock: clock(),
        entropy: Arc::clone(&ports.entropy),
        health: Arc::clone(&ports.health),
        limiter: Arc::clone(&ports.limiter),
    };
    Insight {
        reports: Arc::clone(&administration.usage),
        history: Arc::new(CallHistory::new(usage())),
        proof: Arc::new(BooksProof::new(usage(), quotas, Some(counters), ports.tasks.clone())),
        overview: Arc::new(
            Overview::new(
                Arc::clone(status),
                Arc::clone(keeper),
                Arc::clone(&ports.health),
                Arc::clone(&adapters.database) as Arc<dyn DatabaseState>,
                clock(),
            )
            .with_backup(administration.backup.clone()),
        ),
        explainer: Arc::new(Explainer::new(Arc::clone(keeper), routing.clone(), administration.holding)),
        routing: Arc::new(Routing::new(Arc::clone(keeper), routing)),
    }
}

/// Brings what an earlier process left into the ledger, and then says so to those who asked the ledger without it. Waits for it once;
/// what does not arrive at once does so beside everything else.
async fn bring_what_was_left(tasks: &Tasks, writer: &Arc<LedgerWriter>, adapters: &Adapters) {
    if writer.drain_once().await {
        adapters.sharing.doubt();
        return;
    }
    tracing::warn!("usage of an earlier process waits; calls under a budget wait for it too");
    let (writer, sharing, clock) =
        (Arc::clone(writer), adapters.sharing.clone(), Arc::clone(&adapters.clock));
    let stopping = tasks.stopping();
    tasks.spawn("usage that was left", async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = clock.sleep(LEFT_BEHIND) => {}
            }
            if writer.drain_once().await {
                return sharing.doubt();
            }
        }
    });
}

fn day_counts(adapters: &Adapters, keeper: &Arc<ConfigurationKeeper>) -> DayCounts {
    DayCounts::new(
        Arc::clone(&adapters.database) as Arc<dyn UsageRepository>,
        Arc::clone(&adapters.sharing.limiter),
        Arc::clone(keeper),
        Arc::clone(&adapters.clock),
    )
}

fn begin_loops_of_calls(
    tasks: &Tasks,
    keeper: &Arc<ConfigurationKeeper>,
    ports: &ChatPorts,
    days: DayCounts,
) {
    let ending = tasks.stopping();
    tasks.spawn("requests of the day", async move { days.keep_told(ending).await });
    let (budgets, limiter) = (Arc::clone(&ports.budgets), Arc::clone(&ports.limiter));
    let (keeper, stopping) = (Arc::clone(keeper), tasks.stopping());
    let (refused, ending) = (Arc::clone(&ports.refused), tasks.stopping());
    tasks.spawn("refused calls", async move { refused.run(ending).await });
    tasks.spawn("budgets", async move { budgets.keep_known(limiter.as_ref(), &keeper, stopping).await });
}

fn begin_health_checks(
    tasks: &Tasks,
    keeper: &Arc<ConfigurationKeeper>,
    adapters: &Adapters,
    settings: HealthCheckSettings,
) {
    let health = Arc::clone(&adapters.database) as Arc<dyn ProviderHealthRepository>;
    let checks = HealthChecks::new(Arc::clone(keeper), health, Arc::clone(&adapters.clock), settings);
    let stopping = tasks.stopping();
    tasks.spawn("health checks", async move { checks.run(stopping).await });
}

fn begin_loops(
    tasks: &Tasks,
    keeper: &Arc<ConfigurationKeeper>,
    writer: &Arc<LedgerWriter>,
    administration: &Administration,
    adapters: &Adapters,
) {
    let (polling, clock, stopping) = (Arc::clone(keeper), Arc::clone(&adapters.clock), tasks.stopping());
    tasks.spawn("configuration poll", async move { polling.poll(clock, stopping).await });
    let (writing, stopping) = (Arc::clone(writer), tasks.stopping());
    tasks.spawn("ledger writer", async move { writing.run(stopping).await });
    if let Some(backup) = &administration.backup {
        let (backup, rebuilt, stopping) = (Arc::clone(backup), keeper.rebuilt(), tasks.stopping());
        tasks.spawn("backup", async move { backup.follow(rebuilt, stopping).await });
    }
    let (trail, stopping) = (Arc::clone(administration.audit()), tasks.stopping());
    tasks.spawn("audit checkpoints", async move { trail.keep_checkpoints(stopping).await });
}
