//! Amazon's binary frames, written by Amazon's own library.

#![expect(clippy::expect_used, reason = "a test's own frame is wrong: the test must fail where it stands")]

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};

/// A message.
///
/// # Panics
/// If the format has no room for it.
#[must_use]
pub fn encode_message(headers: &[(&str, HeaderValue)], payload: &[u8]) -> Bytes {
    let headers =
        headers.iter().map(|(name, value)| Header::new((*name).to_owned(), value.clone())).collect();
    let message = Message::new_from_parts(headers, Bytes::copy_from_slice(payload));
    let mut out = BytesMut::new();
    write_message_to(&message, &mut out).expect("a test's message fits");
    out.freeze()
}

/// An event with a JSON payload, as Bedrock sends it.
///
/// # Panics
/// As [`encode_message`].
#[must_use]
pub fn encode_event(event_type: &str, payload: &[u8]) -> Bytes {
    named(":event-type", event_type, "event", payload)
}

/// An exception with a JSON payload, as Bedrock sends it.
///
/// # Panics
/// As [`encode_message`].
#[must_use]
pub fn encode_exception(exception_type: &str, payload: &[u8]) -> Bytes {
    named(":exception-type", exception_type, "exception", payload)
}

fn named(header: &str, name: &str, message_type: &str, payload: &[u8]) -> Bytes {
    let text = |text: &str| HeaderValue::String(text.to_owned().into());
    let headers = [
        (header, text(name)),
        (":content-type", text("application/json")),
        (":message-type", text(message_type)),
    ];
    encode_message(&headers, payload)
}
