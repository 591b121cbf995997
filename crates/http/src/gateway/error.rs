use super::dialects::{self, OPENAI_CHAT};
use super::retry_after;
use crate::idempotency::MayBeDone;
use crate::refusal::openai_kind;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use switchyard_dialects::codec::{ClientCodec, ClientError};
use switchyard_orchestrator::error::{CallError, CallErrorKind};

/// The address without a version.
pub(crate) const BARE: &str = "/chat/completions";

/// The longest wait for a budget after which a client is left to ask again by itself. Told a longer one, `openai` 3.54 for Python asks again
/// in seconds (beyond two minutes), and `anthropic` 2.12 sleeps for all of it, be it a month (2026-11).
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Through which address a call came: their documents differ in some statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/v1/...`
    V1,
    /// `/chat/completions`
    Bare,
}

impl Door {
    /// The door of an address.
    pub(crate) fn of(address: &str) -> Self {
        if address == BARE { Self::Bare } else { Self::V1 }
    }
}

/// An error of the gateway in the client's dialect. The one mapping from what happened to what a client sees.
#[derive(Clone, Debug)]
pub(crate) struct GatewayError {
    codec: &'static dyn ClientCodec,
    status: StatusCode,
    kind: &'static str,
    code: Option<Cow<'static, str>>,
    param: Option<Box<str>>,
    message: Box<str>,
    retry_after: Option<Duration>,
    closes: bool,
    /// What is left of the caller's limits.
    left: Option<Box<HeaderMap>>,
    /// Whether it would be the same again: OpenAI's SDKs are told not to try.
    is_final: bool,
    /// Whether what was asked for may be done all the same: nobody is to ask for it again without knowing.
    may_be_done: bool,
}

impl GatewayError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            codec: OPENAI_CHAT,
            status,
            kind: openai_kind(status),
            code: Some(Cow::Borrowed(code)),
            param: None,
            message: message.into().into_boxed_str(),
            retry_after: None,
            closes: false,
            left: None,
            is_final: false,
            may_be_done: false,
        }
    }

    /// The same as any, and the connection ends with it: what the client still sends is not worth reading.
    pub(crate) fn closing(status: StatusCode, code: &'static str, message: String) -> Self {
        Self { closes: true, ..Self::new(status, code, message) }
    }

    /// The same, and the connection ends with it.
    pub(crate) fn and_closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// No key, or none of ours.
    pub(crate) fn unauthenticated(message: String) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    /// The request is wrong in this member or header.
    pub(crate) fn invalid(message: impl Into<String>, param: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "invalid_request", message);
        Self { param: Some(param.into().into_boxed_str()), ..error }
    }

    /// The body can't be taken.
    pub(crate) fn bad_body(
        status: StatusCode,
        code: &'static str,
        message: String,
        param: Option<String>,
    ) -> Self {
        Self { param: param.map(String::into_boxed_str), ..Self::new(status, code, message) }
    }

    /// There is nothing here.
    pub(crate) fn unknown(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Our own defect.
    pub(crate) fn defect() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here.")
    }

    /// A call that failed.
    pub(crate) fn of_call(error: CallError, door: Door) -> Self {
        let (status, code) = class(&error);
        let status = at_door(error.kind, status, door);
        let kind = if error.kind == CallErrorKind::ModelNotFound && status == StatusCode::NOT_FOUND {
            "not_found_error"
        } else {
            openai_kind(status)
        };
        // A provider's own code outranks ours; that one of the caller's dialect gives none is its answer too.
        let keeps_theirs =
            error.kind == CallErrorKind::UpstreamRejected && (error.code.is_some() || !error.is_foreign);
        Self {
            codec: OPENAI_CHAT,
            status,
            kind,
            code: if keeps_theirs { error.code.map(Cow::Owned) } else { Some(Cow::Borrowed(code)) },
            param: error.param.map(String::into_boxed_str),
            message: error.message.into_boxed_str(),
            // Neither a used-up budget nor a refused request is another by being sent again.
            is_final: error.kind == CallErrorKind::UpstreamRejected && door == Door::Bare
                || error.kind == CallErrorKind::InsufficientQuota
                    && error.retry_after.is_none_or(|wait| wait > LONGEST_WAIT),
            may_be_done: error.may_be_done,
            retry_after: error.retry_after,
            closes: false,
            left: None,
        }
    }

    /// Whether the connection ends with it.
    pub(crate) fn closes(&self) -> bool {
        self.closes
    }

    /// What is wrong, for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The same, with headers that say what is left of the caller's limits.
    pub(crate) fn leaving(self, left: HeaderMap) -> Self {
        Self { left: Some(Box::new(left)), ..self }
    }

    /// The same in this dialect.
    pub(crate) fn in_dialect(self, codec: &'static dyn ClientCodec) -> Self {
        Self { codec, ..self }
    }

    /// The same in the dialect of the surface that a request is for.
    pub(crate) fn at(self, request: &HttpRequest) -> Self {
        match dialects::at(request.path(), request.headers()) {
            Some(codec) => self.in_dialect(codec),
            None => self,
        }
    }

    /// The body of an answer that is this error.
    pub(crate) fn body(&self, request_id: Option<&str>) -> Bytes {
        self.codec.error(&self.told(request_id))
    }

    /// What a dialect puts into its own words.
    pub(crate) fn told<'a>(&'a self, request_id: Option<&'a str>) -> ClientError<'a> {
        ClientError {
            status: self.status.as_u16(),
            message: &self.message,
            kind: self.kind,
            param: self.param.as_deref(),
            code: self.code.as_deref(),
            request_id,
        }
    }
}

/// Status and code of a failure.
fn class(error: &CallError) -> (StatusCode, &'static str) {
    use CallErrorKind as Kind;
    match error.kind {
        Kind::InvalidApiKey => (StatusCode::UNAUTHORIZED, "invalid_api_key"),
        Kind::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request"),
        Kind::ModelNotFound => (StatusCode::NOT_FOUND, "model_not_found"),
        Kind::ModelAmbiguous => (StatusCode::BAD_REQUEST, "model_ambiguous"),
        Kind::ModelNotAllowed => (StatusCode::FORBIDDEN, "model_not_allowed"),
        Kind::UnsupportedFeature => (StatusCode::BAD_REQUEST, "unsupported_feature"),
        Kind::RateLimited | Kind::UpstreamThrottled => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"),
        Kind::InsufficientQuota => (StatusCode::TOO_MANY_REQUESTS, "insufficient_quota"),
        Kind::PriceUnknown => (StatusCode::BAD_REQUEST, "price_unknown"),
        Kind::StorageUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable"),
        Kind::UpstreamUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "upstream_unavailable"),
        Kind::UpstreamError => (StatusCode::BAD_GATEWAY, "upstream_error"),
        Kind::UpstreamTimeout => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
        Kind::UpstreamAuthFailed => (StatusCode::BAD_GATEWAY, "upstream_auth_failed"),
        Kind::UpstreamTls => (StatusCode::BAD_GATEWAY, "upstream_tls_error"),
        Kind::UpstreamRedirect => (StatusCode::BAD_GATEWAY, "upstream_redirect"),
        Kind::UpstreamInvalidResponse => (StatusCode::BAD_GATEWAY, "upstream_invalid_response"),
        Kind::UpstreamRejected => (rejection(error.status), "upstream_rejected"),
        Kind::StreamInterrupted => (StatusCode::BAD_GATEWAY, "upstream_stream_interrupted"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}

/// The bare address has the answers of its document: a model that is not there is a bad request, and when neither the model nor what
/// may take its place answers, that is one failure, however each of them failed.
fn at_door(kind: CallErrorKind, status: StatusCode, door: Door) -> StatusCode {
    use CallErrorKind as Kind;
    match (door, kind) {
        (Door::Bare, Kind::ModelNotFound) => StatusCode::BAD_REQUEST,
        (
            Door::Bare,
            Kind::UpstreamThrottled
            | Kind::UpstreamUnavailable
            | Kind::UpstreamTimeout
            | Kind::UpstreamRejected,
        ) => StatusCode::BAD_GATEWAY,
        _ => status,
    }
}

/// The provider's own status, as far as it blames the client's request; 401 and 403 never do, they concern our credential.
fn rejection(status: Option<u16>) -> StatusCode {
    status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| status.is_client_error())
        .filter(|status| !matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
        .unwrap_or(StatusCode::BAD_REQUEST)
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)
    }
}

impl ResponseError for GatewayError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        if self.closes {
            response.force_close();
        }
        if self.is_final || self.may_be_done {
            response.insert_header(("x-should-retry", "false"));
        }
        if self.may_be_done {
            MayBeDone::mark(&mut response);
        }
        if let Some(wait) = self.retry_after {
            retry_after::write(&mut response, wait);
        }
        for (name, value) in self.left.iter().flat_map(|left| left.iter()) {
            response.insert_header((name, value));
        }
        response.insert_header(ContentType::json()).body(self.body(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::CONNECTION;
    use std::collections::BTreeSet;
    use switchyard_orchestrator::error::CallErrorKind as Kind;

    fn seen(error: CallError, door: Door) -> (u16, &'static str, Option<String>) {
        let error = GatewayError::of_call(error, door);
        (error.status.as_u16(), error.kind, error.code.map(Cow::into_owned))
    }

    #[test]
    fn every_failure_has_its_status_type_and_code() {
        for (kind, status, word, code) in [
            (Kind::InvalidApiKey, 401, "authentication_error", "invalid_api_key"),
            (Kind::InvalidRequest, 400, "invalid_request_error", "invalid_request"),
            (Kind::ModelNotFound, 404, "not_found_error", "model_not_found"),
            (Kind::ModelAmbiguous, 400, "invalid_request_error", "model_ambiguous"),
            (Kind::ModelNotAllowed, 403, "permission_error", "model_not_allowed"),
            (Kind::UnsupportedFeature, 400, "invalid_request_error", "unsupported_feature"),
            (Kind::RateLimited, 429, "rate_limit_error", "rate_limit_exceeded"),
            (Kind::InsufficientQuota, 429, "rate_limit_error", "insufficient_quota"),
            (Kind::PriceUnknown, 400, "invalid_request_error", "price_unknown"),
            (Kind::UpstreamThrottled, 429, "rate_limit_error", "rate_limit_exceeded"),
            (Kind::StorageUnavailable, 503, "server_error", "storage_unavailable"),
            (Kind::UpstreamUnavailable, 503, "server_error", "upstream_unavailable"),
            (Kind::UpstreamError, 502, "server_error", "upstream_error"),
            (Kind::UpstreamTimeout, 504, "server_error", "upstream_timeout"),
            (Kind::UpstreamAuthFailed, 502, "server_error", "upstream_auth_failed"),
            (Kind::UpstreamTls, 502, "server_error", "upstream_tls_error"),
            (Kind::UpstreamRedirect, 502, "server_error", "upstream_redirect"),
            (Kind::UpstreamInvalidResponse, 502, "server_error", "upstream_invalid_response"),
            (Kind::StreamInterrupted, 502, "server_error", "upstream_stream_interrupted"),
            (Kind::Internal, 500, "server_error", "internal_error"),
        ] {
            let found = seen(CallError::new(kind, "m"), Door::V1);
            assert_eq!(found, (status, word, Some(code.to_owned())), "{kind:?}");
        }
    }

    #[test]
    fn an_unknown_model_is_the_clients_bad_request_at_the_bare_address() {
        let found = seen(CallError::new(Kind::ModelNotFound, "m"), Door::Bare);
        assert_eq!(found, (400, "invalid_request_error", Some("model_not_found".to_owned())));
    }

    #[test]
    fn at_the_bare_address_it_is_a_bad_gateway_however_the_providers_failed() {
        for kind in
            [Kind::UpstreamThrottled, Kind::UpstreamUnavailable, Kind::UpstreamTimeout, Kind::UpstreamError]
        {
            assert_eq!(seen(CallError::new(kind, "m"), Door::Bare).0, 502, "{kind:?}");
        }
        for (kind, status) in [(Kind::RateLimited, 429), (Kind::StorageUnavailable, 503)] {
            assert_eq!(seen(CallError::new(kind, "m"), Door::Bare).0, status, "{kind:?}");
        }
    }

    #[test]
    fn the_document_lists_at_each_door_the_statuses_that_are_answered_there_and_no_other() {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi::json()).unwrap();
        for (path, door) in [("/v1/chat/completions", Door::V1), (BARE, Door::Bare)] {
            // What is answered before there is a call.
            let mut answered = BTreeSet::from([200, 408, 409, 413, 415]);
            let statuses = Kind::ALL.into_iter().map(|kind| seen(CallError::new(kind, "m"), door).0);
            answered.extend(statuses);
            let listed = document["paths"][path]["post"]["responses"].as_object().unwrap();
            let listed: BTreeSet<u16> = listed.keys().map(|status| status.parse().unwrap()).collect();
            assert_eq!(listed, answered, "{path}");
        }
    }

    #[test]
    fn a_rejection_keeps_the_providers_status_and_code_but_never_blames_the_clients_key() {
        for (status, shown) in [
            (Some(413), 413),
            (Some(404), 404),
            (Some(422), 422),
            (Some(401), 400),
            (Some(403), 400),
            (Some(302), 400),
            (None, 400),
        ] {
            let mut error = CallError::new(Kind::UpstreamRejected, "m");
            error.status = status;
            assert_eq!(seen(error, Door::V1), (shown, "invalid_request_error", None), "{status:?}");
        }
        let mut error = CallError::new(Kind::UpstreamRejected, "m");
        error.code = Some("context_length_exceeded".to_owned());
        assert_eq!(seen(error.clone(), Door::V1).2.as_deref(), Some("context_length_exceeded"));
        error.is_foreign = true;
        assert_eq!(seen(error.clone(), Door::V1).2.as_deref(), Some("context_length_exceeded"));
        error.code = None;
        let found = seen(error, Door::V1);
        assert_eq!(found, (400, "invalid_request_error", Some("upstream_rejected".to_owned())));
    }

    #[test]
    fn what_may_be_done_all_the_same_is_not_asked_for_again_unawares() {
        for may_be_done in [true, false] {
            let error = CallError { may_be_done, ..CallError::new(Kind::UpstreamTimeout, "m") };
            let response = GatewayError::of_call(error, Door::V1).error_response();
            let told = response.headers().get("x-should-retry").map(|value| value.as_bytes().to_vec());
            assert_eq!(told, may_be_done.then(|| b"false".to_vec()));
            assert_eq!(response.extensions().contains::<MayBeDone>(), may_be_done);
        }
    }

    #[test]
    fn a_budget_that_is_used_up_is_not_asked_again_unless_it_has_more_in_a_moment() {
        for (wait, is_final) in [(None, true), (Some(1), false), (Some(60), false), (Some(61), true)] {
            let retry_after = wait.map(Duration::from_secs);
            let error = CallError { retry_after, ..CallError::new(Kind::InsufficientQuota, "m") };
            let response = GatewayError::of_call(error, Door::V1).error_response();
            assert_eq!(response.headers().contains_key("x-should-retry"), is_final, "{wait:?}");
            assert_eq!(response.headers().contains_key("retry-after"), wait.is_some(), "{wait:?}");
        }
    }

    #[test]
    fn only_what_makes_reading_on_pointless_ends_the_connection() {
        let closing = GatewayError::closing(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "m".into());
        assert!(closing.error_response().head().connection_type() == actix_http::ConnectionType::Close);
        let usual = GatewayError::unauthenticated("m".into()).error_response();
        assert!(usual.head().connection_type() != actix_http::ConnectionType::Close);
        assert!(usual.headers().get(CONNECTION).is_none());
    }

    #[test]
    fn waits_are_told_in_both_units_and_never_as_zero() {
        for (wait, seconds, millis) in
            [(0, "1", "1"), (1, "1", "1"), (1000, "1", "1000"), (1001, "2", "1001")]
        {
            let mut error = CallError::new(Kind::RateLimited, "m");
            error.retry_after = Some(Duration::from_millis(wait));
            let response = GatewayError::of_call(error, Door::V1).error_response();
            assert_eq!(response.headers().get("retry-after").unwrap(), seconds);
            assert_eq!(response.headers().get("retry-after-ms").unwrap(), millis);
        }
    }
}
