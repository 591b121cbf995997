//! Forms with files, however they are cut.

use proptest::prelude::*;
use switchyard_dialects::multipart::{FormFault, FormScanner, Part};
use switchyard_dialects::openai_operations::TranscriptionForm;

const BOUNDARY: &str = "b0undary";

fn scanned(pieces: &[&[u8]]) -> Result<Vec<Part>, FormFault> {
    let mut scanner = FormScanner::new(BOUNDARY, &["file", "model"]);
    for piece in pieces {
        scanner.push(piece)?;
    }
    scanner.finish()
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (disposition, value) in parts {
        let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {disposition}\r\n\r\n");
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    bytes
}

#[test]
fn parts_stand_where_they_stand_wherever_a_form_is_cut() {
    let sound: &[u8] = b"\x00\xff\r\n--b0undar\r\n--\r\n\r\n\r\n--";
    let bytes = form(&[
        ("name=\"file\"; filename=\"a\"", sound),
        ("name=\"model\"", b"whisper-1"),
        ("name=\"x\"", b""),
    ]);
    let whole = scanned(&[&bytes]).unwrap();
    let place = |part: &Part| {
        &bytes[usize::try_from(part.place.start).unwrap()..usize::try_from(part.place.end).unwrap()]
    };
    assert_eq!(whole.iter().map(place).collect::<Vec<_>>(), [sound, b"whisper-1", b""]);
    let values: Vec<_> =
        whole.iter().map(|part| (part.name.as_str(), part.is_file, part.value.as_deref())).collect();
    assert_eq!(values, [("file", true, None), ("model", false, Some("whisper-1")), ("x", false, None)]);
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(scanned(&[head, tail]).as_ref(), Ok(&whole), "{at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(scanned(&single), Ok(whole));
}

#[test]
fn a_form_that_ends_anywhere_before_its_end_is_none() {
    let bytes = form(&[("name=\"model\"", b"m"), ("name=\"file\"; filename=\"a\"", b"RIFF")]);
    for end in 0..bytes.len() - 2 {
        assert!(scanned(&[&bytes[..end]]).is_err(), "{end}");
    }
    assert!(scanned(&[&bytes[..bytes.len() - 2]]).is_ok(), "its last line break may be missing");
    assert!(scanned(&[&bytes, b"x"]).is_err());
}

#[test]
fn what_is_held_of_a_form_is_bounded() {
    let endless = vec![b'x'; 9 * 1024];
    let head = format!("--{BOUNDARY}\r\n");
    assert_eq!(scanned(&[head.as_bytes(), &endless]), Err(FormFault::LongHeaders(8 * 1024)));
    let long = form(&[("name=\"model\"", &endless)]);
    assert!(matches!(scanned(&[&long]), Err(FormFault::LongValue { name, .. }) if name == "model"));
    let many = vec![("name=\"x\"", b"".as_slice()); 65];
    assert_eq!(scanned(&[&form(&many)]), Err(FormFault::TooManyParts(64)));
    let twice = form(&[("name=\"model\"", b"a"), ("name=\"model\"", b"b")]);
    assert_eq!(scanned(&[&twice]), Err(FormFault::Repeated("model".to_owned())));
    for other in ["Model", "MODEL", "FILE"] {
        let respelled = form(&[("name=\"model\"", b"a"), (&format!("name=\"{other}\""), b"b")]);
        assert_eq!(scanned(&[&respelled]), Err(FormFault::Respelled(other.to_owned())));
    }
    let no_text = form(&[("name=\"model\"", b"\xff")]);
    assert_eq!(scanned(&[&no_text]), Err(FormFault::NotText("model".to_owned())));
}

#[test]
fn the_facts_of_a_form_are_those_of_its_parts() {
    let mut judged = TranscriptionForm::new(BOUNDARY);
    let bytes = form(&[
        ("name=\"stream\"", b"true"),
        ("name=\"file\"; filename=\"a.wav\"", b"RIFF"),
        ("name=\"model\"", b"my/whisper"),
    ]);
    judged.push(&bytes).unwrap();
    let checked = judged.finish().unwrap();
    assert_eq!((checked.facts.model.as_str(), checked.facts.stream), ("my/whisper", true));
    let (start, end) =
        (usize::try_from(checked.model.start).unwrap(), usize::try_from(checked.model.end).unwrap());
    assert_eq!(&bytes[start..end], b"my/whisper");
}

proptest! {
    /// Whatever a part holds, it comes out as it is, or the form is refused; nothing is ever read into another part.
    #[test]
    fn any_bytes_stay_within_their_part(value in proptest::collection::vec(any::<u8>(), 0..200), cut in 1_usize..50) {
        let bytes = form(&[("name=\"a\"", &value), ("name=\"model\"", b"m")]);
        let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
        let parts = scanned(&pieces).unwrap();
        let place = &parts[0].place;
        let found = &bytes[usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap()];
        prop_assert_eq!(found, &value[..]);
        prop_assert_eq!(parts[1].value.as_deref(), Some("m"));
    }

    /// No bytes whatever bring the scanner down.
    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(scanned(&[&noise]).is_err());
    }
}
