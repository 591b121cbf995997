//! A changed or lost key starts, and is told; keys are changed with `rekey`; the audit log is read and checked.

use crate::place::Place;
use crate::running::{Running, administered};
use serde_json::Value;
use switchyard_testkit::postgres::PrivatePostgres;

const CANARY: &str = "sk-canary-0123456789-abcdefgh";
const OLD: &str = "9f1c7a52e0b84d36a1f3c85d7e29b604f8d1327ac95be06417da83bc4e50962f";
const NEW: &str = "0b61f5d2c7e84a39b0d41e6fa2c3958874d2e0b16c5f9a3be7418d02f6ac935e";

fn add_provider(place: &Place, name: &str) {
    let line = format!("providers add {name} --vendor openai --model gpt-4o --key-stdin");
    let added = place.say_with_input(&line, CANARY);
    assert_eq!(added.code, 0, "{added:?}");
}

fn hint(place: &Place, name: &str) -> String {
    let listed = place.say("providers list --json").json();
    let mine = listed.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone();
    mine.pointer("/credential/hint").unwrap().as_str().unwrap().to_owned()
}

#[test]
fn another_encryption_key_than_the_datas_starts_warns_and_lists_with_a_mask() {
    let place = Place::new().set("ENCRYPTION_KEY", OLD);
    add_provider(&place, "one");
    add_provider(&place, "two");
    assert_eq!(hint(&place, "one"), "…efgh");
    let place = place.set("ENCRYPTION_KEY", NEW);
    let listed = place.say("keys list");
    assert_eq!(listed.code, 0, "{listed:?}");
    let told =
        "2 stored keys were sealed under another key: restore it, run `switchyard rekey`, or save them again";
    assert!(listed.err.contains(told), "{}", listed.err);
    assert_eq!(hint(&place, "one"), "***...***");
    assert!(place.say("providers list").good().contains("***...***"));
    let failed = place.say("rekey");
    assert!(failed.code == 1 && failed.err.contains("2 stored keys don't open"), "{failed:?}");
    assert_eq!(place.say("rekey --new").code, 6, "a given key is not this program's to change");

    let place = place.set("SWITCHYARD_ENCRYPTION_KEY_PREVIOUS", OLD);
    assert_eq!(hint(&place, "one"), "…efgh");
    let done = place.say("rekey --json").json();
    assert_eq!((&done["resealed"], &done["unreadable"]), (&Value::from(2), &Value::from(0)));
    let place = place.set("SWITCHYARD_ENCRYPTION_KEY_PREVIOUS", "");
    assert_eq!(place.say("check").code, 78);
}

#[test]
fn a_text_that_keys_were_derived_from_is_exchanged_for_another_and_for_a_key() {
    const FIRST: &str = "q7#mZp2!vKx9Lw4c";
    const SECOND: &str = "Tz5$wHn8@rBe3Yd6";
    let resealed = |place: &Place| {
        let done = place.say("rekey --json").json();
        (done["resealed"].clone(), done["unreadable"].clone())
    };
    let place = Place::new().set("BACKEND_API_KEY_SECRET", FIRST);
    add_provider(&place, "one");
    let place =
        place.set("BACKEND_API_KEY_SECRET", SECOND).set("SWITCHYARD_BACKEND_API_KEY_SECRET_PREVIOUS", FIRST);
    assert_eq!(hint(&place, "one"), "…efgh");
    assert_eq!(resealed(&place), (Value::from(1), Value::from(0)));
    let place = place.unset("SWITCHYARD_BACKEND_API_KEY_SECRET_PREVIOUS");
    assert_eq!(hint(&place, "one"), "…efgh", "it stands under the second");
    // A key beside the text wins, and what stands under the text opens still.
    let place = place.set("ENCRYPTION_KEY", NEW);
    assert_eq!(hint(&place, "one"), "…efgh");
    assert_eq!(resealed(&place), (Value::from(1), Value::from(0)));
    let place = place.unset("BACKEND_API_KEY_SECRET");
    assert_eq!(hint(&place, "one"), "…efgh", "it stands under the key");
}

fn backup(place: &Place) -> String {
    std::fs::read_to_string(place.path("data/config_backup.json")).unwrap()
}

/// What was changed in a database under a wrong key, and that its backup holds the original keys still.
fn a_wrong_key_takes_none_from_the_backup(place: Place, empty: impl FnOnce(Place) -> Place) {
    let place = place.set("ENCRYPTION_KEY", OLD);
    add_provider(&place, "one");
    let good = backup(&place);
    let place = Running::start(place.set("ENCRYPTION_KEY", NEW)).end();
    assert_eq!(backup(&place), good, "a mere start leaves it as it is");
    let before = place.content().len();
    let server = Running::start(place);
    add_provider(&server.place, "two");
    let (token, _) = server.sign_in();
    let route = r#"{"name":"r","targets":[{"provider":"one","model":"gpt-4o"}]}"#;
    assert_eq!(server.ask_as(&token, "POST", "/api/v1/routes", route).status, 201);
    let place = server.end();
    assert_eq!(place.content().len(), before);
    assert!(!backup(&place).contains(OLD) && backup(&place) != good, "what was changed is backed up");
    let aside = std::fs::read_to_string(place.path("data/config_backup.json.1.kept")).unwrap();
    assert_eq!(aside, good, "and what held the keys was kept");
    // The right key again.
    let place = Running::start(place.set("ENCRYPTION_KEY", OLD)).end();
    let place = empty(place);
    place.say("backup --restore").good();
    assert_eq!(hint(&place, "one"), "…efgh", "it opens");
}

