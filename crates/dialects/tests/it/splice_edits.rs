//! Each edit, on bodies of each shape.

use bytes::Bytes;
use rstest::rstest;
use switchyard_dialects::scan::{Document, ScanLimits};
use switchyard_dialects::splice::Edit::{Remove, Rename, Set, SetIn};
use switchyard_dialects::splice::{Edit, SpliceError, find, splice};
use switchyard_domain::wire::ValueKind;

fn scan(body: &str) -> Document {
    Document::scan(Bytes::copy_from_slice(body.as_bytes()), ScanLimits::default()).unwrap()
}

fn spliced(body: &str, edits: &[Edit<'_>]) -> Result<Bytes, SpliceError> {
    let document = scan(body);
    splice(document.body(), &document.wire_members(), edits)
}

/// The edited body, which has passed the scan again.
fn edited(body: &str, edits: &[Edit<'_>]) -> String {
    let new = spliced(body, edits).unwrap();
    Document::scan(new.clone(), ScanLimits::default()).unwrap();
    String::from_utf8(new.to_vec()).unwrap()
}

fn refusal(body: &str, edits: &[Edit<'_>]) -> SpliceError {
    spliced(body, edits).unwrap_err()
}

const MODEL: Edit<'static> = Set { name: "model", value: br#""gpt-4o""# };
const USAGE: Edit<'static> = SetIn { object: "stream_options", name: "include_usage", value: b"true" };

#[rstest]
#[case::only(r#"{"model":"a"}"#, r#"{"model":"gpt-4o"}"#)]
#[case::first(r#"{"model":"a","n":1}"#, r#"{"model":"gpt-4o","n":1}"#)]
#[case::last(r#"{"n":1.0,"model":null}"#, r#"{"n":1.0,"model":"gpt-4o"}"#)]
#[case::any_kind(r#"{"model":{"a":[1]},"n":1}"#, r#"{"model":"gpt-4o","n":1}"#)]
#[case::spaces(" {\n \"model\" : \"a\" ,\n\"n\":1e0}\n", " {\n \"model\" : \"gpt-4o\" ,\n\"n\":1e0}\n")]
#[case::escaped_name(r#"{"mod\u0065l":"a"}"#, r#"{"mod\u0065l":"gpt-4o"}"#)]
#[case::only_the_top_level(r#"{"x":{"model":"a"},"model":"b"}"#, r#"{"x":{"model":"a"},"model":"gpt-4o"}"#)]
#[case::absent(r#"{"n":1}"#, r#"{"n":1,"model":"gpt-4o"}"#)]
#[case::absent_with_spaces("{ \"n\" : 1 \n}", "{ \"n\" : 1,\"model\":\"gpt-4o\" \n}")]
#[case::absent_in_empty("{}", r#"{"model":"gpt-4o"}"#)]
#[case::absent_in_empty_with_spaces(" { } ", " {\"model\":\"gpt-4o\" } ")]
fn a_member_is_set(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(edited(body, &[MODEL]), expected);
}

#[rstest]
#[case::only(r#"{"a":1}"#, "{}")]
#[case::only_with_spaces("{ \"a\" : 1 }", "{  }")]
#[case::first("{ \"a\":1 , \"b\":2 }", "{ \"b\":2 }")]
#[case::middle("{\"b\":2 , \"a\":1 ,\"c\":3}", "{\"b\":2 ,\"c\":3}")]
#[case::last("{\"b\":2 , \"a\":[{}]\n}", "{\"b\":2\n}")]
#[case::absent(r#"{"b":2}"#, r#"{"b":2}"#)]
#[case::nested_only(r#"{"b":{"a":1}}"#, r#"{"b":{"a":1}}"#)]
fn a_member_is_removed_with_its_comma(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(edited(body, &[Remove { name: "a" }]), expected);
}

#[rstest]
#[case::all(&["a", "b", "c", "d"], "{ }")]
#[case::first_two(&["a", "b"], r#"{ "c":3,"d":4 }"#)]
#[case::last_two(&["d", "c"], r#"{ "a":1 ,"b":2 }"#)]
#[case::inner_two(&["b", "c"], r#"{ "a":1,"d":4 }"#)]
#[case::outer_two(&["a", "d"], r#"{ "b":2 , "c":3 }"#)]
#[case::alternating(&["a", "c"], r#"{ "b":2,"d":4 }"#)]
fn several_members_are_removed_together(#[case] names: &[&str], #[case] expected: &str) {
    let edits: Vec<_> = names.iter().map(|name| Remove { name }).collect();
    let result = edited(r#"{ "a":1 ,"b":2 , "c":3,"d":4 }"#, &edits);
    assert_eq!(
        result.split_whitespace().collect::<String>(),
        expected.split_whitespace().collect::<String>()
    );
}

#[test]
fn a_member_can_take_the_place_of_all_that_were_removed() {
    assert_eq!(
        edited(r#"{"a":1,"b":2}"#, &[Remove { name: "a" }, Remove { name: "b" }, MODEL]),
        r#"{"model":"gpt-4o"}"#
    );
    assert_eq!(edited(r#"{"a":1,"b":2}"#, &[Remove { name: "b" }, MODEL]), r#"{"a":1,"model":"gpt-4o"}"#);
}

#[rstest]
#[case::present(r#"{"max_tokens" : 5,"n":1}"#, r#"{"max_completion_tokens" : 5,"n":1}"#)]
#[case::escaped(r#"{"max\u005ftokens":5}"#, r#"{"max_completion_tokens":5}"#)]
#[case::absent(r#"{"n":1}"#, r#"{"n":1}"#)]
fn a_member_is_renamed_in_its_place(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(edited(body, &[Rename { from: "max_tokens", to: "max_completion_tokens" }]), expected);
}

#[test]
fn a_member_is_renamed_and_set_at_once_even_if_absent() {
    let edits = [Rename { from: "a", to: "b" }, Set { name: "a", value: b"7" }];
    assert_eq!(edited(r#"{"a":1,"c":2}"#, &edits), r#"{"b":7,"c":2}"#);
    assert_eq!(edited(r#"{"c":2}"#, &edits), r#"{"c":2,"b":7}"#);
    assert_eq!(
        refusal(r#"{"b":2}"#, &edits),
        SpliceError::Occupied { from: "a".into(), to: "b".into() },
        "the added member would be the second of its name"
    );
}

#[test]
fn names_may_be_swapped_or_given_on() {
    let swap = [Rename { from: "a", to: "b" }, Rename { from: "b", to: "a" }];
    assert_eq!(edited(r#"{"a":1,"b":2}"#, &swap), r#"{"b":1,"a":2}"#);
    let replace = [Remove { name: "b" }, Rename { from: "a", to: "b" }];
    assert_eq!(edited(r#"{"a":1,"b":2}"#, &replace), r#"{"b":1}"#);
}

#[rstest]
#[case::absent(r#"{"n":1}"#, r#"{"n":1,"stream_options":{"include_usage":true}}"#)]
#[case::absent_in_empty("{}", r#"{"stream_options":{"include_usage":true}}"#)]
#[case::null(r#"{"stream_options": null ,"n":1}"#, r#"{"stream_options": {"include_usage":true} ,"n":1}"#)]
#[case::empty(r#"{"stream_options":{ }}"#, r#"{"stream_options":{"include_usage":true }}"#)]
#[case::is_false(
    r#"{"stream_options":{"include_usage": false }}"#,
    r#"{"stream_options":{"include_usage": true }}"#
)]
#[case::another(
    r#"{"stream_options":{"x":1 },"n":1}"#,
    r#"{"stream_options":{"x":1,"include_usage":true },"n":1}"#
)]
#[case::among_others(
    r#"{"stream_options":{"a":{"include_usage":0},"include\u005fusage":null,"b":[]}}"#,
    r#"{"stream_options":{"a":{"include_usage":0},"include\u005fusage":true,"b":[]}}"#
)]
#[case::escaped_name(r#"{"stream\u005foptions":{}}"#, r#"{"stream\u005foptions":{"include_usage":true}}"#)]
fn a_member_inside_an_object_is_set(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(edited(body, &[USAGE]), expected);
}

#[test]
fn several_members_inside_one_object_are_set() {
    let edits = [USAGE, MODEL, SetIn { object: "stream_options", name: "x", value: b"[1]" }];
    assert_eq!(edited("{}", &edits), r#"{"stream_options":{"include_usage":true,"x":[1]},"model":"gpt-4o"}"#);
    assert_eq!(
        edited(r#"{"stream_options":null,"model":1}"#, &edits),
        r#"{"stream_options":{"include_usage":true,"x":[1]},"model":"gpt-4o"}"#
    );
    assert_eq!(
        edited(r#"{"model":1,"stream_options":{"x":2}}"#, &edits),
        r#"{"model":"gpt-4o","stream_options":{"x":[1],"include_usage":true}}"#
    );
}

#[test]
fn edits_of_different_members_go_together_in_any_order() {
    let body = r#"{"max_tokens":5,"user":"u", "model":"a","messages":[1 , 2],"stream":true}"#;
    let mut edits = vec![
        MODEL,
        USAGE,
        Remove { name: "user" },
        Rename { from: "max_tokens", to: "max_completion_tokens" },
    ];
    let expected = r#"{"max_completion_tokens":5, "model":"gpt-4o","messages":[1 , 2],"stream":true,"stream_options":{"include_usage":true}}"#;
    for _ in 0..edits.len() {
        assert_eq!(edited(body, &edits), expected);
        edits.rotate_left(1);
    }
}

#[test]
fn without_edits_the_body_is_shared() {
    let document = scan(r#"{"a":1}"#);
    let same = splice(document.body(), &document.wire_members(), &[]).unwrap();
    assert_eq!(same.as_ptr(), document.body().as_ptr());
}

#[rstest]
#[case(r#""x""#)]
#[case("[]")]
#[case("true")]
#[case("1")]
fn a_value_that_is_no_object_cannot_be_edited_inside(#[case] value: &str) {
    let body = format!(r#"{{"stream_options":{value}}}"#);
    assert_eq!(refusal(&body, &[USAGE]), SpliceError::NotAnObject { name: "stream_options".into() });
}

#[test]
fn a_name_that_is_taken_is_not_given_again() {
    let edits = [Rename { from: "a", to: "b" }];
    assert_eq!(
        refusal(r#"{"a":1,"\u0062":2}"#, &edits),
        SpliceError::Occupied { from: "a".into(), to: "b".into() }
    );
    assert_eq!(edited(r#"{"b":2}"#, &edits), r#"{"b":2}"#);
}

#[rstest]
#[case(MODEL, MODEL)]
#[case(MODEL, Remove { name: "model" })]
#[case(MODEL, SetIn { object: "model", name: "x", value: b"1" })]
#[case(MODEL, Rename { from: "other", to: "model" })]
#[case(SetIn { object: "b", name: "x", value: b"1" }, Rename { from: "a", to: "b" })]
#[case(USAGE, USAGE)]
#[case(USAGE, Remove { name: "stream_options" })]
#[case(Remove { name: "a" }, Remove { name: "a" })]
#[case(Remove { name: "a" }, Rename { from: "a", to: "b" })]
#[case(Rename { from: "a", to: "b" }, Rename { from: "a", to: "c" })]
#[case(Rename { from: "a", to: "c" }, Rename { from: "b", to: "c" })]
fn edits_that_contradict_each_other_are_refused_whatever_the_body(
    #[case] one: Edit<'_>,
    #[case] other: Edit<'_>,
) {
    for edits in [[one, other], [other, one]] {
        assert!(matches!(refusal("{}", &edits), SpliceError::Conflict { .. }));
    }
}

#[rstest]
#[case(Set { name: "a\"b", value: b"1" })]
#[case(SetIn { object: "a", name: "\n", value: b"1" })]
#[case(SetIn { object: "\\", name: "a", value: b"1" })]
#[case(Rename { from: "a", to: "\u{1}" })]
fn a_name_that_needs_escapes_is_refused(#[case] edit: Edit<'_>) {
    assert!(matches!(refusal("{}", &[edit]), SpliceError::NotPlain { .. }));
}

#[test]
fn members_of_another_body_are_refused() {
    let document = scan(r#"{"model":"a","messages":[]}"#);
    let (body, members) = (document.body(), document.wire_members());
    let shorter = body.slice(..body.len() - 1);
    assert_eq!(splice(&shorter, &members, &[MODEL]), Err(SpliceError::Misplaced));
    let mut swapped = members;
    swapped.reverse();
    assert_eq!(splice(body, &swapped, &[MODEL]), Err(SpliceError::Misplaced));
}

#[test]
fn a_member_is_found_however_its_name_is_spelled() {
    let document = scan(r#"{"a":[1],"\u0062":"x","c":null}"#);
    let (body, members) = (document.body(), document.wire_members());
    let found = |name| find(body, &members, name).map(|member| (member.kind, member.value.of(body)));
    assert_eq!(found("a"), Some((ValueKind::Array, b"[1]".as_slice())));
    assert_eq!(found("b"), Some((ValueKind::String, br#""x""#.as_slice())));
    assert_eq!(found("c"), Some((ValueKind::Null, b"null".as_slice())));
    assert_eq!(found("\\u0062"), None);
}
