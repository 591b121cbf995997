//! Providers as the document of the provider management has them: the same providers, with its names for their members. Errors are a
//! `detail`.

mod shapes;
mod testing;
mod vendor;

pub(crate) use testing::{
    __path_state_managed_health, __path_test_direct, __path_test_managed_provider, state_managed_health,
    test_direct, test_managed_provider,
};

use crate::api::ApiError;
use crate::api::ApiJson;
use crate::api::providers::{address, id_of, named};
use crate::compat::DetailError;
use crate::extract::Administrator;
use crate::version::{etag, expected_version};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use secrecy::ExposeSecret;
use shapes::{ChangeBody, CreateBody, ManagedProvider};
use switchyard_domain::declared::DeclaredModel;
use switchyard_orchestrator::admin::{
    ProviderAdmin, ProviderChange, ProviderRequest, ProviderState, Removal,
};
use switchyard_orchestrator::error::AdminError;
use switchyard_ports::repositories::RepositoryError;

/// An error as this document has it: a name that is taken is a bad request.
fn documented(error: AdminError) -> ApiError {
    match error {
        AdminError::Repository(RepositoryError::Conflict { reason }) => {
            ApiError::new(StatusCode::BAD_REQUEST, "bad_request", reason)
        }
        other => other.into(),
    }
}

/// An address that has to be there.
fn needed(base_url: &str) -> Result<String, ApiError> {
    address(base_url).ok_or_else(|| ApiError::invalid_field("base_url", "this is needed"))
}

fn shown(mut answer: HttpResponseBuilder, admin: &ProviderAdmin, state: ProviderState) -> HttpResponse {
    let version = state.provider.meta.version;
    answer.insert_header(etag(version)).json(ManagedProvider::of(admin, state))
}

/// All providers, by id.
#[utoipa::path(
    get,
    path = "/api/providers",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = [ManagedProvider]),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn list_managed_providers(
    _: Administrator,
    admin: web::Data<ProviderAdmin>,
) -> Result<web::Json<Vec<ManagedProvider>>, ApiError> {
    let states = admin.states().await?;
    Ok(web::Json(states.into_iter().map(|state| ManagedProvider::of(&admin, state)).collect()))
}

/// Makes a provider. Nobody is called.
#[utoipa::path(
    post,
    path = "/api/providers",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = CreateBody,
    responses(
        (status = 201, body = ManagedProvider),
        (status = 400, description = "The name is taken, or the body is no JSON", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 409, description = "The `Idempotency-Key` belongs to another request", body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn create_managed_provider(
    administrator: Administrator,
    body: ApiJson<CreateBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let CreateBody { name, base_url, api_key, models, is_active } = body.0;
    let base_url = needed(&base_url)?;
    if api_key.expose_secret().trim().is_empty() {
        return Err(ApiError::invalid_field("api_key", "this is needed"));
    }
    let request = ProviderRequest {
        vendor: vendor::known_by(&admin.vendors(), &name, &base_url).to_owned(),
        name: named(name)?,
        base_url: Some(base_url),
        api_key: Some(api_key),
        models: models.into_iter().map(|model| DeclaredModel { model, ..DeclaredModel::default() }).collect(),
        is_enabled: is_active,
    };
    let id = admin.add(request, &administrator.writer()).await.map_err(documented)?;
    Ok(shown(HttpResponse::Created(), &admin, admin.show(id).await?))
}

/// A provider.
#[utoipa::path(
    get,
    path = "/api/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The provider's id")),
    responses(
        (status = 200, body = ManagedProvider),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn one_managed_provider(
    _: Administrator,
    id: web::Path<String>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let state = admin.show(id_of(&id)?).await?;
    Ok(shown(HttpResponse::Ok(), &admin, state))
}

/// Changes a provider. Its credential goes along to another address.
#[utoipa::path(
    patch,
    path = "/api/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant"),
    ),
    request_body = ChangeBody,
    responses(
        (status = 200, body = ManagedProvider),
        (status = 400, description = "The name is taken, routes lead to a model that would go or are the configuration file's, or the body is no JSON", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The configuration file declares it, or somebody else changed it: at the same moment, or since the version that `If-Match` names", body = DetailError),
        (status = 413, body = DetailError),
        (status = 415, body = DetailError),
        (status = 422, body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn change_managed_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<ChangeBody>,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let ChangeBody { name, base_url, api_key, models, is_active } = body.0;
    let id = id_of(&id)?;
    let base_url = base_url.as_deref().map(needed).transpose()?;
    let now = admin.show(id).await?.provider;
    // Whoever sends back the address that was shown changes nothing, though none be stored.
    let at = admin.address(&now).unwrap_or_default();
    let base_url = base_url.filter(|wanted| at != *wanted);
    // What it is taken for changes with what it is told by: with the address, and with the name where that told it. What somebody else
    // said it is stays, and a new name alone never takes it, and its key, from its vendor's own address to another vendor's.
    let vendors = admin.vendors();
    let (old_name, new_url) = (now.name.as_str(), base_url.as_deref().unwrap_or(&at));
    let known = vendor::known_by(&vendors, old_name, &at);
    let told = vendor::known_by(&vendors, name.as_deref().unwrap_or(old_name), new_url);
    let is_told_by_name = now.base_url.is_some() && known == now.vendor;
    let is_told_anew = told != known && (base_url.is_some() || is_told_by_name);
    let change = ProviderChange {
        name: name.map(named).transpose()?,
        vendor: is_told_anew.then(|| told.to_owned()),
        base_url: base_url.map(Some),
        api_key: api_key.map(Some),
        model_ids: models,
        is_enabled: is_active,
        keeps_credential: true,
        expected_version: expected_version(request.headers())?,
        ..ProviderChange::default()
    };
    let state = admin.change(id, change, &administrator.writer()).await.map_err(documented)?;
    Ok(shown(HttpResponse::Ok(), &admin, state))
}

/// Removes a provider. What leads to it in routes goes too.
#[utoipa::path(
    delete,
    path = "/api/providers/{id}",
    tag = "configuration",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The provider's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "`If-Match` is no version", body = DetailError),
        (status = 401, body = DetailError),
        (status = 403, body = DetailError),
        (status = 404, body = DetailError),
        (status = 409, description = "The configuration file declares it, routes of the file lead to it, or it is at another version than `If-Match` names", body = DetailError),
        (status = 503, body = DetailError),
    )
)]
pub(crate) async fn remove_managed_provider(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    admin: web::Data<ProviderAdmin>,
) -> Result<HttpResponse, ApiError> {
    let removal = Removal { forced: true, expected_version: expected_version(request.headers())? };
    admin.remove_by_id(id_of(&id)?, removal, &administrator.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}
