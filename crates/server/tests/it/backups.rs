//! The backup of providers and routes, written and restored by the binary.

use crate::place::{Ended, Place, eventually};
use crate::running::{Running, administered};
use serde_json::{Value, json};
use std::path::Path;
use switchyard_testkit::postgres::PrivatePostgres;

const CREDENTIAL: &str = "sk-canary-0123456789-abcdefgh";

fn furnished() -> Place {
    let place = Place::new();
    furnish(&place);
    place
}

fn furnish(place: &Place) {
    let added =
        place.say_with_input("providers add mine --vendor openai --model gpt-4o --key-stdin", CREDENTIAL);
    assert_eq!(added.code, 0, "{added:?}");
    place.say("routes add fast --target mine/gpt-4o").good();
}

fn backup(place: &Place) -> std::path::PathBuf {
    place.path("data").join("config_backup.json")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn names(path: &Path, kind: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(&text(path)).unwrap();
    let names = value[kind].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
    names.filter(|name| name == "mine" || name == "fast").collect()
}

/// All that is stored but for what differs from one database to the next.
fn stored(place: &Place) -> String {
    place.say("export").good()
}

/// The same data directory with its secrets, and an empty database.
fn lose_the_database(place: &Place) {
    for name in ["switchyard.db", "switchyard.db-wal", "switchyard.db-shm"] {
        let _not_there = std::fs::remove_file(place.path("data").join(name));
    }
}

#[test]
fn the_backup_is_rewritten_after_each_change_and_holds_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let place = furnished();
    let path = backup(&place);
    assert_eq!(
        (names(&path, "providers"), names(&path, "routes")),
        (vec!["mine".into()], vec!["fast".into()])
    );
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!text(&path).contains(CREDENTIAL) && !text(&path).contains("canary"));
    let value: Value = serde_json::from_str(&text(&path)).unwrap();
    let mine = value["providers"].as_array().unwrap().iter().find(|one| one["name"] == "mine").unwrap();
    assert!(mine["api_key_encrypted"].as_str().unwrap().starts_with("v1."), "{mine}");
    for member in [
        "name",
        "base_url",
        "api_key_encrypted",
        "models",
        "is_active",
        "status",
        "latency_ms",
        "last_tested_at",
        "created_at",
        "updated_at",
    ] {
        assert!(mine.get(member).is_some(), "{member}");
    }
    let fast = value["routes"].as_array().unwrap().iter().find(|one| one["name"] == "fast").unwrap();
    let node = json!({"api_name": "mine", "models": ["gpt-4o"], "strategy": "failover", "priority": 0, "metadata": {}});
    assert_eq!(fast["nodes"], json!([node]));
    place.say("routes remove fast").good();
    assert_eq!(names(&path, "routes"), Vec::<String>::new());
    place.say("providers remove mine").good();
    assert_eq!(names(&path, "providers"), Vec::<String>::new());
}

#[test]
fn the_backup_is_written_where_the_setting_says() {
    let place = Place::new().set("BACKEND_BACKUP_FILE", "deep/b.json");
    furnish(&place);
    assert_eq!(names(&place.path("deep/b.json"), "providers"), ["mine"]);
    assert!(!backup(&place).exists());
    let printed = place.say("backup --export").good();
    assert!(printed.trim().ends_with("deep/b.json"), "{printed}");
}

#[test]
fn neither_flag_shows_the_usage_and_ends_badly() {
    for line in ["backup", "backup --export --restore", "backup --export --dry-run"] {
        let ended = Place::new().say(line);
        assert!(ended.code != 0 && ended.err.contains("Usage"), "{line}: {ended:?}");
    }
}

#[test]
fn an_empty_database_and_a_deleted_provider_are_restored_as_they_were() {
    let place = furnished();
    let before = stored(&place);
    let restore = || place.say("backup --restore");
    place.say("routes remove fast").good();
    let copy = text(&backup(&place));
    // What was deleted is in an older copy only.
    assert!(!copy.contains("\"fast\""));
    furnish_again(&place);
    let good = text(&backup(&place));
    place.say("routes remove fast").good();
    place.say("providers remove mine").good();
    std::fs::write(place.path("copy.json"), &good).unwrap();
    let ended = place.say("backup --restore --file copy.json");
    assert!(ended.good().starts_with("Restored "));
    assert_eq!(stored(&place), before);
    assert_eq!(text(&place.path("copy.json")), good, "what it was restored from stays");

    lose_the_database(&place);
    let ended = restore();
    assert!(ended.out.starts_with("Restored "), "{ended:?}");
    assert_eq!(stored(&place), before);
    assert!(!place.say("backup --restore --dry-run").good().contains(": would be"), "nothing is left to do");
}

