//! Calls to addresses that people name.

use crate::upstream::{answering, read_request, scripted};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use switchyard_ports::external::{
    ExternalAnswer, ExternalApi, ExternalFault, ExternalMethod, ExternalRequest, LONGEST_ANSWER,
};
use switchyard_providers::transport::egress::{AllowList, EgressPolicy, Purpose};
use switchyard_providers::transport::external::ExternalTransport;
use switchyard_providers::transport::{SystemLookup, TransportSettings, Transports, Trust};

fn world(allow: &str) -> ExternalTransport {
    let policy = EgressPolicy::new(Purpose::External, &AllowList::parse(allow).unwrap(), true);
    ExternalTransport::new(Transports {
        egress: Arc::new(policy),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        settings: TransportSettings::default(),
    })
}

fn asked(address: SocketAddr, method: ExternalMethod) -> ExternalRequest {
    let url = format!("http://{address}/path?a=1");
    ExternalRequest { method, url, query: Vec::new(), headers: Vec::new(), body: None }
}

async fn called(request: &ExternalRequest) -> Result<ExternalAnswer, ExternalFault> {
    world("external=127.0.0.1").call(request, Duration::from_secs(10)).await
}

/// Answers everything, and remembers what came.
fn remembering() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let address = scripted(move |_, mut stream| {
        kept.lock().unwrap().push(read_request(&mut stream));
        let _ = stream.write_all(
            b"HTTP/1.1 201 Made\r\ncontent-length: 2\r\nx-a: 1\r\nconnection: close\r\nx-a: 2\r\n\r\nok",
        );
    });
    (address, seen)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_call_is_sent_as_it_was_described_and_its_answer_comes_back() {
    let (address, seen) = remembering();
    let request = ExternalRequest {
        query: pairs(&[("q", "a b&c"), ("q", "\u{e4}")]),
        headers: pairs(&[("Authorization", "Bearer theirs"), ("X-Own", "1"), ("content-type", "text/plain")]),
        body: Some(("application/json", "{}".into())),
        ..asked(address, ExternalMethod::Put)
    };
    let answer = called(&request).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (201, &b"ok"[..]));
    assert_eq!(answer.headers, pairs(&[("content-length", "2"), ("x-a", "1"), ("x-a", "2")]));
    let sent = seen.lock().unwrap()[0].to_ascii_lowercase();
    assert!(sent.starts_with("put /path?a=1&q=a+b%26c&q=%c3%a4 http/1.1\r\n"), "{sent}");
    for line in
        ["authorization: bearer theirs", "x-own: 1", "content-type: text/plain", "accept-encoding: identity"]
    {
        assert_eq!(sent.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line}: {sent}");
    }
    assert!(sent.contains(&format!("\r\nhost: {address}\r\n")) && sent.ends_with("\r\n\r\n{}"), "{sent}");
}

