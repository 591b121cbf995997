//! The server under test.

use crate::client::TestClient;
use crate::databases::Database;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use switchyard::declared::{Declared, DeclaredModel, DeclaredProvider, DeclaredRoute, DeclaredTarget};
use switchyard::orchestrator::accounts::AccountSettings;
use switchyard::orchestrator::admin::{KeyRequest, ProviderRequest};
use switchyard::orchestrator::chat::CallSettings;
use switchyard::orchestrator::external::ExternalSettings;
use switchyard::orchestrator::health_checks::HealthCheckSettings;
use switchyard::ports::clock::Clock;
use switchyard::ports::provider::Deadlines;
use switchyard::vendors::Vendor;
use switchyard::{Builder, Embedded, Name, PasswordCost, RedisUse, Store, UsageJournal};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::route::{RouteMode, Strategy};
use switchyard_domain::usage::UsageEvent;
use switchyard_http::server::{ServerConfig, ServerControl, bind};
use switchyard_http::services::{DemoSwitch, Services};
use switchyard_testkit::simulator::Simulator;

/// Everybody's password, unless a test says otherwise.
pub const PASSWORD: &str = "Gravel-Otter-7";

/// The name of the provider that stands for the simulator.
pub(crate) const UPSTREAM: &str = "upstream";

/// Puts a server under test together.
pub struct TestAppBuilder {
    builder: Builder,
    server: ServerConfig,
    models: Vec<DeclaredModel>,
    routes: Vec<(String, Vec<String>)>,
    vendor: String,
    demo: bool,
}

impl Default for TestAppBuilder {
    fn default() -> Self {
        let deadlines = Deadlines {
            first_content: Duration::from_secs(2),
            idle: Duration::from_secs(1),
            total: Duration::from_secs(20),
        };
        Self {
            builder: Builder::in_memory().password_cost(PasswordCost::TRIVIAL).calls(CallSettings {
                max_attempts: 3,
                deadlines,
                first_of_pieces: None,
            }),
            server: ServerConfig {
                listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
                environment: "testing".to_owned(),
                ..ServerConfig::default()
            },
            models: vec![model("gpt-sim")],
            routes: Vec::new(),
            vendor: "openai_compatible".to_owned(),
            demo: false,
        }
    }
}

fn model(id: &str) -> DeclaredModel {
    DeclaredModel { model: id.to_owned(), ..DeclaredModel::default() }
}

impl TestAppBuilder {
    /// A store of another kind; the default is SQLite in memory.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.builder = self.builder.store(store);
        self
    }

    /// An empty store of this kind.
    #[must_use]
    pub fn on(self, database: Database) -> Self {
        self.store(database.store())
    }

    /// Secrets that a server after this one finds again; by default each makes its own.
    #[must_use]
    pub fn secrets_in(mut self, path: impl Into<PathBuf>) -> Self {
        self.builder = self.builder.secrets_in(path);
        self
    }

    /// A journal of another kind; the default is in memory.
    #[must_use]
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.builder = self.builder.journal(UsageJournal::Directory { path: path.into(), sync_each: false });
        self
    }

    /// Limits, budgets, tries and named requests shared with all that use the same Redis, of which there are so many.
    #[must_use]
    pub fn redis(mut self, url: &str, processes: u32) -> Self {
        self.builder = self.builder.redis(RedisUse { url: url.into(), processes });
        self
    }

    /// A clock that the test moves.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.builder = self.builder.clock(clock);
        self
    }

    /// Providers checked in the background in another way; each once a minute by default.
    #[must_use]
    pub fn health_checks(mut self, settings: HealthCheckSettings) -> Self {
        self.builder = self.builder.health_checks(settings);
        self
    }

    /// Other attempts and deadlines; the default is 3 attempts, 2 s to the first content, 1 s idle.
    #[must_use]
    pub fn calls(mut self, calls: CallSettings) -> Self {
        self.builder = self.builder.calls(calls);
        self
    }

    /// Accounts administered in another way than by default.
    #[must_use]
    pub fn accounts(mut self, accounts: AccountSettings) -> Self {
        self.builder = self.builder.accounts(accounts);
        self
    }

    /// Private addresses that may be called, in the words of the setting; none by default.
    #[must_use]
    pub fn egress_allow(mut self, entries: &str) -> Self {
        self.builder = self.builder.egress_allow(entries);
        self
    }

    /// Calls of addresses that people name, made in another way than by default.
    #[must_use]
    pub fn external(mut self, settings: ExternalSettings) -> Self {
        self.builder = self.builder.external(settings);
        self
    }

    /// Passwords hashed at another cost; the default is next to nothing.
    #[must_use]
    pub fn password_cost(mut self, cost: PasswordCost) -> Self {
        self.builder = self.builder.password_cost(cost);
        self
    }

    /// An administrator of this name, whose password is [`PASSWORD`].
    #[must_use]
    pub fn administrator(mut self, username: &str) -> Self {
        self.builder = self.builder.first_administrator(username, PASSWORD.into());
        self
    }

    /// Other edge settings.
    #[must_use]
    pub fn server(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.server);
        self
    }

    /// Whether the demo key is taken; off by default.
    #[must_use]
    pub fn demo(mut self, on: bool) -> Self {
        self.demo = on;
        self
    }

    /// Models that the simulated provider is listed with, besides `gpt-sim`. A script may follow a `?`.
    #[must_use]
    pub fn models<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.models.extend(ids.into_iter().map(model));
        self
    }

    /// A model with prices, limits or sizes.
    #[must_use]
    pub fn model(mut self, model: DeclaredModel) -> Self {
        self.models.push(model);
        self
    }

    /// A failover route over models of the simulated provider, in this order.
    #[must_use]
    pub fn route<'a>(mut self, name: &str, models: impl IntoIterator<Item = &'a str>) -> Self {
        self.routes.push((name.to_owned(), models.into_iter().map(str::to_owned).collect()));
        self
    }

    /// The vendor that the simulated provider is declared as.
    #[must_use]
    pub fn vendor(mut self, vendor: &str) -> Self {
        vendor.clone_into(&mut self.vendor);
        self
    }

    /// Another address for a vendor, for the providers that come with the product.
    #[must_use]
    pub fn vendor_base_url(mut self, vendor: &str, url: &str) -> Self {
        self.builder = self.builder.vendor_base_url(vendor, url);
        self
    }

    /// A vendor that the application is given, which the simulated provider is declared as.
    #[must_use]
    pub fn own_vendor(mut self, vendor: &'static Vendor) -> Self {
        self.builder = self.builder.vendor(vendor);
        self.vendor(vendor.key)
    }

    /// Backs providers and routes up in this file.
    #[must_use]
    pub fn backup_file(mut self, path: &std::path::Path) -> Self {
        self.builder = self.builder.backup_file(path);
        self
    }

    /// Starts the simulator and the server.
    ///
    /// # Panics
    /// When either can't start.
    pub async fn start(self) -> TestApp {
        let simulator = Simulator::start();
        let declared = self.declared(&simulator);
        let app = self.builder.declare(declared).open().await.expect("the application opens");
        let services = Services::new(app.use_cases(), DemoSwitch::new(self.demo));
        let server = bind(self.server, services).expect("the server binds");
        let (address, metrics) = (server.addresses()[0], server.metrics_addresses().first().copied());
        let control = server.control();
        let running = Running(tokio::spawn(server.run()));
        TestApp { app, simulator, address, metrics, control, running }
    }

    fn declared(&self, simulator: &Simulator) -> Declared {
        let upstream = Name::new(UPSTREAM).expect("a name");
        let target = |model: &String, priority| DeclaredTarget {
            priority,
            ..DeclaredTarget::new(upstream.clone(), model.clone())
        };
        let route = |(name, models): &(String, Vec<String>)| DeclaredRoute {
            mode: RouteMode::Multi,
            strategy: Strategy::Failover,
            targets: models.iter().zip(0..).map(|(model, priority)| target(model, priority)).collect(),
            ..DeclaredRoute::new(Name::new(name.as_str()).expect("a name"))
        };
        Declared {
            whole: false,
            providers: vec![DeclaredProvider {
                owner: None,
                name: upstream.clone(),
                vendor: self.vendor.clone(),
                base_url: Some(simulator.base_url()),
                api_key: Some("sk-simulated-0123456789".into()),
                api_keys: Vec::new(),
                models: self.models.clone(),
                enabled: true,
            }],
            routes: self.routes.iter().map(route).collect(),
        }
    }
}

