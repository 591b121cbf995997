//! Tokens that are not as they were signed, each made of a good one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Each differs from the good one in one thing. What they are under a known secret is asked where tokens are made.
pub(super) fn forged(good: &str) -> Vec<String> {
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let read =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let written = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut forged = vec![
        format!("{head}.{payload}."),
        format!("{head}.{payload}"),
        format!("{head}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{good}A"),
        good[..good.len() - 1].to_owned(),
        good.replace('.', "-"),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "null".to_owned(),
        format!("{head}.{}.{signature}", "A".repeat(5_000)),
        "x".repeat(20_000),
    ];
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("nOnE")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("jku", json!("https://evil.example/jwks")),
        ("jwk", json!({"kty": "oct", "k": ""})),
    ] {
        let mut other = read(head);
        other[member] = value;
        forged.push(format!("{}.{payload}.{signature}", written(&other)));
        forged.push(format!("{}.{payload}.", written(&other)));
    }
    for (member, value) in [
        ("sub", json!("1")),
        ("sub", json!("2")),
        ("sub", json!(1)),
        ("exp", json!(4_102_444_800_u64)),
        ("exp", Value::Null),
        ("role", json!("admin")),
        ("type", json!("access")),
        ("aud", json!("another")),
        ("iss", json!("evil")),
        ("sid", json!("x")),
    ] {
        let mut other = read(payload);
        if other[member] == value {
            continue;
        }
        other[member] = value;
        forged.push(format!("{head}.{}.{signature}", written(&other)));
    }
    // The same signature in another spelling: the last character's spare bits.
    let last = signature.chars().last().unwrap();
    for other in ('A'..='Z').chain('a'..='z').chain('0'..='9').filter(|c| *c != last) {
        forged.push(format!("{}{other}", &good[..good.len() - 1]));
    }
    forged
}
