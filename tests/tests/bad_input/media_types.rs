//! Bodies of a kind that is not read.

use crate::door::{DOORS, Gateway, NOT_READ, call, is_no_echo, is_refused};
use switchyard_harness::Answer;

/// A call with exactly these headers beside its credential.
async fn post(gateway: &Gateway, door: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut request = gateway.client.request("POST", door).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

async fn is_not_read(gateway: &Gateway, row: u32, headers: &[(&str, &str)], body: &[u8]) {
    for door in DOORS {
        let answer = post(gateway, door, headers, body.to_vec()).await;
        is_refused(row, &format!("{door} with {headers:.60?}"), body, &answer, NOT_READ);
    }
    assert!(gateway.app.simulator().calls().is_empty(), "row {row}: {headers:?}");
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// Rows 24, 25.
#[tokio::test]
async fn compressed_bodies_are_not_unpacked() {
    let gateway = Gateway::start().await;
    // A gzip stream of a kilobyte of zeros stands for a bomb: what matters is that nobody unpacks it.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x63\x60\x18\x05\xa3\x60\x14\x0c\x77\x00\x00";
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"] {
        is_not_read(&gateway, 25, &[JSON, ("content-encoding", coding)], gzip).await;
        is_not_read(&gateway, 25, &[JSON, ("content-encoding", coding)], call().as_bytes()).await;
    }
    is_not_read(&gateway, 24, &[JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")], gzip)
        .await;
}

/// Rows 26, 28.
#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let gateway = Gateway::start().await;
    let body = call().into_bytes();
    let xml = br#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#;
    is_not_read(&gateway, 26, &[], &body).await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/json, text/plain",
        "*/*",
    ] {
        is_not_read(&gateway, 26, &[("content-type", kind)], &body).await;
    }
    is_not_read(&gateway, 26, &[("content-type", "application/xml")], xml).await;
    is_not_read(&gateway, 26, &[JSON, ("content-type", "text/plain")], &body).await;
    for charset in ["utf-7", "utf-16", "latin1", "\"utf-32\""] {
        let kind = format!("application/json; charset={charset}");
        is_not_read(&gateway, 28, &[("content-type", &kind)], &body).await;
    }
    for kind in ["application/json;charset=UTF-8", "APPLICATION/JSON", "application/json; charset=\"utf-8\""]
    {
        let answer = post(&gateway, DOORS[0], &[("content-type", kind)], body.clone()).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
    }
}

/// Row 27.
#[tokio::test]
async fn an_endless_boundary_is_refused_as_a_type_or_as_a_header() {
    let gateway = Gateway::start().await;
    for (length, status) in [(30_000, 415), (100_000, 431)] {
        let kind = format!("multipart/form-data; boundary={}", "x".repeat(length));
        let answer = post(&gateway, DOORS[0], &[("content-type", &kind)], call().into_bytes()).await;
        assert_eq!(answer.status, status, "{length}: {}", answer.text);
        is_no_echo(27, &kind, &answer);
    }
}
