//! One installation as several processes over one database, which share limits through Redis.

use crate::client::LoadClient;
use crate::installation::{Database, Installation, ServerProcess};
use serde_json::json;
use std::fmt;
use switchyard_harness::testkit::redis::PrivateRedis;
use switchyard_harness::testkit::simulator::{Script, Simulator};

/// How many processes there are, and what they share.
#[derive(Debug)]
pub struct Setting {
    /// Processes.
    pub processes: usize,
    /// The Redis that they share; absent: each counts for itself.
    pub redis: Option<PrivateRedis>,
    /// The database.
    pub database: Database,
}

impl Setting {
    /// One process, which counts in its memory.
    #[must_use]
    pub fn alone() -> Self {
        Self { processes: 1, redis: None, database: Database::Sqlite }
    }

    /// So many over PostgreSQL and Redis; `None` where one of them is left out on this machine.
    #[must_use]
    pub fn shared(processes: usize) -> Option<Self> {
        Some(Self { processes, redis: Some(PrivateRedis::start()?), database: Database::postgres()? })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = if self.redis.is_some() { "Redis" } else { "memory" };
        write!(f, "{store}, {} process{}", self.processes, if self.processes == 1 { "" } else { "es" })
    }
}

/// The processes.
pub struct Replicas {
    installation: Installation,
    servers: Vec<Option<ServerProcess>>,
    upstream: Simulator,
    redis: Option<PrivateRedis>,
}

impl Replicas {
    /// Prepares them; nothing runs yet. The provider answers by this script.
    #[must_use]
    pub fn prepare(setting: Setting, script: &str) -> Self {
        let Setting { processes, redis, database } = setting;
        let upstream = Simulator::start();
        upstream.set_default(Script::of(script));
        let mut settings = json!({"trusted_proxies": "127.0.0.0/8"});
        if let Some(redis) = &redis {
            settings["redis_url"] = json!(redis.url());
            settings["replicas"] = json!(processes);
        }
        let installation = Installation::prepare(&upstream.base_url(), database, &settings);
        let installation = installation.with_processes(processes);
        Self { installation, servers: (0..processes).map(|_| None).collect(), upstream, redis }
    }

    /// Where they run.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The provider.
    #[must_use]
    pub fn upstream(&self) -> &Simulator {
        &self.upstream
    }

    /// The Redis that they share.
    #[must_use]
    pub fn redis(&self) -> Option<&PrivateRedis> {
        self.redis.as_ref()
    }

    /// Whether they share one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// Starts all of them.
    pub async fn start(&mut self) {
        for number in 0..self.servers.len() {
            self.start_again(number).await;
        }
    }

    /// Starts one, counted around.
    pub async fn start_again(&mut self, number: usize) {
        let number = number % self.servers.len();
        let mut server = self.installation.start_process(number);
        server.until_ready().await;
        self.servers[number] = Some(server);
    }

    /// Kills one, counted around.
    pub fn kill(&mut self, number: usize) {
        let number = number % self.servers.len();
        if let Some(server) = self.servers[number].take() {
            server.kill();
        }
    }

    /// Ends all of them in peace.
    pub async fn terminate(&mut self) {
        for server in self.servers.iter_mut().filter_map(Option::take) {
            server.terminate().await;
        }
    }

    /// A client of each.
    #[must_use]
    pub fn clients(&self) -> Vec<LoadClient> {
        let key = self.installation.key();
        self.installation.addresses().into_iter().map(|address| LoadClient::new(address, key)).collect()
    }
}
