//! Errors as clients of OpenAI's dialects read them.

use bytes::{Bytes, BytesMut};

use crate::codec::ClientError;
use crate::json::ObjectWriter;

/// The body of an error answer.
pub(crate) fn encode_error(error: &ClientError<'_>) -> Bytes {
    let mut out = BytesMut::with_capacity(error.message.len() + 128);
    write(&mut out, error);
    out.freeze()
}

/// Appends the event that ends a stream that failed. No `[DONE]` may follow it, so that a cut answer is never taken for a
/// whole one.
pub(crate) fn write_error_event(out: &mut BytesMut, error: &ClientError<'_>) {
    out.extend_from_slice(b"data: ");
    write(out, error);
    out.extend_from_slice(b"\n\n");
}

/// Writes the body of an error.
pub(crate) fn write(out: &mut BytesMut, error: &ClientError<'_>) {
    let mut body = ObjectWriter::begin(out);
    body.object("error", |object| {
        object.text("message", error.message);
        object.text("type", error.kind);
        for (name, value) in [("param", error.param), ("code", error.code)] {
            match value {
                Some(value) => object.text(name, value),
                None => object.null(name),
            }
        }
    });
    body.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_that_of_openai() {
        let error = ClientError {
            status: 400,
            message: "no \"x\"",
            kind: "t",
            param: Some("model"),
            code: None,
            request_id: None,
        };
        let body = encode_error(&error);
        assert_eq!(body, r#"{"error":{"message":"no \"x\"","type":"t","param":"model","code":null}}"#);
        let mut event = BytesMut::new();
        write_error_event(&mut event, &error);
        assert_eq!(event, format!("data: {}\n\n", str::from_utf8(&body).unwrap()));
    }
}
