use crate::api::{ApiBody, Secret};
use serde::{Deserialize, Serialize};
use switchyard_domain::provider_health::HealthFinding;
use switchyard_orchestrator::admin::{ProviderAdmin, ProviderState};
use utoipa::ToSchema;
use validator::Validate;

/// A provider that is wanted. Its vendor is told by its name or its address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedProviderInput)]
pub(crate) struct CreateBody {
    /// Its unique name: 1 to 100 characters, without `/`.
    pub(super) name: String,
    /// Where it is called.
    pub(super) base_url: String,
    /// Its credential.
    #[schema(value_type = String, format = Password, write_only, min_length = 1)]
    pub(super) api_key: Secret,
    /// The ids of its models.
    #[validate(length(min = 1, message = "a provider has at least one model here"))]
    pub(super) models: Vec<String>,
    /// Whether calls may go to it.
    #[serde(default = "yes")]
    pub(super) is_active: bool,
}

fn yes() -> bool {
    true
}

impl ApiBody for CreateBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("api_key", &self.api_key)]
    }
}

/// What is to be changed of a provider; what is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedProviderChange)]
pub(crate) struct ChangeBody {
    /// Its unique name.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Where it is called.
    #[serde(default)]
    pub(super) base_url: Option<String>,
    /// Its credential; an empty one keeps the stored one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(super) api_key: Option<Secret>,
    /// The ids of its models; those that it has keep their settings.
    #[serde(default)]
    #[validate(length(min = 1, message = "a provider has at least one model here"))]
    pub(super) models: Option<Vec<String>>,
    /// Whether calls may go to it.
    #[serde(default)]
    pub(super) is_active: Option<bool>,
}

impl ApiBody for ChangeBody {}

/// A provider that nobody saved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DirectProviderTest)]
pub(crate) struct DirectTestBody {
    /// Where it is called.
    pub(super) base_url: String,
    /// Its credential.
    #[schema(value_type = String, format = Password, write_only)]
    pub(super) api_key: Secret,
    /// The ids of its models.
    #[validate(length(min = 1, message = "a provider has at least one model here"))]
    pub(super) models: Vec<String>,
}

impl ApiBody for DirectTestBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("api_key", &self.api_key)]
    }
}

/// Whether a provider is healthy.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManagedProviderHealth)]
pub(crate) struct HealthBody {
    /// Holds until a check finds otherwise.
    pub(super) is_healthy: bool,
}

impl ApiBody for HealthBody {}

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManagedProvider {
    id: i64,
    name: String,
    /// Where it is called; of one that names no address, as the settings say or at its vendor's.
    base_url: String,
    models: Vec<String>,
    is_active: bool,
    /// What the last test or check showed: `unknown`, `online`, `degraded`, `timeout`, `unreachable` or `error`.
    status: &'static str,
    latency_ms: Option<u64>,
    last_tested_at: Option<String>,
    created_at: String,
    updated_at: String,
    /// The ends of its credential around asterisks.
    api_key_masked: String,
    is_healthy: bool,
    consecutive_failures: u32,
}

impl ManagedProvider {
    pub(super) fn of(admin: &ProviderAdmin, state: ProviderState) -> Self {
        let provider = state.provider;
        let api_key_masked = admin.mask(&provider);
        Self {
            id: provider.id.0,
            base_url: admin.address(&provider).unwrap_or_default(),
            models: provider.models.iter().map(|model| model.model.clone()).collect(),
            is_active: provider.is_enabled,
            status: provider.health.last.status.as_str(),
            latency_ms: provider.health.last.latency_ms,
            last_tested_at: provider.health.last_tested_at.map(|at| at.to_string()),
            created_at: provider.meta.created_at.to_string(),
            updated_at: provider.meta.updated_at.to_string(),
            api_key_masked,
            is_healthy: provider.health.is_healthy,
            consecutive_failures: provider.health.consecutive_failures,
            name: provider.name.to_string(),
        }
    }
}

/// What a test showed of a provider that answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManagedProviderTest {
    status: &'static str,
    status_code: Option<u16>,
    latency_ms: Option<u64>,
    detail: Option<String>,
}

impl From<HealthFinding> for ManagedProviderTest {
    fn from(finding: HealthFinding) -> Self {
        let HealthFinding { status, status_code, latency_ms, detail } = finding;
        Self { status: status.as_str(), status_code, latency_ms, detail }
    }
}
