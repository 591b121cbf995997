//! Streams of each shape.

use bytes::Bytes;
use rstest::rstest;
use switchyard_dialects::sse::{SseEnding, SseError, SseEvent, SseItem, SseLimits, SseReader, repair_utf8};

/// All items of a stream that comes in these chunks.
pub(crate) fn read_all<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<SseItem> {
    let mut reader = SseReader::default();
    let mut items = Vec::new();
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk)).unwrap();
        while let Some(item) = reader.next_item().unwrap() {
            items.push(item);
        }
    }
    while let Some(item) = reader.finish().unwrap() {
        items.push(item);
    }
    items
}

fn event(raw: &str, data: &str) -> SseItem {
    ended_event(raw, data, SseEnding::Whole)
}

fn ended_event(raw: &str, data: &str, ending: SseEnding) -> SseItem {
    let copy = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    SseItem::Event(SseEvent { raw: copy(raw), data: copy(data), name: None, ending })
}

fn comment(raw: &str) -> SseItem {
    SseItem::Comment(Bytes::copy_from_slice(raw.as_bytes()))
}

fn events(items: &[SseItem]) -> Vec<&SseEvent> {
    let events = items.iter().filter_map(|item| match item {
        SseItem::Event(event) => Some(event),
        SseItem::Comment(_) => None,
    });
    events.collect()
}

#[rstest]
fn a_stream_is_read_the_same_with_every_line_end(#[values("\n", "\r\n", "\r")] end: &str) {
    let first = "event: ping|data: {\"a\":1}|id: 7||".replace('|', end);
    let second = ": OPENROUTER PROCESSING||".replace('|', end);
    let third = "data: Grüße 💥|data:two|data||".replace('|', end);
    let last = "data: [DONE]||".replace('|', end);
    let stream = [first.as_str(), &second, &third, &last].concat();
    let items = read_all([stream.as_bytes()]);
    let mut expected = vec![
        event(&first, "{\"a\":1}"),
        comment(&second),
        event(&third, "Grüße 💥\ntwo\n"),
        event(&last, "[DONE]"),
    ];
    if let SseItem::Event(event) = &mut expected[0] {
        event.name = Some("ping".into());
    }
    assert_eq!(items, expected);
    for cut in 0..=stream.len() {
        let (head, tail) = stream.as_bytes().split_at(cut);
        assert_eq!(read_all([head, tail]), expected, "cut at {cut}");
        for second_cut in 0..=tail.len() {
            let (middle, tail) = tail.split_at(second_cut);
            assert_eq!(read_all([head, middle, tail]), expected, "cut at {cut} and {second_cut} after it");
        }
    }
    assert_eq!(read_all(stream.as_bytes().chunks(1)), expected);
}

#[rstest]
#[case::space("data: x\n\n", "x")]
#[case::no_space("data:x\n\n", "x")]
#[case::one_space_only("data:  x \n\n", " x ")]
#[case::tab("data:\tx\n\n", "\tx")]
#[case::colons("data: a:b: c\n\n", "a:b: c")]
#[case::empty("data:\n\n", "")]
#[case::empty_with_space("data: \n\n", "")]
#[case::no_colon("data\n\n", "")]
#[case::two_lines("data: a\ndata: b\n\n", "a\nb")]
#[case::two_empty_lines("data\ndata\n\n", "\n")]
#[case::comment_between("data: a\n: c\ndata: b\n\n", "a\nb")]
#[case::unknown_fields("foo: 1\ndata: a\nid: 2\nretry: 3\nbar\n\n", "a")]
#[case::names_are_whole_and_lower_case("data: a\ndatax: b\nData: c\n data: d\n\n", "a")]
#[case::blank_lines_before("\n\r\n\rdata: a\n\n", "a")]
#[case::byte_order_mark("\u{feff}data: a\n\n", "a")]
#[case::byte_order_mark_before_a_comment("\u{feff}: c\ndata: a\n\n", "a")]
#[case::mixed_line_ends("data: a\r\ndata: b\rdata: c\n\r\n", "a\nb\nc")]
fn the_data_of_an_event_is_what_the_standard_says(#[case] stream: &str, #[case] data: &str) {
    assert_eq!(read_all([stream.as_bytes()]), [event(stream, data)]);
    assert_eq!(read_all(stream.as_bytes().chunks(1)), [event(stream, data)]);
}

#[test]
fn a_byte_order_mark_counts_as_one_at_the_start_only() {
    let items = read_all([": c\n\n\u{feff}data: a\n\n".as_bytes()]);
    assert_eq!(items, [comment(": c\n\n"), comment("\u{feff}data: a\n\n")]);
}

