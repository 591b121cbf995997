//! HTTP/2 upstreams, frame by frame.

use std::{
    io::{Read, Write},
    time::Duration,
};

use switchyard_providers::transport::{TransportFault, Unprocessed};

use crate::tls::{Authority, TlsStream, call_tls, scripted_tls, tls_transport};
use crate::{PATIENT, post};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

struct Peer {
    stream: TlsStream,
}

impl Peer {
    /// Shakes hands and waits for the first whole request; gives its stream id.
    fn request(mut stream: TlsStream) -> (Self, u32) {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut peer = Self { stream };
        peer.send(SETTINGS, 0, 0, &[]);
        let id = peer.next_request();
        (peer, id)
    }

    fn next_request(&mut self) -> u32 {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).unwrap();
            let [high, middle, low, kind, flags, id @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
            self.stream.read_exact(&mut payload).unwrap();
            if kind == SETTINGS && flags == 0 {
                self.send(SETTINGS, 1, 0, &[]);
            }
            if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                return u32::from_be_bytes(id);
            }
        }
    }

    fn send(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        self.stream.write_all(&length[1..]).unwrap();
        self.stream.write_all(&[kind, flags]).unwrap();
        self.stream.write_all(&id.to_be_bytes()).unwrap();
        self.stream.write_all(payload).unwrap();
        self.stream.flush().unwrap();
    }

    fn ok(&mut self, id: u32, body: &[u8], flags: u8) {
        // 0x88 is `:status: 200` in HPACK's static table.
        self.send(HEADERS, END_HEADERS, id, &[0x88]);
        self.send(DATA, flags, id, body);
    }

    /// Stays until the peer goes.
    fn linger(mut self) {
        while self.stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    }
}

async fn answer(script: impl Fn(Peer, u32) + Send + Sync + 'static) -> Result<String, TransportFault> {
    let authority = Authority::new("ours");
    let config = authority.server("localhost", (2020, 2100), &[b"h2"]);
    let address = scripted_tls(config, move |stream| {
        let (peer, id) = Peer::request(stream);
        script(peer, id);
    });
    let transport = tls_transport(address, &authority.trust());
    let body = call_tls(&transport, address).await?.body.collect(1000).await?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let answered = answer(|mut peer, id| {
        peer.ok(id, b"hello", END_STREAM);
        peer.linger();
    });
    assert_eq!(answered.await.unwrap(), "hello");
}

#[tokio::test]
async fn a_refused_stream_was_not_processed() {
    let answered = answer(|mut peer, id| {
        peer.send(RST_STREAM, 0, id, &7_u32.to_be_bytes());
        peer.linger();
    });
    assert_eq!(
        answered.await.unwrap_err(),
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Refused }
    );
}

#[tokio::test]
async fn a_goaway_before_the_request_means_it_was_not_processed() {
    let answered = answer(|mut peer, _| {
        // The last stream that was looked at is 0, the reason is NO_ERROR.
        peer.send(GOAWAY, 0, 0, &[0; 8]);
        peer.linger();
    });
    assert_eq!(
        answered.await.unwrap_err(),
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::Refused }
    );
}

#[tokio::test]
async fn another_reset_is_the_upstreams_fault() {
    let answered = answer(|mut peer, id| {
        // INTERNAL_ERROR
        peer.send(RST_STREAM, 0, id, &2_u32.to_be_bytes());
        peer.linger();
    });
    assert_eq!(
        answered.await.unwrap_err(),
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No }
    );
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_body_is_a_cut() {
    let answered = answer(|mut peer, id| {
        peer.ok(id, b"hel", 0);
        peer.send(RST_STREAM, 0, id, &2_u32.to_be_bytes());
        peer.linger();
    });
    assert_eq!(answered.await.unwrap_err(), TransportFault::Cut);
}

#[tokio::test]
async fn a_connection_lost_in_the_middle_of_a_body_is_a_cut() {
    let answered = answer(|mut peer, id| peer.ok(id, b"hel", 0));
    assert_eq!(answered.await.unwrap_err(), TransportFault::Cut);
}

#[tokio::test]
async fn frames_that_make_no_sense_are_bad_framing() {
    let answered = answer(|mut peer, id| {
        // DATA before any HEADERS.
        peer.send(DATA, END_STREAM, id, b"hello");
        peer.linger();
    });
    assert_eq!(answered.await.unwrap_err(), TransportFault::BadFraming);
}

#[tokio::test]
async fn a_lost_connection_without_an_answer_is_told_from_an_answer() {
    let answered = answer(|peer, _| drop(peer));
    assert_eq!(
        answered.await.unwrap_err(),
        TransportFault::ClosedBeforeAnswer { unprocessed: Unprocessed::No }
    );
}

#[tokio::test]
async fn an_answer_over_a_connection_of_its_own_is_read_to_its_end() {
    let authority = Authority::new("ours");
    let address = scripted_tls(authority.server("localhost", (2020, 2100), &[b"h2"]), |stream| {
        let (mut peer, id) = Peer::request(stream);
        peer.ok(id, b"hel", 0);
        std::thread::sleep(Duration::from_millis(100));
        peer.send(DATA, END_STREAM, id, b"lo");
        peer.linger();
    });
    let transport = tls_transport(address, &authority.trust());
    let request = post(&format!("https://localhost:{}/", address.port()), "{}");
    let response = transport.send_over(true, request, &PATIENT).await.unwrap();
    assert_eq!(&response.body.collect(10).await.unwrap()[..], b"hello");
}
