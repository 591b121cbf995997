//! Bodies that are too short, too long, or packed.

use std::{io::Write, thread, time::Duration};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use switchyard_providers::transport::{Deadlines, TransportFault, TransportSettings, Trust};

use crate::{
    PATIENT, answer_of, call, plain, text, transport_for,
    upstream::{answering, read_request, scripted},
};

/// A reply that compresses about as well as replies do.
const REPLY: &str = r#"{"text":"brotli says hello, brotli says goodbye"}"#;
/// `REPLY`, and eight megabytes of zeros.
const BROTLI: &str =
    "1b3000f8056a87d37ecbd8363e0d11919624d88003f6025b70c0ed16819175289283c550d764b4f1a807aed679";
const BROTLI_BOMB: &str = "9bffff7ff82700e2b14020f7fe0f";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_body_shorter_than_declared_is_cut() {
    let fault = answer_of("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await.unwrap_err();
    assert_eq!(fault, TransportFault::Cut);
}

#[tokio::test]
async fn a_body_longer_than_declared_ends_where_declared() {
    let body = answer_of("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello and more").await.unwrap();
    assert_eq!(text(&body), "hello");
}

#[tokio::test]
async fn chunks_that_end_without_the_last_one_are_cut() {
    for end in ["", "5\r\nwor", "5", "0\r\n"] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n{end}");
        assert_eq!(answer_of(answer).await.unwrap_err(), TransportFault::Cut, "{end:?}");
    }
}

#[tokio::test]
async fn what_came_before_the_cut_is_delivered() {
    let address = answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec());
    let mut response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(text(&response.body.next_chunk().await.unwrap().unwrap()), "hello");
    assert_eq!(response.body.next_chunk().await.unwrap_err(), TransportFault::Cut);
    assert_eq!(response.body.next_chunk().await.unwrap_err(), TransportFault::Cut);
}

