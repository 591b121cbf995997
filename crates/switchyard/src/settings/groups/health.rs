//! The background probes of providers.

use crate::settings::problem::Problem;
use crate::settings::table;
use crate::settings::values::Values;
use std::time::Duration;

/// How providers are probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// Whether they are.
    pub enabled: bool,
    /// The time between probes of one provider.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Failures in a row that make a provider unhealthy.
    pub failure_threshold: u32,
}

impl HealthSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            enabled: values.required(&table::HEALTH_CHECK_ENABLED)?,
            interval: values.required(&table::HEALTH_CHECK_INTERVAL_SECONDS)?,
            timeout: values.required(&table::HEALTH_CHECK_TIMEOUT_SECONDS)?,
            failure_threshold: values.required(&table::HEALTH_CHECK_FAILURE_THRESHOLD)?,
        })
    }
}
