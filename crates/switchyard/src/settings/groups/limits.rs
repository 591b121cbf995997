//! How often callers may ask.

use crate::settings::problem::Problem;
use crate::settings::rate_limit::RateLimit;
use crate::settings::table;
use crate::settings::values::Values;

/// Rates per user or address. Those of virtual keys stand with the keys.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Chat and compare calls, per user, else per address.
    pub api: RateLimit,
    /// Registrations, per address.
    pub register: RateLimit,
    /// Logins, per address.
    pub login: RateLimit,
    /// Refreshes and logouts, per address.
    pub session: RateLimit,
    /// Calls per minute on `/llm/*` and its document's `/api/*`; absent: unlimited.
    pub llm_per_minute: Option<u32>,
}

impl LimitSettings {
    pub(in crate::settings) fn read(values: &Values) -> Result<Self, Problem> {
        let per_minute = values.required(&table::RATE_LIMIT_PER_MINUTE)?;
        Ok(Self {
            api: values.required(&table::API_RATE_LIMIT)?,
            register: values.required(&table::REGISTER_RATE_LIMIT)?,
            login: values.required(&table::LOGIN_RATE_LIMIT)?,
            session: values.required(&table::SESSION_RATE_LIMIT)?,
            llm_per_minute: values.required(&table::RATE_LIMIT_ENABLED)?.then_some(per_minute),
        })
    }
}
