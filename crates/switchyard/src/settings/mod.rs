//! The settings: one table of them, read from defaults, a YAML file, `.env`, the environment and flags, each stronger
//! than the one before.
//!
//! [`Settings::load`] is a function of its [`Sources`]: it reads no environment and, but for the key files that the YAML
//! file names, no file. It reports everything that is wrong at once, and a wrong setting never falls back to a default.

mod directories;
mod document;
mod dotenv;
mod environment;
mod file;
mod groups;
mod layers;
mod listen;
mod listing;
mod load;
mod network;
mod private_file;
mod problem;
mod rate_limit;
mod rules;
mod secrets;
mod setting;
mod shapes;
mod startup;
mod store;
mod table;
mod values;

pub use document::{example_file, reference};
pub use dotenv::{DotEnv, DotEnvError, LineFault};
pub use environment::Environment;
pub use groups::{
    AccountSettings, BaseUrls, DatabaseSettings, Deployment, Durability, FirstAdministrator, Fsync,
    GatewayAuth, HealthSettings, JournalSettings, LimitSettings, LogLevel, LoggingSettings, NgrokModel,
    PasswordPolicy, SecretSettings, ServerSettings, SharedModel, SharedModelSettings, SurfaceSettings,
    TlsFiles, UpstreamSettings,
};
pub use listen::Listen;
pub use listing::Listed;
pub use load::{DeclaredDocument, Loaded, Sources};
pub use network::{EgressEntry, EgressUse};
pub use problem::{EXIT_CODE, Origin, Problem, Reason, SettingsErrors, Warning};
pub use rate_limit::{RateLimit, Window};
pub use secrets::EncryptionKey;
pub use store::{DatabaseUrl, PostgresUrl, RedisUrl};

use std::path::PathBuf;

/// Every setting, checked and typed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory of everything that the server writes, unless another setting names another place.
    pub data_dir: PathBuf,
    /// Listening, and the process.
    pub server: ServerSettings,
    /// The database, its backup file, and the store that replicas share.
    pub database: DatabaseSettings,
    /// The usage journal.
    pub journal: JournalSettings,
    /// The secrets that were given.
    pub secrets: SecretSettings,
    /// Registration, sessions and passwords.
    pub accounts: AccountSettings,
    /// Rates per user or address.
    pub limits: LimitSettings,
    /// Calls to providers.
    pub upstream: UpstreamSettings,
    /// The models behind `/llm/chat`.
    pub shared_models: SharedModelSettings,
    /// What the documented surfaces admit.
    pub surfaces: SurfaceSettings,
    /// How providers are probed.
    pub health: HealthSettings,
    /// What is logged, and where.
    pub logging: LoggingSettings,
}
