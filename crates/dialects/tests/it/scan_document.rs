//! What a dialect can read from a scanned body.

use std::borrow::Cow;

use bytes::Bytes;
use switchyard_dialects::scan::{Document, Kind, Member, ScanLimits};

fn scan(body: &'static str) -> Document {
    Document::scan(Bytes::from_static(body.as_bytes()), ScanLimits::default()).unwrap()
}

#[test]
fn the_members_of_the_top_level_are_given_in_order_with_their_spans() {
    let body =
        r#" { "model" : "gpt" , "n":[1, 2],"\u0075ser":{"a":{}} ,"x":null, "t": true,"f":false,"d":-1.5e3} "#;
    let document = scan(body);
    let members: Vec<(String, &str, Kind, &str)> = document
        .members()
        .map(|member| {
            let value = member.value();
            (member.name().into_owned(), &body[member.name_span()], value.kind(), &body[value.span()])
        })
        .collect();
    let expected = [
        ("model", "\"model\"", Kind::String, "\"gpt\""),
        ("n", "\"n\"", Kind::Array, "[1, 2]"),
        ("user", "\"\\u0075ser\"", Kind::Object, "{\"a\":{}}"),
        ("x", "\"x\"", Kind::Null, "null"),
        ("t", "\"t\"", Kind::True, "true"),
        ("f", "\"f\"", Kind::False, "false"),
        ("d", "\"d\"", Kind::Number, "-1.5e3"),
    ];
    assert_eq!(members.len(), expected.len());
    for ((name, name_span, kind, span), expected) in members.iter().zip(expected) {
        assert_eq!((name.as_str(), *name_span, *kind, *span), expected);
    }
}

#[test]
fn the_facts_of_a_chat_body_can_be_walked() {
    let document = scan(
        r#"{"model":"m","messages":[
            {"role":"system","content":"be brief"},
            {"content":[{"type":"text","text":"hé\u00e9"},{"type":"image_url","image_url":{"url":"data:,"}}],"role":"user"},
            {"role":"tool","tool_call_id":"c1","content":""},
            {}
        ]}"#,
    );
    let messages: Vec<_> = document.get("messages").unwrap().elements().collect();
    let roles: Vec<_> =
        messages.iter().map(|message| message.get("role").and_then(|role| role.text())).collect();
    assert_eq!(roles, [Some("system".into()), Some("user".into()), Some("tool".into()), None]);
    let contents: Vec<_> =
        messages.iter().map(|message| message.get("content").map(|node| node.kind())).collect();
    assert_eq!(contents, [Some(Kind::String), Some(Kind::Array), Some(Kind::String), None]);
    let parts: Vec<_> = messages[1].get("content").unwrap().elements().collect();
    assert!(parts[0].get("type").unwrap().is_text("text"));
    assert_eq!(parts[0].get("text").unwrap().text_len(), Some(5));
    assert!(parts[1].get("image_url").unwrap().get("url").unwrap().is_text("data:,"));
    assert_eq!(parts.len(), 2);
    assert!(messages[2].get("tool_call_id").is_some());
    assert!(messages[0].get("tool_call_id").is_none());
    assert_eq!(messages[0].total_text_len(), "system".len() + "be brief".len());
    assert_eq!(
        messages[1].get("content").unwrap().total_text_len(),
        "text".len() + 5 + "image_url".len() + "data:,".len()
    );
    assert_eq!(messages[3].total_text_len(), 0);
}

