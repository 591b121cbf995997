use crate::scan::{ScanClass, ScanError};

/// The public code of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestCode {
    /// Not one JSON text: 400 `invalid_json`.
    InvalidJson,
    /// JSON, but no acceptable request: 400 `invalid_request`.
    InvalidRequest,
    /// A part of it is too large: 413 `payload_too_large`.
    TooLarge,
}

impl RequestCode {
    /// The word for clients.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "payload_too_large",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        if self == Self::TooLarge { 413 } else { 400 }
    }
}

/// Why a request was refused. Carries no text of the request, so it is safe in answers and logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The public code.
    pub code: RequestCode,
    /// What is wrong, for people.
    pub message: String,
    /// The member that is wrong, such as `messages[0].role`.
    pub param: Option<String>,
}

impl RequestError {
    pub(crate) fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        let (param, message) = (param.into(), message.into());
        let message = format!("{param}: {message}");
        Self { code: RequestCode::InvalidRequest, message, param: Some(param) }
    }

    pub(crate) fn too_large(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: RequestCode::TooLarge, ..Self::new(param, message) }
    }
}

impl From<ScanError> for RequestError {
    fn from(error: ScanError) -> Self {
        let code = match error.class() {
            ScanClass::InvalidJson => RequestCode::InvalidJson,
            ScanClass::InvalidRequest => RequestCode::InvalidRequest,
        };
        Self { code, message: error.to_string(), param: None }
    }
}
