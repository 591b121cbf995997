//! The use cases over fakes.

use crate::crowd::SlowLedger;
use futures_util::StreamExt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use switchyard_domain::declared::{DeclaredModel, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::name::Name;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_domain::usage::{Outcome, UsageEvent};
use switchyard_orchestrator::admin::{
    AdminPorts, CredentialAdmin, DeclaredConfiguration, KeyAdmin, KeyRequest, ProviderAdmin, ProviderPorts,
    ProviderRequest, QuotaAdmin, RouteAdmin, SharedCredentialAdmin,
};
use switchyard_orchestrator::chat::{
    BudgetTerms, Budgets, CallOrigin, CallSettings, CallStatistics, ChatPorts, ChatService, Reply, ReplyBody,
    ReplyPiece, ReplyStream,
};
use switchyard_orchestrator::error::CallError;
use switchyard_orchestrator::explain::{Explainer, Holding};
use switchyard_orchestrator::models::ModelList;
use switchyard_orchestrator::principal::{Authenticator, Principal};
use switchyard_orchestrator::routing::{Routing, RoutingPorts};
use switchyard_orchestrator::snapshot::{Builder, ConfigurationKeeper, UserDirectory};
use switchyard_orchestrator::tasks::Tasks;
use switchyard_orchestrator::usage::{LedgerWriter, RefusedCalls};
use switchyard_ports::client_call::ClientCall;
use switchyard_ports::journal::Journal;
use switchyard_ports::provider::{Deadlines, Frame};
use switchyard_ports::repositories::UsageRepository;
use switchyard_testkit::call::WireCall;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;
use switchyard_testkit::fakes::health::RecordingHealth;
use switchyard_testkit::fakes::journal::ScriptedJournal;
use switchyard_testkit::fakes::limiter::RecordingLimiter;
use switchyard_testkit::fakes::mint::CountingMint;
use switchyard_testkit::fakes::prices::PriceList;
use switchyard_testkit::fakes::provider::ScriptedFactory;
use switchyard_testkit::fakes::store::MemoryStore;
use switchyard_testkit::fakes::tokenizer::WordTokenizer;
use switchyard_testkit::fakes::vault::BoundVault;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Looks at the routes of a world.
pub(crate) fn routing(world: &World) -> Routing {
    Routing::new(Arc::clone(&world.keeper), world.routing_ports())
}

/// How a world differs from the usual one.
pub(crate) struct Setting {
    pub(crate) calls: CallSettings,
    pub(crate) tokenizer: WordTokenizer,
    pub(crate) shares_credentials: bool,
    pub(crate) budgets: BudgetTerms,
    /// The journal that the ledger's writer drains, if it is not the calls' own.
    pub(crate) drained: Option<Arc<dyn Journal>>,
    /// How long the ledger takes to say what a scope spent, if it takes any time.
    pub(crate) ledger_delay: Option<Duration>,
}

impl Default for Setting {
    fn default() -> Self {
        let deadlines = Deadlines { first_content: 30 * SECOND, idle: 60 * SECOND, total: 600 * SECOND };
        Self {
            calls: CallSettings { max_attempts: 3, deadlines, first_of_pieces: None },
            tokenizer: WordTokenizer::new(true, true),
            shares_credentials: true,
            budgets: BudgetTerms::default(),
            drained: None,
            ledger_delay: None,
        }
    }
}

/// Everything that a test can see and move.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) factory: ScriptedFactory,
    pub(crate) vault: Arc<BoundVault>,
    pub(crate) prices: Arc<PriceList>,
    pub(crate) journal: Arc<ScriptedJournal>,
    pub(crate) limiter: Arc<RecordingLimiter>,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) health: Arc<RecordingHealth>,
    pub(crate) tokenizer: Arc<WordTokenizer>,
    pub(crate) statistics: Arc<CallStatistics>,
    pub(crate) refused: Arc<RefusedCalls>,
    pub(crate) tasks: Tasks,
    pub(crate) keeper: Arc<ConfigurationKeeper>,
    pub(crate) chat: Arc<ChatService>,
    pub(crate) models: ModelList,
    pub(crate) authenticator: Authenticator,
    pub(crate) providers: Arc<ProviderAdmin>,
    pub(crate) routes: Arc<RouteAdmin>,
    pub(crate) keys: KeyAdmin,
    pub(crate) credentials: CredentialAdmin,
    pub(crate) shared: Arc<SharedCredentialAdmin>,
}

