//! The external proxy of the Multi-LLM API: calls of other addresses on behalf of whoever is signed in.

use super::multi_llm::TextError;
use super::pairs::{Pairs, Texts};
use crate::api::{ApiBody, ApiError, ApiJson, Secret};
use crate::extract::Member;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use switchyard_orchestrator::accounts::Throttles;
use switchyard_orchestrator::external::{ExternalCalls, ExternalError};
use switchyard_ports::external::{
    ExternalAnswer, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_BODY,
};
use utoipa::ToSchema;
use validator::Validate;

/// Room for what stands around a payload.
const AROUND: usize = 64 * 1024;

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

impl ApiBody for ExternalRead {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

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

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
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

impl ApiBody for ExternalDelete {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

fn yes() -> bool {
    true
}

/// What an address answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalReply {
    /// `success`: there was an answer, whatever its status.
    status: &'static str,
    data: ExternalData,
}

/// An address's answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExternalData {
    /// A redirect is one like any other: it is not followed.
    status_code: u16,
    headers: BTreeMap<String, String>,
    /// JSON, or a text.
    #[schema(value_type = serde_json::Value)]
    body: Box<RawValue>,
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
    member: Member,
    body: ApiJson<ExternalRead>,
    calls: web::Data<ExternalCalls>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.documented(&member.0.client).await?;
    let ExternalRead { url, headers, params } = body.0;
    call(&calls, request(ExternalMethod::Get, url, headers, Texts::flat(params), None)).await
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
    member: Member,
    body: ApiJson<ExternalWrite>,
    calls: web::Data<ExternalCalls>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.documented(&member.0.client).await?;
    call(&calls, written(ExternalMethod::Post, body.0)?).await
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
    member: Member,
    body: ApiJson<ExternalWrite>,
    calls: web::Data<ExternalCalls>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.documented(&member.0.client).await?;
    call(&calls, written(ExternalMethod::Put, body.0)?).await
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
    member: Member,
    body: ApiJson<ExternalDelete>,
    calls: web::Data<ExternalCalls>,
    throttles: web::Data<Throttles>,
) -> Result<HttpResponse, ApiError> {
    throttles.documented(&member.0.client).await?;
    let ExternalDelete { url, headers } = body.0;
    call(&calls, request(ExternalMethod::Delete, url, headers, Vec::new(), None)).await
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

async fn call(calls: &ExternalCalls, request: ExternalRequest) -> Result<HttpResponse, ApiError> {
    let answer = calls.call(&request).await.map_err(|error| refused(&error))?;
    let data = data(answer).ok_or_else(ApiError::defect)?;
    let reply =
        serde_json::to_vec(&ExternalReply { status: "success", data }).map_err(|_| ApiError::defect())?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(reply))
}

fn data(answer: ExternalAnswer) -> Option<ExternalData> {
    let ExternalAnswer { status, headers, body } = answer;
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        shown.entry(name).and_modify(|before| before.extend([", ", value.as_str()])).or_insert(value);
    }
    let is_json = shown.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let json = || serde_json::from_slice::<Box<RawValue>>(&body).ok().filter(|_| is_json);
    let text = || to_raw_value(&String::from_utf8_lossy(&body)).ok();
    Some(ExternalData { status_code: status, headers: shown, body: json().or_else(text)? })
}

/// Why there is no answer, for the one who asked.
fn refused(error: &ExternalError) -> ApiError {
    let (status, code) = match error {
        ExternalError::Off => (StatusCode::FORBIDDEN, "authorization_error"),
        ExternalError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        ExternalError::Fault(ExternalFault::Invalid(_)) => (StatusCode::BAD_REQUEST, "bad_request"),
        ExternalError::Fault(ExternalFault::Refused(_)) => (StatusCode::FORBIDDEN, "url_not_allowed"),
        ExternalError::Fault(ExternalFault::Unreachable(_) | ExternalFault::Failed(_)) => {
            (StatusCode::BAD_GATEWAY, "upstream_error")
        }
        ExternalError::Fault(ExternalFault::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
    };
    ApiError::new(status, code, error.to_string())
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
    /// Too many requests in a minute
    #[response(status = 429)]
    TooMany(TextError),
    /// Our own defect
    #[response(status = 500)]
    Defect(TextError),
    /// The address can't be reached, or its answer is too large or none
    #[response(status = 502)]
    Failed(TextError),
    /// It can't be found out whether the request was answered before
    #[response(status = 503)]
    Unavailable(TextError),
    /// The address did not answer in time
    #[response(status = 504)]
    TimedOut(TextError),
}
