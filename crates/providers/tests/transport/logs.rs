//! What the logs say about calls, at their most talkative.

use std::{
    io::{Read, Write},
    time::Duration,
};

use secrecy::SecretString;
use switchyard_providers::transport::{Transport, Trust, secret_header};
use switchyard_testkit::log::LogCapture;

use crate::{
    PATIENT, post,
    tls::{Authority, scripted_tls, tls_transport},
    transport_for,
    upstream::{answering, read_request},
};

const SECRET: &str = "sk-canary-0123456789";

async fn call_with_secrets(transport: &Transport, base: &str) -> bool {
    let mut request = post(&format!("{base}/v1/chat?key={SECRET}"), r#"{"content":"prompt-canary"}"#);
    let value = secret_header("Bearer ", &SecretString::from(SECRET)).unwrap();
    request.headers.insert("authorization", value);
    match transport.send(request, &PATIENT).await {
        Ok(response) => response.body.collect(1000).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn no_log_line_of_any_level_holds_a_credential_or_a_prompt() {
    let capture = LogCapture::begin();

    let plain = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nreply-canary".to_vec());
    let mute = answering(Vec::new());
    let authority = Authority::new("ours");
    let config = authority.server("localhost", (2020, 2100), &[]);
    let secure = scripted_tls(config, |mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nreply-canary").unwrap();
    });
    let h2 = scripted_tls(authority.server("localhost", (2020, 2100), &[b"h2"]), |mut stream| {
        // An empty SETTINGS frame, and then silence until nothing more comes of the request.
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
        stream.sock.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
    });
    let bare = Trust::load([]).unwrap();
    for address in [plain, mute] {
        let base = format!("http://{address}");
        let transport = transport_for(&base, &bare, Default::default());
        assert_eq!(call_with_secrets(&transport, &base).await, address == plain);
    }
    for address in [secure, h2] {
        let base = format!("https://localhost:{}", address.port());
        let transport = tls_transport(address, &authority.trust());
        assert_eq!(call_with_secrets(&transport, &base).await, address == secure);
    }

    let logs = capture.text();
    for said in ["upstream call failed", "rustls", "h2"] {
        assert!(logs.contains(said), "{said} said nothing: the logs are not captured");
    }
    let told: Vec<&str> = logs.lines().filter(|line| line.contains("canary")).collect();
    assert!(told.is_empty(), "{told:#?}");
}
