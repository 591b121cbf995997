//! What would become of a call, without one.

use super::held::Held;
use super::shapes::EnvelopeAnswer;
use super::{ApiBody, ApiError, ApiJson, Secret};
use crate::explained::ExplanationShape;
use crate::extract::{Member, Person};
use crate::gateway::{Door, GatewayError};
use crate::offline::OfflineCall;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::role::Role;
use switchyard_orchestrator::admin::KeyAdmin;
use switchyard_orchestrator::explain::Explainer;
use switchyard_orchestrator::places::PlacesTaken;
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::clock::Clock;
use utoipa::ToSchema;
use validator::Validate;

/// When to come back where all places are taken.
const COME_BACK: Duration = Duration::from_secs(1);

/// A call as it would be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainBody {
    /// The call's body, as it would be sent: to the byte.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
    /// The client's dialect, such as `openai-chat` (if absent), `openai-responses`, `anthropic-messages` or `gemini`.
    #[serde(default)]
    dialect: Option<String>,
    /// The model, in dialects that name it in the address.
    #[serde(default)]
    model: Option<String>,
    /// Whether a stream is asked for, in dialects that say so in the address.
    #[serde(default)]
    stream: Option<bool>,
    /// Whether the caller wants a refusal rather than a loss.
    #[serde(default)]
    strict: bool,
    /// The call's headers; those that its dialect does not let pass mean nothing.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// By which virtual key it would be made, by its id; absent: by whoever asks.
    #[serde(default)]
    virtual_key: Option<i64>,
}

impl ApiBody for ExplainBody {
    // Each target of a route shows the call once more. The command line explains larger ones.
    const MOST_BYTES: usize = 128 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

/// On whose behalf the call would be made.
async fn principal(
    person: &Person,
    key: Option<i64>,
    keys: &KeyAdmin,
    clock: &dyn Clock,
) -> Result<Principal, ApiError> {
    let Some(id) = key else { return Ok(Principal::User(Arc::clone(&person.who.entry))) };
    let key = keys.find(&person.who.entry.user, VirtualKeyId(id)).await?.key;
    if !key.is_usable(clock.now()) {
        return Err(ApiError::invalid_field("virtual_key", "this key is switched off or has ended"));
    }
    Ok(Principal::Key(Arc::new(key)))
}

/// Why nothing is explained now.
fn no_place(taken: PlacesTaken) -> ApiError {
    let (status, code, said) = match taken {
        PlacesTaken::Own => (
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "an explanation for you is under way: try again when it has been read",
        ),
        PlacesTaken::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "as many explanations are under way as this server makes at once; try again soon",
        ),
    };
    ApiError::new(status, code, said.to_owned()).retry_after(COME_BACK)
}

/// What would become of a call: its route, the order of its targets, the exact request that each would be sent, what could not be
/// carried, what it could cost at most, and the limits that it would be held to. Nobody is called and nothing is reserved. What the call
/// would be refused with before anything is sent is the answer. The body has 128 KiB at most, and one person has one explained at a time.
#[utoipa::path(
    post,
    path = "/api/v1/explain",
    tag = "usage",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = ExplainBody,
    responses(
        (status = 200, body = ExplanationShape),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, description = "One that you asked for is under way", body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn explain_call(
    member: Member,
    body: ApiJson<ExplainBody>,
    keys: web::Data<KeyAdmin>,
    explainer: web::Data<Explainer>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    let place = explainer.place(member.0.who.entry.user.id).map_err(no_place)?;
    let ExplainBody { body, dialect, model, stream, strict, headers, virtual_key } = body.0;
    let principal = principal(&member.0, virtual_key, &keys, clock.get_ref()).await?;
    let call = OfflineCall {
        dialect: dialect.unwrap_or_else(|| "openai-chat".to_owned()),
        model,
        stream,
        strict,
        headers: headers.into_iter().collect(),
    };
    let call = call.read(Bytes::from(body.get().to_owned()));
    let call = call.map_err(|said| ApiError::invalid_field("body", said))?;
    let explained = explainer.explain(&principal, call.as_ref());
    let explained = explained.map_err(|error| GatewayError::of_call(error, Door::V1))?;
    let sees_all = matches!(member.0.who.role(), Role::Admin | Role::Auditor);
    let shape = if sees_all {
        ExplanationShape::whole(&explained)
    } else {
        ExplanationShape::for_callers(&explained)
    };
    let answer = serde_json::to_vec(&shape).map_err(|_| ApiError::defect())?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(Held::new(answer, place)))
}
