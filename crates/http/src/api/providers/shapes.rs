use super::price::PriceShape;
use crate::api::shapes::LimitsShape;
use crate::api::{ApiBody, ApiError, Secret, present};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use switchyard_domain::declared::DeclaredModel;
use switchyard_domain::provider::Capabilities;
use switchyard_domain::provider_health::ProviderHealth;
use switchyard_orchestrator::admin::{CredentialSight, Discovered, ModelState, ProviderState, ProviderTest};
use switchyard_ports::probe::{StageOutcome, StageReport};
use switchyard_ports::provider::VendorSummary;
use utoipa::ToSchema;
use validator::Validate;

/// What a model can do; what is `null` or left out nobody says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ModelCapabilities)]
pub(crate) struct CapabilitiesShape {
    /// Takes pictures.
    vision: Option<bool>,
    /// Calls tools.
    tools: Option<bool>,
    /// Keeps to a JSON schema.
    json_schema: Option<bool>,
    /// Reasons before it answers.
    reasoning: Option<bool>,
    /// Takes sound.
    audio_input: Option<bool>,
}

impl From<Capabilities> for CapabilitiesShape {
    fn from(known: Capabilities) -> Self {
        let Capabilities { vision, tools, json_schema, reasoning, audio_input } = known;
        Self { vision, tools, json_schema, reasoning, audio_input }
    }
}

impl From<CapabilitiesShape> for Capabilities {
    fn from(said: CapabilitiesShape) -> Self {
        let CapabilitiesShape { vision, tools, json_schema, reasoning, audio_input } = said;
        Self { vision, tools, json_schema, reasoning, audio_input }
    }
}

/// What the operator says of a model. What is left out is as the built-in catalogue knows it.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ProviderModelFacts)]
pub(crate) struct ModelBody {
    /// The most tokens of a prompt and its answer.
    context_window: Option<u64>,
    /// The most output tokens.
    max_output_tokens: Option<u64>,
    capabilities: CapabilitiesShape,
    /// Prices that beat the catalogue's, all of them.
    price: Option<PriceShape>,
    limits: Option<LimitsShape>,
    /// Whether calls may go to it: yes if absent.
    is_enabled: Option<bool>,
}

impl ApiBody for ModelBody {}

impl ModelBody {
    pub(super) fn read(self, model: String) -> Result<DeclaredModel, ApiError> {
        Ok(DeclaredModel {
            model,
            rates: self.price.as_ref().map(PriceShape::read).transpose()?,
            limits: self.limits.map(Into::into).unwrap_or_default(),
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            capabilities: self.capabilities.into(),
            enabled: self.is_enabled.unwrap_or(true),
        })
    }
}

/// A model that a provider is to have.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProviderModel)]
pub(crate) struct ListedModelBody {
    /// Its id at the provider.
    model: String,
    /// The most tokens of a prompt and its answer.
    #[serde(default)]
    context_window: Option<u64>,
    /// The most output tokens.
    #[serde(default)]
    max_output_tokens: Option<u64>,
    #[serde(default)]
    capabilities: CapabilitiesShape,
    /// Prices that beat the catalogue's, all of them.
    #[serde(default)]
    price: Option<PriceShape>,
    #[serde(default)]
    limits: Option<LimitsShape>,
    /// Whether calls may go to it: yes if absent.
    #[serde(default)]
    is_enabled: Option<bool>,
}

impl ListedModelBody {
    fn read(self) -> Result<DeclaredModel, ApiError> {
        let Self { model, context_window, max_output_tokens, capabilities, price, limits, is_enabled } = self;
        let facts = ModelBody { context_window, max_output_tokens, capabilities, price, limits, is_enabled };
        facts.read(model)
    }
}

pub(super) fn read_models(models: Vec<ListedModelBody>) -> Result<Vec<DeclaredModel>, ApiError> {
    models.into_iter().map(ListedModelBody::read).collect()
}

/// A provider that is wanted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProvider)]
pub(crate) struct CreateBody {
    /// Its unique name: 1 to 100 characters, without `/`.
    pub(super) name: String,
    /// The vendor's key, of those that GET /api/v1/vendors lists.
    pub(super) vendor: String,
    /// Where it is called; absent means the vendor's own.
    #[serde(default)]
    pub(super) base_url: Option<String>,
    /// Its credential. It is sealed, and never shown again.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(super) api_key: Option<Secret>,
    /// Its models; none if absent. POST /api/v1/providers/{id}/discover asks it for them.
    #[serde(default)]
    pub(super) models: Vec<ListedModelBody>,
    /// Whether calls may go to it: yes if absent.
    #[serde(default)]
    pub(super) is_enabled: Option<bool>,
}