impl World {
    /// Without any provider.
    pub(crate) async fn empty() -> Self {
        Self::over(Arc::default(), Setting::default()).await
    }

    /// With providers `a`, `b` and `c` of models `m` and `n` each, and the route `all` from `a/m` over `b/m` to `c/m`.
    pub(crate) async fn usual() -> Self {
        Self::set(Setting::default()).await
    }

    /// The same with other settings.
    pub(crate) async fn set(setting: Setting) -> Self {
        let world = Self::over(Arc::default(), setting).await;
        for name in ["a", "b", "c"] {
            world.provider(name, &["m", "n"]).await;
        }
        world.route("all", &["a/m", "b/m", "c/m"]).await;
        world
    }

    /// Over a store that others may write to as well.
    pub(crate) async fn over(store: Arc<MemoryStore>, setting: Setting) -> Self {
        let clock = Arc::new(ManualClock::default());
        let (factory, vault, prices) =
            (ScriptedFactory::default(), Arc::new(BoundVault::default()), Arc::new(PriceList::default()));
        let builder =
            Builder::new(Arc::new(factory.clone()), Arc::clone(&vault) as _, Arc::clone(&prices) as _);
        let health = Arc::<RecordingHealth>::default();
        let builder = builder
            .with_credentials(Arc::clone(&store) as _, setting.shares_credentials)
            .with_health(Arc::clone(&health) as _);
        let users = UserDirectory::new(Arc::clone(&store) as _, Arc::clone(&clock) as _);
        let keeper = ConfigurationKeeper::start(
            Arc::clone(&store) as _,
            Arc::clone(&store) as _,
            Arc::new(users),
            builder,
        );
        let keeper = Arc::new(keeper.await.unwrap());
        let journal = Arc::<ScriptedJournal>::default();
        let limiter = RecordingLimiter::by_clock(Arc::clone(&clock) as _);
        let limiter = Arc::new(limiter);
        let tokenizer = Arc::new(setting.tokenizer);
        let tasks = Tasks::new(tokio::runtime::Handle::current());
        let statistics = Arc::new(CallStatistics::default());
        let writer = LedgerWriter::new(
            setting.drained.unwrap_or_else(|| Arc::clone(&journal) as _),
            Arc::clone(&store) as _,
            Arc::clone(&store) as _,
            Arc::clone(&clock) as _,
        );
        let ledger: Arc<dyn UsageRepository> = match setting.ledger_delay {
            Some(delay) => {
                Arc::new(SlowLedger { store: Arc::clone(&store), clock: Arc::clone(&clock), delay })
            }
            None => Arc::clone(&store) as _,
        };
        let budgets =
            Arc::new(Budgets::new(ledger, Arc::new(writer), Arc::clone(&clock) as _, setting.budgets));
        let refused = Arc::new(RefusedCalls::new(Arc::clone(&store) as _, Arc::clone(&clock) as _));
        let ports = ChatPorts {
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SeededEntropy::default()),
            limiter: Arc::clone(&limiter) as _,
            budgets: Arc::clone(&budgets),
            journal: Arc::clone(&journal) as _,
            tokenizer: Arc::clone(&tokenizer) as _,
            health: Arc::clone(&health) as _,
            tasks: tasks.clone(),
            statistics: Arc::clone(&statistics),
            refused: Arc::clone(&refused),
        };
        let admin = AdminPorts {
            clock: Arc::clone(&clock) as _,
            configuration: Arc::clone(&store) as _,
            audit: Arc::clone(&store) as _,
            keeper: Some(Arc::clone(&keeper)),
            backup: None,
        };
        let mint = Arc::new(CountingMint::default());
        let besides = ProviderPorts {
            factory: Arc::new(factory.clone()),
            vault: Arc::clone(&vault) as _,
            prices: Arc::clone(&prices) as _,
            health: Arc::clone(&store) as _,
        };
        let providers = Arc::new(ProviderAdmin::new(admin.clone(), besides));
        let credentials = CredentialAdmin::new(
            admin.clone(),
            Arc::clone(&store) as _,
            Arc::clone(&providers),
            Arc::clone(&vault) as _,
        );
        let shared =
            SharedCredentialAdmin::new(admin.clone(), Arc::clone(&providers), Arc::clone(&vault) as _);
        Self {
            credentials,
            shared: Arc::new(shared),
            chat: Arc::new(ChatService::new(Arc::clone(&keeper), Arc::new(ports), setting.calls)),
            models: ModelList::new(Arc::clone(&keeper)),
            authenticator: Authenticator::new(
                Arc::clone(&mint) as _,
                Arc::clone(&clock) as _,
                keeper.directory(),
            ),
            providers,
            routes: Arc::new(RouteAdmin::new(admin.clone())),
            keys: KeyAdmin::new(
                admin.clone(),
                Arc::clone(&store) as _,
                mint,
                Arc::new(QuotaAdmin::new(
                    admin,
                    Arc::clone(&store) as _,
                    Arc::clone(&store) as _,
                    Arc::clone(&store) as _,
                    Arc::clone(&store) as _,
                )),
            ),
            clock,
            store,
            factory,
            vault,
            prices,
            journal,
            limiter,
            budgets,
            health,
            tokenizer,
            statistics,
            refused,
            tasks,
            keeper,
        }
    }

    /// The use case that applies files.
    pub(crate) fn declared(&self) -> DeclaredConfiguration {
        let ports = AdminPorts {
            clock: Arc::clone(&self.clock) as _,
            configuration: Arc::clone(&self.store) as _,
            audit: Arc::clone(&self.store) as _,
            keeper: Some(Arc::clone(&self.keeper)),
            backup: None,
        };
        DeclaredConfiguration::new(ports, Arc::clone(&self.providers))
    }

    /// What plans are made by.
    pub(crate) fn routing_ports(&self) -> RoutingPorts {
        RoutingPorts {
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::default()),
            health: Arc::clone(&self.health) as _,
            limiter: Arc::clone(&self.limiter) as _,
        }
    }

    pub(crate) fn explainer(&self) -> Explainer {
        let holding = Holding { unpriced_ceiling: self.budgets.terms().unpriced_ceiling, max_attempts: 3 };
        Explainer::new(Arc::clone(&self.keeper), self.routing_ports(), holding)
    }

    /// Adds a provider of vendor `acme`.
    pub(crate) async fn provider(&self, name: &str, models: &[&str]) {
        self.provider_of("acme", name, models).await;
    }

    /// Adds a provider.
    pub(crate) async fn provider_of(&self, vendor: &str, name: &str, models: &[&str]) {
        let request = ProviderRequest {
            vendor: vendor.to_owned(),
            models: models.iter().map(|model| listed(model)).collect(),
            ..wanted(name)
        };
        self.providers.add(request, &Writer::API).await.unwrap();
    }

    /// Adds a route of mode `multi` over `<provider>/<model>`, in this order.
    pub(crate) async fn route(&self, name: &str, targets: &[&str]) {
        self.routes.add(&route(name, targets), &Writer::API).await.unwrap();
    }

    /// Makes a key.
    pub(crate) async fn key(&self, name: &str, limits: Limits, models: Option<&[&str]>) -> Principal {
        let models = models.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let request = KeyRequest {
            name: named(name),
            models,
            limits,
            expires_at: None,
            user: None,
            tags: Vec::new(),
            budget: None,
        };
        let created = self.keys.create(request, &Writer::API).await.unwrap();
        let text = secrecy::ExposeSecret::expose_secret(&created.key).to_owned();
        self.authenticator.virtual_key(&text).unwrap()
    }

    /// A call on the program's own behalf, not begun yet.
    pub(crate) fn call(&self, call: WireCall) -> Calling {
        self.call_as(Principal::Program, call)
    }

    /// A call, not begun yet.
    pub(crate) fn call_as(&self, principal: Principal, call: WireCall) -> Calling {
        let chat = Arc::clone(&self.chat);
        let call: Arc<dyn ClientCall> = Arc::new(call);
        Box::pin(
            async move { chat.call(&principal, call, CallOrigin::program("request-1".to_owned())).await },
        )
    }

    /// Asks for a whole answer and lets time pass for whoever sleeps.
    pub(crate) async fn ask(&self, model: &str) -> Result<Reply, CallError> {
        self.finish(self.call(buffered(model))).await
    }

    /// Runs a call to its end, moving the time on whenever it sleeps.
    pub(crate) async fn finish(&self, mut calling: Calling) -> Result<Reply, CallError> {
        for _ in 0..10_000 {
            if let Poll::Ready(reply) = poll_once(&mut calling).await {
                return reply;
            }
            if self.clock.sleepers() > 0 {
                self.clock.advance(Duration::from_millis(10));
            }
            tokio::task::yield_now().await;
        }
        panic!("the call does not end");
    }

    /// Begins a streamed call and gives its frames.
    pub(crate) async fn stream(&self, model: &str) -> ReplyStream {
        match self.finish(self.call(streamed(model))).await.unwrap().body {
            ReplyBody::Stream(frames) => frames,
            ReplyBody::Buffered(_) => panic!("a stream was asked for"),
        }
    }

    /// What the journal holds, as outcomes.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.journal.events().iter().map(|event| event.outcome).collect()
    }

    /// The one event that the journal holds.
    pub(crate) fn only_event(&self) -> UsageEvent {
        let events = self.journal.events();
        assert_eq!(events.len(), 1, "{events:?}");
        events[0].clone()
    }

    /// Nothing of any call is held any more.
    pub(crate) fn is_idle(&self) {
        assert_eq!(self.factory.open(), 0, "an upstream call is open");
        assert_eq!(self.journal.permits(), 0, "a place in the journal is held");
        assert_eq!(self.statistics.in_flight(), 0, "a call is in flight");
        assert_eq!(self.health.in_flight(), 0, "an attempt is in flight");
        for scope in self.limiter.scopes() {
            assert_eq!(self.limiter.scope(&scope).held, 0, "a limit is held: {scope}");
        }
    }
}

