//! Bodies that are no honest JSON: nested, doubled, wrongly encoded, with numbers that no integer is.

use crate::requests::{TARGET, answer_to, chat_with, is_alive, patient};
use switchyard_harness::{Answer, TestApp};

struct Scene {
    app: TestApp,
    key: String,
}

impl Scene {
    async fn start() -> Self {
        let app = patient().start().await;
        let key = app.client_with_key("ci").await.key().to_owned();
        Self { app, key }
    }

    async fn post(&self, body: &[u8]) -> Answer {
        answer_to(&self.app, &chat_with(&self.key, &[], body)).await.unwrap()
    }

    /// Refused with this code, without a call, and without saying more than 200 characters of it back.
    async fn is_refused(&self, body: &[u8], code: &str) -> Answer {
        let answer = self.post(body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]);
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{shown}: {}", answer.text);
        assert!(answer.text.len() < 1_000, "{}", answer.text);
        assert!(self.app.simulator().calls().is_empty(), "{shown} reached the provider");
        answer
    }
}

/// A good call with one more member.
fn with(member: &str) -> Vec<u8> {
    format!(r#"{{"model":"{TARGET}","messages":[{{"role":"user","content":"hi"}}],{member}}}"#).into_bytes()
}

/// C6.
#[tokio::test]
async fn nesting_is_taken_to_its_limit_and_refused_beyond_without_a_stack() {
    let scene = Scene::start().await;
    // The object of the body is the first level.
    let nested = |depth: usize| with(&format!("\"x\":{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1)));
    for depth in [129, 10_000, 1_000_000] {
        scene.is_refused(&nested(depth), "invalid_request").await;
    }
    scene.is_refused("[".repeat(1 << 20).as_bytes(), "invalid_request").await;
    scene.is_refused("{\"a\":".repeat(200_000).as_bytes(), "invalid_request").await;
    let _answer = scene.post(&nested(128)).await;
    assert_eq!(scene.app.simulator().calls().len(), 1, "a body of 128 levels is ours to pass on");
    is_alive(&scene.app).await;
}

/// C7.
#[tokio::test]
async fn a_member_that_stands_twice_is_refused_however_it_is_spelled() {
    let scene = Scene::start().await;
    for member in [
        r#""model":"upstream/gpt-sim""#,
        r#""mod\u0065l":"upstream/gpt-sim""#,
        r#""\u006d\u006f\u0064\u0065\u006c":"x""#,
        r#""messages":[]"#,
        r#""stream":true,"stream":false"#,
        r#""metadata":{"a":"1","a":"2"}"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","type":"array"}}}]"#,
    ] {
        scene.is_refused(&with(member), "invalid_request").await;
    }
}

/// C8.
#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let scene = Scene::start().await;
    let good = with(r#""user":"@""#);
    let at = good.iter().position(|byte| *byte == b'@').unwrap();
    for bytes in [
        &b"\xc3\x28"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xff",
        b"\x00",
        b"\x01",
        b"\n",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\\x41",
    ] {
        let body = [&good[..at], bytes, &good[at + 1..]].concat();
        scene.is_refused(&body, "invalid_json").await;
    }
    let wide: Vec<u8> = good.iter().flat_map(|byte| [*byte, 0]).collect();
    scene.is_refused(&wide, "invalid_json").await;
}

/// C11.
#[tokio::test]
async fn numbers_that_no_limit_can_be_are_refused_by_name() {
    let scene = Scene::start().await;
    for (name, values) in [
        ("max_tokens", ["-1", "9223372036854775808", "1.5"]),
        ("n", ["-1", "9223372036854775808", "1.5"]),
        ("temperature", ["-1", "9223372036854775808", "2.5"]),
        ("top_p", ["-1", "9223372036854775808", "1.5"]),
        ("seed", ["18446744073709551616", "9223372036854775808", "1.5"]),
    ] {
        for value in values {
            let answer = scene.is_refused(&with(&format!("\"{name}\":{value}")), "invalid_request").await;
            assert_eq!(answer.json()["error"]["param"], name, "{value}");
        }
        // A double can't hold it, so that no two readers agree on what it is.
        scene.is_refused(&with(&format!("\"{name}\":1e999")), "invalid_request").await;
        for value in ["NaN", "Infinity", "-Infinity", "0x10", "012", "+1", ".5", "1."] {
            scene.is_refused(&with(&format!("\"{name}\":{value}")), "invalid_json").await;
        }
    }
}
