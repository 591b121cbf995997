//! People, to those who administer or audit.

use super::shapes::{EnvelopeAnswer, LimitsShape, UserPage, UserShape};
use super::{ApiBody, ApiError, ApiJson, present};
use crate::extract::{Administrator, Reader};
use crate::idempotency::ShownOnce;
use crate::version::{etag, expected_version};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use switchyard_domain::ids::UserId;
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_orchestrator::accounts::{AccountError, ChangedUser, Links, UserAdmin};
use utoipa::ToSchema;
use validator::Validate;

const USUAL_PAGE: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most items: 50 if absent, 100 at most.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<i64>,
}

/// What is to be changed of a person; what is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeBody {
    /// `admin`, `auditor` or `member`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// Whether they may sign in and call. Whoever is switched off is signed out everywhere.
    #[serde(default)]
    is_active: Option<bool>,
    /// Limits on all their calls together, replaced whole.
    #[serde(default)]
    limits: Option<LimitsShape>,
    /// Where they get mail; `null` means nowhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
}

impl ApiBody for UserChangeBody {}

/// A link by which a person sets a new password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResetLink {
    /// What POST /api/v1/auth/setup takes as `token`, once. It is not shown again.
    token: String,
    /// When it ends unused.
    expires_at: String,
}

/// Where the page that is asked for begins, and its most items.
pub(super) fn page_of(request: &HttpRequest) -> Result<(Option<i64>, u32), ApiError> {
    let query = web::Query::<PageQuery>::from_query(request.query_string()).map_err(|_| {
        ApiError::invalid_field("query", "`limit` and `after` are numbers, and each stands there once")
    })?;
    Ok((query.after, query.limit.unwrap_or(USUAL_PAGE)))
}

fn id_of(path: &str) -> Result<UserId, AccountError> {
    path.parse().map(UserId).map_err(|_| AccountError::NotFound("user"))
}

fn shown(user: User) -> HttpResponse {
    let shape = UserShape::from(user);
    HttpResponse::Ok().insert_header(etag(shape.version)).json(shape)
}

/// People, by id.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(PageQuery),
    responses(
        (status = 200, body = UserPage),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn list_users(
    _: Reader,
    request: HttpRequest,
    admin: web::Data<UserAdmin>,
) -> Result<web::Json<UserPage>, ApiError> {
    let (after, limit) = page_of(&request)?;
    let (users, next) = admin.page(after.map(UserId), limit).await?;
    let items = users.into_iter().map(UserShape::from).collect();
    Ok(web::Json(UserPage { items, next: next.map(|id| id.to_string()) }))
}

/// A person.
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The person's id")),
    responses(
        (status = 200, body = UserShape),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn one_user(
    _: Reader,
    id: web::Path<String>,
    admin: web::Data<UserAdmin>,
) -> Result<HttpResponse, ApiError> {
    Ok(shown(admin.find(id_of(&id)?).await?))
}

/// Changes a person's role, limits or address, or switches them off.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{id}",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(
        ("id" = i64, Path, description = "The person's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = UserChangeBody,
    responses(
        (status = 200, body = UserShape),
        (status = 400, description = "The address is taken, or the body is no JSON", body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 409, description = "Another version, or the last active administrator", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn change_user(
    administrator: Administrator,
    id: web::Path<String>,
    request: HttpRequest,
    body: ApiJson<UserChangeBody>,
    admin: web::Data<UserAdmin>,
) -> Result<HttpResponse, ApiError> {
    let UserChangeBody { role, is_active, limits, email } = body.0;
    let change = ChangedUser {
        role,
        is_active,
        limits: limits.map(Into::into),
        email,
        expected_version: expected_version(request.headers())?,
    };
    let person = administrator.0;
    let by = person.client.writer(&person.who.entry.user);
    Ok(shown(admin.change(id_of(&id)?, change, &by).await?))
}

/// Makes a link by which a person sets a new password. Their sessions end at once.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/password-reset",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    params(("id" = i64, Path, description = "The person's id")),
    responses(
        (status = 201, body = ResetLink),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, body = EnvelopeAnswer),
        (status = 404, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn reset_password(
    administrator: Administrator,
    id: web::Path<String>,
    links: web::Data<Links>,
) -> Result<HttpResponse, ApiError> {
    let person = administrator.0;
    let link = links.reset(id_of(&id)?, &person.client.writer(&person.who.entry.user)).await?;
    let mut answer = HttpResponse::Created();
    ShownOnce::mark(&mut answer);
    Ok(answer.json(ResetLink {
        token: link.token.expose_secret().to_owned(),
        expires_at: link.expires_at.to_string(),
    }))
}
