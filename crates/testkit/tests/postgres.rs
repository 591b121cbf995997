//! The private PostgreSQL server.

use std::net::TcpStream;
use std::panic::catch_unwind;
use switchyard_testkit::postgres::PrivatePostgres;

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_server_is_gone_when_its_owner_is_even_in_a_panic() {
    let Some(server) = PrivatePostgres::start() else { return };
    let port = server.port();
    assert!(answers(port));
    let outcome = catch_unwind(move || {
        assert!(answers(server.port()));
        panic!("on purpose");
    });
    assert!(outcome.is_err());
    assert!(!answers(port), "the server outlived its owner");
}

#[test]
fn a_server_comes_back_on_its_port_with_its_data() {
    let Some(server) = PrivatePostgres::start() else { return };
    let first = server.create_database();
    server.stop();
    assert!(!answers(server.port()));
    server.start_again();
    assert!(answers(server.port()));
    let second = server.create_database();
    assert_ne!(first, second, "each database is a fresh one, and the first is still there");
    assert!(first.contains(&server.port().to_string()) && second.contains(&server.port().to_string()));
}