#[rstest]
#[case("event: a\ndata: x\n\n", Some("a"))]
#[case("data: x\nevent:a b\n\n", Some("a b"))]
#[case("event: a\nevent: b\ndata: x\n\n", Some("b"))]
#[case("event: a\nevent:\ndata: x\n\n", None)]
#[case("data: x\n\n", None)]
fn the_name_of_an_event_is_its_last_event_field(#[case] stream: &str, #[case] name: Option<&str>) {
    let items = read_all([stream.as_bytes()]);
    assert_eq!(events(&items)[0].name.as_deref(), name.map(str::as_bytes));
}

#[rstest]
#[case(": keep-alive\n\n")]
#[case(":\n\n")]
#[case(":a\r\n:b\r\n\r\n")]
#[case("event: ping\n\n")]
#[case("retry: 3000\n\n")]
fn a_block_without_data_is_a_comment(#[case] stream: &str) {
    assert_eq!(read_all([stream.as_bytes()]), [comment(stream)]);
}

#[test]
fn an_event_of_a_server_that_ends_lines_with_cr_is_not_held_back() {
    let mut reader = SseReader::default();
    reader.push(Bytes::from_static(b"data: a\r\r")).unwrap();
    assert_eq!(reader.next_item().unwrap(), Some(event("data: a\r\r", "a")));
}

#[test]
fn an_event_waits_for_the_line_feed_that_its_last_line_end_may_lack() {
    let mut reader = SseReader::default();
    reader.push(Bytes::from_static(b"data: a\r\n\r")).unwrap();
    assert_eq!(reader.next_item().unwrap(), None);
    reader.push(Bytes::from_static(b"\ndata: b\r\n\r")).unwrap();
    assert_eq!(reader.next_item().unwrap(), Some(event("data: a\r\n\r\n", "a")));
    assert_eq!(reader.next_item().unwrap(), None);
    assert_eq!(
        reader.finish().unwrap(),
        Some(event("data: b\r\n\r", "b")),
        "the blank line is whole all the same"
    );
    assert_eq!(reader.finish().unwrap(), None);
}

#[test]
fn an_event_within_one_chunk_shares_its_memory() {
    let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\ndata: c");
    let mut reader = SseReader::default();
    reader.push(chunk.clone()).unwrap();
    for (start, data) in [(0, 6), (9, 15)] {
        let Some(SseItem::Event(event)) = reader.next_item().unwrap() else { panic!("no event") };
        assert_eq!(event.raw.as_ptr(), chunk[start..].as_ptr());
        assert_eq!(event.data.as_ptr(), chunk[data..].as_ptr());
    }
    assert_eq!(reader.next_item().unwrap(), None);
    assert_eq!(reader.next_item().unwrap(), None);
}

#[test]
fn chunks_may_be_pushed_ahead() {
    let mut reader = SseReader::default();
    for chunk in [&b"data: a\n\nda"[..], b"", b"ta: b\n", b"\ndata: c\n\n"] {
        reader.push(Bytes::copy_from_slice(chunk)).unwrap();
    }
    for data in ["a", "b", "c"] {
        assert_eq!(reader.finish().unwrap(), Some(event(&format!("data: {data}\n\n"), data)));
    }
    assert_eq!(reader.finish().unwrap(), None);
    assert_eq!(reader.total_bytes(), 27);
}

#[rstest]
#[case::line_feed("data: x\n", "x", SseEnding::LineEnd)]
#[case::cr("data: x\r", "x", SseEnding::LineEnd)]
#[case::crlf("data: x\r\n", "x", SseEnding::LineEnd)]
#[case::several_lines("event: e\ndata: x\ndata: y\n", "x\ny", SseEnding::LineEnd)]
#[case::done("data: [DONE]", "[DONE]", SseEnding::Cut)]
#[case::fragment("data: {\"choices\":[", "{\"choices\":[", SseEnding::Cut)]
#[case::cut_in_another_field("data: x\nid: 1", "x", SseEnding::Cut)]
#[case::cut_in_a_character("data: \u{e9}", "\u{e9}", SseEnding::Cut)]
fn an_event_that_the_end_of_the_stream_cut_is_given_and_marked(
    #[case] tail: &str,
    #[case] data: &str,
    #[case] ending: SseEnding,
) {
    let stream = format!("data: 1\n\n{tail}");
    for size in [1, 3, stream.len()] {
        let items = read_all(stream.as_bytes().chunks(size));
        let last = events(&items)[1];
        assert_eq!((&last.raw[..], &last.data[..], last.ending), (tail.as_bytes(), data.as_bytes(), ending));
        assert!(last.is_unterminated());
        assert!(!events(&items)[0].is_unterminated());
    }
}

