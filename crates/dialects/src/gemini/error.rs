//! Errors: as Google's servers tell them, and as clients of this dialect read them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use switchyard_domain::fault::ProviderFault;

use crate::codec::ClientError;
use crate::error::{RetryHints, fault};
use crate::json::{ObjectWriter, elements, members, object, text};

/// The types of details, of Google's common library of error shapes.
const TYPES: &str = "type.googleapis.com/google.rpc.";

/// An error answer of a provider. How long to wait stands in the body, not in a header
/// (`google-generatecontent-49fd2fb525`, 2026).
pub(super) fn provider_fault(
    status: u16,
    body: &[u8],
    hints: RetryHints,
    credential: Option<&str>,
) -> ProviderFault {
    let retry_after = hints.retry_after.or_else(|| retry_delay(body));
    fault(status, body, RetryHints { retry_after, ..hints }, credential)
}

fn retry_delay(body: &[u8]) -> Option<Duration> {
    let body = String::from_utf8_lossy(body);
    // A stream's error comes in a list.
    let body = body.trim().trim_start_matches('[').trim_end_matches(']');
    let error = members(object(body)?.get("error")?)?;
    let details = error.get("details").and_then(elements).unwrap_or_default();
    let delay = details.into_iter().filter_map(members).find_map(|detail| {
        let delay = detail.get("retryDelay").and_then(text)?;
        delay.strip_suffix('s')?.parse::<f64>().ok()
    })?;
    Duration::try_from_secs_f64(delay).ok()
}

/// The word for a status, by which clients' libraries choose what to raise.
fn word(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        405 | 501 => "UNIMPLEMENTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        400..500 => "INVALID_ARGUMENT",
        _ => "UNAVAILABLE",
    }
}

/// The body of an error answer.
pub(super) fn encode(error: &ClientError<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(error.message.len() + 256);
    write(&mut out, error);
    out.freeze()
}

/// Appends the event that ends a stream that failed.
pub(super) fn write_event(out: &mut BytesMut, error: &ClientError<'_>) {
    out.extend_from_slice(b"data: ");
    write(out, error);
    out.extend_from_slice(b"\n\n");
}

/// Appends the object. Google's own library knows an error in a stream by `error` being its first member.
pub(super) fn write(out: &mut BytesMut, error: &ClientError<'_>) {
    let mut body = ObjectWriter::begin(out);
    body.object("error", |object| {
        object.plain("code", error.status);
        object.text("message", error.message);
        object.text("status", word(error.status));
        let has_details = error.code.is_some() || error.param.is_some() || error.request_id.is_some();
        if has_details {
            object.array("details", |list| {
                if let Some(code) = error.code {
                    list.object(|detail| {
                        detail.text("@type", &format!("{TYPES}ErrorInfo"));
                        detail.text("reason", code);
                        detail.text("domain", "switchyard");
                    });
                }
                if let Some(param) = error.param {
                    list.object(|detail| {
                        detail.text("@type", &format!("{TYPES}BadRequest"));
                        detail.array("fieldViolations", |list| {
                            list.object(|violation| {
                                violation.text("field", param);
                                violation.text("description", error.message);
                            });
                        });
                    });
                }
                if let Some(id) = error.request_id {
                    list.object(|detail| {
                        detail.text("@type", &format!("{TYPES}RequestInfo"));
                        detail.text("requestId", id);
                    });
                }
            });
        }
    });
    body.end();
}
