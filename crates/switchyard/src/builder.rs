//! How the application is put together.

use crate::administration::Administration;
use crate::declaring::Said;
use crate::embedded::Embedded;
use crate::error::OpenError;
use crate::inspection::Inspection;
use crate::migrations::Migrations;
use crate::settings::{
    DatabaseUrl, EncryptionKey as GivenKey, Fsync, PasswordPolicy as GivenPolicy, RateLimit, Settings,
};
use crate::shared_models::SharedModels;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use switchyard_coordination::memory::SystemClock;
use switchyard_domain::declared::Declared;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::user::PasswordPolicy;
use switchyard_orchestrator::accounts::{AccountSettings, Rates, RegistrationPolicy};
use switchyard_orchestrator::admin::FileReader;
use switchyard_orchestrator::chat::{BudgetTerms, CallSettings};
use switchyard_orchestrator::external::ExternalSettings;
use switchyard_orchestrator::health_checks::HealthCheckSettings;
use switchyard_ports::clock::Clock;
use switchyard_ports::provider::Deadlines;
use switchyard_ports::throttle::Rate;
use switchyard_providers::vendors::{Vendor, Vendors};
use switchyard_repositories::{DatabaseConfig, DatabaseTarget};
use switchyard_security::backup_file::BACKUP_FILE;
use switchyard_security::checkpoints::CHECKPOINT_FILE;
use switchyard_security::keyring::EncryptionKey;
use switchyard_security::passwords::Cost;
use switchyard_security::secrets::GivenSecrets;

/// Where configuration, usage and the ledger live.
#[derive(Clone, Debug)]
pub enum Store {
    /// In SQLite, in memory: gone with the process.
    SqliteMemory,
    /// In a SQLite file, made if absent.
    SqliteFile(PathBuf),
    /// In PostgreSQL, by URL.
    Postgres(SecretString),
}

/// Where usage is safe before an answer ends.
#[derive(Clone, Debug)]
pub enum UsageJournal {
    /// In memory: usage of the last half second is lost when the process is killed.
    Memory,
    /// In a directory of its own.
    Directory {
        /// The directory, made if absent.
        path: PathBuf,
        /// Whether each record is synced to the disk, rather than groups of them every 50 ms.
        sync_each: bool,
    },
}

/// Where the secrets come from.
pub(crate) enum SecretSource {
    /// Random ones that end with the process: for stores in memory.
    Ephemeral,
    /// Given ones, and files in a directory for the rest.
    Directory { path: PathBuf, given: Box<GivenSecrets> },
}

/// The Redis that processes share.
#[derive(Clone, Debug)]
pub struct RedisUse {
    /// Where it is, with its password.
    pub url: SecretString,
    /// How many processes share it, at least: while it is away each holds the limits by its share of them.
    pub processes: u32,
}

