//! Moments in queries.

use super::ApiError;
use switchyard_domain::budget::Zone;
use switchyard_domain::time::Timestamp;

/// Which end of a day is meant where a day is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Start,
    End,
}

/// A moment as RFC 3339 has it, or a day of a zone's calendar.
pub(super) fn read(
    field: &str,
    text: Option<&str>,
    zone: &Zone,
    edge: Edge,
) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    if let Some(day) = zone.day(text) {
        return Ok(Some(if edge == Edge::Start { day.start } else { day.end }));
    }
    let moment = Timestamp::parse(text);
    moment.map(Some).map_err(|_| {
        let said = "this is no time such as 2026-11-20T08:00:00Z, and no day such as 2026-11-20";
        ApiError::invalid_field(field, said)
    })
}
