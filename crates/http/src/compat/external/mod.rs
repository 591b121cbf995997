//! The external proxy of the Multi-LLM API: calls of other addresses on behalf of whoever is signed in.

mod caller;
mod reply;

use super::multi_llm::TextError;
use super::pairs::{Pairs, Texts};
use crate::api::{ApiBody, ApiError, ApiJson};
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use caller::ExternalCaller;
use reply::{ExternalReply, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;
use switchyard_orchestrator::external::{ExternalCalls, ExternalError};
use switchyard_orchestrator::places::Place;
use switchyard_ports::clock::Clock;
use switchyard_ports::external::{ExternalFault, ExternalMethod, ExternalRequest, LONGEST_BODY};
use utoipa::ToSchema;
use validator::Validate;

/// Room for what stands around a payload.
const AROUND: usize = 64 * 1024;

/// When there may be a place again.
const COME_BACK: Duration = Duration::from_secs(1);

/// What is asked of an address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalRead {
    /// http or https.
    url: String,
    /// Sent as they are; those of a connection, of cookies and of proxies are refused.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Pairs<String>,
    /// Added to the query; a list stands for several of one name.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>)]
    params: Pairs<Texts>,
}

impl ApiBody for ExternalRead {}

/// What is sent to an address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalWrite {
    /// http or https.
    url: String,
    /// Sent as they are; those of a connection, of cookies and of proxies are refused.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Pairs<String>,
    /// The body.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<Box<RawValue>>,
    /// Whether the payload is sent as JSON, rather than as a form of its members.
    #[serde(default = "yes")]
    use_json: bool,
}

impl ApiBody for ExternalWrite {
    const MOST_BYTES: usize = LONGEST_BODY + AROUND;
}

/// What is deleted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExternalDelete {
    /// http or https.
    url: String,
    /// Sent as they are; those of a connection, of cookies and of proxies are refused.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Pairs<String>,
}

impl ApiBody for ExternalDelete {}

fn yes() -> bool {
    true
}

/// Calls an address with GET.
#[utoipa::path(
    post,
    path = "/api/external/get",
    tag = "external",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ExternalRead,
    responses(
        (status = 200, description = "The address's answer, whatever its status", body = ExternalReply),
        ExternalFailures,
    )
)]
pub(crate) async fn external_get(
    caller: ExternalCaller,
    body: ApiJson<ExternalRead>,
    calls: web::Data<ExternalCalls>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    let ExternalRead { url, headers, params } = body.0;
    call(&calls, caller.0, request(ExternalMethod::Get, url, headers, Texts::flat(params), None), clock).await
}

/// Calls an address with POST, once.
#[utoipa::path(
    post,
    path = "/api/external/post",
    tag = "external",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ExternalWrite,
    responses(
        (status = 200, description = "The address's answer, whatever its status", body = ExternalReply),
        ExternalFailures,
    )
)]
pub(crate) async fn external_post(
    caller: ExternalCaller,
    body: ApiJson<ExternalWrite>,
    calls: web::Data<ExternalCalls>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    call(&calls, caller.0, written(ExternalMethod::Post, body.0)?, clock).await
}

/// Calls an address with PUT.
#[utoipa::path(
    post,
    path = "/api/external/put",
    tag = "external",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ExternalWrite,
    responses(
        (status = 200, description = "The address's answer, whatever its status", body = ExternalReply),
        ExternalFailures,
    )
)]
pub(crate) async fn external_put(
    caller: ExternalCaller,
    body: ApiJson<ExternalWrite>,
    calls: web::Data<ExternalCalls>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    call(&calls, caller.0, written(ExternalMethod::Put, body.0)?, clock).await
}

/// Calls an address with DELETE.
#[utoipa::path(
    post,
    path = "/api/external/delete",
    tag = "external",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ExternalDelete,
    responses(
        (status = 200, description = "The address's answer, whatever its status", body = ExternalReply),
        ExternalFailures,
    )
)]
pub(crate) async fn external_delete(
    caller: ExternalCaller,
    body: ApiJson<ExternalDelete>,
    calls: web::Data<ExternalCalls>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    let ExternalDelete { url, headers } = body.0;
    call(&calls, caller.0, request(ExternalMethod::Delete, url, headers, Vec::new(), None), clock).await
}

