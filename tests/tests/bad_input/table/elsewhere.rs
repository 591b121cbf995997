//! Rows that are no case of the table.

use super::Standing::{self, Absent, Elsewhere};
use std::ops::RangeInclusive;

/// The rows and where they stand. A row leaves this list when its route comes.
pub(super) fn rows() -> Vec<(RangeInclusive<u32>, Standing)> {
    vec![
        (
            34..=34,
            Absent(
                "providers and their models have no tenants: a key's list of models is asked in `gateway`",
            ),
        ),
        (55..=55, Absent("no header sets a deadline")),
        (76..=77, Absent("conversations: /api/v1/chat")),
        (78..=86, Absent("comparisons: /api/v1/compare, /api/v1/comparisons")),
        (
            104..=104,
            Elsewhere("the suites `backups` of the crates `switchyard-orchestrator` and `switchyard-server`"),
        ),
        (112..=114, Absent("chat with automatic selection: /llm")),
        (
            138..=139,
            Elsewhere(
                "the start-up suites of the crates `switchyard` (settings) and `switchyard-server` (refusals)",
            ),
        ),
        (140..=140, Elsewhere("the suite `backups` of the crate `switchyard-server`")),
    ]
}
