//! What happened in an attempt, what it cost to whom, and the sums that people look at.

mod day;
mod event;
mod interval;
mod listing;
mod refused;
mod report;

pub use day::RequestsOf;
pub use event::{
    LedgerEntry, MAX_PASSED_TARGETS, MAX_SERVICE_TIER_CHARS, Outcome, PassedTarget, RESERVED_PRICE,
    UsageEvent,
};
pub use interval::Interval;
pub use listing::{CallCursor, CallFilter, CallRecord};
pub use refused::RefusedCall;
pub use report::{GroupBy, LedgerCheck, LedgerProblem, UsageFilter, UsageRow, UsageSums};
