//! What an operator sees of the process: its threads, its connections, its first administrator.

use crate::place::Place;
use crate::running::{ADMIN, PASSWORD, Running, administered};
use switchyard_testkit::postgres::PrivatePostgres;

/// The settings that are shown here.
pub(super) const NAMES: &[&str] =
    &["WORKERS", "DATABASE_POOL_SIZE", "ADMIN_USERNAME", "ADMIN_PASSWORD", "JOURNAL_DURABILITY"];

/// How many threads serve requests.
#[cfg(target_os = "linux")]
fn workers(server: &Running) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
    };
    tasks.map(name).filter(|name| name.starts_with("actix-server wo")).count()
}

#[cfg(target_os = "linux")]
#[test]
fn requests_are_served_by_as_many_threads_as_told() {
    let each = std::thread::available_parallelism().unwrap().get();
    assert_eq!(workers(&Running::start(Place::new())), each, "by default one for each processor");
    let server = Running::start(Place::new().set("SWITCHYARD_WORKERS", (each + 3).to_string()));
    assert_eq!(workers(&server), each + 3);
}

#[test]
fn postgresql_is_asked_over_as_many_connections_as_told() {
    let Some(postgres) = PrivatePostgres::start() else { return };
    for (size, expected) in [(None, "both 10"), (Some("4"), "both 4")] {
        let place = administered().set("DATABASE_URL", postgres.create_database());
        let server = Running::start(
            size.into_iter().fold(place, |place, size| place.set("SWITCHYARD_DATABASE_POOL_SIZE", size)),
        );
        assert_eq!(super::looks::pools(&server), expected);
    }
}

#[test]
fn an_administrator_is_made_of_a_name_and_a_password_and_of_neither_alone() {
    let body = format!(r#"{{"username":"{ADMIN}","password":"{PASSWORD}"}}"#);
    let nobody = Running::start(Place::new());
    assert_eq!(nobody.ask("POST", "/api/auth/login", &[], &body).status, 401, "by default there is none");
    let server = Running::start(administered());
    let (token, _) = server.sign_in();
    let me = server.ask_as(&token, "GET", "/api/v1/auth/me", "").json();
    assert_eq!((&me["user"]["username"], &me["user"]["role"]), (&ADMIN.into(), &"admin".into()), "{me}");
    for (name, missing) in
        [("SWITCHYARD_ADMIN_PASSWORD", "ADMIN_USERNAME"), ("SWITCHYARD_ADMIN_USERNAME", "ADMIN_PASSWORD")]
    {
        let refused = administered().unset(name).say("check");
        assert!(refused.code == 78 && refused.err.contains(missing), "without {name}: {refused:?}");
    }
}

#[test]
fn a_paid_call_that_can_not_be_recorded_is_refused_and_no_other_way_can_be_chosen() {
    for (value, code) in [("strict", 0), ("loose", 78), ("off", 78)] {
        let said = Place::new().set("SWITCHYARD_JOURNAL_DURABILITY", value).say("check --json");
        assert_eq!(said.code, code, "{value}: {said:?}");
        assert_eq!(said.err.contains("JOURNAL_DURABILITY"), code == 78, "{value}: {said:?}");
    }
}

#[test]
fn secrets_that_are_not_given_are_made_for_their_owner_alone_and_named_once() {
    use std::os::unix::fs::PermissionsExt;
    let server = Running::start(Place::new());
    let files = ["data/jwt.key", "data/master.key", "data/secret.key"];
    for file in files {
        let mode = std::fs::metadata(server.place.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}: {mode:o}");
    }
    let named = |server: &Running| {
        let log = server.log();
        let lines = log.lines().filter(|line| line.contains("a secret was generated"));
        lines.filter(|line| files.iter().any(|file| line.contains(file))).count()
    };
    assert_eq!(named(&server), files.len(), "{}", server.log());
    let again = Running::start(server.end());
    assert_eq!(named(&again), files.len(), "a second start makes none: {}", again.log());
}
