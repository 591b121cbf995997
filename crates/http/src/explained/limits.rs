//! The limits that a call would be held to, as JSON.

use serde::Serialize;
use switchyard_ports::limiter::{Allowance, Demand};
use utoipa::ToSchema;

/// A scope's limits and budget; what is absent is not limited.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplainedLimit {
    /// What is limited, such as `key:17`, `user:3`, `global` or `model:1/gpt-4o`.
    scope: String,
    /// Requests in any minute.
    rpm: Option<u32>,
    /// Tokens in any minute.
    tpm: Option<u64>,
    /// Requests in a UTC day.
    rpd: Option<u32>,
    /// Calls at one moment.
    concurrency: Option<u32>,
    budget: Option<LimitedBudget>,
}

/// How much may be spent in which window.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExplainedBudget)]
pub struct LimitedBudget {
    /// US dollars.
    amount_usd: String,
    /// `total`, `day`, `week` or `month`.
    window: &'static str,
    /// By whose calendar.
    zone: String,
}

impl From<&Demand> for ExplainedLimit {
    fn from(demand: &Demand) -> Self {
        let budget = demand.allowance.as_ref().map(Allowance::budget);
        Self {
            scope: demand.scope.0.to_string(),
            rpm: demand.limits.rpm,
            tpm: demand.limits.tpm,
            rpd: demand.limits.rpd,
            concurrency: demand.limits.concurrency,
            budget: budget.map(|budget| LimitedBudget {
                amount_usd: budget.amount.to_string(),
                window: budget.window.as_str(),
                zone: budget.zone.to_string(),
            }),
        }
    }
}
