//! Bodies that are no JSON, or JSON that two readers may read in two ways.

use crate::door::{Gateway, NO_JSON, NO_REQUEST, call, call_with, wrong};
use std::iter::once;

/// Rows 1, 2, 4, 5.
#[tokio::test]
async fn what_is_not_one_json_object_is_refused() {
    let gateway = Gateway::start().await;
    gateway.refuses(1, "", NO_JSON).await;
    gateway.refuses(1, " \r\n\t", NO_JSON).await;
    for body in ["null", "[]", "\"x\"", "42", "true"] {
        gateway.refuses(2, body, NO_REQUEST).await;
    }
    gateway.refuses(4, format!("{}x", call()), NO_JSON).await;
    gateway.refuses(4, format!("{}\0", call()), NO_JSON).await;
    gateway.refuses(5, call() + &call(), NO_JSON).await;
    gateway.refuses(5, format!("{}\n{}", call(), call()), NO_JSON).await;
}

/// Row 3.
#[tokio::test]
async fn a_body_that_is_cut_anywhere_is_refused() {
    let gateway = Gateway::start().await;
    let body = call_with("metadata", r#"{"é":"\u00e9\n","n":"-1.5e3"},"x":[true,null,-1.5e3]"#);
    gateway.takes(3, &body).await;
    gateway.app.simulator().take_calls();
    for end in 0..body.len() {
        gateway.refuses(3, &body.as_bytes()[..end], NO_JSON).await;
    }
}

/// Rows 6, 7, 9.
#[tokio::test]
async fn dialects_of_json_are_refused() {
    let gateway = Gateway::start().await;
    let body = call();
    let inner = &body[..body.len() - 1];
    for body in [
        format!("// comment\n{body}"),
        format!("/* comment */{body}"),
        format!("{inner},}}"),
        format!("{inner},\"x\":[1,]}}"),
        body.replace('"', "'"),
        body.replace("\"model\"", "model"),
    ] {
        gateway.refuses(6, body, NO_JSON).await;
    }
    for value in ["NaN", "Infinity", "-Infinity"] {
        gateway.refuses_member(7, "temperature", value, NO_JSON).await;
    }
    for value in ["012", "0x10", "+1", ".5", "1.", "1e", "--1", "True", "undefined"] {
        gateway.refuses_member(9, "temperature", value, NO_JSON).await;
    }
}

/// Row 8: no double can hold it, so it is an infinity to some readers and an error to others.
#[tokio::test]
async fn numbers_that_no_double_holds_are_refused() {
    let gateway = Gateway::start().await;
    for value in ["1e999", "-1e999", "1e400", "123456789e999999"] {
        for name in ["temperature", "max_tokens", "x"] {
            gateway.refuses_member(8, name, value, NO_REQUEST).await;
        }
    }
}

/// Rows 10, 11.
#[tokio::test]
async fn only_utf_8_without_a_mark_is_read() {
    let gateway = Gateway::start().await;
    let body = call();
    gateway.refuses(10, [b"\xef\xbb\xbf", body.as_bytes()].concat(), NO_JSON).await;
    let wide = |to_bytes: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(body.encode_utf16()).flat_map(to_bytes).collect()
    };
    for mark in [false, true] {
        gateway.refuses(11, wide(u16::to_le_bytes, mark), NO_JSON).await;
        gateway.refuses(11, wide(u16::to_be_bytes, mark), NO_JSON).await;
    }
    let wider = |to_bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
        once('\u{feff}').chain(body.chars()).flat_map(|c| to_bytes(u32::from(c))).collect()
    };
    gateway.refuses(11, wider(u32::to_le_bytes), NO_JSON).await;
    gateway.refuses(11, wider(u32::to_be_bytes), NO_JSON).await;
}