/// Puts the application together.
pub struct Builder {
    pub(crate) database: DatabaseConfig,
    pub(crate) journal: UsageJournal,
    pub(crate) secrets: SecretSource,
    pub(crate) calls: CallSettings,
    pub(crate) health_checks: HealthCheckSettings,
    pub(crate) budgets: BudgetTerms,
    pub(crate) connect_timeout: Duration,
    pub(crate) egress_allow: String,
    pub(crate) external: ExternalSettings,
    pub(crate) loopback_upstreams: bool,
    pub(crate) base_urls: HashMap<String, String>,
    pub(crate) vendors: Vendors,
    /// Boxed, as builders are moved about.
    pub(crate) declared: Option<Box<Said>>,
    pub(crate) file: Option<FileReader>,
    pub(crate) accounts: AccountSettings,
    pub(crate) first_administrator: Option<(String, SecretString)>,
    pub(crate) password_cost: Cost,
    /// Where checkpoints of the audit log are kept.
    pub(crate) checkpoints: Option<PathBuf>,
    /// Where providers and routes are backed up.
    pub(crate) backup_file: Option<PathBuf>,
    pub(crate) older_secret_keys: Vec<SecretString>,
    pub(crate) takes_over_audit_log: bool,
    pub(crate) shares_credentials: bool,
    pub(crate) redis: Option<RedisUse>,
    pub(crate) shared_models: SharedModels,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Builder {
    /// Everything in memory: for tests and for trying things out.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            database: DatabaseConfig::new(DatabaseTarget::SqliteMemory),
            journal: UsageJournal::Memory,
            secrets: SecretSource::Ephemeral,
            calls: CallSettings {
                max_attempts: 3,
                deadlines: Deadlines {
                    first_content: Duration::from_secs(30),
                    idle: Duration::from_secs(60),
                    total: Duration::from_secs(600),
                },
                first_of_pieces: None,
            },
            health_checks: HealthCheckSettings::default(),
            budgets: BudgetTerms::default(),
            connect_timeout: Duration::from_secs(3),
            egress_allow: String::new(),
            external: ExternalSettings::default(),
            loopback_upstreams: true,
            base_urls: HashMap::new(),
            vendors: Vendors::default(),
            declared: None,
            file: None,
            accounts: AccountSettings::default(),
            first_administrator: None,
            password_cost: Cost::STANDARD,
            checkpoints: None,
            backup_file: None,
            older_secret_keys: Vec::new(),
            takes_over_audit_log: true,
            shares_credentials: true,
            redis: None,
            shared_models: SharedModels::default(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Everything under one directory: a SQLite file, the journal, and generated secrets (mode 0600).
    #[must_use]
    pub fn in_directory(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            database: DatabaseConfig::new(DatabaseTarget::SqliteFile(path.join("switchyard.db"))),
            journal: UsageJournal::Directory { path: path.join("journal"), sync_each: false },
            checkpoints: Some(path.join(CHECKPOINT_FILE)),
            backup_file: Some(path.join(BACKUP_FILE)),
            secrets: SecretSource::Directory { path, given: Box::default() },
            ..Self::in_memory()
        }
    }

    /// The same with secrets that are generated into this directory (mode 0600) and found there again.
    #[must_use]
    pub fn secrets_in(self, path: impl Into<PathBuf>) -> Self {
        Self { secrets: SecretSource::Directory { path: path.into(), given: Box::default() }, ..self }
    }

    /// As the settings say.
    ///
    /// # Errors
    /// [`OpenError::Setting`] when no key can be made of the given text.
    pub fn from_settings(settings: &Settings, declared: Option<Declared>) -> Result<Self, OpenError> {
        let upstream = &settings.upstream;
        Ok(Self {
            database: database_of(settings),
            journal: UsageJournal::Directory {
                path: settings.journal.dir.clone(),
                sync_each: settings.journal.fsync == Fsync::Always,
            },
            secrets: SecretSource::Directory {
                path: settings.data_dir.clone(),
                given: Box::new(given_secrets(settings)?),
            },
            calls: CallSettings {
                max_attempts: upstream.max_attempts,
                deadlines: Deadlines {
                    first_content: upstream.first_byte_timeout,
                    idle: upstream.idle_timeout,
                    total: upstream.total_timeout,
                },
                first_of_pieces: upstream.first_byte_is_set.then_some(upstream.first_byte_timeout),
            },
            health_checks: HealthCheckSettings {
                enabled: settings.health.enabled,
                interval: settings.health.interval,
                timeout: settings.health.timeout,
                failure_threshold: settings.health.failure_threshold,
            },
            budgets: BudgetTerms {
                unpriced_ceiling: upstream.unpriced_call_ceiling,
                charges_unanswered: upstream.charge_unanswered_calls,
            },
            connect_timeout: upstream.connect_timeout,
            egress_allow: upstream.egress_allow.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            external: ExternalSettings {
                enabled: settings.surfaces.external_api,
                timeout: settings.surfaces.external_api_timeout,
                max_retries: settings.surfaces.external_api_max_retries,
                ..ExternalSettings::default()
            },
            loopback_upstreams: settings.server.listen.is_loopback_only(),
            base_urls: base_urls(settings),
            vendors: Vendors::default(),
            declared: declared.map(Said::of),
            file: None,
            accounts: account_settings(settings),
            first_administrator: settings
                .accounts
                .first_administrator
                .clone()
                .map(|first| (first.username, first.password)),
            password_cost: Cost::STANDARD,
            checkpoints: Some(settings.data_dir.join(CHECKPOINT_FILE)),
            backup_file: Some(settings.database.backup_file.clone()),
            older_secret_keys: Vec::new(),
            takes_over_audit_log: true,
            shares_credentials: settings.surfaces.shared_credentials,
            redis: settings
                .database
                .redis
                .as_ref()
                .map(|redis| RedisUse { url: redis.url().clone(), processes: settings.database.replicas }),
            shared_models: SharedModels::from(settings),
            clock: Arc::new(SystemClock::new()),
        })
    }

    /// Uses another store.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.database = DatabaseConfig::new(match store {
            Store::SqliteMemory => DatabaseTarget::SqliteMemory,
            Store::SqliteFile(path) => DatabaseTarget::SqliteFile(path),
            Store::Postgres(url) => DatabaseTarget::Postgres(url),
        });
        self
    }

    /// Adds a vendor to those that providers may be accounts at. It takes the place of one that has its key.
    #[must_use]
    pub fn vendor(mut self, vendor: &'static Vendor) -> Self {
        self.vendors.add(vendor);
        self
    }

    /// Uses another journal.
    #[must_use]
    pub fn journal(mut self, journal: UsageJournal) -> Self {
        self.journal = journal;
        self
    }

    /// Shares limits, budgets, tries and named requests with other processes.
    #[must_use]
    pub fn redis(mut self, redis: RedisUse) -> Self {
        self.redis = Some(redis);
        self
    }

    /// Uses another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Administers accounts in another way.
    #[must_use]
    pub fn accounts(mut self, accounts: AccountSettings) -> Self {
        self.accounts = accounts;
        self
    }

    /// Makes this administrator when the application opens, while there is none.
    #[must_use]
    pub fn first_administrator(mut self, username: impl Into<String>, password: SecretString) -> Self {
        self.first_administrator = Some((username.into(), password));
        self
    }

    /// Hashes passwords at another cost. Anything below [`Cost::STANDARD`] is for tests.
    #[must_use]
    pub fn password_cost(mut self, cost: Cost) -> Self {
        self.password_cost = cost;
        self
    }

    /// Tries calls in another way.
    #[must_use]
    pub fn calls(mut self, calls: CallSettings) -> Self {
        self.calls = calls;
        self
    }

    /// What is reserved and charged for a call under a budget whose price is not known. Without it such calls are refused.
    #[must_use]
    pub fn unpriced_call_ceiling(mut self, ceiling: NanoUsd) -> Self {
        self.budgets.unpriced_ceiling = Some(ceiling);
        self
    }

    /// Whether a call under a budget that was sent, and left or given up before its provider began to answer, is charged as it was
    /// reserved. Unless told, it costs nothing.
    #[must_use]
    pub fn charge_unanswered_calls(mut self, charges: bool) -> Self {
        self.budgets.charges_unanswered = charges;
        self
    }

    /// Whether providers may stand on this machine. On for in-memory and in-directory applications; a server that listens to
    /// others turns it off.
    #[must_use]
    pub fn loopback_upstreams(mut self, admitted: bool) -> Self {
        self.loopback_upstreams = admitted;
        self
    }

    /// Admits these private addresses, in the words of the setting `EGRESS_ALLOW`.
    #[must_use]
    pub fn egress_allow(mut self, entries: impl Into<String>) -> Self {
        self.egress_allow = entries.into();
        self
    }

    /// Calls addresses that people name in another way.
    #[must_use]
    pub fn external(mut self, settings: ExternalSettings) -> Self {
        self.external = settings;
        self
    }

    /// Applies this configuration when opened.
    #[must_use]
    pub fn declare(mut self, declared: Declared) -> Self {
        self.declared = Some(Said::of(declared));
        self
    }

    /// Reads this whenever the configuration is to be read again, and applies it then.
    #[must_use]
    pub fn file_reader(mut self, reader: FileReader) -> Self {
        self.file = Some(reader);
        self
    }

    /// Checks providers in the background in another way: by default each once a minute.
    #[must_use]
    pub fn health_checks(mut self, settings: HealthCheckSettings) -> Self {
        self.health_checks = settings;
        self
    }

    /// Calls a vendor at another address than its own, wherever a provider does not name one.
    #[must_use]
    pub fn vendor_base_url(mut self, vendor: impl Into<String>, url: impl Into<String>) -> Self {
        self.base_urls.insert(vendor.into(), url.into());
        self
    }

    /// Whether calls of virtual keys and users may use the providers' shared credentials; they may, unless told otherwise.
    #[must_use]
    pub fn shared_credentials(mut self, permitted: bool) -> Self {
        self.shares_credentials = permitted;
        self
    }

    /// Backs providers and routes up in this file.
    #[must_use]
    pub fn backup_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.backup_file = Some(path.into());
        self
    }

    /// Verifies what the audit log holds from the time of another `SECRET_KEY` too.
    #[must_use]
    pub fn older_secret_key(mut self, secret_key: SecretString) -> Self {
        self.older_secret_keys.push(secret_key);
        self
    }

    /// Leaves an audit log that ends under another `SECRET_KEY` as it is: for whoever only looks at it. Without this, opening lets
    /// it go on under the present one, and writes into it that it does.
    #[must_use]
    pub fn leave_audit_log(mut self) -> Self {
        self.takes_over_audit_log = false;
        self
    }

    /// Opens the application for calls: migrates the database, loads the configuration, begins the background work on the
    /// current tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`] says what to change.
    pub async fn open(self) -> Result<Embedded, OpenError> {
        // Whoever awaits this should not hold the whole opening in its own future.
        Box::pin(Embedded::open(self)).await
    }

    /// Opens it for administration only: no journal, no background work, so that it can stand beside a running server.
    ///
    /// # Errors
    /// [`OpenError`] says what to change.
    pub async fn open_administration(self) -> Result<Administration, OpenError> {
        Administration::open(self).await
    }

    /// Looks at what is there, and changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] when the database can't be opened, or what is there can't be used.
    pub async fn inspect(self) -> Result<Inspection, OpenError> {
        Inspection::of(self).await
    }

    /// Opens the database's schema only, as it stands: nothing is migrated, no secret is needed.
    ///
    /// # Errors
    /// [`OpenError`] when the database can't be opened.
    pub async fn open_migrations(self) -> Result<Migrations, OpenError> {
        Migrations::open(self).await
    }
}