/// A call that can be polled, and dropped.
pub(crate) type Calling = Pin<Box<dyn Future<Output = Result<Reply, CallError>> + Send>>;

pub(crate) async fn poll_once<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send>>) -> Poll<T> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Polls a future until something is so; it must not end before.
pub(crate) async fn until<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send>>, is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        assert!(poll_once(future).await.is_pending(), "it ended too early");
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to be");
}

/// Waits until something is so that another thread does.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it never came to be");
}

/// Runs all of them on the threads of the runtime at once.
pub(crate) async fn at_once<T: Send + 'static>(
    jobs: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut running = tokio::task::JoinSet::new();
    for job in jobs {
        running.spawn(job);
    }
    running.join_all().await
}

/// All frames that come. What is settled is the journal's to tell.
pub(crate) async fn drain(pieces: ReplyStream) -> Vec<Result<Frame, CallError>> {
    let frame = |piece| match piece {
        Ok(ReplyPiece::Frame(frame)) => Some(Ok(frame)),
        Ok(ReplyPiece::Settled(_)) => None,
        Err(error) => Some(Err(error)),
    };
    pieces.filter_map(|piece| std::future::ready(frame(piece))).collect().await
}

pub(crate) fn named(name: &str) -> Name {
    Name::new(name).unwrap()
}

