//! Random streams, cut at random.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use switchyard_dialects::sse::{SseItem, encode_event};

use crate::sse_reader::read_all;

const PIECES: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "data:",
    "data: ",
    "event: e",
    "id: 1",
    ": c",
    ":",
    "x",
    "{\"a\":1}",
    "é",
    "💥",
    "\u{feff}",
    "[DONE]",
    " ",
];

/// A stream, and where it is cut.
fn cut_stream() -> impl Strategy<Value = (String, Vec<usize>)> {
    vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat()).prop_flat_map(|stream| {
        let length = stream.len();
        (Just(stream), vec(0..=length, 0..8))
    })
}

fn chunks(stream: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts = cuts.to_vec();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([stream.len()]);
    starts.zip(ends).map(|(start, end)| stream[start..end].to_vec()).collect()
}

/// The standard's algorithm, line by line: name and data of each event of a stream that ended whole.
fn reference(stream: &str) -> Vec<(String, String)> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut name, mut data) = (Vec::new(), String::new(), String::new());
    for line in lines.split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                events.push((name.clone(), data.clone()));
            }
            name.clear();
            data.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "event" => value.clone_into(&mut name),
            _ => {}
        }
    }
    events
}

/// Streams are short, and the ways to cut them many.
fn more_cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(1_024), ..config }
}

proptest! {
    #![proptest_config(more_cases())]

    #[test]
    fn items_do_not_depend_on_where_the_stream_was_cut((stream, cuts) in cut_stream()) {
        let whole = read_all([stream.as_bytes()]);
        let cut = chunks(stream.as_bytes(), &cuts);
        prop_assert_eq!(&read_all(cut.iter().map(Vec::as_slice)), &whole);
        prop_assert_eq!(&read_all(stream.as_bytes().chunks(1)), &whole);
    }

    #[test]
    fn the_raw_bytes_of_all_items_are_the_stream((stream, cuts) in cut_stream()) {
        let stream = format!("{stream}\n\ndata: end\n\n");
        let cut = chunks(stream.as_bytes(), &cuts);
        let items = read_all(cut.iter().map(Vec::as_slice));
        let joined: Vec<u8> = items.iter().flat_map(|item| item.raw().to_vec()).collect();
        prop_assert_eq!(joined, stream.as_bytes());
    }

    #[test]
    fn events_are_those_of_the_standard((stream, cuts) in cut_stream()) {
        let stream = format!("{stream}\n\n");
        let cut = chunks(stream.as_bytes(), &cuts);
        let items = read_all(cut.iter().map(Vec::as_slice));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let events: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                SseItem::Event(event) => Some((event.name.as_deref().map(text).unwrap_or_default(), text(&event.data))),
                SseItem::Comment(_) => None,
            })
            .collect();
        prop_assert_eq!(events, reference(&stream));
    }

    #[test]
    fn what_is_encoded_is_read_back(name in proptest::option::of("[a-z._]{1,12}"), data in any::<String>(), size in 1_usize..9) {
        let encoded = encode_event(name.as_deref(), data.as_bytes());
        let items = read_all(encoded.chunks(size));
        let [SseItem::Event(event)] = &items[..] else { panic!("{items:?}") };
        let expected = data.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(&event.data[..], expected.as_bytes());
        prop_assert_eq!(event.name.as_deref(), name.as_deref().map(str::as_bytes));
        prop_assert_eq!(&event.raw, &encoded);
        prop_assert!(!event.is_unterminated());
    }
}
