//! Refusals that are not a surface's own: no such path, a wrong method, a head that is too large, our own defect. They
//! take the shape of the surface at whose path they happen.

use crate::envelope::{Envelope, Told};
use crate::gateway::dialects;
use crate::middleware::RequestId;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderMap, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use std::borrow::Cow;
use switchyard_dialects::codec::{ClientCodec, ClientError};

/// How a surface writes its errors.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// As the dialect has it.
    Dialect(&'static dyn ClientCodec),
    /// As the surface for people has it.
    Surface(Envelope),
}

impl Shape {
    /// The shape of the surface that a request is for.
    pub(crate) fn at(path: &str, headers: &HeaderMap) -> Self {
        dialects::at(path, headers).map_or_else(|| Self::Surface(Envelope::at(path)), Self::Dialect)
    }
}

/// A refusal in no surface's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    closes: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), closes: false }
    }

    /// The same, and the connection ends with it: what the client still sends is not worth reading.
    pub(crate) fn closing(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { closes: true, ..Self::new(status, code, message) }
    }

    /// Too many requests of one source are being answered.
    pub(crate) fn crowded() -> Self {
        let message = "Too many requests from your address are being answered. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message)
    }

    /// Our own defect. The client learns the request id and nothing else.
    pub(crate) fn defect() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong here. The request's id helps an administrator to find out what.",
        )
    }

    pub(crate) fn respond(&self, shape: Shape, id: &RequestId) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        if self.closes {
            response.force_close();
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, "1"));
        }
        response.insert_header(ContentType::json()).body(self.body(shape, id))
    }

    fn body(&self, shape: Shape, id: &RequestId) -> Bytes {
        match shape {
            Shape::Dialect(codec) => codec.error(&ClientError {
                status: self.status.as_u16(),
                message: &self.message,
                kind: openai_kind(self.status),
                param: None,
                code: Some(self.code),
                request_id: Some(id.as_str()),
            }),
            Shape::Surface(envelope) => envelope.body(&Told {
                code: self.code,
                message: &self.message,
                details: None,
                request_id: Some(id.as_str()),
            }),
        }
    }
}

/// OpenAI's `type` for a status: what its SDKs and their users tell errors apart by.
pub(crate) fn openai_kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}