pub(crate) fn listed(model: &str) -> DeclaredModel {
    DeclaredModel { model: model.to_owned(), ..DeclaredModel::default() }
}

/// A provider of vendor `acme` without models.
pub(crate) fn wanted(name: &str) -> ProviderRequest {
    ProviderRequest {
        name: named(name),
        vendor: "acme".to_owned(),
        base_url: None,
        api_key: None,
        models: Vec::new(),
        is_enabled: true,
    }
}

/// A provider of vendor `acme` as a document declares it, without keys.
pub(crate) fn declared_provider(name: &str, models: &[&str]) -> DeclaredProvider {
    DeclaredProvider {
        name: named(name),
        vendor: "acme".to_owned(),
        owner: None,
        base_url: None,
        api_key: None,
        api_keys: Vec::new(),
        models: models.iter().map(|model| listed(model)).collect(),
        enabled: true,
    }
}

/// A route of mode `multi` over `<provider>/<model>`, in this order.
pub(crate) fn route(name: &str, targets: &[&str]) -> DeclaredRoute {
    let target = |(target, priority): (&&str, u32)| {
        let (provider, model) = target.split_once('/').unwrap();
        DeclaredTarget { priority, ..DeclaredTarget::new(named(provider), model.to_owned()) }
    };
    DeclaredRoute {
        mode: RouteMode::Multi,
        strategy: Strategy::Failover,
        targets: targets.iter().zip(0..).map(target).collect(),
        ..DeclaredRoute::new(named(name))
    }
}

/// A call for a whole answer. Its prompt has two words, which makes nine tokens.
pub(crate) fn buffered(model: &str) -> WireCall {
    with(model, "")
}

/// A call for a stream.
pub(crate) fn streamed(model: &str) -> WireCall {
    with(model, r#","stream":true"#)
}

/// A call with more members.
pub(crate) fn with(model: &str, members: &str) -> WireCall {
    WireCall::of(format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"hello there"}}]{members}}}"#
    ))
}
