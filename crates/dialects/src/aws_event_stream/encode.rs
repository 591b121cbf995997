use bytes::{BufMut, Bytes, BytesMut};

use super::{HeaderValue, PRELUDE, TRAILER};

/// A message. `None` where it could not be told from another one: a name beyond 255 bytes, a value beyond 65,535, a message
/// beyond 4 GiB.
#[must_use]
pub fn encode_message(headers: &[(&str, HeaderValue)], payload: &[u8]) -> Option<Bytes> {
    let mut written = BytesMut::new();
    for (name, value) in headers {
        written.put_u8(u8::try_from(name.len()).ok()?);
        written.put_slice(name.as_bytes());
        put_value(&mut written, value)?;
    }
    let total = PRELUDE + written.len() + payload.len() + TRAILER;
    let mut out = BytesMut::with_capacity(total);
    out.put_u32(u32::try_from(total).ok()?);
    out.put_u32(u32::try_from(written.len()).ok()?);
    out.put_u32(crc32fast::hash(&out));
    out.put_slice(&written);
    out.put_slice(payload);
    out.put_u32(crc32fast::hash(&out));
    Some(out.freeze())
}

/// An event with a JSON payload, as Bedrock sends it. `None` as for [`encode_message`].
#[must_use]
pub fn encode_event(event_type: &str, payload: &[u8]) -> Option<Bytes> {
    named(":event-type", event_type, "event", payload)
}

/// An exception with a JSON payload, as Bedrock sends it. `None` as for [`encode_message`].
#[must_use]
pub fn encode_exception(exception_type: &str, payload: &[u8]) -> Option<Bytes> {
    named(":exception-type", exception_type, "exception", payload)
}

fn named(header: &str, name: &str, message_type: &str, payload: &[u8]) -> Option<Bytes> {
    let text = |text: &str| HeaderValue::Text(text.to_owned());
    let headers = [
        (header, text(name)),
        (":content-type", text("application/json")),
        (":message-type", text(message_type)),
    ];
    encode_message(&headers, payload)
}

fn put_value(out: &mut BytesMut, value: &HeaderValue) -> Option<()> {
    match value {
        HeaderValue::Bool(value) => out.put_u8(u8::from(!value)),
        HeaderValue::Byte(value) => {
            out.put_u8(2);
            out.put_i8(*value);
        }
        HeaderValue::Short(value) => {
            out.put_u8(3);
            out.put_i16(*value);
        }
        HeaderValue::Int(value) => {
            out.put_u8(4);
            out.put_i32(*value);
        }
        HeaderValue::Long(value) => {
            out.put_u8(5);
            out.put_i64(*value);
        }
        HeaderValue::Bytes(value) => put_counted(out, 6, value)?,
        HeaderValue::Text(value) => put_counted(out, 7, value.as_bytes())?,
        HeaderValue::Timestamp(value) => {
            out.put_u8(8);
            out.put_i64(*value);
        }
        HeaderValue::Uuid(value) => {
            out.put_u8(9);
            out.put_slice(value);
        }
    }
    Some(())
}

fn put_counted(out: &mut BytesMut, kind: u8, value: &[u8]) -> Option<()> {
    out.put_u8(kind);
    out.put_u16(u16::try_from(value.len()).ok()?);
    out.put_slice(value);
    Some(())
}
