//! Rows 1 to 54: bodies and headers of a chat call, at both of its addresses.

use super::{Case, request};
use crate::door::{DOORS, call, call_with, call_without};

const BAD: &[u16] = &[400];
const GOOD: &[u16] = &[200];
const EITHER: &[u16] = &[200, 400];
const LARGE: &[u16] = &[413];
const MEDIA: &[u16] = &[415];
const JSON: &str = "content-type: application/json";

pub(super) fn cases(key: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for door in DOORS {
        let table = Table { door, credential: format!("authorization: Bearer {key}") };
        for (row, body, expected) in bodies(door) {
            cases.push(table.body(row, &body, expected));
        }
        cases.extend(table.framings());
        cases.extend(table.headers());
    }
    cases
}

type Body = (u32, Vec<u8>, &'static [u16]);

fn bodies(door: &str) -> Vec<Body> {
    let mut rows: Vec<Body> = texts();
    let unknown: &[u16] = if door == DOORS[0] { &[404] } else { BAD };
    for (row, name, value, expected) in members(unknown) {
        rows.push((row, call_with(name, &value).into_bytes(), expected));
    }
    rows.push((29, call_without("model").into_bytes(), BAD));
    rows.push((35, call_without("messages").into_bytes(), BAD));
    rows
}

/// Rows 1 to 21: what is no JSON, or JSON of no use.
fn texts() -> Vec<Body> {
    let good = call();
    let inner = good.strip_suffix('}').unwrap();
    let mut rows: Vec<Body> = Vec::new();
    let mut bad = |row: u32, body: &[u8]| rows.push((row, body.to_vec(), BAD));
    bad(1, b"");
    for body in ["null", "[]", "\"x\"", "42", "true"] {
        bad(2, body.as_bytes());
    }
    for end in (1..good.len()).step_by(7) {
        bad(3, &good.as_bytes()[..end]);
    }
    bad(4, format!("{good}x").as_bytes());
    bad(5, format!("{good}{good}").as_bytes());
    for body in [format!("/**/{good}"), good.replace('"', "'"), format!("{inner},}}")] {
        bad(6, body.as_bytes());
    }
    bad(11, &good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    bad(11, &good.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    bad(11, &good.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>());
    let user = call_with("user", "\"@\"");
    let (before, after) = user.split_once('@').unwrap();
    let within = |bytes: &[u8]| [before.as_bytes(), bytes, after.as_bytes()].concat();
    for bytes in [&b"\xc3\x28"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xff"] {
        bad(12, &within(bytes));
    }
    for escape in [r"\ud800", r"\udc00\ud800"] {
        bad(13, &within(escape.as_bytes()));
    }
    for byte in [1, 0, b'\n'] {
        bad(14, &within(&[byte]));
    }
    for member in [r#""model":"x""#, r#""mod\u0065l":"x""#] {
        bad(16, format!("{inner},{member}}}").as_bytes());
    }
    bad(17, format!("{inner},\"messages\":[]}}").as_bytes());
    bad(19, "[".repeat(1 << 20).as_bytes());
    rows.push((10, [b"\xef\xbb\xbf", good.as_bytes()].concat(), EITHER));
    rows
}

type Member = (u32, &'static str, String, &'static [u16]);

/// Rows 7 to 53: one member that is wrong.
fn members(unknown: &'static [u16]) -> Vec<Member> {
    let long = |characters: usize| format!("\"{}\"", "m".repeat(characters));
    let nested = |depth: usize| format!("{}0{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let many = |count: usize, item: &str| format!("[{}]", vec![item; count].join(","));
    let crowd = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!("\"{number}\":\"1\"")).collect();
        format!("{{{}}}", members.join(","))
    };
    let picture = |url: &str| {
        format!(r#"[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{url}"}}}}]}}]"#)
    };
    let tool = |name: &str, schema: &str| {
        format!(r#"[{{"type":"function","function":{{"name":{name},"parameters":{schema}}}}}]"#)
    };
    let bottomless = format!("{}{{}}{}", r#"{"properties":{"a":"#.repeat(2500), "}}".repeat(2500));
    let mut rows: Vec<Member> = Vec::new();
    let mut of = |row, name, values: Vec<String>, expected| {
        rows.extend(values.into_iter().map(|value| (row, name, value, expected)));
    };
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    of(7, "temperature", texts(&["NaN", "Infinity", "-Infinity"]), BAD);
    of(8, "temperature", texts(&["1e999", "-1e999"]), BAD);
    of(9, "temperature", texts(&["012", "0x10", "+1", ".5", "1."]), BAD);
    of(15, "model", texts(&[r#""upstream/gpt-sim\u0000""#]), BAD);
    of(15, "user", texts(&[r#""a\u0000b""#]), GOOD);
    of(17, "tools", vec![tool("\"f\"", r#"{"type":"object","type":"object"}"#)], BAD);
    of(18, "x", vec![nested(129), nested(10_000), nested(1_000_000)], BAD);
    of(18, "x", vec![nested(127)], GOOD);
    of(20, "metadata", vec![crowd(65), crowd(200_000)], BAD);
    of(
        21,
        "messages",
        vec![
            many(2_049, r#"{"role":"user","content":"hi"}"#),
            many(50_000, r#"{"role":"user","content":"hi"}"#),
        ],
        BAD,
    );
    of(29, "model", texts(&["null", "7", "[]", "{}"]), BAD);
    of(30, "model", texts(&["\"\"", "\"  \""]), BAD);
    of(31, "model", vec![long(257), long(100_000)], BAD);
    of(
        32,
        "model",
        texts(&[r#""x\r\ny: z""#, "\"../x\"", "\"x%00\"", "\"{{7*7}}\"", "\"' OR 1=1\""]),
        unknown,
    );
    of(33, "model", texts(&["\"nobody\"", "\"upstream/nobody\""]), unknown);
    of(35, "messages", texts(&["[]", "\"hi\"", "[null]", "[[]]"]), BAD);
    for role in ["", r#""role":"wizard","#, r#""role":{},"#, r#""role":"USER","#] {
        of(36, "messages", vec![format!(r#"[{{{role}"content":"hi"}}]"#)], BAD);
    }
    for content in ["", r#","content":7"#, r#","content":{}"#, r#","content":[{"type":"hologram"}]"#] {
        of(37, "messages", vec![format!(r#"[{{"role":"user"{content}}}]"#)], BAD);
    }
    of(38, "messages", texts(&[r#"[{"role":"tool","content":"1"}]"#, r#"[{"role":"assistant"}]"#]), BAD);
    of(39, "messages", vec![picture("file:///etc/passwd")], BAD);
    of(39, "messages", vec![picture("http://169.254.169.254/")], GOOD);
    of(39, "messages", vec![picture(&format!("data:image/png;base64,{}", "A".repeat(11 << 20)))], LARGE);
    of(40, "temperature", texts(&["-0.1", "2.0001", "\"hot\"", "true"]), BAD);
    of(40, "temperature", texts(&["null"]), GOOD);
    of(41, "top_p", texts(&["-1", "1.5", "\"x\""]), BAD);
    of(41, "presence_penalty", texts(&["2.1", "-2.1"]), BAD);
    of(42, "max_tokens", texts(&["0", "-1", "1.5", "\"10\"", "2147483648", "9223372036854775808"]), BAD);
    of(43, "n", texts(&["0", "-5", "1.5", "129", "100000"]), BAD);
    of(44, "stream", texts(&["\"yes\"", "1"]), BAD);
    of(44, "stream", texts(&["null"]), GOOD);
    of(45, "stream_options", texts(&[r#"{"include_usage":true}"#]), BAD);
    of(46, "stop", vec![many(5, "\"x\""), many(1_000, "\"x\""), "[1]".to_owned(), long(1 << 20)], BAD);
    of(47, "logit_bias", vec!["[]".to_owned(), r#"{"1":101}"#.to_owned(), crowd(100_000)], BAD);
    of(
        48,
        "tools",
        vec![
            "{}".to_owned(),
            tool("\"a b\"", "{}"),
            tool(&long(65), "{}"),
            r#"[{"type":"function","function":{}}]"#.to_owned(),
        ],
        BAD,
    );
    of(49, "tools", vec![tool("\"f\"", &bottomless), tool("\"f\"", r##"{"$ref":"#"}"##)], BAD);
    of(49, "tools", vec![tool("\"f\"", &format!(r#"{{"description":"{}"}}"#, "x".repeat(5 << 20)))], LARGE);
    of(50, "response_format", texts(&["\"json\"", r#"{"type":"yaml"}"#]), BAD);
    of(51, "seed", texts(&["1.25", "18446744073709551616"]), BAD);
    of(51, "user", vec![long(1 << 20)], BAD);
    of(51, "metadata", texts(&[r#"{"a":1}"#]), BAD);
    for name in ["api_base", "base_url", "api_key", "custom_llm_provider"] {
        of(52, name, texts(&["\"http://127.0.0.1:1/v1\""]), BAD);
    }
    of(52, "extra_headers", texts(&["{}"]), BAD);
    of(52, "user_config", texts(&["{}"]), BAD);
    rows
}

struct Table {
    door: &'static str,
    credential: String,
}

impl Table {
    fn post(&self, row: u32, lines: &[&str], body: impl AsRef<[u8]>, expected: &'static [u16]) -> Case {
        let lines: Vec<&str> = [self.credential.as_str()].into_iter().chain(lines.iter().copied()).collect();
        Case::new(row, request(&format!("POST {}", self.door), &lines, body), expected)
    }

    fn body(&self, row: u32, body: &[u8], expected: &'static [u16]) -> Case {
        self.post(row, &[JSON, &format!("content-length: {}", body.len())], body, expected)
    }

    /// Rows 22, 23: bodies beyond the limit, declared or not.
    fn framings(&self) -> Vec<Case> {
        let over = vec![b' '; (10 << 20) + 1];
        let mut chunked = Vec::new();
        for piece in over.chunks(1 << 20) {
            chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        vec![
            self.body(22, &over, LARGE),
            self.post(22, &[JSON, "transfer-encoding: chunked"], chunked, LARGE),
            self.post(23, &[JSON, "content-length: 67108864"], "{", LARGE),
            self.post(23, &[JSON, "content-length: 1073741824"], "{", LARGE),
        ]
    }

    /// Rows 24 to 28, 53, 54.
    fn headers(&self) -> Vec<Case> {
        let body = call();
        let length = format!("content-length: {}", body.len());
        let mut cases = Vec::new();
        let mut with = |row, lines: &[&str], expected| {
            let lines: Vec<&str> = lines.iter().copied().chain([length.as_str()]).collect();
            cases.push(self.post(row, &lines, &body, expected));
        };
        with(24, &[JSON, "content-encoding: gzip"], MEDIA);
        for coding in ["br", "zstd", "gzip, gzip"] {
            with(25, &[JSON, &format!("content-encoding: {coding}")], MEDIA);
        }
        with(26, &[], MEDIA);
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
        ] {
            with(26, &[&format!("content-type: {kind}")], MEDIA);
        }
        with(27, &[&format!("content-type: multipart/form-data; boundary={}", "x".repeat(30_000))], MEDIA);
        with(
            27,
            &[&format!("content-type: multipart/form-data; boundary={}", "x".repeat(100_000))],
            &[415, 431],
        );
        for charset in ["utf-7", "utf-16"] {
            with(28, &[&format!("{JSON}; charset={charset}")], MEDIA);
        }
        for header in [
            "x-portkey-custom-host: http://127.0.0.1:1",
            "x-litellm-api-base: http://127.0.0.1:1",
            "x-bf-vk: x",
            "openai-organization: x",
        ] {
            with(53, &[JSON, header], GOOD);
        }
        for name in ["", &"k".repeat(256), "schl\u{fc}ssel"] {
            with(54, &[JSON, &format!("idempotency-key: {name}")], BAD);
        }
        let name = format!("idempotency-key: row-54{}", self.door);
        with(54, &[JSON, &name], GOOD);
        let other = call_with("temperature", "1");
        cases.push(self.post(54, &[JSON, &name, &format!("content-length: {}", other.len())], other, &[409]));
        cases
    }
}
