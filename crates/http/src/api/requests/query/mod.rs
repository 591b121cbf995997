//! Which calls are asked for.

pub(super) mod cursor;

use crate::api::ApiError;
use crate::api::moments::{self, Edge};
use actix_web::{HttpRequest, web};
use serde::Deserialize;
use switchyard_domain::budget::Zone;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::usage::{CallCursor, CallFilter, Outcome};

/// Which calls, and which page of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RequestQuery {
    /// The most items: 50 if absent, 100 at most.
    pub(super) limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Whose last attempt began at this moment or later (RFC 3339), or on this UTC day (`2026-11-01`) or later.
    from: Option<String>,
    /// Whose last attempt began before this moment (RFC 3339), or on this UTC day or before.
    to: Option<String>,
    /// Of this virtual key, by its id.
    key: Option<i64>,
    /// Of this person, by their id.
    user: Option<i64>,
    /// That ended at the provider of this name.
    provider: Option<String>,
    /// That ended at this model, by the provider's id for it.
    model: Option<String>,
    /// That went by the route of this name.
    route: Option<String>,
    /// That ended so: `complete`, `partial`, `client_closed`, `rejected`, `throttled`, `timed_out` or `failed`.
    status: Option<String>,
    /// With this `X-Request-ID`.
    request_id: Option<String>,
    /// Whether those to simulated models are listed: they are if absent.
    include_simulated: Option<bool>,
}

impl RequestQuery {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let query = web::Query::<Self>::from_query(request.query_string()).map_err(|_| {
            let said = "there are `limit`, `after`, `from`, `to`, `key`, `user`, `provider`, `model`, `route`, `status`, `request_id` \
                        and `include_simulated`, each once; `limit`, `key` and `user` are numbers";
            ApiError::invalid_field("query", said)
        })?;
        Ok(query.into_inner())
    }

    pub(super) fn read(self) -> Result<(CallFilter, Option<CallCursor>), ApiError> {
        let after = self.after.as_deref().map(|text| {
            let said = "this is no `next` of a page";
            cursor::read(text).ok_or_else(|| ApiError::invalid_field("after", said))
        });
        let outcome = self.status.as_deref().map(|word| {
            Outcome::parse(word).ok_or_else(|| ApiError::invalid_field("status", "no call ends so"))
        });
        let filter = CallFilter {
            from: moments::read("from", self.from.as_deref(), &Zone::utc(), Edge::Start)?,
            to: moments::read("to", self.to.as_deref(), &Zone::utc(), Edge::End)?,
            user: self.user.map(UserId),
            key: self.key.map(VirtualKeyId),
            provider: self.provider,
            model: self.model,
            route: self.route,
            outcome: outcome.transpose()?,
            request_id: self.request_id,
            without_simulated: self.include_simulated == Some(false),
        };
        Ok((filter, after.transpose()?))
    }
}
