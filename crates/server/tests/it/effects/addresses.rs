//! Where the server listens.

use crate::place::{Place, eventually};
use crate::running::{Running, free_address};
use std::net::TcpStream;

/// The settings that are shown here.
pub(super) const NAMES: &[&str] = &["LISTEN", "METRICS_LISTEN", "ALLOW_PLAIN_HTTP"];

#[test]
fn a_port_alone_is_one_on_this_machine() {
    let address = free_address();
    let server = Running::at(Place::new().set("PORT", address.port().to_string()), address);
    assert!(server.log().contains(&address.to_string()), "{}", server.log());
    let listed = Place::new().say("check --json").json();
    let rows = listed["settings"].as_array().unwrap();
    let listen = rows.iter().find(|row| row["name"] == "SWITCHYARD_LISTEN").unwrap();
    assert_eq!(listen["value"], "127.0.0.1:3044");
}

#[test]
fn several_addresses_are_listened_on() {
    let (one, other) = (free_address(), free_address());
    let server = Running::at(Place::new().set("SWITCHYARD_LISTEN", format!("{one},{other}")), one);
    eventually(|| TcpStream::connect(other).is_ok());
    drop(server);
}

#[test]
fn metrics_have_a_listener_of_their_own_where_one_is_named() {
    let metrics = free_address();
    let server = Running::start(Place::new().set("SWITCHYARD_METRICS_LISTEN", metrics.to_string()));
    eventually(|| TcpStream::connect(metrics).is_ok());
    assert_eq!(server.ask("GET", "/metrics", &[], "").status, 404, "and nobody else serves them");
}

#[test]
fn a_listener_that_others_reach_needs_tls_or_the_word_that_it_needs_none() {
    let place = || Place::new().set("SWITCHYARD_LISTEN", "0.0.0.0:0");
    let refused = place().say("check");
    assert_eq!(refused.code, 78, "{refused:?}");
    for word in ["ALLOW_PLAIN_HTTP", "TLS_CERT_FILE", "COOKIE_SECURE"] {
        assert!(refused.err.contains(word), "{word}: {}", refused.err);
    }
    place().set("SWITCHYARD_ALLOW_PLAIN_HTTP", "true").say("check").good();
}
