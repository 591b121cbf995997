//! What went wrong, in the words of the use cases.

pub(super) use crate::broken::of_transport;
use crate::transport::{InboundResponse, TransportFault, Unprocessed, retry_after};
use crate::vendors::HttpFacts;
use http::HeaderMap;
use secrecy::ExposeSecret;
use std::time::Duration;
use switchyard_dialects::error::{ProviderError, RetryHints, classify};
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::operation::Operation;
use switchyard_domain::time::Timestamp;
use switchyard_ports::provider::AttemptContext;

/// Error bodies beyond this are read no further: what they say stands at their beginning.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// An error status is told at once; nobody waits long for its details.
const ERROR_BODY_TIME: Duration = Duration::from_secs(3);

/// Where a request broke that an answer was waited for. Who hangs up without one may have done the work: of a text another is as
/// good, a picture is paid for.
pub(super) fn of_exchange(fault: &TransportFault, operation: Operation) -> ProviderFault {
    match fault {
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No }
            if operation.is_by_the_piece() =>
        {
            ProviderFault::new(FaultKind::Interrupted, fault.to_string())
        }
        fault => of_transport(fault),
    }
}

/// What a provider's words mean, see `ProviderCodec::fault`.
pub(super) type Judge<'a> = &'a (dyn Fn(u16, &[u8], RetryHints, Option<&str>) -> ProviderFault + Sync);

/// An answer with a status that is no success.
pub(super) async fn of_error(
    judge: Judge<'_>,
    response: InboundResponse,
    context: &AttemptContext,
    now: Timestamp,
) -> ProviderFault {
    let status = response.status.as_u16();
    if response.status.is_redirection() {
        return ProviderFault {
            status: Some(status),
            ..ProviderFault::new(
                FaultKind::Redirect,
                "the provider redirects to another address, which is never followed; check its base URL",
            )
        };
    }
    let hints = hints(&response.headers, now);
    let class = class(&response.headers);
    let body = beginning(response).await;
    let fault = judge(status, &body, hints, secret(context));
    ProviderFault { code: fault.code.or(class), ..fault }
}

/// An error in the body of a success.
pub(super) fn of_error_body(
    judge: Judge<'_>,
    body: &[u8],
    headers: &HeaderMap,
    context: &AttemptContext,
    now: Timestamp,
) -> ProviderFault {
    judge(200, body, hints(headers, now), secret(context))
}

/// An error event of a stream. Once content was forwarded, the answer is broken off, whatever the reason.
pub(super) fn of_error_event(error: ProviderError, after_content: bool) -> ProviderFault {
    let kind = if after_content { FaultKind::Interrupted } else { classify(200, &error) };
    ProviderFault {
        status: Some(error.status.unwrap_or(200)),
        code: error.code,
        class: error.kind,
        param: error.param,
        is_quoted: true,
        ..ProviderFault::new(kind, error.message)
    }
}

/// The fault in the light of the vendor's own words: an account that has run out says so under many statuses.
pub(super) fn in_words_of(vendor: &HttpFacts, fault: ProviderFault) -> ProviderFault {
    let is_said = |word: &&str| {
        [&fault.code, &fault.class].into_iter().flatten().any(|said| said.eq_ignore_ascii_case(word))
    };
    let is_open = matches!(
        fault.kind,
        FaultKind::Throttled | FaultKind::Rejected | FaultKind::AuthFailed | FaultKind::ServerError
    );
    if is_open && vendor.spent.iter().any(is_said) {
        return ProviderFault { kind: FaultKind::QuotaExhausted, ..fault };
    }
    fault
}

/// An answer that is none.
pub(super) fn invalid(message: &str) -> ProviderFault {
    ProviderFault { status: Some(200), ..ProviderFault::new(FaultKind::InvalidResponse, message) }
}

/// The class of an error that stands in a header, before a colon, as Amazon's services have it.
fn class(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-amzn-errortype")?.to_str().ok()?;
    let word = text.split(':').next().unwrap_or_default();
    let plain = (1..=128).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| word.to_owned())
}

fn secret(context: &AttemptContext) -> Option<&str> {
    context.credential.as_deref().map(ExposeSecret::expose_secret)
}

fn hints(headers: &HeaderMap, now: Timestamp) -> RetryHints {
    let should_retry = headers.get("x-should-retry").and_then(|value| match value.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    });
    let now = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    RetryHints { retry_after: retry_after(headers, now), should_retry }
}

/// What can be had of an error's body.
async fn beginning(mut response: InboundResponse) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(piece)) = response.body.next_chunk().await {
            let room = MAX_ERROR_BODY.saturating_sub(body.len());
            body.extend_from_slice(piece.get(..room).unwrap_or(&piece));
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
    };
    // What was read until then is as good as any.
    let _ = tokio::time::timeout(ERROR_BODY_TIME, reading).await;
    body
}
