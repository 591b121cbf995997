//! What the documented surfaces admit.

use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use std::time::Duration;

/// Who may call `/v1*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayAuth {
    /// A virtual key or a user's bearer is needed.
    Required,
    /// None is needed; one that is sent must be valid.
    Optional,
    /// The header is ignored, but a valid key keeps its limits and its bill.
    Off,
}

impl GatewayAuth {
    pub(in crate::settings) const WORDS: &'static [(&'static [&'static str], Self)] =
        &[(&["required"], Self::Required), (&["optional"], Self::Optional), (&["off"], Self::Off)];
}

/// What the documented surfaces admit.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceSettings {
    /// Who may call `/v1*`.
    pub gateway_auth: GatewayAuth,
    /// Whether calls may use the providers' shared credentials.
    pub shared_credentials: bool,
    /// Whether `/llm/chat` needs no token.
    pub open_llm_chat: bool,
    /// Whether anyone may mint virtual keys.
    pub open_virtual_keys: bool,
    /// Whether `/api/external/*` calls public addresses.
    pub external_api: bool,
    /// When such a call gives up.
    pub external_api_timeout: Duration,
    /// Its further tries.
    pub external_api_max_retries: u32,
}

impl SurfaceSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            gateway_auth: values.required(&table::GATEWAY_AUTH)?,
            shared_credentials: values.required(&table::SHARED_CREDENTIALS)?,
            open_llm_chat: values.required(&table::OPEN_LLM_CHAT)?,
            open_virtual_keys: values.required(&table::OPEN_VIRTUAL_KEYS)?,
            external_api: values.required(&table::EXTERNAL_API)?,
            external_api_timeout: values.required(&table::EXTERNAL_API_TIMEOUT)?,
            external_api_max_retries: values.required(&table::EXTERNAL_API_MAX_RETRIES)?,
        })
    }
}
