//! Lines: however they end, and however they are cut.

use bytes::Bytes;
use proptest::prelude::*;
use switchyard_dialects::codec::Framing;
use switchyard_dialects::framing::{FrameEnding, FrameError, FrameItem, FrameLimits, FrameReader};

fn read<'c>(pieces: impl IntoIterator<Item = &'c [u8]>) -> Vec<FrameItem> {
    let mut reader = FrameReader::new(Framing::JsonLines, FrameLimits::default());
    let mut items = Vec::new();
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece)).unwrap();
        while let Some(item) = reader.next_item().unwrap() {
            items.push(item);
        }
    }
    while let Some(item) = reader.finish().unwrap() {
        items.push(item);
    }
    items
}

fn lines(items: &[FrameItem]) -> Vec<(&str, FrameEnding)> {
    let events =
        items.iter().filter_map(|item| if let FrameItem::Event(event) = item { Some(event) } else { None });
    events.map(|event| (str::from_utf8(&event.data).unwrap(), event.ending)).collect()
}

const STREAM: &[u8] = b"{\"a\":1}\n\n{\"b\":\"\xc3\xa9\"}\r\n \t\r\n[]\n{\"cut";

#[test]
fn lines_end_with_lf_or_crlf_and_blank_ones_are_no_events() {
    let items = read([STREAM]);
    assert_eq!(
        lines(&items),
        [
            ("{\"a\":1}", FrameEnding::Whole),
            ("{\"b\":\"é\"}", FrameEnding::Whole),
            ("[]", FrameEnding::Whole),
            ("{\"cut", FrameEnding::Cut),
        ]
    );
    assert_eq!(items.iter().filter(|item| matches!(item, FrameItem::Comment(_))).count(), 2);
}

#[test]
fn where_a_stream_is_cut_makes_no_difference() {
    let whole = read([STREAM]);
    for at in 0..=STREAM.len() {
        let (head, tail) = STREAM.split_at(at);
        assert_eq!(read([head, tail]), whole, "{at}");
    }
    assert_eq!(read(STREAM.chunks(1)), whole);
    let raw: Vec<u8> = whole.iter().flat_map(|item| item.raw().to_vec()).collect();
    assert_eq!(raw, STREAM);
}

#[test]
fn a_line_within_one_piece_shares_its_memory() {
    let piece = Bytes::from_static(b"{}\n{}\n");
    let mut reader = FrameReader::new(Framing::JsonLines, FrameLimits::default());
    reader.push(piece.clone()).unwrap();
    let Some(FrameItem::Event(event)) = reader.next_item().unwrap() else { panic!("no event") };
    assert_eq!(event.data.as_ptr(), piece.as_ptr());
}

#[test]
fn a_line_without_end_does_not_grow_beyond_its_cap() {
    let limits = FrameLimits { max_event_bytes: 10, max_total_bytes: 1000 };
    let mut reader = FrameReader::new(Framing::JsonLines, limits);
    let mut error = None;
    for fed in 1..100 {
        reader.push(Bytes::from_static(b"x")).unwrap();
        if let Err(found) = reader.next_item() {
            assert_eq!(fed, 11);
            error = Some(found);
            break;
        }
    }
    assert_eq!(error, Some(FrameError::EventTooLarge { limit: 10 }));
    assert_eq!(reader.push(Bytes::from_static(b"\n")), Err(FrameError::EventTooLarge { limit: 10 }));
    assert_eq!(reader.finish(), Err(FrameError::EventTooLarge { limit: 10 }));
}

#[test]
fn the_whole_stream_is_bounded_too() {
    let limits = FrameLimits { max_event_bytes: 10, max_total_bytes: 5 };
    let mut reader = FrameReader::new(Framing::JsonLines, limits);
    reader.push(Bytes::from_static(b"{}\n")).unwrap();
    assert_eq!(reader.push(Bytes::from_static(b"{}\n")), Err(FrameError::StreamTooLarge { limit: 5 }));
    assert_eq!(reader.total_bytes(), 6);
    assert!(reader.next_item().unwrap().is_some());
}

#[test]
fn one_reader_holds_any_framing() {
    for (framing, stream) in [
        (Framing::Sse, Bytes::from_static(b"event: a\ndata: {}\n\n")),
        (Framing::JsonLines, Bytes::from_static(b"{}\n")),
        (Framing::AwsEventStream, switchyard_testkit::aws_frames::encode_event("a", b"{}")),
    ] {
        let mut reader = FrameReader::new(framing, FrameLimits::default());
        reader.push(stream.clone()).unwrap();
        let Some(FrameItem::Event(event)) = reader.next_item().unwrap() else { panic!("{framing:?}") };
        let name = (framing != Framing::JsonLines).then_some(&b"a"[..]);
        assert_eq!((&event.data[..], event.name.as_deref()), (&b"{}"[..], name), "{framing:?}");
        assert!(!event.is_unterminated());
        assert_eq!((&event.raw, reader.finish()), (&stream, Ok(None)));
        assert_eq!(reader.total_bytes(), stream.len() as u64);
    }
}

proptest! {
    #[test]
    fn any_bytes_read_the_same_however_they_are_cut(bytes: Vec<u8>, size in 1_usize..20) {
        let whole = read([&bytes[..]]);
        prop_assert_eq!(&read(bytes.chunks(size)), &whole);
        let raw: Vec<u8> = whole.iter().flat_map(|item| item.raw().to_vec()).collect();
        prop_assert_eq!(raw, bytes);
    }
}