fn database_of(settings: &Settings) -> DatabaseConfig {
    let database = &settings.database;
    let (target, connections) = match &database.url {
        DatabaseUrl::SqliteFile(path) => (DatabaseTarget::SqliteFile(path.clone()), database.sqlite_readers),
        DatabaseUrl::SqliteMemory => (DatabaseTarget::SqliteMemory, 1),
        DatabaseUrl::Postgres(url) => (DatabaseTarget::Postgres(url.url().clone()), database.pool_size),
    };
    DatabaseConfig { read_connections: connections, ..DatabaseConfig::new(target) }
}

fn given_secrets(settings: &Settings) -> Result<GivenSecrets, OpenError> {
    let key = |setting: &'static str, given: &GivenKey| match given {
        GivenKey::Bytes(bytes) => Ok(EncryptionKey::from_bytes(bytes.expose_secret())),
        GivenKey::Passphrase(text) => {
            EncryptionKey::derived(text).map_err(|error| OpenError::Setting(format!("{setting}: {error}")))
        }
    };
    let secrets = &settings.secrets;
    let previous = secrets.encryption_keys_previous.iter();
    let previous = previous.map(|(setting, given)| Ok((*setting, key(setting, given)?)));
    Ok(GivenSecrets {
        secret_key: secrets.secret_key.clone(),
        jwt_secret: secrets.jwt_secret.clone(),
        jwt_secret_previous: secrets.jwt_secret_previous.clone(),
        encryption_key: secrets
            .encryption_key
            .as_ref()
            .map(|given| key("ENCRYPTION_KEY", given))
            .transpose()?,
        previous_encryption_keys: previous.collect::<Result<_, OpenError>>()?,
    })
}

