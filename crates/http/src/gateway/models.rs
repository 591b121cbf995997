use super::dialects::{ANTHROPIC_MESSAGES, GEMINI, OPENAI_CHAT};
use super::error::GatewayError;
use super::gemini;
use super::schema::ErrorAnswer;
use crate::extract::GatewayCaller;
use actix_web::http::header::{ContentType, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde::Serialize;
use switchyard_dialects::anthropic_messages::models as anthropic;
use switchyard_dialects::codec::ClientCodec;
use switchyard_orchestrator::error::{CallError, CallErrorKind};
use switchyard_orchestrator::models::{ModelList, PublicModel};
use utoipa::ToSchema;

use super::error::Door;

/// Longest part of an unknown id that is said back.
const LONGEST_SHOWN: usize = 100;

/// The models that the caller may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelPage {
    /// `list`
    object: &'static str,
    data: Vec<Model>,
}

/// A model, or a route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Model {
    /// What a call puts in `model`.
    id: String,
    /// `model`
    object: &'static str,
    /// Unix seconds; 0, as providers do not agree on what it means.
    created: i64,
    /// The provider's name, or `switchyard` for a route.
    owned_by: String,
}

impl From<PublicModel> for Model {
    fn from(model: PublicModel) -> Self {
        Self { id: model.id, object: "model", created: 0, owned_by: model.owned_by }
    }
}

/// A model as Anthropic shows it. When it came to be is not known; the SDKs want a time.
fn of_anthropic(model: &PublicModel) -> anthropic::ModelEntry<'_> {
    anthropic::ModelEntry { id: &model.id, display_name: &model.id, created_at: "1970-01-01T00:00:00Z" }
}

/// In whose words a client wants its list: three vendors have one at this address, and their SDKs can be told apart by the
/// headers that they always send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    OpenAi,
    Anthropic,
    Google,
}

impl Asker {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key("anthropic-version") {
            Self::Anthropic
        } else if headers.contains_key("x-goog-api-key") {
            Self::Google
        } else {
            Self::OpenAi
        }
    }

    fn list(self, models: Vec<PublicModel>) -> HttpResponse {
        match self {
            Self::OpenAi => {
                let data = models.into_iter().map(Model::from).collect();
                HttpResponse::Ok().json(ModelPage { object: "list", data })
            }
            Self::Anthropic => {
                let entries: Vec<_> = models.iter().map(of_anthropic).collect();
                json(anthropic::write_list(&entries, false))
            }
            Self::Google => gemini::listed(&models),
        }
    }

    fn one(self, model: PublicModel) -> HttpResponse {
        match self {
            Self::OpenAi => HttpResponse::Ok().json(Model::from(model)),
            Self::Anthropic => json(anthropic::write_one(&of_anthropic(&model))),
            Self::Google => gemini::shown(&model),
        }
    }

    pub(super) fn dialect(self) -> &'static dyn ClientCodec {
        match self {
            Self::OpenAi => OPENAI_CHAT,
            Self::Anthropic => ANTHROPIC_MESSAGES,
            Self::Google => GEMINI,
        }
    }
}

fn json(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::json()).body(body)
}

/// The models and routes that the caller may use.
///
/// In OpenAI's words; in Anthropic's for a request with `anthropic-version`, in Google's for one with `x-goog-api-key`.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "gateway",
    security(("virtual_key" = [])),
    responses(
        (status = 200, body = ModelPage),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
    )
)]
pub(crate) async fn list(
    caller: GatewayCaller,
    request: HttpRequest,
    models: web::Data<ModelList>,
) -> HttpResponse {
    Asker::of(request.headers()).list(models.for_principal(&caller.0))
}

/// One model or route, in the words of the list.
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    tag = "gateway",
    security(("virtual_key" = [])),
    params(("id" = String, Path, description = "The id; its slashes may stand as they are")),
    responses(
        (status = 200, body = Model),
        (status = 401, description = "No virtual key, or none of ours", body = ErrorAnswer),
        (status = 404, description = "Unknown, or not for this key", body = ErrorAnswer),
    )
)]
pub(crate) async fn one(
    caller: GatewayCaller,
    id: web::Path<String>,
    request: HttpRequest,
    models: web::Data<ModelList>,
) -> Result<HttpResponse, GatewayError> {
    let asker = Asker::of(request.headers());
    match models.find(&caller.0, &id) {
        Some(model) => Ok(asker.one(model)),
        None => Err(unknown(&id).in_dialect(asker.dialect())),
    }
}

/// There is no such model, or it is not for this caller, which is the same to it.
pub(super) fn unknown(id: &str) -> GatewayError {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let shown: String = id.chars().take(LONGEST_SHOWN).map(plain).collect();
    let message = format!("There is no model or route `{shown}` here that this key may call.");
    GatewayError::of_call(CallError::new(CallErrorKind::ModelNotFound, message).at("model"), Door::V1)
}