/// Rows 12, 13, 14.
#[tokio::test]
async fn bytes_and_escapes_that_are_no_characters_are_refused() {
    let gateway = Gateway::start().await;
    let body = call_with("user", "\"@\"");
    let at = body.find('@').unwrap();
    let with = |bytes: &[u8]| [&body.as_bytes()[..at], bytes, &body.as_bytes()[at + 1..]].concat();
    for bytes in [&b"\xc3\x28"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82"] {
        gateway.refuses(12, with(bytes), NO_JSON).await;
    }
    for escape in
        [r"\ud800", r"\udc00\ud800", r"\ud800\ud800", r"\ud800x", r"\uD83D\n", r"\u12", r"\x41", r"\"]
    {
        gateway.refuses(13, with(escape.as_bytes()), NO_JSON).await;
    }
    for byte in [b'\x01', b'\0', b'\n', b'\t', b'\x1f'] {
        gateway.refuses(14, with(&[byte]), NO_JSON).await;
    }
    gateway.takes(13, with(r"\ud83d\ude00 \u00e9 \/ \b".as_bytes())).await;
}

/// Row 15.
#[tokio::test]
async fn an_escaped_nul_is_refused_in_a_name_and_passed_in_a_text() {
    let gateway = Gateway::start().await;
    gateway.refuses_member(15, "model", r#""upstream/gpt-sim\u0000""#, wrong("model")).await;
    gateway.refuses_member(15, "model", r#""\u0000""#, wrong("model")).await;
    gateway.takes_member(15, "messages", r#"[{"role":"user","content":"a\u0000b"}]"#).await;
    let calls = gateway.app.simulator().calls();
    assert!(calls.iter().all(|call| call.json["messages"][0]["content"] == "a\0b"));
}

/// Rows 16, 17.
#[tokio::test]
async fn a_name_that_stands_twice_is_refused_at_every_level() {
    let gateway = Gateway::start().await;
    let body = call();
    let doubled = |member: &str| format!("{},{member}}}", &body[..body.len() - 1]);
    for member in [r#""model":"x""#, r#""mod\u0065l":"x""#, r#""\u006Dodel":"upstream/gpt-sim""#] {
        gateway.refuses(16, doubled(member), NO_REQUEST).await;
    }
    gateway.refuses(17, doubled(r#""messages":[]"#), NO_REQUEST).await;
    let schema = r#"{"type":"object","properties":{"a":{"type":"string","type":"integer"}}}"#;
    let tools = format!(r#"[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]"#);
    gateway.refuses_member(17, "tools", &tools, NO_REQUEST).await;
    gateway
        .refuses_member(17, "messages", r#"[{"role":"user","role":"system","content":"hi"}]"#, NO_REQUEST)
        .await;
    gateway.refuses_member(17, "x", r#"{"":1,"":2}"#, NO_REQUEST).await;
}

/// Rows 18, 19.
#[tokio::test]
async fn nesting_beyond_the_limit_is_refused_whatever_its_depth() {
    let gateway = Gateway::start().await;
    let nested = |open: &str, close: &str, depth: usize| {
        // The body's own object is the first level.
        format!("{}0{}", open.repeat(depth - 1), close.repeat(depth - 1))
    };
    for depth in [129, 10_000, 1_000_000] {
        gateway.refuses_member(18, "x", &nested("[", "]", depth), NO_REQUEST).await;
    }
    for depth in [129, 10_000] {
        gateway.refuses_member(18, "x", &nested("{\"a\":", "}", depth), NO_REQUEST).await;
    }
    gateway.refuses(19, "[".repeat(1 << 20), NO_REQUEST).await;
    // The simulated provider's own parser takes 127 levels.
    gateway.takes_member(18, "x", &nested("[", "]", 127)).await;
}

/// Rows 20, 21.
#[tokio::test]
async fn crowds_of_members_and_messages_are_refused() {
    let gateway = Gateway::start().await;
    let metadata = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!("\"k{number}\":\"v\"")).collect();
        format!("{{{}}}", members.join(","))
    };
    gateway.takes_member(20, "metadata", &metadata(64)).await;
    let messages = |count: usize| format!("[{}]", vec![r#"{"role":"user","content":"hi"}"#; count].join(","));
    gateway.takes_member(21, "messages", &messages(2_048)).await;
    gateway.app.simulator().take_calls();
    gateway.refuses_member(20, "metadata", &metadata(65), wrong("metadata")).await;
    gateway.refuses_member(20, "metadata", &metadata(200_000), NO_REQUEST).await;
    gateway.refuses_member(21, "messages", &messages(2_049), wrong("messages")).await;
    gateway.refuses_member(21, "messages", &messages(50_000), wrong("messages")).await;
    gateway.refuses_member(21, "x", &format!("[{}0]", "0,".repeat(600_000)), NO_REQUEST).await;
}