#[tokio::test]
async fn a_reset_in_the_middle_is_a_cut() {
    // Closing with the request unread makes the kernel send RST.
    let address = scripted(|_, mut stream| {
        stream.peek(&mut [0; 1]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").unwrap();
        thread::sleep(Duration::from_millis(100));
    });
    let response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(response.body.collect(100).await.unwrap_err(), TransportFault::Cut);
}

#[tokio::test]
async fn malformed_chunks_are_bad_framing() {
    let fault =
        answer_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloworld").await.unwrap_err();
    assert_eq!(fault, TransportFault::BadFraming);
}

#[tokio::test]
async fn a_body_arrives_whole_however_it_is_cut_up() {
    let address = scripted(|_, mut stream| {
        read_request(&mut stream);
        let answer =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n31\r\n{REPLY}\r\n0\r\n\r\n");
        for byte in answer.as_bytes() {
            stream.write_all(&[*byte]).unwrap();
        }
    });
    assert_eq!(REPLY.len(), 0x31);
    let response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(text(&response.body.collect(100).await.unwrap()), REPLY);
}

#[tokio::test]
async fn an_empty_body_is_empty() {
    for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"] {
        assert!(answer_of(answer).await.unwrap().is_empty(), "{answer:?}");
    }
    assert!(answer_of(encoded("gzip", b"")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_declared_length_over_the_cap_is_refused_unread() {
    // Nothing follows the head: reading on would be a cut.
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n".to_vec();
    let address = answering(answer);
    let response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(response.body.collect(100).await.unwrap_err(), TransportFault::BodyTooLarge { limit: 100 });
}

#[tokio::test]
async fn the_cap_is_exact() {
    for (length, fits) in [(100, true), (101, false)] {
        let body = "x".repeat(length);
        for answer in [
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"),
            format!("HTTP/1.0 200 OK\r\n\r\n{body}"),
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                length - 1,
                &body[1..]
            ),
        ] {
            let address = answering(answer.into_bytes());
            let response = call(&plain(address), address, &PATIENT).await.unwrap();
            let collected = response.body.collect(100).await;
            let expected = if fits { Ok(length) } else { Err(TransportFault::BodyTooLarge { limit: 100 }) };
            assert_eq!(collected.map(|body| body.len()), expected);
        }
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let address = scripted(|_, mut stream| {
        read_request(&mut stream);
        let mut alive = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_ok();
        while alive {
            alive = stream.write_all(&[b'x'; 8192]).is_ok();
        }
    });
    let settings = TransportSettings { max_body: 1_000_000, ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    let mut response = call(&transport, address, &PATIENT).await.unwrap();
    let mut received = 0;
    let fault = loop {
        match response.body.next_chunk().await {
            Ok(chunk) => received += chunk.unwrap().len(),
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault, TransportFault::BodyTooLarge { limit: 1_000_000 });
    assert!(received <= 1_000_000, "{received} bytes delivered");
}

#[tokio::test]
async fn a_packed_body_that_goes_on_for_ever_and_says_nothing_is_cut_at_the_limit() {
    let nothing = gzip(b"").repeat(400);
    let address = scripted(move |_, mut stream| {
        read_request(&mut stream);
        let mut alive = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n").is_ok();
        while alive {
            alive = stream.write_all(&nothing).is_ok();
        }
    });
    let settings = TransportSettings { max_body: 1_000_000, ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    let deadlines = Deadlines { first_byte: Duration::from_secs(5), ..PATIENT };
    let mut response = call(&transport, address, &deadlines).await.unwrap();
    let fault = response.body.next_chunk().await.unwrap_err();
    assert_eq!(fault, TransportFault::BodyTooLarge { limit: 1_000_000 });
}

#[tokio::test]
async fn packed_bodies_are_unpacked_though_nobody_asked_for_packing() {
    for (encoding, body) in [
        ("gzip", gzip(REPLY.as_bytes())),
        ("x-gzip", gzip(REPLY.as_bytes())),
        ("GZIP", gzip(REPLY.as_bytes())),
        ("deflate", zlib(REPLY.as_bytes())),
        ("br", unhex(BROTLI)),
        ("identity", REPLY.as_bytes().to_vec()),
    ] {
        assert_eq!(text(&answer_of(encoded(encoding, &body)).await.unwrap()), REPLY, "{encoding}");
    }
}

#[tokio::test]
async fn headers_no_longer_describe_the_packed_form() {
    let address = answering(encoded("gzip", &gzip(REPLY.as_bytes())));
    let response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert!(response.headers.is_empty(), "{:?}", response.headers);
}

#[tokio::test]
async fn a_packed_stream_is_unpacked_as_it_comes() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"data: one\n\n").unwrap();
    encoder.flush().unwrap();
    let first = encoder.get_ref().len();
    encoder.write_all(b"data: two\n\n").unwrap();
    let packed = encoder.finish().unwrap();
    let (go_on, wait) = std::sync::mpsc::channel();
    let wait = std::sync::Mutex::new(wait);
    let address = scripted(move |_, mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n").unwrap();
        stream.write_all(&packed[..first]).unwrap();
        wait.lock().unwrap().recv().unwrap();
        stream.write_all(&packed[first..]).unwrap();
    });
    let mut response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(text(&response.body.next_chunk().await.unwrap().unwrap()), "data: one\n\n");
    go_on.send(()).unwrap();
    assert_eq!(text(&response.body.next_chunk().await.unwrap().unwrap()), "data: two\n\n");
    assert_eq!(response.body.next_chunk().await.unwrap(), None);
    assert_eq!(response.body.next_chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_bomb_is_recognised_by_its_ratio() {
    let zeros = vec![0; 8 * 1024 * 1024];
    for (encoding, body) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("br", unhex(BROTLI_BOMB))] {
        assert_eq!(
            answer_of(encoded(encoding, &body)).await.unwrap_err(),
            TransportFault::Bomb { ratio: 10 },
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn a_small_body_may_expand_more_than_a_bomb() {
    let repetitive = REPLY.repeat(5000);
    let packed = gzip(repetitive.as_bytes());
    assert!(packed.len() * 10 < repetitive.len());
    assert_eq!(answer_of(encoded("gzip", &packed)).await.unwrap().len(), repetitive.len());
}

#[tokio::test]
async fn the_limit_counts_unpacked_bytes() {
    // Barely compressible, so that only the size is left to object to.
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let address = answering(encoded("gzip", &gzip(&noise)));
    let settings = TransportSettings { max_body: 100_000, ..TransportSettings::default() };
    let transport = transport_for(&format!("http://{address}"), &Trust::load([]).unwrap(), settings);
    let response = call(&transport, address, &PATIENT).await.unwrap();
    let fault = response.body.collect(1_000_000).await.unwrap_err();
    assert_eq!(fault, TransportFault::BodyTooLarge { limit: 100_000 });
}

#[tokio::test]
async fn a_packed_body_without_its_end_is_cut() {
    for (encoding, body) in
        [("gzip", gzip(REPLY.as_bytes())), ("deflate", zlib(REPLY.as_bytes())), ("br", unhex(BROTLI))]
    {
        for length in [1, body.len() / 2, body.len() - 1] {
            let fault = answer_of(encoded(encoding, &body[..length])).await.unwrap_err();
            assert_eq!(fault, TransportFault::Cut, "{encoding}, {length} of {}", body.len());
        }
    }
}

#[tokio::test]
async fn what_can_not_be_unpacked_is_called_that() {
    let twice = gzip(&gzip(REPLY.as_bytes()));
    for answer in [
        encoded("gzip", b"this is not gzip"),
        encoded("deflate", b"this is not zlib"),
        encoded("br", &[0xff; 40]),
        encoded("zstd", b"\x28\xb5\x2f\xfd"),
        encoded("compress", b"x"),
        encoded("gzip, gzip", &twice),
        encoded("gzip\r\ncontent-encoding: gzip", &twice),
        encoded("gzip", &[gzip(REPLY.as_bytes()), b"trailing garbage".to_vec()].concat()),
    ] {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(answer_of(answer).await.unwrap_err(), TransportFault::BadEncoding, "{shown}");
    }
}

#[tokio::test]
async fn the_status_is_told_even_where_the_body_can_not_be_read() {
    let answer =
        b"HTTP/1.1 503 Busy\r\ncontent-encoding: zstd\r\ncontent-length: 4\r\n\r\n\x28\xb5\x2f\xfd".to_vec();
    let address = answering(answer);
    let response = call(&plain(address), address, &PATIENT).await.unwrap();
    assert_eq!(response.status.as_u16(), 503);
    assert_eq!(response.body.collect(100).await.unwrap_err(), TransportFault::BadEncoding);
}
