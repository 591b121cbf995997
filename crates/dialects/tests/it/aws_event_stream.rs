//! Binary event streams: what was recorded, what is cut anywhere, and what is corrupt.

use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::HeaderValue;
use bytes::Bytes;
use proptest::prelude::*;
use switchyard_dialects::aws_event_stream::AwsReader;
use switchyard_dialects::framing::{FrameEnding, FrameError, FrameEvent, FrameItem, FrameLimits};
use switchyard_testkit::aws_frames::{encode_event, encode_exception, encode_message};
use switchyard_testkit::corpus;

fn read<'c>(pieces: impl IntoIterator<Item = &'c [u8]>) -> Result<Vec<FrameEvent>, FrameError> {
    let mut reader = AwsReader::new(FrameLimits::default());
    let mut events = Vec::new();
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece))?;
        while let Some(item) = reader.next_item()? {
            assert!(matches!(item, FrameItem::Event(_)), "{item:?}");
            events.extend(event_of(item));
        }
    }
    Ok(events)
}

fn event_of(item: FrameItem) -> Option<FrameEvent> {
    if let FrameItem::Event(event) = item { Some(event) } else { None }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn text_header(text: &'static str) -> HeaderValue {
    HeaderValue::String(text.into())
}

/// A message with a header of every type.
fn full_message() -> Bytes {
    let headers = [
        ("yes", HeaderValue::Bool(true)),
        ("no", HeaderValue::Bool(false)),
        ("byte", HeaderValue::Byte(-1)),
        ("short", HeaderValue::Int16(-2)),
        ("int", HeaderValue::Int32(-3)),
        ("long", HeaderValue::Int64(-4)),
        ("bytes", HeaderValue::ByteArray(Bytes::from_static(&[0, 255]))),
        ("time", HeaderValue::Timestamp(DateTime::from_millis(5))),
        ("uuid", HeaderValue::Uuid(7)),
        (":event-type", text_header("chunk")),
        (":message-type", text_header("event")),
    ];
    encode_message(&headers, b"{}")
}

#[test]
fn a_known_message_is_written_and_read_as_its_makers_do() {
    // Without headers and payload there is one message only; its checksums are known.
    let empty = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
    assert_eq!(encode_message(&[], b""), empty.as_slice());
    let events = read([empty.as_slice()]).unwrap();
    assert_eq!((events.len(), &events[0].name, events[0].data.len()), (1, &None, 0));
}

#[test]
fn headers_of_every_type_are_passed_over() {
    let message = full_message();
    let events = read([&message[..]]).unwrap();
    assert_eq!(events[0].name.as_deref(), Some(&b"chunk"[..]));
    assert_eq!((&events[0].data[..], events[0].ending), (&b"{}"[..], FrameEnding::Whole));
    assert_eq!(events[0].raw, message);
}

#[test]
fn every_recorded_stream_reads_the_same_however_it_is_cut_and_is_written_back_byte_for_byte() {
    let mut seen = 0;
    for exchange in corpus::of("bedrock-converse").unwrap().iter().filter(|exchange| exchange.response.base64)
    {
        let bytes = exchange.answer();
        let whole = read([&bytes[..]]).unwrap();
        assert!(!whole.is_empty(), "{}", exchange.id);
        assert_eq!(read(bytes.chunks(1)).unwrap(), whole, "{}", exchange.id);
        assert_eq!(read(bytes.chunks(7)).unwrap(), whole, "{}", exchange.id);
        let raw: Vec<u8> = whole.iter().flat_map(|event| event.raw.to_vec()).collect();
        assert_eq!(raw, bytes, "{}", exchange.id);
        for event in &whole {
            let written = encode_event(text(event.name.as_ref().unwrap()), &event.data);
            assert_eq!(written, event.raw, "{}", exchange.id);
        }
        seen += 1;
    }
    assert_eq!(seen, 23);
}

#[test]
fn a_stream_cut_at_every_byte_gives_the_same() {
    let mut stream = full_message().to_vec();
    stream.extend_from_slice(&encode_event("a", br#"{"x":1}"#));
    stream.extend_from_slice(&encode_exception("throttlingException", br#"{"message":"m"}"#));
    let whole = read([&stream[..]]).unwrap();
    assert_eq!(whole.len(), 3);
    assert_eq!(text(whole[2].name.as_ref().unwrap()), "throttlingException");
    for at in 0..=stream.len() {
        let (head, tail) = stream.split_at(at);
        assert_eq!(read([head, tail]).unwrap(), whole, "{at}");
    }
}

#[test]
fn the_head_of_a_message_is_never_given() {
    let message = encode_event("a", b"{}");
    for at in 0..message.len() {
        assert_eq!(read([&message[..at]]).unwrap(), [], "{at}");
    }
}

#[test]
fn an_error_of_the_protocol_is_told_as_an_error() {
    let headers = [
        (":message-type", text_header("error")),
        (":error-code", text_header("InternalFailure")),
        (":error-message", text_header("it \"broke\"")),
    ];
    let events = read([&encode_message(&headers, b"")[..]]).unwrap();
    assert_eq!(text(events[0].name.as_ref().unwrap()), "error");
    assert_eq!(text(&events[0].data), r#"{"error":{"code":"InternalFailure","message":"it \"broke\""}}"#);
}

#[test]
fn any_byte_that_changed_on_the_way_is_noticed() {
    let message = full_message();
    for at in 0..message.len() {
        let mut bytes = message.to_vec();
        bytes[at] ^= 0x10;
        let error = read([&bytes[..]]).unwrap_err();
        assert!(matches!(error, FrameError::Corrupt { .. }), "{at}: {error}");
    }
}

#[test]
fn a_corrupt_stream_stays_given_up() {
    let mut bytes = encode_event("a", b"{}").to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let mut reader = AwsReader::new(FrameLimits::default());
    reader.push(bytes.into()).unwrap();
    let error = reader.next_item().unwrap_err();
    assert_eq!(reader.next_item(), Err(error));
    assert_eq!(reader.push(encode_event("b", b"{}")), Err(error));
}

#[test]
fn broken_headers_with_right_checksums_are_corrupt() {
    for headers in
        [&[5_u8, b'a'][..], &[1, b'a'], &[1, b'a', 7, 0, 9, b'x'], &[1, b'a', 77], &[1, b'a', 5, 0]]
    {
        let mut message = Vec::new();
        let total = 16 + u32::try_from(headers.len()).unwrap();
        message.extend_from_slice(&total.to_be_bytes());
        message.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        message.extend_from_slice(headers);
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        assert_eq!(
            read([&message[..]]),
            Err(FrameError::Corrupt { what: "it breaks its format or a checksum" }),
            "{headers:?}"
        );
    }
}

#[test]
fn headers_longer_than_the_message_are_corrupt() {
    for (total, headers) in [(16_u32, 1_u32), (15, 0), (0, 0), (20, u32::MAX)] {
        let mut prelude = Vec::new();
        prelude.extend_from_slice(&total.to_be_bytes());
        prelude.extend_from_slice(&headers.to_be_bytes());
        prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
        let error = read([&prelude[..]]).unwrap_err();
        assert_eq!(error, FrameError::Corrupt { what: "its headers are longer than itself" });
    }
}

#[test]
fn a_message_over_its_cap_is_refused_before_it_has_come() {
    let message = encode_event("a", &[b' '; 200]);
    let exact = FrameLimits { max_event_bytes: message.len(), max_total_bytes: 10_000 };
    let mut reader = AwsReader::new(exact);
    reader.push(message.clone()).unwrap();
    assert!(reader.next_item().unwrap().is_some());
    let limit = message.len() - 1;
    let mut reader = AwsReader::new(FrameLimits { max_event_bytes: limit, ..exact });
    reader.push(message.slice(..12)).unwrap();
    assert_eq!(reader.next_item(), Err(FrameError::EventTooLarge { limit }));
    let mut reader = AwsReader::new(FrameLimits { max_total_bytes: 100, ..exact });
    assert_eq!(reader.push(message), Err(FrameError::StreamTooLarge { limit: 100 }));
}

proptest! {
    #[test]
    fn any_bytes_end_in_messages_or_an_error(bytes: Vec<u8>, size in 1_usize..40) {
        let whole = read([&bytes[..]]);
        let cut = read(bytes.chunks(size));
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let (Ok(whole), Ok(cut)) = (whole, cut) {
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn any_payload_comes_back(name in "[a-zA-Z]{1,20}", payload: Vec<u8>, size in 1_usize..40) {
        let message = encode_event(&name, &payload);
        let events = read(message.chunks(size)).unwrap();
        prop_assert_eq!(&events[0].data[..], &payload[..]);
        prop_assert_eq!(text(events[0].name.as_ref().unwrap()), name);
    }
}
