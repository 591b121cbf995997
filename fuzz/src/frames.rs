//! Streams as bytes: cut into pieces, and, for binary framings, put together.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use std::borrow::Cow;
use switchyard_dialects::codec::{Framing, ProviderCodec};
use switchyard_dialects::framing::{FrameError, FrameItem, FrameLimits, FrameReader};

/// The items of a stream, and how it failed.
pub(crate) type Read = (Vec<FrameItem>, Option<FrameError>);

/// Reads a stream that comes in pieces of this size.
pub(crate) fn read(codec: &dyn ProviderCodec, stream: &[u8], piece: usize) -> Read {
    let limits = FrameLimits { max_event_bytes: codec.max_event_bytes(), ..FrameLimits::default() };
    let mut reader = FrameReader::new(codec.framing(), limits);
    let mut items = Vec::new();
    for piece in stream.chunks(piece) {
        if let Err(error) = reader.push(Bytes::copy_from_slice(piece)) {
            return (items, Some(error));
        }
        loop {
            match reader.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Some(error)),
            }
        }
    }
    loop {
        match reader.finish() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

/// A stream in the framing of a dialect.
pub(crate) fn framed<'b>(codec: &dyn ProviderCodec, body: &'b [u8]) -> Cow<'b, [u8]> {
    if codec.framing() != Framing::AwsEventStream {
        return Cow::Borrowed(body);
    }
    let mut out = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n');
    while let (Some(name), Some(data)) = (lines.next(), lines.next()) {
        let name = String::from_utf8_lossy(name);
        let (class, header) = match name.strip_prefix('!') {
            Some(_) => ("exception", ":exception-type"),
            None => ("event", ":event-type"),
        };
        let text = |text: &str| HeaderValue::String(text.to_owned().into());
        let headers = vec![
            Header::new(header, text(name.trim_start_matches('!'))),
            Header::new(":message-type", text(class)),
        ];
        let message = Message::new_from_parts(headers, Bytes::copy_from_slice(data));
        // A name that is too long for the format has no frame.
        let _ = write_message_to(&message, &mut out);
    }
    Cow::Owned(out)
}
