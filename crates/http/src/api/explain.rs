//! What would become of a call, without one.

use super::shapes::EnvelopeAnswer;
use super::{ApiBody, ApiError, ApiJson, Secret};
use crate::explained::ExplanationShape;
use crate::extract::{Member, Person};
use crate::gateway::{Door, GatewayError};
use crate::offline::OfflineCall;
use actix_web::web;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::role::Role;
use switchyard_orchestrator::admin::KeyAdmin;
use switchyard_orchestrator::explain::Explainer;
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::clock::Clock;
use utoipa::ToSchema;
use validator::Validate;

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
    // As large as the calls themselves, and what stands around them.
    const MOST_BYTES: usize = 11 * 1024 * 1024;

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

/// What would become of a call: its route, the order of its targets, the exact request that each would be sent, what could not be
/// carried, what it could cost at most, and the limits that it would be held to. Nobody is called and nothing is reserved. What the call
/// would be refused with before anything is sent is the answer.
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
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn explain_call(
    member: Member,
    body: ApiJson<ExplainBody>,
    keys: web::Data<KeyAdmin>,
    explainer: web::Data<Explainer>,
    clock: web::Data<dyn Clock>,
) -> Result<web::Json<ExplanationShape>, ApiError> {
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
    Ok(web::Json(if sees_all {
        ExplanationShape::whole(&explained)
    } else {
        ExplanationShape::for_callers(&explained)
    }))
}
