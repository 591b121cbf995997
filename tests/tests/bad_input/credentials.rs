//! Credentials that are none.

use crate::door::{DOORS, Gateway, call, is_no_echo};
use switchyard_harness::{Answer, RawConnection};

/// A chat call with exactly these header lines beside the usual ones.
async fn post(gateway: &Gateway, door: &str, lines: &[u8]) -> Answer {
    let body = call();
    let head = format!(
        "POST {door} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let mut connection = RawConnection::open(gateway.app.address()).await;
    connection.send([head.as_bytes(), lines, b"\r\n", body.as_bytes()].concat()).await;
    connection.answer().await.unwrap()
}

async fn is_unknown(gateway: &Gateway, row: u32, lines: &[u8]) {
    for door in DOORS {
        let answer = post(gateway, door, lines).await;
        let lines = String::from_utf8_lossy(lines);
        assert_eq!(answer.status, 401, "row {row}: {:.100} at {door}: {}", lines, answer.text);
        assert_eq!(answer.error_code(), "invalid_api_key");
        is_no_echo(row, &lines, &answer);
        assert!(!answer.text.contains(gateway.client.key()));
    }
    assert!(gateway.app.simulator().calls().is_empty(), "row {row}");
}

/// Rows 109, 110, 111.
#[tokio::test]
async fn whatever_is_no_key_of_ours_is_401() {
    let gateway = Gateway::start().await;
    let key = gateway.client.key().to_owned();
    is_unknown(&gateway, 109, format!("authorization: {key}\r\n").as_bytes()).await;
    is_unknown(&gateway, 109, format!("authorization: Basic {key}\r\n").as_bytes()).await;
    is_unknown(&gateway, 109, format!("authorization: Bearer{key}\r\n").as_bytes()).await;
    is_unknown(&gateway, 110, b"authorization: Bearer invalid_key\r\n").await;
    is_unknown(&gateway, 110, b"").await;
    let flipped = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
    for text in [
        "' OR '1'='1",
        "%",
        "*",
        "",
        &key[..key.len() / 2],
        &key[..key.len() - 1],
        &format!("{key}x"),
        &format!("{key} {key}"),
        &format!("{key},{key}"),
        &flipped,
        &key.to_uppercase(),
        &"x".repeat(8 << 10),
        "schl\u{fc}ssel",
        "null",
        "undefined",
    ] {
        is_unknown(&gateway, 111, format!("authorization: Bearer {text}\r\n").as_bytes()).await;
    }
    is_unknown(&gateway, 111, b"authorization: Bearer \xff\xfe\r\n").await;
    let answer = post(&gateway, DOORS[0], format!("authorization: Bearer {key}\r\n").as_bytes()).await;
    assert_eq!(answer.status, 200);
}

/// Row 126.
#[tokio::test]
async fn two_credentials_are_none_unless_they_are_the_same() {
    let gateway = Gateway::start().await;
    let key = gateway.client.key().to_owned();
    let other = gateway.app.client_with_key("other").await.key().to_owned();
    for lines in [
        format!("authorization: Bearer {key}\r\nauthorization: Bearer {key}\r\n"),
        format!("authorization: Bearer {key}\r\nauthorization: Bearer {other}\r\n"),
        format!("authorization: Bearer {key}\r\nx-api-key: {other}\r\n"),
        format!("authorization: Bearer {key}\r\nx-goog-api-key: {other}\r\n"),
        format!("authorization: Bearer {key}\r\nx-api-key: wrong\r\n"),
        format!("x-api-key: {key}\r\nx-api-key: {key}\r\n"),
        format!("x-api-key: {key}\r\napi-key: {other}\r\n"),
    ] {
        is_unknown(&gateway, 126, lines.as_bytes()).await;
    }
    let same = format!("authorization: Bearer {key}\r\nx-api-key: {key}\r\n");
    assert_eq!(post(&gateway, DOORS[0], same.as_bytes()).await.status, 200);
}

/// Row 127.
#[tokio::test]
async fn a_key_in_the_address_or_a_cookie_is_no_credential() {
    let gateway = Gateway::start().await;
    let key = gateway.client.key().to_owned();
    is_unknown(&gateway, 127, format!("cookie: access_token_cookie={key}; key={key}\r\n").as_bytes()).await;
    for query in ["key", "api_key", "access_token", "authorization"] {
        for door in DOORS {
            let answer = gateway.app.anonymous().post(&format!("{door}?{query}={key}"), call()).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
            assert!(!answer.text.contains(&key));
        }
    }
}
