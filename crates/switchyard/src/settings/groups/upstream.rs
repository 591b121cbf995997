//! Calls to providers.

use crate::settings::network::EgressEntry;
use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use std::time::Duration;
use switchyard_domain::money::NanoUsd;

/// Where vendors are, for those that aren't at their own address; an absent one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrls {
    /// OpenAI.
    pub openai: Option<String>,
    /// Anthropic.
    pub anthropic: Option<String>,
    /// Gemini.
    pub gemini: Option<String>,
    /// Mistral.
    pub mistral: Option<String>,
    /// xAI.
    pub xai: Option<String>,
}

/// Deadlines, attempts and destinations of calls to providers.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long the first byte may take.
    pub first_byte_timeout: Duration,
    /// Whether somebody said so. Else it does not hold for what is made whole before its first byte comes: pictures, sound and
    /// transcripts.
    pub first_byte_is_set: bool,
    /// The longest silence within an answer.
    pub idle_timeout: Duration,
    /// The longest whole answer.
    pub total_timeout: Duration,
    /// The output limit of calls whose documented form has none.
    pub default_max_tokens: u32,
    /// What a call without a known price reserves of a budget; absent: it is refused under one.
    pub unpriced_call_ceiling: Option<NanoUsd>,
    /// Whether a call under a budget that nobody began to answer is charged as it was reserved.
    pub charge_unanswered_calls: bool,
    /// Attempts of one call over all targets, the first included.
    pub max_attempts: u32,
    /// The default timeout of a provider's test.
    pub provider_test_timeout: Duration,
    /// How long an answer may be given again to the same caller; absent: never.
    pub response_cache_ttl: Option<Duration>,
    /// Private destinations that calls may go to.
    pub egress_allow: Vec<EgressEntry>,
    /// Where vendors are.
    pub base_urls: BaseUrls,
}

impl UpstreamSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        let cache_ttl = values.required(&table::RESPONSE_CACHE_TTL_SECONDS)?;
        Ok(Self {
            connect_timeout: values.required(&table::UPSTREAM_CONNECT_TIMEOUT_SECONDS)?,
            first_byte_timeout: values.required(&table::LLM_TIMEOUT_SECONDS)?,
            first_byte_is_set: values.is_set(&table::LLM_TIMEOUT_SECONDS),
            idle_timeout: values.required(&table::UPSTREAM_IDLE_TIMEOUT_SECONDS)?,
            total_timeout: values.required(&table::UPSTREAM_TOTAL_TIMEOUT_SECONDS)?,
            default_max_tokens: values.required(&table::LLM_MAX_TOKENS)?,
            unpriced_call_ceiling: values.optional(&table::UNPRICED_CALL_CEILING_USD)?,
            charge_unanswered_calls: values.required(&table::CHARGE_UNANSWERED_CALLS)?,
            max_attempts: values.required(&table::MAX_ATTEMPTS)?,
            provider_test_timeout: values.required(&table::REQUEST_TIMEOUT_SECONDS)?,
            response_cache_ttl: (!cache_ttl.is_zero()).then_some(cache_ttl),
            egress_allow: values.required(&table::EGRESS_ALLOW)?,
            base_urls: BaseUrls {
                openai: values.optional(&table::OPENAI_BASE_URL)?,
                anthropic: values.optional(&table::ANTHROPIC_BASE_URL)?,
                gemini: values.optional(&table::GEMINI_BASE_URL)?,
                mistral: values.optional(&table::MISTRAL_BASE_URL)?,
                xai: values.optional(&table::XAI_BASE_URL)?,
            },
        })
    }
}
