//! What of a provider's headers reaches the client.

use crate::scene::{ALONE, BOTH, Scene};

/// U26.
#[tokio::test]
async fn only_headers_that_are_meant_for_clients_pass() {
    let canary = "sk-simulated-0123456789";
    let given = [
        ("set-cookie", "session=1; Path=/"),
        ("x-goog-api-key", canary),
        ("authorization", canary),
        ("x-api-key", canary),
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
    ];
    let headers = given.map(|(name, value)| format!("header.{name}={}", value.replace(' ', "%20")));
    let scene = Scene::scripted(&headers.join("&")).await;
    for mode in BOTH {
        let heard = scene.ask(mode, ALONE).await;
        scene.is_answered_whole(&heard).await;
        let passed: Vec<&str> = given
            .iter()
            .filter(|(name, value)| heard.answer.headers.get(*name).is_some_and(|passed| passed == value))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(passed, ["x-should-retry"]);
        assert_eq!(heard.answer.header("x-switchyard-target"), ALONE);
        let everything = format!("{:?} {}", heard.answer.headers, heard.answer.text);
        assert!(!everything.contains(canary), "{everything}");
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
