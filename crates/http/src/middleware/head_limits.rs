use crate::refusal::Refusal;
use crate::server::Limits;
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;

/// What a header line takes beside its name and its value: `: ` and the line's end.
const LINE_FRAME: usize = 4;

/// Refuses a head over its limits. The parser has its own bounds (96 headers, 128 KiB, a target of 64 KiB); these are
/// ours, below them.
pub(super) fn check(head: &RequestHead, limits: &Limits) -> Result<(), Refusal> {
    if head.uri.path_and_query().is_some_and(|target| target.as_str().len() > limits.uri_bytes) {
        let message = format!("The address of a request may have {} bytes at most.", limits.uri_bytes);
        return Err(Refusal::closing(StatusCode::URI_TOO_LONG, "uri_too_long", message));
    }
    let lines = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_FRAME);
    if lines.sum::<usize>() > limits.header_bytes {
        let message = format!("The headers of a request may have {} bytes at most.", limits.header_bytes);
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::closing(status, "headers_too_large", message));
    }
    Ok(())
}