fn furnish_again(place: &Place) {
    place.say("routes add fast --target mine/gpt-4o").good();
}

#[test]
fn a_start_with_an_empty_database_leaves_the_backup_of_the_lost_one() {
    let place = administered();
    furnish(&place);
    let good = text(&backup(&place));
    lose_the_database(&place);
    let server = Running::start(place);
    assert_eq!(text(&backup(&server.place)), good);
    let (token, _) = server.sign_in();
    let heard = server.ask_as(&token, "POST", "/api/admin/providers/restore", "");
    assert_eq!(heard.status, 200, "{heard:?}");
    let restored = heard.json();
    let detail = restored["detail"].as_str().unwrap();
    assert!(detail.starts_with("Restored ") && detail.ends_with(" routes"), "{detail}");
    assert!(stored(&server.place).contains("name: fast"));
    let is_kept = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(".kept");
    let entries = std::fs::read_dir(server.place.path("data")).unwrap();
    assert_eq!(entries.filter(|entry| is_kept(&entry.as_ref().unwrap().file_name())).count(), 1);
}

#[test]
fn a_running_server_backs_up_what_another_process_changed() {
    let server = Running::start(administered().set("SWITCHYARD_BACKUP_FILE", "served.json"));
    let other = server.place.path("served.json");
    eventually(|| other.exists());
    let ended = with_other_file(&server.place);
    assert_eq!(ended.code, 0, "{ended:?}");
    eventually(|| names(&other, "providers") == ["mine"]);
}

