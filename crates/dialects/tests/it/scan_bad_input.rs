//! Bodies that must be refused, and as what.

use bytes::Bytes;
use rstest::rstest;
use switchyard_dialects::scan::ScanErrorKind::{self, *};
use switchyard_dialects::scan::{Document, ScanClass, ScanError, ScanLimits};

fn scan(body: impl AsRef<[u8]>) -> Result<Document, ScanError> {
    Document::scan(Bytes::copy_from_slice(body.as_ref()), ScanLimits::default())
}

fn refusal(body: impl AsRef<[u8]>) -> ScanError {
    scan(body).unwrap_err()
}

/// A body with `value` as the value of a member.
fn with(value: &str) -> String {
    format!(r#"{{"model":"m","x":{value}}}"#)
}

/// A body with these bytes within a string.
fn with_bytes(bytes: &[u8]) -> Vec<u8> {
    [br#"{"model":"m","x":"ab"#, bytes, br#"cd"}"#].concat()
}

const BODY: &str = r#" {"model":"gpt-4o","stream":true,"n":null,"temperature":-0.25e+1,"seed":10,
  "messages":[{"role":"user","content":"Grüße \ud83d\ude00 \"\\\/\b\f\n\r\t\u00e9 💥"},{"role":"tool","content":[]}],
  "metadata":{},"stop":[ "a" , "b" ],"\u0075ser":"x","logprobs":false}"#;

#[rstest]
#[case::empty("", UnexpectedEnd)]
#[case::white_space(" \r\n\t", UnexpectedEnd)]
#[case::trailing_letter(r#"{"model":"m"}x"#, TrailingData)]
#[case::trailing_bracket(r#"{"model":"m"}}"#, TrailingData)]
#[case::trailing_nul("{\"model\":\"m\"}\0", TrailingData)]
#[case::two_objects(r#"{"model":"m"}{"model":"m"}"#, TrailingData)]
#[case::two_objects_on_two_lines("{\"model\":\"m\"}\n{\"model\":\"m\"}", TrailingData)]
#[case::trailing_data_after_another_root("[]x", TrailingData)]
#[case::line_comment("{//c\n\"model\":\"m\"}", UnexpectedCharacter)]
#[case::block_comment(r#"{"model":/*c*/"m"}"#, UnexpectedCharacter)]
#[case::hash_comment("#c\n{}", UnexpectedCharacter)]
#[case::single_quotes("{'model':'m'}", UnexpectedCharacter)]
#[case::name_without_quotes("{model:1}", UnexpectedCharacter)]
#[case::number_as_name("{1:1}", UnexpectedCharacter)]
#[case::trailing_comma_in_object(r#"{"model":"m",}"#, UnexpectedCharacter)]
#[case::trailing_comma_in_array(r#"{"stop":["a",]}"#, UnexpectedCharacter)]
#[case::leading_comma(r#"{,"model":"m"}"#, UnexpectedCharacter)]
#[case::double_comma(r#"{"stop":[1,,2]}"#, UnexpectedCharacter)]
#[case::missing_comma(r#"{"stop":["a" "b"]}"#, UnexpectedCharacter)]
#[case::missing_comma_between_members(r#"{"a":1 "b":2}"#, UnexpectedCharacter)]
#[case::missing_colon(r#"{"a" 1}"#, UnexpectedCharacter)]
#[case::missing_value(r#"{"a":}"#, UnexpectedCharacter)]
#[case::comma_for_colon(r#"{"a",1}"#, UnexpectedCharacter)]
#[case::colon_in_array(r#"{"a":[1:2]}"#, UnexpectedCharacter)]
#[case::wrong_bracket(r#"{"a":[1}]"#, UnexpectedCharacter)]
#[case::object_closed_as_array(r#"{"a":1]"#, UnexpectedCharacter)]
#[case::upper_case_literal(r#"{"a":True}"#, UnexpectedCharacter)]
#[case::misspelled_literal(r#"{"a":nulL}"#, UnexpectedCharacter)]
#[case::longer_literal(r#"{"a":truex}"#, UnexpectedCharacter)]
#[case::undefined(r#"{"a":undefined}"#, UnexpectedCharacter)]
#[case::form_feed_as_space("{\u{c}}", UnexpectedCharacter)]
#[case::no_break_space("{\u{a0}}", UnexpectedCharacter)]
#[case::unfinished_array_as_root("[1,", UnexpectedEnd)]
#[case::bom("\u{feff}{\"model\":\"m\"}", ByteOrderMark)]
#[case::bom_within("{\"model\":\u{feff}\"m\"}", UnexpectedCharacter)]
fn text_that_is_not_json_is_invalid_json(#[case] body: &str, #[case] kind: ScanErrorKind) {
    let error = refusal(body);
    assert_eq!((error.kind, error.class()), (kind, ScanClass::InvalidJson));
    assert!(error.offset <= body.len());
}

#[rstest]
#[case("null")]
#[case("[]")]
#[case("[{\"model\":\"m\"}]")]
#[case("\"x\"")]
#[case("42")]
#[case("-1.5e3")]
#[case("true")]
#[case(" false ")]
fn a_root_other_than_an_object_is_an_invalid_request(#[case] body: &str) {
    let error = refusal(body);
    assert_eq!((error.kind, error.class()), (RootNotObject, ScanClass::InvalidRequest));
}

#[test]
fn a_body_cut_at_any_byte_is_invalid_json() {
    assert!(scan(BODY).is_ok());
    for cut in 0..BODY.len() {
        let error = refusal(&BODY.as_bytes()[..cut]);
        assert!(matches!(error.kind, UnexpectedEnd | InvalidUtf8), "{cut} bytes: {error}");
        assert_eq!(error.class(), ScanClass::InvalidJson);
        assert!(error.offset <= cut);
    }
}

#[rstest]
fn numbers_of_other_languages_are_invalid_json(
    #[values(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "inf",
        "012",
        "-012",
        "00",
        "0x10",
        "0b1",
        "0o7",
        "+1",
        ".5",
        "-.5",
        "1.",
        "1.e5",
        "1e",
        "1e+",
        "1E-",
        "-",
        "--1",
        "1_000",
        "1e5.5",
        "1.2.3",
        "1f",
        "0.5d",
        "\u{661}"
    )]
    number: &str,
) {
    for body in [with(number), with(&format!("[{number}]")), with(&format!("[1,{number} ]"))] {
        assert_eq!(refusal(&body).class(), ScanClass::InvalidJson, "{body}");
    }
}

