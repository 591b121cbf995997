//! Errors of the surfaces for people: one mapping from what happened to status, code and words.

use crate::envelope::{Envelope, Told};
use crate::gateway::GatewayError;
use crate::idempotency::MayBeDone;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use switchyard_orchestrator::accounts::AccountError;
use switchyard_orchestrator::error::AdminError;
use switchyard_orchestrator::misread::shortened;
use switchyard_ports::repositories::{RepositoryError, Taken};

/// An error of a surface for people.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    details: Option<Map<String, Value>>,
    retry_after: Option<Duration>,
    /// The status where errors are a bare text, where that surface's document has another.
    text_status: Option<StatusCode>,
    closes: bool,
    /// Whether what was asked for may be done all the same.
    may_be_done: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message: message.into(),
            details: None,
            retry_after: None,
            text_status: None,
            closes: false,
            may_be_done: false,
        }
    }

    /// Nobody is signed in.
    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", message)
    }

    /// Somebody is signed in who may not.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "authorization_error", message)
    }

    /// There is no such thing, or it is somebody else's.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The request can't be read.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Members of the request are wrong: each with what is wrong about it.
    pub(crate) fn invalid(fields: Map<String, Value>) -> Self {
        let said: Vec<String> = fields
            .iter()
            .map(|(field, said)| {
                format!("{field}: {}", said.get(0).and_then(Value::as_str).unwrap_or_default())
            })
            .collect();
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", said.join("; "));
        Self { details: Some(fields), text_status: Some(StatusCode::BAD_REQUEST), ..error }
    }

    /// One member is wrong.
    pub(crate) fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self::invalid(Map::from_iter([(field.to_owned(), json!([message]))]))
    }

    /// Our own defect.
    pub(crate) fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here.")
    }

    /// The same, with when to come back.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The same, where what was asked for may be done all the same, as `may_be_done` tells.
    pub(crate) fn with_doubt(self, may_be_done: bool) -> Self {
        Self { may_be_done, ..self }
    }

    fn detail(self, name: &str, value: &str) -> Self {
        Self { details: Some(Map::from_iter([(name.to_owned(), json!(value))])), ..self }
    }

    /// The status at a surface.
    pub(crate) fn status_at(&self, envelope: Envelope) -> StatusCode {
        self.text_status.filter(|_| envelope == Envelope::Text).unwrap_or(self.status)
    }

    /// The body at a surface.
    pub(crate) fn body_at(&self, envelope: Envelope, request_id: Option<&str>) -> Bytes {
        let (code, details) = (self.code.as_ref(), self.details.as_ref());
        envelope.body(&Told { code, message: &self.message, details, request_id })
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let said = error.to_string();
        let new = |status, code| Self::new(status, code, said.clone());
        match error {
            AccountError::RegistrationClosed => Self {
                text_status: Some(StatusCode::FORBIDDEN),
                ..new(StatusCode::BAD_REQUEST, "bad_request").detail("code", "registration_closed")
            },
            AccountError::RegistrationToken => new(StatusCode::FORBIDDEN, "authorization_error"),
            AccountError::Taken(Taken::Username) => {
                new(StatusCode::BAD_REQUEST, "bad_request").detail("field", "username")
            }
            AccountError::Taken(Taken::Email) => {
                new(StatusCode::BAD_REQUEST, "bad_request").detail("field", "email")
            }
            AccountError::Invalid { field, message } => Self::invalid_field(field, message),
            AccountError::BadCredentials => new(StatusCode::UNAUTHORIZED, "authentication_error"),
            AccountError::WrongPassword => Self::invalid_field("current_password", said),
            AccountError::TokenExpired => new(StatusCode::UNAUTHORIZED, "token_expired"),
            AccountError::TokenInvalid => new(StatusCode::UNAUTHORIZED, "invalid_token"),
            AccountError::LinkInvalid => {
                new(StatusCode::BAD_REQUEST, "bad_request").detail("code", "link_invalid")
            }
            AccountError::Throttled(wait) => {
                let error = new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
                Self { retry_after: Some(wait), ..error }
            }
            AccountError::Overloaded(wait) => {
                Self { retry_after: Some(wait), ..new(StatusCode::SERVICE_UNAVAILABLE, "overloaded") }
            }
            AccountError::LastAdministrator | AccountError::Stale(_) => new(StatusCode::CONFLICT, "conflict"),
            AccountError::NotFound(_) => new(StatusCode::NOT_FOUND, "not_found"),
            AccountError::Unavailable => new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable"),
            AccountError::Internal => Self::defect(),
        }
    }
}

impl From<AdminError> for ApiError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Invalid { message, param } => {
                Self::invalid_field(&shortened(param.as_deref().unwrap_or("body")), message)
            }
            AdminError::FileOwned { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", sentence(&error.to_string()))
            }
            AdminError::Repository(error) => error.into(),
            AdminError::Vault(error) => {
                tracing::error!(error = %error, "a secret can't be sealed or opened");
                let said = format!("A stored secret can't be opened: {error}.");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", said)
            }
            AdminError::Provider(fault) => {
                let status = fault.status.map(|status| format!(", with status {status}")).unwrap_or_default();
                // Its own words may repeat what it was sent.
                let why = Some(&fault.message).filter(|said| !fault.is_quoted && !said.is_empty());
                let why = why.map(|said| format!(": {said}")).unwrap_or_default();
                let said = format!("The provider failed ({}{status}){why}", fault.kind.as_str());
                let (status, code) = if fault.kind.is_timeout() {
                    (StatusCode::GATEWAY_TIMEOUT, "provider_timeout")
                } else {
                    (StatusCode::BAD_GATEWAY, "provider_error")
                };
                Self::new(status, code, said)
            }
        }
    }
}

/// The same with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        let said = error.to_string();
        match error {
            RepositoryError::NotFound { .. } => Self::not_found(said),
            RepositoryError::Conflict { .. } | RepositoryError::Stale { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", said)
            }
            RepositoryError::Unavailable(_) => {
                let said = "The database does not answer. Try again in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", said)
            }
            RepositoryError::Corrupt(_) => {
                tracing::error!(error = %said, "the database can't be used");
                Self::defect()
            }
        }
    }
}

/// What the reading of a body refuses, which is the same for all surfaces.
impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        let told = error.told(None);
        let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::BAD_REQUEST);
        let code = match status {
            StatusCode::BAD_REQUEST => "bad_request".to_owned(),
            _ => told.code.unwrap_or("bad_request").to_owned(),
        };
        let closes = error.closes();
        Self { code: Cow::Owned(code), closes, ..Self::new(status, "", told.message) }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    // The layer around everything puts it into the words of the surface, whose path is not known here.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        if self.closes {
            response.force_close();
        }
        if self.may_be_done {
            MayBeDone::mark(&mut response);
        }
        if let Some(wait) = self.retry_after {
            response.insert_header((RETRY_AFTER, wait.as_millis().max(1).div_ceil(1000).to_string()));
        }
        response.insert_header(ContentType::json()).body(self.body_at(Envelope::Canonical, None))
    }
}