/// Adds a provider in a process that backs up elsewhere.
fn with_other_file(place: &Place) -> Ended {
    let mut command = place.command();
    command.env("SWITCHYARD_BACKUP_FILE", "elsewhere.json");
    let output =
        command.args(["providers", "add", "mine", "--vendor", "openai", "--model", "m"]).output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_backup_that_is_cut_changed_foreign_or_newer_changes_nothing() {
    let place = furnished();
    let good = text(&backup(&place));
    place.say("routes remove fast").good();
    let before = stored(&place);
    let foreign = furnished();
    let cases = [
        ("cut", good[..good.len() / 2].to_owned(), 1),
        ("cut at its end", good[..good.len() - 3].to_owned(), 1),
        ("empty", String::new(), 1),
        ("no backup", "{}".to_owned(), 1),
        ("changed", good.replace("gpt-4o", "gpt-4x"), 6),
        ("switched off", good.replacen("\"is_active\": true", "\"is_active\": false", 1), 6),
        ("a key of another", with_other_key(&good), 6),
        ("of another encryption key", text(&backup(&foreign)), 6),
        ("newer", good.replace("\"version\": 1,", "\"version\": 2,"), 6),
    ];
    for (what, text, code) in cases {
        std::fs::write(place.path("copy.json"), text).unwrap();
        let ended = place.say("backup --restore --file copy.json");
        assert_eq!(ended.code, code, "{what}: {ended:?}");
        assert!(!ended.err.contains(CREDENTIAL), "{what}");
        assert_eq!(stored(&place), before, "{what}");
    }
}

/// The backup with its seal in the place of a key.
fn with_other_key(good: &str) -> String {
    let value: Value = serde_json::from_str(good).unwrap();
    let key = value["providers"].as_array().unwrap().iter().find_map(|one| one["api_key_encrypted"].as_str());
    good.replace(key.unwrap(), value["seal"].as_str().unwrap())
}

#[test]
fn what_is_no_file_of_ours_is_refused_and_left_as_it_is() {
    let place = furnished();
    let good = text(&backup(&place));
    std::fs::create_dir(place.path("directory")).unwrap();
    std::os::unix::fs::symlink(backup(&place), place.path("link")).unwrap();
    for file in ["missing.json", "directory", "link"] {
        let ended = place.say(&format!("backup --restore --file {file}"));
        assert_ne!(ended.code, 0, "{file}");
    }
    for file in ["directory", "link"] {
        assert_ne!(place.say(&format!("backup --export --file {file}")).code, 0, "{file}");
    }
    assert!(place.path("link").symlink_metadata().unwrap().is_symlink());
    assert_eq!(text(&backup(&place)), good);
}

#[test]
fn after_a_change_of_keys_the_backup_is_sealed_under_the_new_one() {
    let place = furnished();
    let before = stored(&place);
    place.say("rekey --new").good();
    place.say("routes remove fast").good();
    furnish_again(&place);
    lose_the_database(&place);
    let ended = place.say("backup --restore");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(stored(&place), before);
}

/// A route that was touched, whose first model another setting names by the next start.
fn another_model_of_the_settings(place: Place, empty: impl Fn() -> Place) {
    let server = Running::start(place.set("GEMINI_MODEL", "gemini-old"));
    let (token, _) = server.sign_in();
    let listed = server.ask_as(&token, "GET", "/api/v1/routes", "").json();
    let auto = listed["items"].as_array().unwrap().iter().find(|route| route["name"] == "auto").unwrap();
    let path = format!("/api/v1/routes/{}", auto["id"]);
    let heard = server.ask_as(&token, "PATCH", &path, r#"{"strategy": "weighted"}"#);
    assert_eq!(heard.status, 200, "{heard:?}");
    let server = Running::start(server.end().set("GEMINI_MODEL", "gemini-new"));
    let log = server.log();
    let told = "GEMINI_MODEL names the model `gemini-new` now: the route `auto` leads there in the place of `gemini-old`";
    assert!(log.contains(told), "{log}");
    let (token, _) = server.sign_in();
    let targets = server.ask_as(&token, "GET", &path, "").json()["targets"].to_string();
    assert!(targets.contains("gemini-new") && !targets.contains("gemini-old"), "{targets}");
    assert_eq!(server.ask_as(&token, "POST", "/api/v1/restore?dry_run=true", "").status, 200);
    assert_eq!(server.ask_as(&token, "POST", "/api/admin/providers/restore", "").status, 200);
    let place = server.end();
    let before = stored(&place);
    let elsewhere = empty();
    std::fs::write(elsewhere.path("wanted.yaml"), &before).unwrap();
    elsewhere.say("apply wanted.yaml").good();
    assert_eq!(stored(&elsewhere), before);
    let elsewhere = empty();
    std::fs::copy(backup(&place), elsewhere.path("copy.json")).unwrap();
    std::fs::create_dir_all(elsewhere.path("data")).unwrap();
    std::fs::copy(place.path("data/master.key"), elsewhere.path("data/master.key")).unwrap();
    elsewhere.say("backup --restore --file copy.json").good();
    assert_eq!(stored(&elsewhere), before);
}

#[test]
fn a_touched_route_follows_the_setting_of_its_model_and_is_restored() {
    another_model_of_the_settings(administered(), Place::new);
}

#[test]
fn a_touched_route_follows_the_setting_of_its_model_and_is_restored_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    let new = || administered().set("DATABASE_URL", server.create_database());
    another_model_of_the_settings(new(), new);
}

/// As many providers and routes as a large installation has.
fn large(enabled: bool) -> String {
    use std::fmt::Write;
    let mut document = "providers:\n".to_owned();
    for number in 0..500 {
        writeln!(
            document,
            "  - {{name: p{number}, vendor: openai, owner: api, enabled: {enabled}, api_key: sk-{number}-0123456789, models: [{{model: m}}]}}"
        )
        .unwrap();
    }
    document.push_str("routes:\n");
    for number in 0..500 {
        writeln!(
            document,
            "  - {{name: r{number}, owner: api, enabled: {enabled}, targets: [{{provider: p{number}, model: m}}]}}"
        )
        .unwrap();
    }
    document
}

#[test]
fn a_restore_that_is_killed_restores_all_or_nothing() {
    a_restore_is_killed(&Place::new());
}

#[test]
fn a_restore_that_is_killed_restores_all_or_nothing_in_postgresql() {
    let Some(server) = PrivatePostgres::start() else { return };
    a_restore_is_killed(&Place::new().set("DATABASE_URL", server.create_database()));
}

fn a_restore_is_killed(place: &Place) {
    std::fs::write(place.path("on.yaml"), large(true)).unwrap();
    std::fs::write(place.path("off.yaml"), large(false)).unwrap();
    place.say("apply on.yaml").good();
    let whole = stored(place);
    std::fs::copy(backup(place), place.path("copy.json")).unwrap();
    place.say("apply off.yaml").good();
    let before = stored(place);
    assert_ne!(before, whole);
    #[expect(clippy::disallowed_methods, reason = "how long a whole one takes tells when to end the others")]
    let began = std::time::Instant::now();
    place.say("backup --restore --file copy.json").good();
    let whole_time = began.elapsed();
    assert_eq!(stored(place), whole);
    let (mut lost, mut won) = (0, 0);
    // Some die early, some late, some at the end.
    for part in [2, 4, 5, 6, 7, 8, 9, 10, 12] {
        place.say("apply off.yaml").good();
        let mut command = place.command();
        command.args(["backup", "--restore", "--file", "copy.json"]).stdout(std::process::Stdio::null());
        let mut process = crate::place::Server::spawn(&mut command);
        if process.ended_within(whole_time * part / 10).is_none() {
            process.signal("KILL");
        }
        drop(process);
        let now = stored(place);
        assert!(now == before || now == whole, "after {part} tenths: neither all nor nothing");
        if now == before { lost += 1 } else { won += 1 }
    }
    assert!(lost > 0, "none was killed in time: {won} came through");
    let written: Value = serde_json::from_str(&text(&backup(place))).unwrap();
    assert!(written["seal"].is_string(), "the backup is a whole one, whenever it was written");
}

#[test]
fn a_test_a_key_and_a_document_of_the_command_line_rewrite_the_backup() {
    let place =
        furnished().set("SECOND", "sk-second-canary-2222").set("SWITCHYARD_EGRESS_ALLOW", "127.0.0.1");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead =
        format!("providers add dead --vendor openai --base-url http://{closed}/v1 --model m --key-stdin");
    place.say_with_input(&dead, CREDENTIAL).good();
    let mut before = text(&backup(&place));
    let mut is_rewritten = |line: &str| {
        place.say(line);
        let now = text(&backup(&place));
        assert_ne!(now, before, "`{line}` left the backup as it was");
        assert!(!now.contains("canary"), "{line}");
        before = now;
    };
    is_rewritten("providers test sim");
    is_rewritten("providers test dead");
    is_rewritten("providers credentials add dead --key-env SECOND");
    is_rewritten("providers test dead --key 2");
    is_rewritten("providers credentials remove dead 2");
    is_rewritten("routes remove fast");
    std::fs::write(place.path("wanted.yaml"), "providers:\n  - {name: one, vendor: openai}\n").unwrap();
    is_rewritten("apply wanted.yaml");
    is_rewritten("backup --restore");
    let value: Value = serde_json::from_str(&text(&backup(&place))).unwrap();
    let of = |name: &str| {
        value["providers"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(of("sim")["status"], "online");
    assert_eq!(of("dead")["status"], "unreachable");
    assert!(of("sim")["last_tested_at"].is_string() && of("dead")["last_tested_at"].is_string());
}

#[test]
fn what_the_configuration_file_declares_is_in_the_backup_whenever_it_is_read() {
    const FILE: &str = "providers:\n  - {name: mine, vendor: openai, models: [{model: m}]}\n";
    let write = |place: &Place, text: &str| std::fs::write(place.path("switchyard.yaml"), text).unwrap();
    let place = administered().set("SWITCHYARD_CONFIG", "switchyard.yaml");
    write(&place, FILE);
    let server = Running::start(place);
    assert_eq!(names(&backup(&server.place), "providers"), ["mine"], "a start read it");
    write(&server.place, &FILE.replace("model: m", "model: later"));
    server.signal("HUP");
    eventually(|| text(&backup(&server.place)).contains("\"later\""));
    write(&server.place, &FILE.replace("model: m", "model: latest"));
    let (token, _) = server.sign_in();
    assert_eq!(server.ask_as(&token, "POST", "/reload-config", "").status, 200);
    assert!(text(&backup(&server.place)).contains("\"latest\""), "it is there when the answer is");
    let good = text(&backup(&server.place));
    write(&server.place, "providers: [{name: mine}]\n");
    assert_ne!(server.ask_as(&token, "POST", "/reload-config", "").status, 200);
    assert_eq!(text(&backup(&server.place)), good, "a file that can't be used keeps the last good one");
}

#[test]
fn every_key_of_a_provider_survives_a_lost_database() {
    let place = furnished().set("SECOND", "sk-second-canary-2222").set("THIRD", "sk-third-canary-3333");
    place.say("providers credentials add mine --key-env SECOND").good();
    place.say("providers credentials add mine --key-env THIRD").good();
    place.say("providers credentials remove mine 2").good();
    let listed = || {
        let listed = place.say("providers credentials list mine --json").json();
        let shown = |key: &Value| (key["place"].clone(), key["hint"].clone());
        listed.as_array().unwrap().iter().map(shown).collect::<Vec<_>>()
    };
    let before = listed();
    assert_eq!(before.len(), 2);
    let value: Value = serde_json::from_str(&text(&backup(&place))).unwrap();
    let mine = value["providers"].as_array().unwrap().iter().find(|one| one["name"] == "mine").unwrap();
    assert_eq!((mine["api_keys"].as_array().unwrap().len(), &mine["api_keys"][0]["place"]), (1, &json!(3)));
    lose_the_database(&place);
    place.say("backup --restore").good();
    assert_eq!(listed(), before);
}