#[tokio::test]
async fn a_header_that_must_not_go_there_is_refused_and_nothing_is_sent() {
    let (address, seen) = remembering();
    for (name, value) in [
        ("Host", "x"),
        ("Cookie", "a=1"),
        ("Connection", "close"),
        ("TE", "trailers"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "5"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "x"),
        ("Proxy-Anything", "x"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("Metadata-Flavor", "Google"),
        ("Metadata", "true"),
        ("X-aws-ec2-metadata-token", "x"),
        ("a name", "x"),
        ("", "x"),
        ("n\u{e4}me", "x"),
        ("x-a", "1\r\nx-b: 2"),
        ("x-a", "1\n"),
        ("x-a", "\0"),
    ] {
        let request =
            ExternalRequest { headers: pairs(&[(name, value)]), ..asked(address, ExternalMethod::Get) };
        let fault = called(&request).await.unwrap_err();
        assert!(matches!(fault, ExternalFault::Invalid(_)), "{name}: {fault:?}");
        assert!(!fault.to_string().contains('\r'), "{fault}");
    }
    let twice = ExternalRequest {
        headers: pairs(&[("x-a", "1"), ("X-A", "2")]),
        ..asked(address, ExternalMethod::Get)
    };
    assert!(matches!(called(&twice).await, Err(ExternalFault::Invalid(_))));
    let many = ExternalRequest {
        headers: (0..65).map(|number| (format!("x-{number}"), String::new())).collect(),
        ..asked(address, ExternalMethod::Get)
    };
    assert!(matches!(called(&many).await, Err(ExternalFault::Invalid(_))));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_listed_for_this_use() {
    let (address, seen) = remembering();
    let request = asked(address, ExternalMethod::Get);
    for allow in ["", "provider=127.0.0.1", "external=10.0.0.0/8"] {
        let fault = world(allow).call(&request, Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(fault, ExternalFault::Refused(_)), "{allow}: {fault:?}");
        assert!(fault.to_string().contains("SWITCHYARD_EGRESS_ALLOW"), "{fault}");
    }
    assert!(seen.lock().unwrap().is_empty());
    for allow in [format!("external={address}"), "127.0.0.0/8".to_owned()] {
        assert!(world(&allow).call(&request, Duration::from_secs(5)).await.is_ok(), "{allow}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_told_from_what_is_refused() {
    for (url, is_invalid) in [
        ("", true),
        ("nowhere", true),
        ("ftp://example.org/", true),
        ("file:///etc/passwd", true),
        ("javascript:alert(1)", true),
        ("http://exa mple.org/", true),
        ("http://example.org\\@127.0.0.1/", true),
        ("http://user:canary@example.org/", false),
        ("http://example.org:22/", false),
        ("http://169.254.169.254/latest/", false),
        ("http://[::1]/", false),
        ("http://localhost/", false),
    ] {
        let request = ExternalRequest {
            method: ExternalMethod::Get,
            url: url.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        let fault = world("").call(&request, Duration::from_secs(5)).await.unwrap_err();
        let found = match fault {
            ExternalFault::Invalid(_) => true,
            ExternalFault::Refused(_) => false,
            other => panic!("{url}: {other:?}"),
        };
        assert_eq!(found, is_invalid, "{url}");
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }
    let long = ExternalRequest {
        query: pairs(&[("q", &"x".repeat(9000))]),
        ..asked(([127, 0, 0, 1], 80).into(), ExternalMethod::Get)
    };
    assert!(matches!(called(&long).await, Err(ExternalFault::Invalid(_))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, seen) = remembering();
    let address = answering(
        format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n")
            .into_bytes(),
    );
    let answer = called(&asked(address, ExternalMethod::Get)).await.unwrap();
    assert_eq!(answer.status, 302);
    assert!(answer.headers.iter().any(|(name, _)| name == "location"));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn endless_answers_and_bombs_are_cut() {
    let endless = scripted(|_, mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let declared =
        answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LONGEST_ANSWER + 1).into_bytes());
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..9 {
        bomb.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let packed = answering([head.into_bytes(), bomb].concat());
    for address in [endless, declared, packed] {
        let fault = called(&asked(address, ExternalMethod::Get)).await.unwrap_err();
        assert!(matches!(fault, ExternalFault::Failed(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn a_slow_address_has_the_callers_patience_and_a_closed_one_is_told_at_once() {
    let silent = scripted(|_, mut stream| {
        read_request(&mut stream);
        std::thread::sleep(Duration::from_secs(20));
    });
    let began = Instant::now();
    let fault =
        world("127.0.0.1").call(&asked(silent, ExternalMethod::Get), Duration::from_millis(300)).await;
    assert_eq!(fault, Err(ExternalFault::TimedOut));
    assert!(began.elapsed() < Duration::from_secs(5));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fault = called(&asked(closed, ExternalMethod::Get)).await.unwrap_err();
    assert!(matches!(fault, ExternalFault::Unreachable(_)), "{fault:?}");
}
