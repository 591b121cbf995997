use super::error::GatewayError;
use super::schema::ErrorAnswer;
use crate::extract::GatewayCaller;
use actix_web::web;
use serde::Serialize;
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

/// The models and routes that the caller may use.
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
pub(crate) async fn list(caller: GatewayCaller, models: web::Data<ModelList>) -> web::Json<ModelPage> {
    let data = models.for_principal(&caller.0).into_iter().map(Model::from).collect();
    web::Json(ModelPage { object: "list", data })
}

/// One model or route.
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
    models: web::Data<ModelList>,
) -> Result<web::Json<Model>, GatewayError> {
    match models.find(&caller.0, &id) {
        Some(model) => Ok(web::Json(model.into())),
        None => Err(unknown(&id)),
    }
}

/// There is no such model, or it is not for this caller, which is the same to it.
pub(super) fn unknown(id: &str) -> GatewayError {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let shown: String = id.chars().take(LONGEST_SHOWN).map(plain).collect();
    let message = format!("There is no model or route `{shown}` here that this key may call.");
    GatewayError::of_call(CallError::new(CallErrorKind::ModelNotFound, message).at("model"), Door::V1)
}