#[test]
fn a_start_with_a_wrong_key_takes_no_key_from_the_backup() {
    a_wrong_key_takes_none_from_the_backup(administered(), |place| {
        for name in ["switchyard.db", "switchyard.db-wal", "switchyard.db-shm"] {
            let _not_there = std::fs::remove_file(place.path("data").join(name));
        }
        place
    });
}

#[test]
fn a_start_with_a_wrong_key_takes_no_key_from_the_backup_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    let place = administered().set("DATABASE_URL", server.create_database());
    a_wrong_key_takes_none_from_the_backup(place, |place| {
        place.set("DATABASE_URL", server.create_database())
    });
}

#[test]
fn a_generated_key_that_is_lost_is_told_like_a_changed_one() {
    let place = Place::new();
    add_provider(&place, "one");
    std::fs::remove_file(place.path("data/master.key")).unwrap();
    let listed = place.say("keys list");
    assert!(
        listed.code == 0 && listed.err.contains("1 stored keys were sealed under another key"),
        "{listed:?}"
    );
    std::fs::remove_file(place.path("data/secret.key")).unwrap();
    let listed = place.say("keys list");
    assert!(listed.code == 0 && listed.err.contains("SECRET_KEY"), "{listed:?}");
}

#[test]
fn a_new_key_is_made_everything_is_sealed_under_it_and_the_old_one_is_shown_with_none() {
    let place = Place::new();
    add_provider(&place, "one");
    add_provider(&place, "two");
    let file = || std::fs::read_to_string(place.path("data/master.key")).unwrap();
    let before = file();
    let done = place.say("rekey --new --json").json();
    assert_eq!((&done["resealed"], &done["unreadable"]), (&Value::from(2), &Value::from(0)));
    let keys = done["keys"].as_array().unwrap();
    let sealed = |key: &Value| keys.iter().find(|row| row["key"] == *key).unwrap()["sealed"].clone();
    assert_eq!((sealed(&done["active"]), sealed(&done["retired"][0])), (Value::from(2), Value::from(0)));
    assert_eq!(done["new"], true);
    assert_eq!(file().lines().count(), 1);
    assert_ne!(file(), before);
    assert_eq!(hint(&place, "two"), "…efgh");
}

#[test]
fn the_audit_log_tells_who_did_what_and_that_it_is_whole() {
    let place = Place::new();
    add_provider(&place, "one");
    place.say("providers remove one").good();
    let listed = place.say("audit list --actor cli:ada --json").json();
    let told: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["details"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("delete", "one"), ("create", "one")]);
    let everything = place.say("audit list").good();
    assert!(everything.contains("seed") && !everything.contains(CANARY), "{everything}");
    assert_eq!(place.say("audit list --action fly").code, 2);
    let verified = place.say("audit verify");
    assert!(verified.err.contains("no checkpoint of the data directory"), "{}", verified.err);
    assert!(verified.good().ends_with("the log is whole\n"));
    // Under another SECRET_KEY the older part is verified where the older one is given.
    std::fs::rename(place.path("data/secret.key"), place.path("older")).unwrap();
    place.say("keys create --name ci").good();
    let joined = place.say("audit list --action continue --json").json();
    assert_eq!(joined[0]["actor"], "system");
    let unproven = place.say("audit verify");
    assert!(unproven.code == 1 && unproven.err.contains("not proven"), "{unproven:?}");
    assert!(unproven.out.contains("PARTS OF THE LOG ARE NOT PROVEN"), "{unproven:?}");
    let last = joined[0]["entry"].as_i64().unwrap() - 1;
    let check = place.say(&format!("audit verify --json --accept-unproven {last}")).json();
    assert!(check["problem"].is_null() && check["unproven"].as_object().unwrap().len() == 1, "{check}");
    assert_eq!((&check["unproven_to"], &check["whole"]), (&Value::from(last), &Value::from(true)));
    assert_eq!(place.say(&format!("audit verify --accept-unproven {}", last - 1)).code, 1);
    let check = place.say("audit verify --older-key-file older --json").json();
    assert!(check["problem"].is_null() && check["unproven"].as_object().unwrap().is_empty(), "{check}");
    // Whoever only looks leaves the log as it is, also under a third key.
    std::fs::rename(place.path("data/secret.key"), place.path("second")).unwrap();
    assert_eq!(place.say("audit verify").code, 1);
    assert_eq!(place.say("audit list --action continue --json").json().as_array().unwrap().len(), 1);
}
