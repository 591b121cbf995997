use super::error::GatewayError;
use actix_web::http::StatusCode;
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use switchyard_dialects::request::{RequestError, RequestLimits};
use switchyard_dialects::openai_chat::request::{check, decode};
use switchyard_dialects::scan::Document;
use switchyard_domain::call::CallFacts;
use switchyard_domain::chat::ChatRequest;
use switchyard_ports::client_call::{ClientCall, InvalidCall, WireBody};

/// A client's call in OpenAI's dialect: judged once, decoded only where a target speaks another dialect.
pub(super) struct ChatCall {
    facts: CallFacts,
    wire: WireBody,
    document: Document,
    canonical: OnceLock<Result<Arc<ChatRequest>, InvalidCall>>,
}

impl ChatCall {
    /// Judges a body. Its size is the reader's to bound.
    pub(super) fn read(body: Bytes, strict: bool) -> Result<Self, GatewayError> {
        let limits = RequestLimits { max_body_bytes: body.len(), ..RequestLimits::default() };
        let checked = check(body, &limits).map_err(refused)?;
        Ok(Self {
            facts: CallFacts { strict, ..checked.facts },
            wire: WireBody { bytes: checked.document.body().clone(), members: checked.members },
            document: checked.document,
            canonical: OnceLock::new(),
        })
    }

    /// Whether the answer must call functions in the first form. Only a decoded call is ever asked.
    pub(super) fn wants_legacy_functions(&self) -> bool {
        matches!(self.canonical.get(), Some(Ok(request)) if request.legacy_functions)
    }
}

impl ClientCall for ChatCall {
    fn facts(&self) -> &CallFacts {
        &self.facts
    }

    fn wire(&self) -> Option<&WireBody> {
        Some(&self.wire)
    }

    fn canonical(&self) -> Result<Arc<ChatRequest>, InvalidCall> {
        let decoded = || match decode(&self.document) {
            Ok(request) => Ok(Arc::new(request)),
            Err(error) => Err(InvalidCall { message: error.message, param: error.param }),
        };
        self.canonical.get_or_init(decoded).clone()
    }
}

fn refused(error: RequestError) -> GatewayError {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    GatewayError::bad_body(status, error.code.as_str(), error.message, error.param)
}
