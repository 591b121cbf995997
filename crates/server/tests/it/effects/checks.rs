//! How providers are checked in the background, and how long a test waits for one.

use super::upstream::provider;
use crate::place::eventually;
use crate::running::{Running, administered};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// The settings that are shown here.
pub(super) const NAMES: &[&str] = &[
    "HEALTH_CHECK_ENABLED",
    "HEALTH_CHECK_INTERVAL_SECONDS",
    "HEALTH_CHECK_TIMEOUT_SECONDS",
    "HEALTH_CHECK_FAILURE_THRESHOLD",
    "REQUEST_TIMEOUT_SECONDS",
];

const EACH_SECOND: (&str, &str) = ("SWITCHYARD_HEALTH_CHECK_INTERVAL_SECONDS", "1");

/// A server with one provider, which fails or never answers.
struct Checked {
    server: Running,
    token: String,
    asked: Arc<AtomicUsize>,
}

impl Checked {
    fn start(fails: bool, settings: &[(&str, &str)]) -> Self {
        let (url, asked) = provider(fails);
        let place = settings.iter().fold(administered(), |place, (name, value)| place.set(name, *value));
        place.say(&format!("providers add one --vendor openai_compatible --base-url {url} --model m")).good();
        let server = Running::start(place);
        let (token, _) = server.sign_in();
        Self { server, token, asked }
    }

    /// A member of the provider, as its documented list has it.
    fn seen(&self, member: &str) -> String {
        self.server.ask_as(&self.token, "GET", "/api/providers/1", "").json()[member].to_string()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Two intervals of a second and some.
fn a_while() {
    std::thread::sleep(Duration::from_millis(2_700));
}

#[test]
fn providers_are_checked_each_interval_unless_checks_are_off() {
    let usual = Checked::start(true, &[]);
    let often = Checked::start(true, &[EACH_SECOND]);
    let off = Checked::start(true, &[EACH_SECOND, ("BACKEND_HEALTH_CHECK_ENABLED", "false")]);
    a_while();
    assert_eq!((usual.asked(), off.asked()), (0, 0), "by default it would be once a minute");
    eventually(|| often.asked() >= 2);
}

#[test]
fn a_provider_is_unhealthy_after_as_many_failures_as_told() {
    let usual = Checked::start(true, &[EACH_SECOND]);
    let strict = Checked::start(true, &[EACH_SECOND, ("BACKEND_HEALTH_CHECK_FAILURE_THRESHOLD", "1")]);
    eventually(|| usual.seen("consecutive_failures") == "1");
    assert_eq!(usual.seen("is_healthy"), "true", "by default it takes three");
    eventually(|| strict.seen("is_healthy") == "false");
}

#[test]
fn a_check_waits_as_long_as_told() {
    let usual = Checked::start(false, &[EACH_SECOND]);
    let hasty = Checked::start(false, &[EACH_SECOND, ("BACKEND_HEALTH_CHECK_TIMEOUT_SECONDS", "0.2")]);
    a_while();
    assert_eq!(usual.seen("status"), "\"unknown\"", "by default it waits for five seconds");
    eventually(|| hasty.seen("status") == "\"timeout\"");
}

#[test]
fn a_test_waits_as_long_as_told() {
    let waited = |seconds: &str| {
        let checked = Checked::start(false, &[("BACKEND_REQUEST_TIMEOUT_SECONDS", seconds)]);
        let since_1970 = || SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let began = since_1970();
        let answer = checked.server.ask_as(&checked.token, "POST", "/api/providers/1/test", "");
        assert_eq!(answer.status, 502, "{}", answer.body);
        since_1970().saturating_sub(began)
    };
    let (short, long) = (waited("0.2"), waited("3"));
    assert!(short < Duration::from_secs(2) && long >= Duration::from_secs(3), "{short:?} {long:?}");
}
