//! The settings as the rest of the product reads them: typed, complete, grouped by who needs them.

mod accounts;
mod data;
mod health;
mod limits;
mod logging;
mod secret;
mod server;
mod shared_models;
mod surfaces;
mod upstream;

pub use accounts::{AccountSettings, FirstAdministrator, PasswordPolicy};
pub use data::{DatabaseSettings, Durability, Fsync, JournalSettings};
pub use health::HealthSettings;
pub use limits::LimitSettings;
pub use logging::{LogLevel, LoggingSettings};
pub use secret::SecretSettings;
pub use server::{Deployment, ServerSettings, TlsFiles};
pub use shared_models::{NgrokModel, SharedModel, SharedModelSettings};
pub use surfaces::{GatewayAuth, SurfaceSettings};
pub use upstream::{BaseUrls, UpstreamSettings};