fn account_settings(settings: &Settings) -> AccountSettings {
    let (accounts, limits) = (&settings.accounts, &settings.limits);
    let rate = |limit: &RateLimit| Rate { count: limit.requests, window: limit.window.duration() };
    let registration = match &accounts.registration_token {
        _ if accounts.allow_open_registration => RegistrationPolicy::Open,
        Some(token) => RegistrationPolicy::Token(token.clone()),
        None => RegistrationPolicy::Closed,
    };
    AccountSettings {
        registration,
        password_policy: match accounts.password_policy {
            GivenPolicy::Standard => PasswordPolicy::Standard,
            GivenPolicy::Strict => PasswordPolicy::Strict,
        },
        access_lifetime: accounts.access_token_lifetime,
        refresh_lifetime: accounts.refresh_token_lifetime,
        rates: Rates {
            register: rate(&limits.register),
            login: rate(&limits.login),
            session: rate(&limits.session),
            documented: limits.llm_per_minute.map(|count| Rate { count, window: Duration::from_secs(60) }),
        },
        most_keys: accounts.max_keys_per_user,
    }
}

fn base_urls(settings: &Settings) -> HashMap<String, String> {
    let urls = &settings.upstream.base_urls;
    [
        ("openai", &urls.openai),
        ("anthropic", &urls.anthropic),
        ("gemini", &urls.gemini),
        ("mistral", &urls.mistral),
        ("xai", &urls.xai),
    ]
    .into_iter()
    .filter_map(|(vendor, url)| url.clone().map(|url| (vendor.to_owned(), url)))
    .collect()
}