#[rstest]
fn numbers_that_no_double_holds_are_an_invalid_request(
    #[values("1e999", "-1e999", "1E400", "9e308", "0.1e310")] number: &str,
) {
    let error = refusal(with(number));
    assert_eq!((error.kind, error.class(), error.offset), (NumberOutOfRange, ScanClass::InvalidRequest, 17));
}

#[test]
fn a_number_of_many_digits_is_judged_by_its_value() {
    let digits = "9".repeat(400);
    assert_eq!(refusal(with(&digits)).kind, NumberOutOfRange);
    assert_eq!(refusal(with(&format!("-{digits}.5"))).kind, NumberOutOfRange);
    assert_eq!(refusal(with(&"9".repeat(309))).kind, NumberOutOfRange);
    for accepted in
        [format!("0.{digits}"), "1".repeat(308), "1".repeat(309), format!("{digits}e-400"), "1e-999".into()]
    {
        assert!(scan(with(&accepted)).is_ok(), "{accepted}");
    }
}

#[test]
fn other_encodings_are_invalid_json() {
    let utf16 = |unit: fn(u16) -> [u8; 2]| BODY.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let utf32 = |unit: fn(u32) -> [u8; 4]| BODY.chars().flat_map(|c| unit(c as u32)).collect::<Vec<u8>>();
    let bodies =
        [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), utf32(u32::to_le_bytes), utf32(u32::to_be_bytes)];
    let marks: [&[u8]; 4] = [&[0xFF, 0xFE], &[0xFE, 0xFF], &[0xFF, 0xFE, 0, 0], &[0, 0, 0xFE, 0xFF]];
    for (body, mark) in bodies.iter().zip(marks) {
        assert_eq!(refusal(body).class(), ScanClass::InvalidJson);
        assert_eq!(refusal([mark, body].concat()).class(), ScanClass::InvalidJson);
    }
}

