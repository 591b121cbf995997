//! A Redis that is reached by TLS, and one that wants a password.

use crate::place::{Place, eventually};
use crate::running::{Running, administered};
use std::path::PathBuf;
use switchyard_testkit::redis::{PrivateRedis, TlsFiles};

const PASSWORD: &str = "Basalt-heron-quarry-29";

/// A certificate for the loopback that vouches for itself.
fn certificate(place: &Place) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let files = TlsFiles { certificate: place.path("redis.pem"), key: place.path("redis-key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    files
}

/// A place whose server is to use a Redis with TLS and a password; its certificate.
fn over_tls() -> Option<(Place, PrivateRedis, PathBuf)> {
    let place = administered();
    let files = certificate(&place);
    let trusted = files.certificate.clone();
    let redis = PrivateRedis::start_over_tls(PASSWORD, &files)?;
    assert!(redis.url().starts_with("rediss://"), "{}", redis.url());
    let place = place.set("SWITCHYARD_REDIS_URL", redis.url());
    Some((place, redis, trusted))
}

fn status(server: &Running) -> serde_json::Value {
    let (token, _) = server.sign_in();
    server.ask_as(&token, "GET", "/api/v1/status", "").json()
}

#[test]
fn redis_is_used_over_tls_where_its_certificate_is_trusted() {
    let Some((place, redis, trusted)) = over_tls() else { return };
    let place = place.set("SSL_CERT_FILE", trusted.display().to_string());
    let checked = place.say("check").good();
    assert!(checked.contains("Redis answers") && !checked.contains(PASSWORD), "{checked}");
    let server = Running::start(place);
    eventually(|| status(&server)["redis"]["connected"] == true);
    assert_eq!(status(&server)["redis"]["processes"], 1);
    assert!(redis.command(&["DBSIZE"]) != ":0", "nothing was written there");
    assert!(!server.log().contains(PASSWORD), "{}", server.log());
}

#[test]
fn a_redis_whose_certificate_nobody_vouches_for_is_told_nothing() {
    let Some((place, redis, _)) = over_tls() else { return };
    let checked = place.say("check");
    assert_eq!(checked.code, 5, "{checked:?}");
    assert!(checked.err.contains("certificate") && !checked.err.contains(PASSWORD), "{checked:?}");
    let server = Running::start(place);
    eventually(|| server.log().contains("Redis does not answer"));
    assert_eq!(status(&server)["redis"]["connected"], false);
    assert!(!server.log().contains(PASSWORD), "{}", server.log());
    assert_eq!(redis.command(&["DBSIZE"]), ":0");
}

#[test]
fn a_redis_that_takes_another_password_is_away_and_neither_password_is_told() {
    let Some(redis) = PrivateRedis::start_with(Some(PASSWORD)) else { return };
    let wrong = "Gravel-otter-marsh-31";
    let place = administered().set("SWITCHYARD_REDIS_URL", redis.url().replace(PASSWORD, wrong));
    let checked = place.say("check");
    assert_eq!(checked.code, 5, "{checked:?}");
    let server = Running::start(place);
    eventually(|| server.log().contains("Redis does not answer"));
    assert_eq!(status(&server)["redis"]["limits"], "by_share");
    for text in [&checked.out, &checked.err, &server.log()] {
        assert!(!text.contains(wrong) && !text.contains(PASSWORD), "{text}");
    }
}
