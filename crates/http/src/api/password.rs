//! One's password: changed, or set by a link of one use.

use super::shapes::{EnvelopeAnswer, Said};
use super::{ApiBody, ApiError, ApiJson, Secret};
use crate::access::Public;
use crate::extract::{Member, Visitor};
use actix_web::web;
use serde::{Deserialize, Serialize};
use switchyard_orchestrator::accounts::{LinkUse, Links, OwnAccount};
use utoipa::ToSchema;
use validator::Validate;

/// A new password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    /// 8 to 128 characters; 15 to 128 under the strict policy.
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
}

impl ApiBody for PasswordBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("current_password", &self.current_password), ("new_password", &self.new_password)]
    }
}

/// What somebody gives who follows a link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// What stands behind the `#` of the link.
    #[schema(value_type = String, format = Password)]
    token: Secret,
    /// The name of the first administrator; not needed where the link resets a password.
    #[serde(default)]
    #[validate(length(max = 1024, message = "a user name has 3 to 50 characters"))]
    username: Option<String>,
    /// Where they get mail.
    #[serde(default)]
    #[validate(length(max = 1024, message = "this is too long"))]
    email: Option<String>,
    /// 8 to 128 characters; 15 to 128 under the strict policy.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

impl ApiBody for LinkBody {
    fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        vec![("token", &self.token), ("password", &self.password)]
    }
}

/// Who can sign in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Named {
    username: String,
}

/// Who can sign in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetUp {
    message: &'static str,
    user: Named,
}

/// Changes one's password. All other sessions of one's own end.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password",
    tag = "accounts",
    security(("bearer_token" = []), ("session_cookie" = [])),
    request_body = PasswordBody,
    responses(
        (status = 200, body = Said),
        (status = 400, body = EnvelopeAnswer),
        (status = 401, body = EnvelopeAnswer),
        (status = 403, description = "`csrf_failed`", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn change_password(
    member: Member,
    body: ApiJson<PasswordBody>,
    own: web::Data<OwnAccount>,
) -> Result<web::Json<Said>, ApiError> {
    let PasswordBody { current_password, new_password } = body.0;
    own.change_password(&member.0.who, &current_password, &new_password, &member.0.client).await?;
    Ok(web::Json(Said { message: "Password changed" }))
}

/// Uses a link of one use: makes the first administrator, or sets a password that an administrator reset.
#[utoipa::path(
    post,
    path = "/api/v1/auth/setup",
    tag = "accounts",
    request_body = LinkBody,
    responses(
        (status = 200, body = SetUp),
        (status = 400, description = "The link is not valid, or the name is taken", body = EnvelopeAnswer),
        (status = 413, body = EnvelopeAnswer),
        (status = 415, body = EnvelopeAnswer),
        (status = 422, body = EnvelopeAnswer),
        (status = 429, body = EnvelopeAnswer),
        (status = 503, body = EnvelopeAnswer),
    )
)]
pub(crate) async fn follow_link(
    _: Public,
    visitor: Visitor,
    body: ApiJson<LinkBody>,
    links: web::Data<Links>,
) -> Result<web::Json<SetUp>, ApiError> {
    let LinkBody { token, username, email, password } = body.0;
    let username = links.follow(LinkUse { token, username, email, password }, &visitor.0).await?;
    Ok(web::Json(SetUp { message: "The password is set: sign in", user: Named { username } }))
}