#[rstest]
#[case::bad_continuation(&[0xC3, 0x28])]
#[case::overlong_slash(&[0xC0, 0xAF])]
#[case::surrogate(&[0xED, 0xA0, 0x80])]
#[case::beyond_unicode(&[0xF5, 0x80, 0x80, 0x80])]
#[case::beyond_unicode_by_one(&[0xF4, 0x90, 0x80, 0x80])]
#[case::no_utf8_byte(&[0xFF])]
#[case::lone_continuation(&[0x80])]
#[case::latin1(&[0xE9])]
fn bytes_that_are_not_utf8_are_invalid_json(#[case] bytes: &[u8]) {
    let error = refusal(with_bytes(bytes));
    assert_eq!((error.kind, error.class(), error.offset), (InvalidUtf8, ScanClass::InvalidJson, 20));
    let in_name = [br#"{"ab"#, bytes, br#"cd":1}"#].concat();
    assert_eq!(refusal(in_name).kind, InvalidUtf8);
    let outside = [br#"{"a":1}"#, bytes].concat();
    assert_eq!(refusal(outside).kind, InvalidUtf8);
}

#[rstest]
#[case(r"\ud800", LoneSurrogate)]
#[case(r"\udc00", LoneSurrogate)]
#[case(r"\udc00\ud800", LoneSurrogate)]
#[case(r"\ud800\ud800", LoneSurrogate)]
#[case(r"\ud800\u0041", LoneSurrogate)]
#[case(r"\ud800\n", LoneSurrogate)]
#[case(r"\ud800x\udc00", LoneSurrogate)]
#[case(r"\uDBFF\uE000", LoneSurrogate)]
#[case(r"\uD800\uE000", LoneSurrogate)]
#[case(r"\x41", InvalidEscape)]
#[case(r"\'", InvalidEscape)]
#[case(r"\0", InvalidEscape)]
#[case(r"\U0041", InvalidEscape)]
#[case(r"\u00g0", InvalidEscape)]
#[case(r"\u+041", InvalidEscape)]
#[case(r"\u{41}", InvalidEscape)]
#[case(r"\ud800\uzzzz", InvalidEscape)]
#[case("\\\n", InvalidEscape)]
fn escapes_that_stand_for_no_character_are_invalid_json(#[case] escape: &str, #[case] kind: ScanErrorKind) {
    for body in [with(&format!("\"ab{escape}cd\"")), format!("{{\"ab{escape}cd\":1}}")] {
        let error = refusal(&body);
        assert_eq!((error.kind, error.class()), (kind, ScanClass::InvalidJson), "{body}");
    }
}

#[test]
fn every_raw_control_character_in_a_string_is_invalid_json() {
    for byte in 0..0x20 {
        let error = refusal(with_bytes(&[byte]));
        assert_eq!((error.kind, error.class(), error.offset), (ControlCharacter, ScanClass::InvalidJson, 20));
    }
    assert!(scan(with_bytes(&[0x7F])).is_ok(), "DEL is not one of them");
}

#[rstest]
#[case::plain(r#"{"model":"a","model":"b"}"#, 13)]
#[case::equal_values(r#"{"model":"a","model":"a"}"#, 13)]
#[case::second_by_escape(r#"{"model":"a","mod\u0065l":"b"}"#, 13)]
#[case::first_by_escape(r#"{"mod\u0065l":"a","model":"b"}"#, 18)]
#[case::both_by_different_escapes(r#"{"\u006dodel":"a","mode\u006C":"b"}"#, 18)]
#[case::pair_and_character(r#"{"💥":1,"\ud83d\udca5":2}"#, 10)]
#[case::solidus(r#"{"a/b":1,"a\/b":2}"#, 9)]
#[case::messages(r#"{"model":"m","messages":[],"messages":[]}"#, 27)]
#[case::empty_names(r#"{"":1,"":2}"#, 6)]
#[case::third(r#"{"a":1,"b":{"a":1,"b":2},"c":[{"a":1}],"b":3}"#, 39)]
#[case::in_a_tool_schema(r#"{"tools":[{"function":{"parameters":{"type":"object","type":"array"}}}]}"#, 53)]
#[case::in_the_deepest(r#"{"a":[[[{"b":{"x":1,"\u0078":2}}]]]}"#, 20)]
fn two_members_of_one_name_are_an_invalid_request_at_any_level(#[case] body: &str, #[case] offset: usize) {
    let error = refusal(body);
    assert_eq!(
        (error.kind, error.class(), error.offset),
        (DuplicateMember, ScanClass::InvalidRequest, offset)
    );
}

#[rstest]
#[case::case(r#"{"model":1,"Model":2}"#)]
#[case::composed_and_decomposed("{\"é\":1,\"e\u{301}\":2}")]
#[case::escaped_backslash(r#"{"mod\\u0065l":1,"model":2}"#)]
#[case::in_different_objects(r#"{"a":{"a":[{"a":1},{"a":1}]}}"#)]
#[case::prefix(r#"{"":1,"a":2,"aa":3}"#)]
fn names_that_differ_are_no_duplicates(#[case] body: &str) {
    assert!(scan(body).is_ok());
}

#[test]
fn a_duplicate_is_found_among_any_number_of_members() {
    for count in (1..70).chain([1_000, 9_999]) {
        let mut members: Vec<String> = (0..count).map(|index| format!("\"name{index}\":{index}")).collect();
        assert!(scan(format!("{{{}}}", members.join(","))).is_ok());
        let (last, place) = (count - 1, count / 2);
        members.insert(place, format!("\"n\\u0061me{last}\":0"));
        let body = format!("{{{}}}", members.join(","));
        let error = refusal(&body);
        assert_eq!(error.kind, DuplicateMember, "{count} members");
        assert_eq!(error.offset, body.rfind("\"na").unwrap(), "the later one is named");
    }
}

#[test]
fn depth_128_is_the_last_accepted() {
    // The object is the first level.
    let arrays = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(scan(arrays(128)).is_ok());
    assert!(scan(objects(128)).is_ok());
    for depth in [129, 10_000, 1_000_000] {
        for body in [arrays(depth), objects(depth)] {
            let error = refusal(body);
            assert_eq!((error.kind, error.class()), (TooDeep, ScanClass::InvalidRequest), "depth {depth}");
        }
    }
}

#[test]
fn a_mebibyte_of_opening_brackets_is_refused_at_the_first_one_too_many() {
    let error = refusal("[".repeat(1024 * 1024));
    assert_eq!((error.kind, error.offset), (TooDeep, 128));
}

#[test]
fn the_depth_of_closed_containers_does_not_count() {
    assert!(scan(with(&format!("[{}1]", "[[]],".repeat(10_000)))).is_ok());
}

#[test]
fn an_object_of_very_many_members_is_refused() {
    let metadata = (0..200_000).map(|index| format!("\"k{index}\":1")).collect::<Vec<_>>().join(",");
    let error = refusal(with(&format!("{{{metadata}}}")));
    assert_eq!((error.kind, error.class()), (TooManyMembers, ScanClass::InvalidRequest));
    let limits = ScanLimits { max_members: 200_000, ..ScanLimits::default() };
    let body = Bytes::from(with(&format!("{{{metadata}}}")));
    assert!(Document::scan(body, limits).is_ok(), "the bound is what refuses it");
    let limits = ScanLimits { max_members: 2, ..limits };
    assert!(Document::scan(Bytes::from_static(br#"{"a":{"b":1,"c":2},"d":{}}"#), limits).is_ok());
    let error = Document::scan(Bytes::from_static(br#"{"a":{"b":1,"c":2,"d":3}}"#), limits).unwrap_err();
    assert_eq!((error.kind, error.offset), (TooManyMembers, 18));
}

#[test]
fn a_body_of_very_many_values_is_refused() {
    let error = refusal(with(&format!("[{}0]", "0,".repeat(600_000))));
    assert_eq!((error.kind, error.class()), (TooManyValues, ScanClass::InvalidRequest));
    let limits = ScanLimits { max_values: 5, ..ScanLimits::default() };
    assert!(Document::scan(Bytes::from_static(br#"{"a":[1,2]}"#), limits).is_ok());
    let error = Document::scan(Bytes::from_static(br#"{"a":[1,2,3]}"#), limits).unwrap_err();
    assert_eq!((error.kind, error.offset), (TooManyValues, 10));
}

#[test]
fn an_error_names_its_reason_and_place_and_nothing_of_the_body() {
    assert_eq!(refusal(r#"{"secret":1,"secret":2}"#).to_string(), "duplicate member name at byte 12");
    assert_eq!(refusal("").to_string(), "unexpected end of the JSON text at byte 0");
}
