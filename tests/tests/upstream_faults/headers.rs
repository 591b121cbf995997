//! What of a provider's headers reaches the client.

use crate::scene::{ALONE, BOTH, Heard, Scene};

const CANARY: &str = "sk-simulated-0123456789";

/// What a provider says in its headers.
fn given() -> [(&'static str, &'static str); 16] {
    [
        ("set-cookie", "session=1; Path=/"),
        ("x-goog-api-key", CANARY),
        ("authorization", CANARY),
        ("x-api-key", CANARY),
        ("openai-organization", "acme"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("www-authenticate", "Bearer"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1"),
        ("x-switchyard-target", "nowhere"),
        ("location", "http://elsewhere.example"),
        ("retry-after", "7"),
        ("server", "upstream"),
        ("via", "1.1 upstream"),
        ("x-unknown", "yes"),
        ("x-should-retry", "true"),
    ]
}

/// A provider that says all of it.
pub(crate) fn script() -> String {
    given().map(|(name, value)| format!("header.{name}={}", value.replace(' ', "%20"))).join("&")
}

/// Of what the provider said there came only what is meant for clients.
pub(crate) fn only_what_is_meant_for_clients_came(heard: &Heard) {
    let came = |name: &str, value: &str| heard.answer.headers.get(name).is_some_and(|it| it == value);
    let passed: Vec<&str> =
        given().into_iter().filter(|(name, value)| came(name, value)).map(|(name, _)| name).collect();
    assert_eq!(passed, ["x-should-retry"]);
    let everything = format!("{:?} {}", heard.answer.headers, heard.answer.text);
    assert!(!everything.contains(CANARY), "{everything}");
}

/// U26.
#[tokio::test]
async fn only_headers_that_are_meant_for_clients_pass() {
    let scene = Scene::scripted(&script()).await;
    for mode in BOTH {
        let heard = scene.ask(mode, ALONE).await;
        scene.is_answered_whole(&heard).await;
        only_what_is_meant_for_clients_came(&heard);
        assert_eq!(heard.answer.header("x-switchyard-target"), ALONE);
    }
}

/// U26.
#[tokio::test]
async fn a_providers_framing_stays_the_providers() {
    for script in [
        "header.transfer-encoding=chunked",
        "chunked",
        "header.content-type=application%2Fjson%3Bcharset%3Dlatin1",
    ] {
        let scene = Scene::scripted(script).await;
        let heard = scene.ask(BOTH[0], ALONE).await;
        scene.is_answered_whole(&heard).await;
        assert_eq!(heard.answer.header("content-length"), heard.answer.text.len().to_string());
        assert_eq!(heard.answer.header("content-type"), "application/json");
    }
}
