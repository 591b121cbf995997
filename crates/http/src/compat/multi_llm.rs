//! Accounts as the Multi-LLM API documents them: tokens in bodies, errors as a bare text.

use super::counted::Counted;
use crate::access::Public;
use crate::api::{ApiBody, ApiError, ApiJson, Secret};
use crate::extract::Member;
use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use switchyard_domain::user::User;
use switchyard_orchestrator::accounts::{
    IssuedTokens, LogIn, OwnAccount, Registration, RegistrationRequest, SignIn, Throttles,
};
use utoipa::ToSchema;
use validator::Validate;

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TextError {
    /// What happened and what to do.
    error: String,
}

/// Who wants an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileRegistration)]
pub(crate) struct RegisterBody {
    /// 3 to 50 characters.
    #[validate(length(min = 1, max = 1024, message = "a user name has 3 to 50 characters"))]
    username: String,
    #[validate(length(min = 1, max = 1024, message = "this is no e-mail address"))]
    email: String,
    /// 8 to 128 characters with an upper case letter, a lower case letter and a digit.
    #[schema(value_type = String, format = Password)]
    password: Secret,
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
#[schema(as = ProfileLogIn)]
pub(crate) struct LogInBody {
    #[validate(length(min = 1, max = 1024, message = "this is needed"))]
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

impl ApiBody for LogInBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("password", &self.password)]
    }
}

/// Who stays signed in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    /// Taken once.
    #[schema(value_type = String, format = Password)]
    refresh_token: Secret,
}

impl ApiBody for RefreshBody {
    const MOST_BYTES: usize = 64 * 1024;

    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        Vec::new()
    }
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileUser {
    id: i64,
    username: String,
    email: Option<String>,
    is_active: bool,
    created_at: String,
    last_login: Option<String>,
}

impl From<&User> for ProfileUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            is_active: user.is_active,
            created_at: user.meta.created_at.to_string(),
            last_login: user.last_login_at.map(|at| at.to_string()),
        }
    }
}

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Profile {
    user: ProfileUser,
}

/// A person who is signed in, and their tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedInAnswer {
    message: &'static str,
    user: ProfileUser,
    access_token: String,
    refresh_token: String,
    /// `Bearer`
    token_type: &'static str,
}

/// New tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefreshAnswer {
    access_token: String,
    refresh_token: String,
    /// `Bearer`
    token_type: &'static str,
}

fn signed_in(message: &'static str, tokens: &IssuedTokens, user: ProfileUser) -> SignedInAnswer {
    SignedInAnswer {
        message,
        user,
        access_token: tokens.access.expose_secret().to_owned(),
        refresh_token: tokens.refresh.expose_secret().to_owned(),
        token_type: "Bearer",
    }
}

/// Makes an account, where the operator lets people, and signs in.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "accounts",
    request_body = RegisterBody,
    responses(
        (status = 201, body = SignedInAnswer),
        (status = 400, body = TextError),
        (status = 403, description = "Registration is closed, or its token is missing or wrong", body = TextError),
        (status = 413, body = TextError),
        (status = 415, body = TextError),
        (status = 429, body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn register(
    _: Public,
    visitor: Counted,
    body: ApiJson<RegisterBody>,
    registration: web::Data<Registration>,
) -> Result<HttpResponse, ApiError> {
    let RegisterBody { username, email, password, registration_token } = body.0;
    let request = RegistrationRequest {
        username,
        email: Some(email),
        password,
        token: registration_token,
        mixed_password: true,
    };
    let tokens = registration.register_and_sign_in(request, &visitor.0).await?;
    // The document shows nobody's first session as a login.
    let user = ProfileUser { last_login: None, ..ProfileUser::from(&tokens.user) };
    Ok(HttpResponse::Created().json(signed_in("User registered successfully", &tokens, user)))
}

/// Signs in.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "accounts",
    request_body = LogInBody,
    responses(
        (status = 200, body = SignedInAnswer),
        (status = 400, body = TextError),
        (status = 401, body = TextError),
        (status = 413, body = TextError),
        (status = 415, body = TextError),
        (status = 429, body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn log_in(
    _: Public,
    visitor: Counted,
    body: ApiJson<LogInBody>,
    sign_in: web::Data<SignIn>,
) -> Result<HttpResponse, ApiError> {
    let LogInBody { username, password } = body.0;
    let tokens = sign_in.log_in(LogIn { username, password }, &visitor.0).await?;
    let user = ProfileUser::from(&tokens.user);
    Ok(HttpResponse::Ok().json(signed_in("Login successful", &tokens, user)))
}

/// Takes a refresh token in exchange for new tokens. Each is taken once: one that comes again ends its session.
#[utoipa::path(
    post,
    path = "/api/auth/refresh",
    tag = "accounts",
    request_body = RefreshBody,
    responses(
        (status = 200, body = RefreshAnswer),
        (status = 400, body = TextError),
        (status = 401, body = TextError),
        (status = 413, body = TextError),
        (status = 415, body = TextError),
        (status = 429, body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn refresh(
    _: Public,
    visitor: Counted,
    body: ApiJson<RefreshBody>,
    sign_in: web::Data<SignIn>,
) -> Result<HttpResponse, ApiError> {
    let claims = sign_in.read_refresh(body.0.refresh_token.expose_secret(), &visitor.0).await?;
    let tokens = sign_in.refresh(&claims, &visitor.0).await?;
    Ok(HttpResponse::Ok().json(RefreshAnswer {
        access_token: tokens.access.expose_secret().to_owned(),
        refresh_token: tokens.refresh.expose_secret().to_owned(),
        token_type: "Bearer",
    }))
}

/// Who one is.
#[utoipa::path(
    get,
    path = "/api/profile",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    responses(
        (status = 200, body = Profile),
        (status = 401, body = TextError),
        (status = 429, body = TextError),
        (status = 503, body = TextError),
    )
)]
pub(crate) async fn profile(
    member: Member,
    own: web::Data<OwnAccount>,
    throttles: web::Data<Throttles>,
) -> Result<web::Json<Profile>, ApiError> {
    throttles.documented_of(member.0.who.entry.user.id).await?;
    let user = own.me(&member.0.who).await?;
    Ok(web::Json(Profile { user: ProfileUser::from(&user) }))
}