/// A running server and the simulated provider beside it. Ends when dropped.
pub struct TestApp {
    app: Embedded,
    simulator: Simulator,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    control: ServerControl,
    running: Running,
}

/// A server's task; the server ends with it.
struct Running(tokio::task::JoinHandle<std::io::Result<()>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl TestApp {
    /// With the defaults.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// With other settings.
    #[must_use]
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/metrics` is served.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The simulated provider.
    #[must_use]
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The application behind the server.
    #[must_use]
    pub fn embedded(&self) -> &Embedded {
        &self.app
    }

    /// A client without a credential.
    #[must_use]
    pub fn anonymous(&self) -> TestClient {
        TestClient::new(self.url(), None)
    }

    /// A client with this text as its key.
    #[must_use]
    pub fn client(&self, key: &str) -> TestClient {
        TestClient::new(self.url(), Some(key.to_owned()))
    }

    /// A client with a fresh virtual key of this name, without limits.
    pub async fn client_with_key(&self, name: &str) -> TestClient {
        self.client_with(name, Limits::NONE, None).await
    }

    /// A client with a fresh virtual key.
    pub async fn client_with(&self, name: &str, limits: Limits, models: Option<Vec<String>>) -> TestClient {
        let request = KeyRequest {
            name: Name::new(name).expect("a name"),
            models,
            limits,
            expires_at: None,
            user: None,
            tags: Vec::new(),
            budget: None,
        };
        let created = self.app.keys().create(request, &Writer::API).await.expect("the key is made");
        self.client(created.key.expose_secret())
    }

    /// Adds a provider.
    pub async fn add_provider(&self, name: &str, vendor: &str, base_url: &str, models: &[&str]) {
        let request = ProviderRequest {
            name: Name::new(name).expect("a name"),
            vendor: vendor.to_owned(),
            base_url: Some(base_url.to_owned()),
            api_key: Some("sk-simulated-0123456789".into()),
            models: models.iter().map(|id| model(id)).collect(),
            is_enabled: true,
        };
        self.app.providers().add(request, &Writer::API).await.expect("the provider is added");
    }

    /// What was recorded of a call, once the journal is drained.
    pub async fn events_of(&self, request_id: &str) -> Vec<UsageEvent> {
        for _ in 0..100 {
            self.app.flush_usage().await;
            let events = self.app.usage().events_of(request_id).await.expect("usage is read");
            if events.iter().any(|event| event.is_final) {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Vec::new()
    }

    /// Stops the server and the application, letting running requests end.
    pub async fn stop(mut self) {
        self.control.drain().await;
        let _ended = (&mut self.running.0).await;
        self.app.close().await;
    }
}
