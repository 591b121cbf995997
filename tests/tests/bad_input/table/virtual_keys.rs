//! Rows 105 to 108: virtual keys that are wanted, and keys at providers that are stored under them.

use super::people::bearer;
use super::{Case, request};
use switchyard_harness::TestApp;

const NOBODY: &[u16] = &[401];
const BAD: &[u16] = &[400];
const UNKNOWN: &[u16] = &[404];

const MINT: &str = "/api/generate-virtual-key";

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    let credential = format!("authorization: Bearer {}", bearer(app).await);
    let of = |row, path: &str, credential: Option<&str>, body: &str, expected| {
        let length = format!("content-length: {}", body.len());
        let mut lines = vec!["content-type: application/json", length.as_str()];
        lines.extend(credential);
        Case::new(row, request(&format!("POST {path}"), &lines, body), expected)
    };
    let mut cases: Vec<Case> =
        ["", "{}", "[", r#"{"name":"x"}"#].map(|body| of(105, MINT, None, body, NOBODY)).into();
    for body in [
        r#"{"requestsPerMinute":-1}"#,
        r#"{"requestsPerMinute":0}"#,
        r#"{"requestsPerMinute":9223372036854775808}"#,
        r#"{"requestsPerMinute":"60"}"#,
        r#"{"requestsPerMinute":NaN}"#,
        r#"{"requestsPerMinute":1e999}"#,
        r#"{"requestsPerMinute":1.5}"#,
        r#"{"tokensPerMinute":0}"#,
        r#"{"tokensPerMinute":-5}"#,
        r#"{"tokensPerMinute":9223372036854775808}"#,
        r#"{"tokensPerMinute":18446744073709551616}"#,
        r#"{"budget":-5}"#,
        r#"{"budget":1e999}"#,
        r#"{"expiry":"2001-01-01T00:00:00Z"}"#,
        r#"{"expires_at":"garbage"}"#,
        r#"{"expires_at":"+10000-01-01T00:00:00Z"}"#,
        r#"{"name":""}"#,
        r#"{"name":"a/b"}"#,
        r#"{"name":"a\u0000b"}"#,
        r#"{"name":7}"#,
        r#"{"name":"x","name":"y"}"#,
        "[]",
        "null",
        "{",
    ] {
        cases.push(of(106, MINT, Some(&credential), body, BAD));
    }
    for body in [
        r#"{"allowed_routes":["/*"]}"#,
        r#"{"scopes":["admin"]}"#,
        r#"{"user_id":2}"#,
        r#"{"user":2}"#,
        r#"{"key":"sy-chosen"}"#,
        r#"{"virtualKey":"sy-chosen"}"#,
        r#"{"role":"admin"}"#,
    ] {
        cases.push(of(107, MINT, Some(&credential), body, BAD));
    }
    let save = "/api/save-keys";
    for (body, expected) in [
        (r#"{"virtualKey":"sy-nothing"}"#, UNKNOWN),
        (r#"{"virtualKey":"' OR '1'='1","openaiKey":"sk-x"}"#, UNKNOWN),
        (r#"{"virtualKey":{}}"#, BAD),
        (r#"{"virtualKey":[]}"#, BAD),
        (r#"{"virtualKey":7}"#, BAD),
        (r#"{"virtualKey":null}"#, BAD),
        (r#"{"virtualKey":""}"#, BAD),
        (r#"{"openaiKey":"sk-x"}"#, BAD),
        ("{}", BAD),
        ("", BAD),
    ] {
        cases.push(of(108, save, None, body, expected));
    }
    cases
}
