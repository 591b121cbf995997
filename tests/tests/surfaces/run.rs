//! Sends the calls of a surface's scenes, each scene to a fresh server in each setting.

use crate::fixture::{self, Expectation, Fixture, Step};
use crate::pattern::difference;
use crate::scene::{Scene, Setting};
use serde_json::Value;
use std::collections::HashMap;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{Answer, TestClient};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

/// Runs all scenes of a surface in both settings.
pub(crate) async fn run_all(surface: &str, store: Store) {
    let postgres = match store {
        Store::Sqlite => None,
        Store::Postgres => match PrivatePostgres::start() {
            Some(server) => Some(server),
            None => return,
        },
    };
    let mut sent = 0;
    for setting in Setting::ALL {
        for fixture in fixture::all(surface) {
            let store = postgres.as_ref().map_or(switchyard::Store::SqliteMemory, |server| {
                switchyard::Store::Postgres(server.create_database().into())
            });
            let scene = match surface {
                // Whose calls are of many people's.
                "canonical" | "virtual-key-proxy" | "provider-management" => {
                    Scene::inviting(setting, store).await
                }
                _ => Scene::start(setting, store).await,
            };
            sent += run(&fixture, setting, scene).await;
        }
    }
    assert!(sent > 0, "no call of {surface} was sent");
}

async fn run(fixture: &Fixture, setting: Setting, scene: Scene) -> usize {
    let mut known = scene.variables().await;
    let client = scene.app.anonymous();
    let mut sent = 0;
    for step in &fixture.steps {
        let Some(expected) = step.expected(setting) else { continue };
        if step.waits {
            assert!(scene.app.embedded().flush_usage().await, "the journal does not drain");
        }
        let answer = send(&client, step, &known).await;
        let place = format!("{} ({setting:?}): {}", fixture.path.display(), step.title);
        judge(&place, &answer, expected, &known);
        has_what_every_answer_has(&place, step, &answer);
        for (name, from) in &expected.keeps {
            known.insert(name.clone(), kept(&place, &answer, from));
        }
        sent += 1;
    }
    scene.app.stop().await;
    sent
}

async fn send(client: &TestClient, step: &Step, known: &HashMap<String, String>) -> Answer {
    let mut request = client.request(&step.method, &filled(&step.path, known));
    for (name, value) in &step.headers {
        request = request.header(name.as_str(), filled(value, known));
    }
    if let Some(body) = &step.body {
        request = request.body(filled(body, known));
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

fn judge(place: &str, answer: &Answer, expected: &Expectation, known: &HashMap<String, String>) {
    let found = format!("{place}: {} {}", answer.status, answer.text);
    assert_eq!(answer.status, expected.status, "{found}");
    for said in &expected.says {
        assert!(answer.text.contains(&filled(said, known)), "it does not say `{said}`: {found}");
    }
    for said in &expected.says_not {
        assert!(!answer.text.contains(&filled(said, known)), "it says `{said}`: {found}");
    }
    for (name, value) in &expected.headers {
        let all = answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned());
        let all: Vec<String> = all.collect();
        let value = filled(value, known);
        assert!(all.iter().any(|there| there.contains(&value)), "header {name} is {all:?}: {found}");
    }
    for name in &expected.without {
        assert!(!answer.headers.contains_key(name), "header {name} is there: {found}");
    }
    if let Some(pattern) = expected.pattern(|text| filled(text, known)) {
        let said: Value =
            serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {found}"));
        if let Some(difference) = difference(&pattern, &said, "") {
            panic!("{difference}: {found}");
        }
    }
}

/// The headers of every answer, whatever was asked and whatever it says.
fn has_what_every_answer_has(place: &str, step: &Step, answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{place}: {name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"), "{place}: {policy}");
    let time = answer.header("x-response-time").strip_suffix('s');
    assert!(time.is_some_and(|seconds| seconds.parse::<f64>().is_ok()), "{place}: {time:?}");
    let sent = |name: &str| step.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let id = answer.request_id();
    assert!(!id.is_empty() && sent("x-request-id").is_none_or(|sent| sent == id), "{place}: {id}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{place}: nobody is listed");
    let is_somebodys = ["authorization", "cookie", "x-api-key"].into_iter().any(|name| sent(name).is_some());
    let is_stream = answer.header("content-type").starts_with("text/event-stream");
    let rule = if is_stream { "no-cache" } else { "no-store" };
    assert!(!is_somebodys || answer.header("cache-control") == rule, "{place}: {:?}", answer.headers);
}

fn kept(place: &str, answer: &Answer, from: &str) -> String {
    if let Some(cookie) = from.strip_prefix("cookie ") {
        let start = format!("{cookie}=");
        let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let value =
            all.filter_map(|value| value.strip_prefix(&start)).find_map(|rest| rest.split(';').next());
        return value.unwrap_or_else(|| panic!("{place}: no cookie {cookie}")).to_owned();
    }
    let said = answer.json();
    match said.pointer(from) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => panic!("{place}: nothing at {from}: {}", answer.text),
    }
}

/// The text with its variables.
fn filled(text: &str, known: &HashMap<String, String>) -> String {
    let mut pieces = text.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or_else(|| panic!("`{{{{` without its end: {text}"));
        filled.push_str(known.get(name).unwrap_or_else(|| panic!("nothing is known of `{name}`: {text}")));
        filled.push_str(rest);
    }
    filled
}