#[rstest]
#[case("")]
#[case("\n")]
#[case("\r\n\r\n")]
#[case(": comme")]
#[case("event: message\n")]
#[case("dat")]
fn an_unfinished_block_without_data_is_dropped(#[case] tail: &str) {
    let stream = format!("data: 1\n\n{tail}");
    assert_eq!(read_all([stream.as_bytes()]), [event("data: 1\n\n", "1")]);
}

/// A reader with these bounds.
fn bounded(max_event_bytes: usize, max_total_bytes: u64) -> SseReader {
    SseReader::new(SseLimits { max_event_bytes, max_total_bytes })
}

#[test]
fn an_event_may_have_as_many_bytes_as_the_bound_and_no_more() {
    let stream = b"data: 12\n\n: 4567\n\ndata: 123\n\n";
    for size in 1..=stream.len() {
        let mut reader = bounded(10, 1_000);
        let mut items = Vec::new();
        let error = stream.chunks(size).find_map(|chunk| {
            reader.push(Bytes::copy_from_slice(chunk)).unwrap();
            loop {
                match reader.next_item() {
                    Ok(Some(item)) => items.push(item),
                    Ok(None) => return None,
                    Err(error) => return Some(error),
                }
            }
        });
        assert_eq!(items, [event("data: 12\n\n", "12"), comment(": 4567\n\n")], "chunks of {size}");
        assert_eq!(error, Some(SseError::EventTooLarge { limit: 10 }));
        assert_eq!(reader.next_item(), Err(SseError::EventTooLarge { limit: 10 }));
        assert_eq!(reader.push(Bytes::from_static(b"\n\n")), Err(SseError::EventTooLarge { limit: 10 }));
        assert_eq!(reader.finish(), Err(SseError::EventTooLarge { limit: 10 }));
    }
}

#[rstest]
#[case::line(b"aaaaaaaa")]
#[case::lines(b"data: a\n")]
#[case::blank_lines(b"\n\n\n\n\n\n\n\n")]
#[case::crs(b"\r\r\r\r\r\r\r\r")]
fn an_event_that_never_ends_is_given_up_within_the_bound(#[case] chunk: &'static [u8]) {
    let mut reader = SseReader::default();
    let mut pushed = 0;
    let error = loop {
        reader.push(Bytes::from_static(chunk)).unwrap();
        pushed += chunk.len();
        match reader.next_item() {
            Ok(item) => assert_eq!(item, None),
            Err(error) => break error,
        }
    };
    assert_eq!(error, SseError::EventTooLarge { limit: 1024 * 1024 });
    assert_eq!(pushed, 1024 * 1024 + 8);
}

#[test]
fn a_stream_may_have_as_many_bytes_as_the_bound_and_no_more() {
    let mut reader = bounded(100, 18);
    reader.push(Bytes::from_static(b"data: a\n\n")).unwrap();
    reader.push(Bytes::from_static(b"data: b\n\n")).unwrap();
    let refused = reader.push(Bytes::from_static(b"\n"));
    assert_eq!(refused, Err(SseError::StreamTooLarge { limit: 18 }));
    assert_eq!(reader.next_item().unwrap(), Some(event("data: a\n\n", "a")));
    assert_eq!(reader.next_item().unwrap(), Some(event("data: b\n\n", "b")));
    assert_eq!(reader.next_item().unwrap(), None);
    assert_eq!(reader.push(Bytes::from_static(b"\n")), refused);
}

#[test]
fn bytes_that_are_not_utf8_pass_the_reader_and_are_repaired_on_demand() {
    let stream = b"data: a\xFFb\xE2\x82c\n\n";
    let items = read_all(stream.chunks(1));
    let event = events(&items)[0];
    assert_eq!(&event.data[..], b"a\xFFb\xE2\x82c");
    assert_eq!(repair_utf8(&event.data).unwrap(), "a\u{fffd}b\u{fffd}c");
    assert_eq!(repair_utf8(&event.raw).unwrap(), "data: a\u{fffd}b\u{fffd}c\n\n");
    assert_eq!(repair_utf8(b"\xFF\xFEa\xC3\xE2\x82b\xFF").unwrap(), "\u{fffd}a\u{fffd}b\u{fffd}");
    assert_eq!(repair_utf8("data: Grüße 💥\n\n".as_bytes()), None);
}