#[test]
fn escapes_are_decoded_and_only_they_cost_a_copy() {
    let document =
        scan(r#"{"a":"\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00x","b":"plain 💥","c":"","\u0064":"\u0041"}"#);
    let text = |name: &str| document.get(name).unwrap().text().unwrap();
    assert_eq!(text("a"), "\"\\/\u{8}\u{c}\n\r\t\0é😀x");
    assert_eq!(document.get("a").unwrap().text_len(), Some(text("a").len()));
    assert!(matches!(text("b"), Cow::Borrowed("plain 💥")));
    assert!(matches!(text("c"), Cow::Borrowed("")));
    assert!(matches!(text("d"), Cow::Owned(owned) if owned == "A"));
}

#[test]
fn strings_and_names_are_recognised_however_they_are_spelled() {
    let document = scan(r#"{"\u006dodel":"\u0067pt","n":"gpt","z":7}"#);
    assert!(document.get("model").unwrap().is_text("gpt"));
    assert!(!document.get("model").unwrap().is_text("gpu"));
    assert!(!document.get("model").unwrap().is_text("gpt4"));
    assert!(document.get("n").unwrap().is_text("gpt"));
    assert!(!document.get("z").unwrap().is_text("7"));
    assert!(document.get("\\u006dodel").is_none());
    let first: Member<'_> = document.members().next().unwrap();
    assert!(first.is_named("model"));
    assert_eq!(first.name(), "model");
}

#[test]
fn numbers_are_read_as_what_they_are_spelled_as() {
    let document = scan(
        r#"{"i":7,"m":-7,"z":-0,"f":0.25,"e":1e2,"max":18446744073709551615,"over":18446744073709551616,"min":-9223372036854775808,"s":"7"}"#,
    );
    let node = |name: &str| document.get(name).unwrap();
    assert_eq!((node("i").as_u64(), node("i").as_i64(), node("i").as_f64()), (Some(7), Some(7), Some(7.0)));
    assert_eq!((node("m").as_u64(), node("m").as_i64(), node("m").as_f64()), (None, Some(-7), Some(-7.0)));
    assert_eq!((node("z").as_i64(), node("z").as_f64()), (Some(0), Some(0.0)));
    assert_eq!((node("f").as_u64(), node("f").as_i64(), node("f").as_f64()), (None, None, Some(0.25)));
    assert_eq!((node("e").as_u64(), node("e").as_f64()), (None, Some(100.0)));
    assert_eq!((node("max").as_u64(), node("max").as_i64()), (Some(u64::MAX), None));
    assert_eq!((node("over").as_u64(), node("over").as_f64()), (None, Some(18_446_744_073_709_551_616.0)));
    assert_eq!(node("min").as_i64(), Some(i64::MIN));
    assert_eq!((node("s").as_u64(), node("s").as_f64()), (None, None));
}

#[test]
fn a_value_gives_nothing_that_it_is_not() {
    let document = scan(r#"{"s":"x","a":[1],"t":true,"f":false,"n":null}"#);
    let node = |name: &str| document.get(name).unwrap();
    assert_eq!(node("a").text(), None);
    assert_eq!(node("a").text_len(), None);
    assert_eq!(node("s").members().count() + node("s").elements().count() + node("a").members().count(), 0);
    assert_eq!(
        (node("t").as_bool(), node("f").as_bool(), node("n").as_bool()),
        (Some(true), Some(false), None)
    );
    assert!(node("n").is_null() && !node("f").is_null());
    assert!(document.root().elements().next().is_none());
}

#[test]
fn a_nul_escape_passes_and_is_there_for_the_dialect_to_judge() {
    let document = scan(r#"{"model":"a\u0000b"}"#);
    assert_eq!(document.get("model").unwrap().text().unwrap(), "a\0b");
}

#[test]
fn raw_bytes_share_the_body() {
    let document = scan(r#"{"a": {"b" : [ 1 ]} }"#);
    let raw = document.get("a").unwrap().raw_bytes();
    assert_eq!(raw, r#"{"b" : [ 1 ]}"#);
    assert_eq!(raw.as_ptr(), document.body()[6..].as_ptr());
}

#[test]
fn debug_output_shows_sizes_and_no_content() {
    let document = scan(r#"{"prompt":"secret"}"#);
    let shown = format!("{document:?} {:?} {:?}", document.root(), document.members().next());
    assert!(!shown.contains("secret") && !shown.contains("prompt"), "{shown}");
    assert!(shown.contains("19"), "{shown}");
}
