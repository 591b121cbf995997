//! Registering, signing in, staying signed in, signing out: with a browser's cookies.

use super::shapes::{EnvelopeAnswer, Me, OwnUser, Said};
use super::{ApiBody, ApiError, ApiJson, Secret};
use crate::access::Public;
use crate::cookies::{self, CookieRule};
use crate::extract::{Member, Visitor, asked, bearer_or_none};
use crate::provenance::Provenance;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use switchyard_orchestrator::accounts::{
    LogIn, OwnAccount, Registration, RegistrationRequest, SessionGate, SignIn,
};
use switchyard_ports::tokens::TokenKind;
use utoipa::ToSchema;
use validator::Validate;

/// Who wants an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterBody {
    /// 3 to 50 characters.
    #[validate(length(min = 3, max = 50, message = "a user name has 3 to 50 characters"))]
    username: String,
    /// 8 to 128 characters; 15 to 128 under the strict policy.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// Where one gets mail.
    #[serde(default)]
    #[validate(length(max = 1024, message = "this is too long"))]
    email: Option<String>,
    /// Where the operator demands one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    registration_token: Option<Secret>,
}

impl ApiBody for RegisterBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("password", &self.password)]
    }
}

/// Who signs in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogInBody {
    /// The name, in whatever case.
    #[validate(length(min = 1, max = 1024, message = "a user name has 3 to 50 characters"))]
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

impl ApiBody for LogInBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("password", &self.password)]
    }
}

/// That one is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    message: &'static str,
    user: OwnUser,
}

/// Makes an account, where the operator lets people.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "accounts",
    request_body = RegisterBody,
    responses(
        (status = 201, body = Said),
        (status = 400, description = "Registration is closed, or the name is taken", body = EnvelopeAnswer),
        (status = 403, description = "The registration token is missing or wrong", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn register(
    _: Public,
    visitor: Visitor,
    body: ApiJson<RegisterBody>,
    registration: web::Data<Registration>,
) -> Result<HttpResponse, ApiError> {
    let RegisterBody { username, password, email, registration_token } = body.0;
    let request =
        RegistrationRequest { username, email, password, token: registration_token, mixed_password: false };
    registration.register(request, &visitor.0).await?;
    Ok(HttpResponse::Created().json(Said { message: "Registration successful" }))
}

/// Begins a session and gives its cookies.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "accounts",
    request_body = LogInBody,
    responses(
        (status = 200, body = LoggedIn),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, description = "The name or the password is wrong, or the account is off", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn log_in(
    _: Public,
    visitor: Visitor,
    body: ApiJson<LogInBody>,
    sign_in: web::Data<SignIn>,
    rule: web::Data<CookieRule>,
) -> Result<HttpResponse, ApiError> {
    let LogInBody { username, password } = body.0;
    let tokens = sign_in.log_in(LogIn { username, password }, &visitor.0).await?;
    let answer = LoggedIn { message: "Login successful", user: OwnUser::from(&tokens.user) };
    let mut response = HttpResponse::Ok().json(answer);
    rule.give(&mut response, &tokens);
    Ok(response)
}

/// Takes the refresh cookie in exchange for new cookies. Each is taken once: one that comes again ends its session.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "accounts",
    params(("X-CSRF-Token" = Option<String>, Header, description = "The value of the cookie `csrf_refresh_token`")),
    security(("refresh_cookie" = [])),
    responses(
        (status = 200, body = Said),
        (status = 401, description = "No refresh cookie, or one that is not taken", body = EnvelopeAnswer),
        (status = 403, description = "`csrf_failed`", body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn refresh(
    _: Public,
    visitor: Visitor,
    request: HttpRequest,
    (sign_in, gate): (web::Data<SignIn>, web::Data<SessionGate>),
    rule: web::Data<CookieRule>,
    provenance: web::Data<Provenance>,
) -> Result<HttpResponse, ApiError> {
    let headers = request.headers();
    let token = cookies::read(headers, cookies::REFRESH).ok().flatten();
    let token = token.ok_or_else(|| ApiError::unauthenticated("There is no refresh cookie: sign in."))?;
    let claims = sign_in.read_refresh(token, &visitor.0).await?;
    let is_csrf_value = |value: &str| sign_in.is_csrf_value(value, claims.session, TokenKind::Refresh);
    if let Err(error) = provenance.check_page(&request, is_csrf_value) {
        gate.note_forged(&claims, &asked(&request), &visitor.0).await;
        return Err(error);
    }
    let tokens = sign_in.refresh(&claims, &visitor.0).await?;
    let mut response = HttpResponse::Ok().json(Said { message: "Token refreshed" });
    rule.give(&mut response, &tokens);
    Ok(response)
}

/// Ends the session, if there is one, and takes its cookies away.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "accounts",
    params((
        "X-CSRF-Token" = Option<String>,
        Header,
        description = "The value of the cookie `csrf_access_token`, while a session runs"
    )),
    responses(
        (status = 200, body = Said),
        (status = 401, description = "It carries two different sessions", body = EnvelopeAnswer),
        (status = 403, description = "`csrf_failed`", body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn log_out(
    _: Public,
    visitor: Visitor,
    request: HttpRequest,
    (sign_in, gate): (web::Data<SignIn>, web::Data<SessionGate>),
    rule: web::Data<CookieRule>,
    provenance: web::Data<Provenance>,
) -> Result<HttpResponse, ApiError> {
    let headers = request.headers();
    let cookie = |name| {
        let read = cookies::read(headers, name);
        read.map_err(|_| ApiError::unauthenticated("The request carries two different sessions."))
    };
    let (access, refresh) = (cookie(cookies::ACCESS)?, cookie(cookies::REFRESH)?);
    let bearer = bearer_or_none(headers)?;
    let tokens =
        [(bearer.as_deref(), TokenKind::Access), (access, TokenKind::Access), (refresh, TokenKind::Refresh)];
    if let Some((place, claims)) = sign_in.running(&tokens, &visitor.0).await? {
        let is_by_bearer = place == 0;
        if is_by_bearer && access.is_some_and(|access| bearer.as_deref() != Some(access)) {
            return Err(ApiError::unauthenticated("The request carries two different sessions."));
        }
        if !is_by_bearer {
            let kinds = [TokenKind::Access, TokenKind::Refresh];
            let is_csrf_value = |value: &str| {
                kinds.into_iter().any(|kind| sign_in.is_csrf_value(value, claims.session, kind))
            };
            if let Err(error) = provenance.check_page(&request, is_csrf_value) {
                gate.note_forged(&claims, &asked(&request), &visitor.0).await;
                return Err(error);
            }
        }
        sign_in.log_out(&claims, &visitor.0).await?;
    } else {
        // Even without a session: the answer takes cookies away, and another site's page may not have that done.
        provenance.check(&request)?;
    }
    let mut response = HttpResponse::Ok().json(Said { message: "Logged out" });
    rule.take(&mut response);
    Ok(response)
}

/// Who one is.
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses((status = 200, body = Me), (status = 401, body = EnvelopeAnswer), (status = 503, body = EnvelopeAnswer))
)]
pub(crate) async fn me(member: Member, own: web::Data<OwnAccount>) -> Result<web::Json<Me>, ApiError> {
    let user = own.me(&member.0.who).await?;
    Ok(web::Json(Me { user: OwnUser::from(&user) }))
}
