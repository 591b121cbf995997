//! What the encoder writes.

use bytes::BytesMut;
use rstest::rstest;
use switchyard_dialects::sse::{DONE, DONE_DATA, KEEP_ALIVE, SseItem, encode_event, write_event};

use crate::sse_reader::read_all;

#[rstest]
#[case(None, "{\"a\":1}", "data: {\"a\":1}\n\n")]
#[case(Some("message_stop"), "{}", "event: message_stop\ndata: {}\n\n")]
#[case(None, "", "data: \n\n")]
#[case(None, "a\nb\r\nc\rd", "data: a\ndata: b\ndata: c\ndata: d\n\n")]
#[case(None, "a\n", "data: a\ndata: \n\n")]
#[case(Some("x\ndata: forged"), "real", "event: x\ndata: real\n\n")]
#[case(Some("x\r\r"), "real", "event: x\ndata: real\n\n")]
fn an_event_is_written_in_the_format_of_the_standard(
    #[case] name: Option<&str>,
    #[case] data: &str,
    #[case] expected: &str,
) {
    assert_eq!(encode_event(name, data.as_bytes()), expected);
}

#[test]
fn events_are_appended_to_one_buffer() {
    let mut out = BytesMut::new();
    write_event(&mut out, None, b"1");
    write_event(&mut out, Some("e"), b"2");
    assert_eq!(out, "data: 1\n\nevent: e\ndata: 2\n\n");
}

#[test]
fn the_fixed_blocks_are_read_as_what_they_are() {
    assert_eq!(DONE, encode_event(None, DONE_DATA));
    let items = read_all([&KEEP_ALIVE[..], &DONE[..]]);
    let [SseItem::Comment(comment), SseItem::Event(done)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(comment, &KEEP_ALIVE);
    assert_eq!(&done.data[..], DONE_DATA);
}