fn request(
    method: ExternalMethod,
    url: String,
    headers: Pairs<String>,
    query: Vec<(String, String)>,
    body: Option<(&'static str, Bytes)>,
) -> ExternalRequest {
    ExternalRequest { method, url, query, headers: headers.0, body }
}

fn written(method: ExternalMethod, body: ExternalWrite) -> Result<ExternalRequest, ApiError> {
    let ExternalWrite { url, headers, payload, use_json } = body;
    let payload = match payload {
        None => None,
        Some(payload) if use_json => {
            Some(("application/json", Bytes::from(String::from(Box::<str>::from(payload)))))
        }
        Some(payload) => Some(("application/x-www-form-urlencoded", form(&payload)?)),
    };
    Ok(request(method, url, headers, Vec::new(), payload))
}

/// The members of a payload as a form.
fn form(payload: &RawValue) -> Result<Bytes, ApiError> {
    let members: Pairs<Texts> = serde_json::from_str(payload.get()).map_err(|_| {
        ApiError::invalid_field(
            "payload",
            "a form is made of an object of texts, numbers, true and false, or lists of them",
        )
    })?;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(Texts::flat(members));
    Ok(Bytes::from(form.finish()))
}

async fn call(
    calls: &ExternalCalls,
    place: Place,
    request: ExternalRequest,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    let brought = calls.call(&place, &request).await;
    let brought = brought.map_err(|error| refused(&error).with_doubt(error.may_be_done(request.method)))?;
    drop(request);
    let reply = Reply::new(brought, place, clock.into_inner());
    let reply = reply.ok_or_else(|| ApiError::defect().with_doubt(true))?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(reply))
}

/// Why there is no answer, for the one who asked.
fn refused(error: &ExternalError) -> ApiError {
    let (status, code) = match error {
        ExternalError::Off => (StatusCode::FORBIDDEN, "authorization_error"),
        ExternalError::OwnPlacesTaken => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        ExternalError::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        ExternalError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        ExternalError::Fault(ExternalFault::Invalid(_)) => (StatusCode::BAD_REQUEST, "bad_request"),
        ExternalError::Fault(ExternalFault::Refused(_)) => (StatusCode::FORBIDDEN, "url_not_allowed"),
        ExternalError::Fault(
            ExternalFault::Unresolved | ExternalFault::Unreachable(_) | ExternalFault::Failed(_),
        ) => (StatusCode::BAD_GATEWAY, "upstream_error"),
        ExternalError::Fault(ExternalFault::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
    };
    let refusal = ApiError::new(status, code, error.to_string());
    match error {
        ExternalError::OwnPlacesTaken | ExternalError::NoRoom => refusal.retry_after(COME_BACK),
        _ => refusal,
    }
}

/// How such a call can fail.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "only described; the answers are written by the surface's envelope")]
pub(crate) enum ExternalFailures {
    /// No URL, none that can be read, or a header that is not sent
    #[response(status = 400)]
    Invalid(TextError),
    /// Nobody is signed in
    #[response(status = 401)]
    Unauthenticated(TextError),
    /// The address is not called from here, or the operator has switched such calls off
    #[response(status = 403)]
    Refused(TextError),
    /// The body did not come in time
    #[response(status = 408)]
    TooSlow(TextError),
    /// The `Idempotency-Key` belongs to another request, or to one that is being answered
    #[response(status = 409)]
    Conflict(TextError),
    /// The payload is too large
    #[response(status = 413)]
    TooLarge(TextError),
    /// The body is not JSON
    #[response(status = 415)]
    MediaType(TextError),
    /// Too many requests in a minute, or too many calls at once
    #[response(status = 429)]
    TooMany(TextError),
    /// Our own defect
    #[response(status = 500)]
    Defect(TextError),
    /// The address can't be reached, or its answer is too large or none
    #[response(status = 502)]
    Failed(TextError),
    /// Too many calls of everybody at once, or it can't be found out whether the request was answered before
    #[response(status = 503)]
    Unavailable(TextError),
    /// The address did not answer in time
    #[response(status = 504)]
    TimedOut(TextError),
}
