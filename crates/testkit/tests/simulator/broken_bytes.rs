//! Bodies whose bytes are torn, wrong, packed, or far too many.

use std::io::Read;
use std::time::Duration;

use flate2::read::{GzDecoder, ZlibDecoder};
use serde_json::Value;
use switchyard_testkit::simulator::Simulator;

use crate::wire::{Client, End, buffered_under, question, stream_under, streamed};

#[test]
fn malformed_json_ends_in_the_middle_and_only_what_was_sent_is_billed() {
    let sim = Simulator::start();
    let answer = buffered_under(&sim, "malformed_json&tokens=200");
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
    assert_eq!(answer.end, End::Open);
    let call = &sim.calls()[0];
    assert!(!call.completed && call.billed.prompt == 9);
    assert!((50..150).contains(&call.billed.completion), "{:?}", call.billed);
    assert_eq!(call.text_sent.split_whitespace().count() as u64, call.billed.completion);
    assert!(answer.text().contains(&call.text_sent));
}

#[test]
fn a_byte_at_a_time_arrives_byte_by_byte_and_whole() {
    let sim = Simulator::start();
    let mut client = Client::new(sim.addr());
    client.post(&streamed("m?byte_at_a_time&tokens=40"), &[]);
    let mut reads = 0;
    while !client.received().ends_with(b"0\r\n\r\n") {
        assert!(client.fill());
        reads += 1;
    }
    // Loopback may join some, but each was a write of its own: one read would have taken 64 KiB.
    assert!(reads > client.received().len() / 50, "{reads} reads for {} bytes", client.received().len());
    assert_eq!(client.answer().content(), sim.calls()[0].text_sent);
}

#[test]
fn characters_are_torn_between_http_chunks() {
    let sim = Simulator::start();
    let whole = buffered_under(&sim, "split_utf8");
    let content = whole.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(content.contains('é') || content.contains('ï'), "{content}");
    assert!(content.contains("日本") && content.contains('🎉'));
    assert!(whole.chunks.len() > 20);
    let stream = stream_under(&sim, "split_utf8");
    assert_eq!(stream.content(), content);
    let mut at = 0;
    let torn = stream.chunks.iter().any(|size| {
        at += size;
        stream.body.get(at).is_some_and(|byte| byte & 0xc0 == 0x80)
    });
    assert!(torn, "no HTTP chunk ends inside a character");
}

#[test]
fn invalid_utf8_stands_once_in_the_first_word() {
    let sim = Simulator::start();
    for answer in [buffered_under(&sim, "invalid_utf8"), stream_under(&sim, "invalid_utf8")] {
        assert!(str::from_utf8(&answer.body).is_err());
        assert_eq!(answer.body.windows(2).filter(|pair| pair == b"\xff\xfe").count(), 1);
    }
    for call in sim.calls() {
        assert!(call.text_sent.split_whitespace().next().unwrap().ends_with('\u{fffd}'));
        assert_eq!((call.billed.completion, call.completed), (12, true));
    }
}

/// What a body unpacks to, as far as it goes; and whether it has an end.
fn unpacked(encoding: &str, body: &[u8]) -> (String, bool) {
    let mut text = Vec::new();
    let whole = match encoding {
        "gzip" => GzDecoder::new(body).read_to_end(&mut text).is_ok(),
        "deflate" => ZlibDecoder::new(body).read_to_end(&mut text).is_ok(),
        "br" => brotli_decompressor::Decompressor::new(body, 4_096).read_to_end(&mut text).is_ok(),
        _ => panic!("{encoding}"),
    };
    (String::from_utf8(text).unwrap(), whole)
}

fn content_of_stream(text: &str) -> String {
    let events =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    events.filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned())).collect()
}

