//! How signals end the server.

use crate::place::{Place, Server, eventually};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A server with a request that does not end by itself for ten seconds: its body stops coming.
fn busy() -> (Place, Server, TcpStream, SocketAddr) {
    busy_at(Place::new())
}

fn busy_at(place: Place) -> (Place, Server, TcpStream, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = place.set("SWITCHYARD_LISTEN", address.to_string());
    let server = Server::spawn(place.command().stderr(std::fs::File::create(place.path("log")).unwrap()));
    eventually(|| TcpStream::connect(address).is_ok());
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sy-demo\r\n\
              content-type: application/json\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n{",
        )
        .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"), "the request is being served");
    (place, server, stream, address)
}

#[test]
fn the_first_signal_lets_running_requests_end() {
    let (_place, mut server, mut stream, address) = busy();
    server.signal("TERM");
    eventually(|| TcpStream::connect(address).is_err());
    assert!(server.ended_within(Duration::from_secs(1)).is_none(), "it waits");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let status = server.ended_within(Duration::from_secs(20)).expect("it ends");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn running_requests_have_as_long_to_end_as_they_are_told_to_have() {
    let (_place, mut server, mut stream, address) =
        busy_at(Place::new().set("SWITCHYARD_DRAIN_SECONDS", "1"));
    server.signal("TERM");
    eventually(|| TcpStream::connect(address).is_err());
    let status = server.ended_within(Duration::from_secs(8)).expect("it does not wait for the request");
    assert_eq!(status.code(), Some(0));
    let mut answer = String::new();
    let _reset_is_an_end_too = stream.read_to_string(&mut answer);
    assert_eq!(
        answer, "",
        "by default it has half a minute, in which it would be told that its body is late"
    );
}

#[test]
fn the_second_signal_cuts_them() {
    let (_place, mut server, mut stream, address) = busy();
    server.signal("INT");
    eventually(|| TcpStream::connect(address).is_err());
    server.signal("TERM");
    let status = server.ended_within(Duration::from_secs(8)).expect("it does not wait for the request");
    assert_eq!(status.code(), Some(0));
    let mut answer = String::new();
    let _reset_is_an_end_too = stream.read_to_string(&mut answer);
    assert_eq!(answer, "");
}

#[test]
fn a_hang_up_ends_nothing() {
    let (place, mut server, _stream, address) = busy();
    server.signal("HUP");
    eventually(|| std::fs::read_to_string(place.path("log")).unwrap().contains("SIGHUP"));
    assert!(server.ended_within(Duration::from_millis(300)).is_none());
    assert!(TcpStream::connect(address).is_ok());
}
