//! The real server as a process: its directory, its configuration, its key, and how it is started and ended.

mod binary;
mod process;

pub use binary::server_binary;
pub use process::ServerProcess;

use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use switchyard::settings::{Settings, Sources};
use switchyard::{Builder, Store};
use switchyard_harness::testkit::postgres::PrivatePostgres;
use tempfile::TempDir;

/// The provider's name.
pub const PROVIDER: &str = "upstream";
/// A model whose tokenizer is public, so that what was received can be counted exactly.
pub const MODEL: &str = "gpt-4o-proof";

/// Where the ledger lives.
#[derive(Debug)]
pub enum Database {
    /// In a file of the data directory.
    Sqlite,
    /// In a server of its own.
    Postgres(PrivatePostgres, String),
}

impl Database {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(..) => "PostgreSQL",
        }
    }

    /// A PostgreSQL server with an empty database; `None` where PostgreSQL is to be left out.
    #[must_use]
    pub fn postgres() -> Option<Self> {
        let server = PrivatePostgres::start()?;
        let url = server.create_database();
        Some(Self::Postgres(server, url))
    }
}

/// A place where the server runs, again and again: the same directory, address and key.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    binary: PathBuf,
    address: SocketAddr,
    database: Database,
    key: String,
    /// Where further processes of it listen.
    others: Vec<SocketAddr>,
}

impl Installation {
    /// Prepares one whose provider is at this base URL. More `settings` are merged into the configuration file's.
    ///
    /// # Panics
    /// When the server can't be built or its key not be made.
    #[must_use]
    pub fn prepare(upstream: &str, database: Database, settings: &Value) -> Self {
        Self::prepare_with(upstream, database, settings, "sk-simulated-0123456789")
    }

    /// The same with this as the provider's credential.
    ///
    /// # Panics
    /// As [`Self::prepare`].
    #[must_use]
    pub fn prepare_with(upstream: &str, database: Database, settings: &Value, credential: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("switchyard-proof-").tempdir().expect("a folder");
        // A copy, so that all runs are of one binary, whatever is built meanwhile.
        let binary = folder.path().join("switchyard");
        std::fs::copy(server_binary(), &binary).expect("a copy of the binary");
        let address = free_address();
        let mut installation =
            Self { folder, binary, address, database, key: String::new(), others: Vec::new() };
        let config = installation.configuration(upstream, settings, credential);
        // JSON is YAML.
        std::fs::write(installation.path("switchyard.yaml"), config.to_string()).expect("a file");
        installation.key = installation.make_key();
        installation
    }

    fn configuration(&self, upstream: &str, more: &Value, credential: &str) -> Value {
        let mut settings = json!({"listen": self.address.to_string(), "log_level": "WARN"});
        if let Database::Postgres(_, url) = &self.database {
            settings["database_url"] = json!(url);
        }
        let members = settings.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        json!({
            "settings": settings,
            "providers": [{
                "name": PROVIDER, "vendor": "openai", "base_url": upstream, "api_key": credential,
                "models": [{"model": MODEL, "rates": {"input": 2_500_000_001_i64, "output": 10_000_000_003_i64}}],
            }],
        })
    }

    fn make_key(&self) -> String {
        let output = self.command().args(["keys", "create", "--name", "load", "--json"]).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "no key was made: {}", String::from_utf8_lossy(&output.stderr));
        let created: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        created["key"].as_str().expect("a key").to_owned()
    }

    /// A command of the binary with these arguments; what it says on standard error is the log's.
    ///
    /// # Panics
    /// When there is no log file to be had.
    #[must_use]
    pub fn command_of(&self, arguments: &[&str]) -> Command {
        let mut command = self.command();
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("a log file");
        command.args(arguments).stderr(log);
        command
    }

    /// All that was logged.
    #[must_use]
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// A command of the binary, in its own small environment.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        self.furnish(&mut command);
        command
    }

    fn furnish(&self, command: &mut Command) {
        command.env_clear().current_dir(self.folder.path()).stdin(Stdio::null());
        command.arg("--config").arg(self.path("switchyard.yaml")).arg("--data-dir").arg(self.data());
    }

    /// Starts the server.
    #[must_use]
    pub fn start(&self) -> ServerProcess {
        let mut command = self.command();
        command.arg("serve");
        ServerProcess::spawn(command, self.address, self.log())
    }

    /// The same with so many processes, each with a journal of its own.
    #[must_use]
    pub fn with_processes(mut self, count: usize) -> Self {
        self.others = (1..count).map(|_| free_address()).collect();
        self
    }

    /// Where each of its processes listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        std::iter::once(self.address).chain(self.others.iter().copied()).collect()
    }

    /// Starts one of its processes.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn start_process(&self, number: usize) -> ServerProcess {
        if number == 0 {
            return self.start();
        }
        let address = self.addresses()[number];
        let mut command = self.command();
        command.arg("serve").arg("--listen").arg(address.to_string());
        command.env("SWITCHYARD_JOURNAL_DIR", self.path(&format!("journal-{number}")));
        ServerProcess::spawn(command, address, self.log())
    }

    /// Starts the server at the end of a shell script, whose `"$@"` is the server with its arguments.
    #[must_use]
    pub fn start_by(&self, script: &str) -> ServerProcess {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "start"]).arg(&self.binary);
        self.furnish(&mut command);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").arg("serve");
        ServerProcess::spawn(command, self.address, self.log())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The virtual key of all load.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A path in its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything that the server writes.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn log(&self) -> PathBuf {
        self.path("log")
    }

    /// The application over the same data, for reading the ledger once no server runs.
    #[must_use]
    pub fn library(&self) -> Builder {
        let builder = Builder::in_directory(self.data());
        match &self.database {
            Database::Sqlite => builder,
            Database::Postgres(_, url) => builder.store(Store::Postgres(url.clone().into())),
        }
    }

    /// The application as the server's own configuration has it.
    ///
    /// # Panics
    /// When the configuration is wrong.
    #[must_use]
    pub fn configured(&self) -> Builder {
        let path = self.path("switchyard.yaml");
        let text = std::fs::read_to_string(&path).expect("the configuration");
        let flags = vec![("data-dir".to_owned(), self.data().display().to_string())];
        let sources = Sources { file: Some((path, text)), flags, ..Sources::default() };
        let loaded = Settings::load(&sources).expect("good settings");
        Builder::from_settings(&loaded.settings, None).expect("good settings")
    }

    /// What `explain` says of a call of this model that has nothing private in it.
    ///
    /// # Panics
    /// When the binary does not run.
    #[must_use]
    pub fn explain(&self, model: &str) -> Vec<u8> {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
        std::fs::write(self.path("call.json"), body.to_string()).expect("a file");
        let path = self.path("call.json").display().to_string();
        self.command_of(&["explain", &path]).output().expect("the binary runs").stdout
    }

    /// The database as a backup has it, where it has a program for that.
    #[must_use]
    pub fn dump(&self) -> Option<Vec<u8>> {
        match &self.database {
            Database::Sqlite => None,
            Database::Postgres(server, url) => Some(server.dump(url)),
        }
    }

    /// The journal's directory.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.data().join("journal")
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address")
}