/// What is to be changed of a provider; what is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProviderChange)]
pub(crate) struct ChangeBody {
    /// Its unique name. Lists of models of virtual keys, and calls, that name `<provider>/<model>` mean the new name from then on.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// The vendor's key.
    #[serde(default)]
    pub(super) vendor: Option<String>,
    /// Where it is called; `null` means the vendor's own. At another host every credential that was stored for it is forgotten, but one
    /// that comes along.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) base_url: Option<Option<String>>,
    /// Its credential; `null` forgets it, and an empty one changes nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(super) api_key: Option<Option<Secret>>,
    /// Its models, replaced whole.
    #[serde(default)]
    pub(super) models: Option<Vec<ListedModelBody>>,
    /// Whether calls may go to it.
    #[serde(default)]
    pub(super) is_enabled: Option<bool>,
}

/// A provider that nobody saved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UnsavedProvider)]
pub(crate) struct TestBody {
    /// The vendor's key.
    pub(super) vendor: String,
    /// Where it is called; absent means the vendor's own.
    #[serde(default)]
    pub(super) base_url: Option<String>,
    /// Its credential.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(super) api_key: Option<Secret>,
    /// What else it would be saved with is taken and not looked at: its name.
    #[serde(default, rename = "name")]
    pub(super) _name: Option<String>,
    /// Its models.
    #[serde(default, rename = "models")]
    pub(super) _models: Vec<ListedModelBody>,
    /// Whether calls might go to it.
    #[serde(default, rename = "is_enabled")]
    pub(super) _is_enabled: Option<bool>,
}

impl ApiBody for CreateBody {}
impl ApiBody for ChangeBody {}
impl ApiBody for TestBody {}

/// A model of a provider, with what holds for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderModel)]
pub(crate) struct ModelShape {
    /// Its id at the provider.
    model: String,
    /// The most tokens of a prompt and its answer; `null` where nobody says.
    context_window: Option<u64>,
    /// The most output tokens; `null` where nobody says.
    max_output_tokens: Option<u64>,
    capabilities: CapabilitiesShape,
    /// What it costs now; `null` is not known.
    price: Option<PriceShape>,
    /// Who says what it costs: `operator`, `catalogue`, or `unknown`.
    source: &'static str,
    limits: LimitsShape,
    /// Whether calls may go to it.
    is_enabled: bool,
}

impl From<ModelState> for ModelShape {
    fn from(state: ModelState) -> Self {
        Self {
            context_window: state.context_window,
            max_output_tokens: state.max_output_tokens,
            capabilities: state.capabilities.into(),
            price: state.rates.as_ref().map(Into::into),
            source: state.source.as_str(),
            limits: state.model.limits.into(),
            is_enabled: state.model.is_enabled,
            model: state.model.model,
        }
    }
}

/// What may be seen of a credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderCredentialSight)]
pub(crate) struct CredentialShape {
    /// Its last characters; asterisks where it was sealed under a key that is not at hand.
    hint: String,
    /// When it was stored.
    set_at: String,
}

impl From<CredentialSight> for CredentialShape {
    fn from(sight: CredentialSight) -> Self {
        Self { hint: sight.hint, set_at: sight.set_at.to_string() }
    }
}

/// What is known of a provider's health.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderHealth)]
pub(crate) struct HealthShape {
    /// How it answered last: `unknown`, `online`, `degraded`, `timeout`, `unreachable` or `error`.
    status: &'static str,
    /// With which status.
    status_code: Option<u16>,
    /// After how many milliseconds.
    latency_ms: Option<u64>,
    /// What is wrong.
    detail: Option<String>,
    /// When somebody tested it last.
    last_tested_at: Option<String>,
    /// Whether checks find it well; else calls go to it when nothing better is left.
    is_healthy: bool,
    /// Checks in a row that found it dead.
    consecutive_failures: u32,
    /// When the background check asked it last.
    checked_at: Option<String>,
}

impl From<ProviderHealth> for HealthShape {
    fn from(health: ProviderHealth) -> Self {
        Self {
            status: health.last.status.as_str(),
            status_code: health.last.status_code,
            latency_ms: health.last.latency_ms,
            detail: health.last.detail,
            last_tested_at: health.last_tested_at.map(|at| at.to_string()),
            is_healthy: health.is_healthy,
            consecutive_failures: health.consecutive_failures,
            checked_at: health.checked_at.map(|at| at.to_string()),
        }
    }
}

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderShape {
    /// Its id.
    pub(super) id: i64,
    /// Its name.
    name: String,
    /// The vendor's key.
    vendor: String,
    /// Where it is called; `null` means the vendor's own.
    base_url: Option<String>,
    /// Whether calls may go to it.
    is_enabled: bool,
    /// Its shared credential; never the secret itself.
    credential: Option<CredentialShape>,
    models: Vec<ModelShape>,
    health: HealthShape,
    /// Why it can't be called as it is set up.
    problem: Option<String>,
    /// Where it comes from: `api`, `file`, `seed` or `cli:<user>`. What is the file's is changed in the file.
    owner: String,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
    /// Who changed it last.
    updated_by: String,
    /// Grows by one with each change; `If-Match` takes it. What tests and checks find is no change.
    pub(super) version: i64,
}

