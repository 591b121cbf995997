//! What every repository does, on every database.
//!
//! Each suite takes a repository that may already hold something, and leaves behind what it wrote: several suites may run on one
//! database, one after the other. A suite that fails names the case in its panic's place.

mod audit;
mod calls;
mod credentials;
mod days;
mod declarations;
mod groups;
mod keyring;
mod leading;
mod losing;
mod provider_changes;
mod provider_health;
mod providers;
mod quotas;
mod quotas_of_keys;
mod refused_calls;
mod revisions;
mod routes;
mod samples;
mod seeds;
mod sessions;
mod sets;
mod usage;
mod users;
mod virtual_keys;

pub use audit::audit_contract;
pub use credentials::credential_contract;
pub use keyring::keyring_contract;
pub use provider_health::provider_health_contract;
pub use quotas::quota_contract;
pub use samples::{author, new_provider, new_route, new_target, sample_event};
pub use sessions::session_contract;
pub use usage::{absurd_usage_contract, usage_contract};
pub use users::user_contract;
pub use virtual_keys::virtual_key_contract;

use switchyard_ports::repositories::ConfigurationRepository;

/// What every configuration repository does. `kept_changes` is how many changes it was told to keep; a small number lets the suite
/// see what happens behind the last one.
pub async fn configuration_contract(repository: &dyn ConfigurationRepository, kept_changes: i64) {
    providers::contract(repository).await;
    provider_changes::contract(repository).await;
    leading::contract(repository).await;
    losing::contract(repository).await;
    routes::contract(repository).await;
    sets::contract(repository).await;
    declarations::contract(repository).await;
    seeds::contract(repository).await;
    revisions::contract(repository, kept_changes).await;
}
