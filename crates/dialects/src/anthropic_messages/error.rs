//! Errors as clients of this dialect read them. Its SDKs choose the exception by the HTTP status, and by the type where an
//! error comes in a stream.

use bytes::{Bytes, BytesMut};

use crate::codec::ClientError;
use crate::json::ObjectWriter;

/// The types by status, as Anthropic's documentation of errors lists them (2026).
fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        408 | 504 => "timeout_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// The body of an error answer.
pub(super) fn encode_error(error: &ClientError<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(error.message.len() + 128);
    write(&mut out, error);
    out.freeze()
}

/// Appends the event that ends a stream that failed. No `message_stop` may follow it, so that a cut answer is never taken for
/// a whole one.
pub(super) fn write_error_event(out: &mut BytesMut, error: &ClientError<'_>) {
    out.extend_from_slice(b"event: error\ndata: ");
    write(out, error);
    out.extend_from_slice(b"\n\n");
}

fn write(out: &mut BytesMut, error: &ClientError<'_>) {
    let mut body = ObjectWriter::begin(out);
    body.text("type", "error");
    body.object("error", |object| {
        object.text("type", kind(error.status));
        object.text("message", error.message);
    });
    match error.request_id {
        Some(id) => body.text("request_id", id),
        None => body.null("request_id"),
    }
    body.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16) -> ClientError<'static> {
        let kind = "invalid_request_error";
        ClientError { status, message: "no \"x\"", kind, param: None, code: None, request_id: Some("req_1") }
    }

    #[test]
    fn the_body_is_that_of_anthropic() {
        let body = encode_error(&error(404));
        let expected = r#"{"type":"error","error":{"type":"not_found_error","message":"no \"x\""},"request_id":"req_1"}"#;
        assert_eq!(body, expected);
        let mut event = BytesMut::new();
        write_error_event(&mut event, &error(404));
        assert_eq!(event, format!("event: error\ndata: {expected}\n\n"));
    }

    #[test]
    fn each_status_has_its_type() {
        for (status, expected) in [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (402, "billing_error"),
            (403, "permission_error"),
            (404, "not_found_error"),
            (409, "invalid_request_error"),
            (413, "request_too_large"),
            (422, "invalid_request_error"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (502, "api_error"),
            (504, "timeout_error"),
            (529, "overloaded_error"),
        ] {
            assert_eq!(kind(status), expected);
        }
    }
}
