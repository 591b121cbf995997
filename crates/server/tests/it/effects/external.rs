//! How addresses are called that people name.

use super::upstream::provider;
use crate::running::{Heard, Running, administered};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// The settings that are shown here.
pub(super) const NAMES: &[&str] = &["EGRESS_ALLOW", "EXTERNAL_API_TIMEOUT", "EXTERNAL_API_MAX_RETRIES"];

/// What a call of an address of this machine is answered, how often that was called, and how long it took.
fn call(method: &str, settings: &[(&str, &str)], admits: bool, fails: bool) -> (Heard, usize, Duration) {
    let (url, asked) = provider(fails);
    let place = settings.iter().fold(administered(), |place, (name, value)| place.set(name, *value));
    let host = url.trim_start_matches("http://").trim_end_matches("/v1");
    let server = Running::start(if admits {
        place.set("SWITCHYARD_EGRESS_ALLOW", format!("external={host}"))
    } else {
        place
    });
    let (token, _) = server.sign_in();
    let since_1970 = || SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let began = since_1970();
    let path = format!("/api/external/{method}");
    let heard = server.ask_as(&token, "POST", &path, &format!(r#"{{"url":"{url}"}}"#));
    (heard, asked.load(Ordering::SeqCst), since_1970().saturating_sub(began))
}

#[test]
fn an_address_of_this_machine_is_called_only_where_it_is_admitted() {
    let (heard, asked, _) = call("post", &[], false, true);
    assert_eq!((heard.status, asked), (403, 0), "{heard:?}");
    let (heard, asked, _) = call("post", &[], true, true);
    assert_eq!((heard.status, asked), (200, 1), "{heard:?}");
    assert_eq!(heard.json()["data"]["status_code"], 500, "{heard:?}");
}

#[test]
fn an_external_call_that_fails_is_tried_again_as_often_as_told() {
    let (heard, asked, _) = call("get", &[], true, true);
    assert_eq!((heard.status, asked), (200, 4), "three times more by default: {heard:?}");
    for name in ["SWITCHYARD_EXTERNAL_API_MAX_RETRIES", "EXTERNAL_API_MAX_RETRIES"] {
        let (heard, asked, _) = call("get", &[(name, "1")], true, true);
        assert_eq!((heard.status, asked), (200, 2), "{name}: {heard:?}");
    }
}

#[test]
fn an_external_call_is_given_as_long_as_told() {
    for name in ["SWITCHYARD_EXTERNAL_API_TIMEOUT", "EXTERNAL_API_TIMEOUT"] {
        let (heard, asked, took) = call("post", &[(name, "1")], true, false);
        assert_eq!((heard.status, asked), (504, 1), "{name}: {heard:?}");
        assert!(took < Duration::from_secs(20), "{took:?}: by default it would be 30 s");
    }
}