#[test]
fn compressed_bodies_unpack_to_the_plain_ones() {
    let sim = Simulator::start();
    // More than 64 KiB: several blocks of every encoding.
    let content = stream_under(&sim, "tokens=15000").content();
    for encoding in ["gzip", "deflate", "br"] {
        let answer = buffered_under(&sim, &format!("tokens=15000&{encoding}"));
        assert_eq!(answer.header("content-encoding"), Some(encoding));
        let (text, whole) = unpacked(encoding, &answer.body);
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&body["choices"][0]["message"]["content"], whole),
            (&content.as_str().into(), true),
            "{encoding}"
        );
        let answer = stream_under(&sim, &format!("tokens=15000&{encoding}"));
        let (text, whole) = unpacked(encoding, &answer.body);
        assert_eq!((content_of_stream(&text), whole), (content.clone(), true), "{encoding}");
        assert_eq!(answer.header("content-encoding"), Some(encoding));
    }
    assert!(sim.calls().iter().all(|call| call.completed && call.billed.completion == 15_000));
}

#[test]
fn events_of_a_compressed_stream_can_be_read_when_they_are_sent() {
    let sim = Simulator::start();
    for encoding in ["gzip", "deflate", "br"] {
        let mut client = Client::new(sim.addr());
        client.patience(Duration::from_millis(300));
        client.post(&streamed(&format!("m?{encoding}&stall_after=3")), &[]);
        let answer = client.answer();
        let (text, whole) = unpacked(encoding, &answer.body);
        assert_eq!((content_of_stream(&text).split_whitespace().count(), whole), (3, false), "{encoding}");
    }
}

#[test]
fn truncated_gzip_is_well_framed_and_has_no_end() {
    let sim = Simulator::start();
    for answer in [buffered_under(&sim, "truncated_gzip"), stream_under(&sim, "truncated_gzip")] {
        assert_eq!(
            (answer.status, answer.header("content-encoding"), answer.end),
            (200, Some("gzip"), End::Open)
        );
        assert!(!unpacked("gzip", &answer.body).1);
    }
    assert!(sim.calls().iter().all(|call| !call.completed));
}

#[test]
fn a_gzip_bomb_is_small_on_the_wire() {
    const SIZE: usize = 30 << 20;
    let sim = Simulator::start();
    let bomb = format!("gzip_bomb={SIZE}");
    let (json, whole) = unpacked("gzip", &buffered_under(&sim, &bomb).body);
    assert!(whole && json.len() >= SIZE && serde_json::from_str::<Value>(&json).is_ok());
    let (stream, whole) = unpacked("gzip", &stream_under(&sim, &bomb).body);
    assert!(whole && stream.len() >= SIZE && stream.ends_with("data: [DONE]\n\n"));
    assert!(
        sim.calls()
            .iter()
            .all(|call| call.bytes_sent < 1 << 20 && call.completed && call.billed.completion == 12)
    );
}

#[test]
fn a_huge_body_has_its_size_and_is_right() {
    const SIZE: usize = 3 << 20;
    let sim = Simulator::start();
    let whole = buffered_under(&sim, &format!("huge_body={SIZE}"));
    assert_eq!(whole.body.len(), SIZE);
    assert!(whole.json()["choices"][0]["message"]["content"].as_str().unwrap().ends_with("xxx"));
    let stream = stream_under(&sim, &format!("huge_body={SIZE}&usage=unasked"));
    assert!(stream.body.len() >= SIZE);
    let events = stream.events();
    let call = &sim.calls()[1];
    assert_eq!(events.last().unwrap()["usage"]["completion_tokens"], call.billed.completion);
    assert_eq!(stream.content(), call.text_sent);
    assert_eq!(call.text_sent.split_whitespace().count() as u64, call.billed.completion);
}

#[test]
fn an_endless_body_goes_on_until_the_peer_leaves() {
    let sim = Simulator::start();
    for request in [question("m?endless"), streamed("m?endless")] {
        let mut client = Client::new(sim.addr());
        client.post(&request, &[]);
        while client.received().len() < 4 << 20 {
            assert!(client.fill());
        }
    }
    let calls = sim.wait_for_ended_calls(2, Duration::from_secs(5));
    assert!(
        calls.iter().all(|call| call.ended_at.is_some() && call.peer_closed_at.is_some() && !call.completed)
    );
    assert_eq!(calls[1].text_sent.split_whitespace().count() as u64, calls[1].billed.completion);
}