impl From<ProviderState> for ProviderShape {
    fn from(ProviderState { provider, models, credential, problem }: ProviderState) -> Self {
        Self {
            id: provider.id.0,
            name: provider.name.to_string(),
            vendor: provider.vendor,
            base_url: provider.base_url,
            is_enabled: provider.is_enabled,
            credential: credential.map(Into::into),
            models: models.into_iter().map(Into::into).collect(),
            health: provider.health.into(),
            problem,
            owner: provider.meta.owner.to_string(),
            created_at: provider.meta.created_at.to_string(),
            updated_at: provider.meta.updated_at.to_string(),
            updated_by: provider.meta.updated_by,
            version: provider.meta.version,
        }
    }
}

/// Some of the providers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderPage {
    pub(super) items: Vec<ProviderShape>,
    /// What `after` takes to go on; absent at the end.
    pub(super) next: Option<String>,
}

/// What a test showed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderTest)]
pub(crate) struct TestShape {
    /// `online`, `degraded`, `timeout`, `unreachable` or `error`.
    status: &'static str,
    /// With which status it answered.
    status_code: Option<u16>,
    /// After how many milliseconds.
    latency_ms: Option<u64>,
    /// What is wrong.
    detail: Option<String>,
    /// The steps on the way to its models, in their order.
    stages: Vec<StageShape>,
    /// The models that it lists.
    models: Vec<String>,
}

/// A step on the way to a provider's models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderTestStage)]
pub(crate) struct StageShape {
    /// `resolve`, `connect`, `tls`, `auth` or `models`.
    stage: &'static str,
    /// `done`, `failed`, or `skipped` where it was not needed or not reached.
    outcome: &'static str,
    /// Why it failed.
    reason: Option<String>,
    /// How many milliseconds it took; `null` where it was skipped.
    ms: Option<f64>,
}

impl From<StageReport> for StageShape {
    fn from(StageReport { stage, outcome, took }: StageReport) -> Self {
        let is_made = outcome != StageOutcome::Skipped;
        Self {
            stage: stage.as_str(),
            outcome: outcome.as_str(),
            reason: outcome.reason().map(str::to_owned),
            ms: is_made.then(|| (took.as_secs_f64() * 1e6).round() / 1e3),
        }
    }
}

impl From<ProviderTest> for TestShape {
    fn from(ProviderTest { finding, stages, models }: ProviderTest) -> Self {
        Self {
            stages: stages.into_iter().map(Into::into).collect(),
            status: finding.status.as_str(),
            status_code: finding.status_code,
            latency_ms: finding.latency_ms,
            detail: finding.detail,
            models,
        }
    }
}

/// What a provider's list of models brought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiscoveredModels)]
pub(crate) struct DiscoveredShape {
    /// How many models it lists.
    listed: usize,
    /// Those that were added.
    added: Vec<String>,
    provider: ProviderShape,
}

impl From<Discovered> for DiscoveredShape {
    fn from(Discovered { listed, added, state }: Discovered) -> Self {
        Self { listed, added, provider: state.into() }
    }
}

/// A kind of upstream.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vendor)]
pub(crate) struct VendorShape {
    /// What `vendor` takes.
    key: &'static str,
    /// Its name for people.
    name: &'static str,
    /// Where it is called, by the settings or at its own; `null` where each provider has its own address.
    base_url: Option<String>,
    /// Whether it needs a credential.
    needs_credential: bool,
    /// Whether it only simulates.
    is_simulated: bool,
}

impl From<VendorSummary> for VendorShape {
    fn from(vendor: VendorSummary) -> Self {
        let VendorSummary { key, name, called_at, needs_credential, is_simulated, .. } = vendor;
        Self { key, name, base_url: called_at, needs_credential, is_simulated }
    }
}

/// All vendors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VendorList {
    pub(super) items: Vec<VendorShape>,
    /// There is one page.
    pub(super) next: Option<String>,
}

/// How long a test waits for a provider where whoever asks does not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProviderTestTime(pub(crate) Duration);
