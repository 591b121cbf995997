//! Which usage is asked for.

use crate::api::ApiError;
use crate::api::moments::{self, Edge};
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use switchyard_domain::budget::Zone;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::usage::{GroupBy, Interval, UsageFilter};
use switchyard_orchestrator::usage::TableRequest;

/// Which usage, and how it is told.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// From this moment on (RFC 3339), or from the beginning of this day (`2026-11-01`).
    from: Option<String>,
    /// Before this moment (RFC 3339), or to the end of this day.
    to: Option<String>,
    /// `model`, `provider`, `route`, `key`, `user`, `day` or `status`: `day` if absent.
    group_by: Option<String>,
    /// By stretches of time besides: `hour`, `day`, `week` or `month`, at most 400 of them. Without `from`, the last 2 days by the
    /// hour, 30 by the day, 182 by the week and 366 by the month.
    interval: Option<String>,
    /// By whose calendar days and stretches begin, such as `Europe/Vienna`: UTC if absent.
    zone: Option<String>,
    /// Of this virtual key only, by its id.
    key: Option<i64>,
    /// Of this person only, by their id.
    user: Option<i64>,
    /// Whether simulated models count: they don't if absent.
    include_simulated: Option<bool>,
}

impl UsageQuery {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let query = web::Query::<Self>::from_query(request.query_string()).map_err(|_| {
            let said = "there are `from`, `to`, `group_by`, `interval`, `zone`, `key` and `user` (numbers), and `include_simulated` \
                        (true or false), each once";
            ApiError::invalid_field("query", said)
        })?;
        Ok(query.into_inner())
    }

    pub(super) fn read(self) -> Result<TableRequest, ApiError> {
        let zone = self.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::new);
        let zone = zone.map_err(|fault| ApiError::invalid_field("zone", fault.to_string()))?;
        let filter = UsageFilter {
            from: moments::read("from", self.from.as_deref(), &zone, Edge::Start)?,
            to: moments::read("to", self.to.as_deref(), &zone, Edge::End)?,
            key: self.key.map(VirtualKeyId),
            user: self.user.map(UserId),
            include_simulated: self.include_simulated.unwrap_or(false),
        };
        let group_by = self.group_by.as_deref().map_or(Some(GroupBy::Day), GroupBy::parse);
        let group_by = group_by.ok_or_else(|| {
            let words = GroupBy::ALL.map(GroupBy::as_str).join(", ");
            ApiError::invalid_field("group_by", format!("this is one of {words}"))
        })?;
        let interval = |word: &str| {
            let said = "this is hour, day, week or month";
            Interval::parse(word).ok_or_else(|| ApiError::invalid_field("interval", said))
        };
        Ok(TableRequest {
            filter,
            group_by,
            interval: self.interval.as_deref().map(interval).transpose()?,
            zone,
        })
    }
}
