//! `switchyard check`

use crate::place::Place;

#[test]
fn a_check_of_an_empty_directory_leaves_it_empty() {
    let place = Place::new();
    let text = place.say("check").good();
    assert!(text.contains("the database is not there yet") && text.contains("master.key is not there yet"));
    let found = place.say("check --json --online").json();
    assert_eq!(found["database"]["state"], "absent");
    assert_eq!(found["missing_secrets"].as_array().unwrap().len(), 3);
    assert_eq!(found["providers"], serde_json::Value::Null);
    assert_eq!(place.content(), Vec::<String>::new());
}

#[test]
fn a_check_says_that_migrations_wait_and_applies_none() {
    let place = Place::new();
    place.say("keys list").good();
    place.say("migrate down --yes").good();
    for _ in 0..2 {
        let found = place.say("check --json").json();
        assert_eq!(found["database"]["state"], "behind");
        assert_eq!(found["database"]["pending"].as_array().unwrap().len(), 1);
    }
    assert!(place.say("check").good().contains("1 migrations wait"));
}

#[test]
fn a_check_tells_every_setting_its_giver_and_no_secret() {
    const KEY: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1329ac95be06417da83bc4e50962f";
    let place = Place::new().set("SECRET_KEY", KEY).set("PORT", "0");
    place.say("keys list").good();
    let ended = place.say("check --online");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("settings, secrets and database are sound; 9 providers"), "{}", ended.out);
    assert!(ended.out.contains("sim: answers in"), "{}", ended.out);
    assert!(!ended.out.contains(KEY) && !ended.err.contains(KEY));
    let listed = place.say("check --json").json();
    let of = |name: &str| {
        let settings = listed["settings"].as_array().unwrap();
        settings.iter().find(|row| row["name"] == name).unwrap().clone()
    };
    assert_eq!(of("SWITCHYARD_LISTEN")["value"], "127.0.0.1:0");
    assert_eq!(of("SWITCHYARD_SECRET_KEY")["value"], "(given, secret)");
    assert_eq!(of("SWITCHYARD_SECRET_KEY")["origin"], "environment");
}

#[test]
fn a_provider_that_does_not_answer_fails_the_check() {
    let place = Place::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place
        .say(&format!(
            "providers add dead --vendor openai_compatible --base-url http://{closed}/v1 --model m"
        ))
        .good();
    let ended = place.say("check --online");
    assert_eq!(ended.code, 5, "{ended:?}");
    assert!(ended.out.contains("dead: ") && ended.err.contains("1 of 2 providers don't answer"), "{ended:?}");
    assert_eq!(place.say("check").code, 0);
}
