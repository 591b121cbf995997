//! Opening a database.

use crate::databases::{config, empty_file, file, postgres};
use secrecy::ExposeSecret as _;
use std::os::unix::fs::PermissionsExt as _;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{ConfigurationRepository as _, RepositoryError};
use switchyard_ports::repositories::{DatabaseState as _, UsageRepository as _};
use switchyard_repositories::{Database, DatabaseError, DatabaseTarget};
use switchyard_testkit::contracts::repositories::sample_event;
use switchyard_testkit::postgres::PrivatePostgres;

async fn refusal(target: DatabaseTarget) -> String {
    match Database::open(config(target)).await.unwrap_err() {
        DatabaseError::Unavailable(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mistyped_url_opens_nothing_and_shows_no_password() {
    let url = "postgres-typo://ana:hunter2@localhost/db";
    let why = refusal(DatabaseTarget::Postgres(url.into())).await;
    assert!(why.contains("postgres://") && !why.contains("hunter2") && !why.contains("typo"), "{why}");
    assert!(!std::path::Path::new(url).exists());
}

#[tokio::test]
async fn an_unreadable_url_shows_no_password() {
    let why = refusal(DatabaseTarget::Postgres("postgres://ana:hunter2@[::1/db".into())).await;
    assert!(!why.contains("hunter2"), "{why}");
}

// libpq repeats what it can't decode, and takes what stands behind a bare `@` or `/` for a host or a port.
#[tokio::test]
async fn a_password_that_is_not_percent_encoded_is_not_shown_in_pieces() {
    for url in [
        "postgres://ana:hunter2%zz@127.0.0.1:1/db",
        "postgres://ana:hunter2%00@127.0.0.1:1/db",
        "postgres://ana:hunter2/x@127.0.0.1:1/db",
        "postgres://ana:x@hunter2@127.0.0.1:1/db",
        "postgres://127.0.0.1:1/db?user=ana&password=hunter2%zz",
        "postgres://127.0.0.1:1/db?user=ana&password=x&hunter2",
    ] {
        let why = refusal(DatabaseTarget::Postgres(url.into())).await;
        assert!(why.contains("percent-encoded") && !why.contains("hunter2"), "{url}: {why}");
    }
    let why = refusal(DatabaseTarget::Postgres("postgres://ana:hunter2%25@127.0.0.1:1/db".into())).await;
    assert!(why.contains("refused"), "a URL that is read as it was meant says more: {why}");
}

// Usage leaves the journal once it is committed here.
#[tokio::test]
async fn a_commit_is_on_the_servers_disk_whatever_its_default_is() {
    let Some(opened) = postgres().await else { return };
    opened.tamper(
        "CREATE ROLE careless SUPERUSER LOGIN; ALTER ROLE careless SET synchronous_commit = off; \
         CREATE TABLE seen (value TEXT); \
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$; \
         CREATE TRIGGER noting AFTER INSERT ON usage_events FOR EACH ROW EXECUTE FUNCTION note(); \
         CREATE TABLE unwanted (value TEXT CHECK (value <> 'off')); ",
    );
    let DatabaseTarget::Postgres(url) = &opened.target else { panic!() };
    let url = url.expose_secret().replace("postgres@", "careless@");
    let careless = Database::open(config(DatabaseTarget::Postgres(url.into()))).await.unwrap();
    careless.record(&[sample_event(None, Timestamp(1))]).await.unwrap();
    // Fails if a transaction ran without: the check refuses the row.
    opened.tamper("INSERT INTO unwanted SELECT value FROM seen; SELECT 1 / count(*) FROM seen;");
}

#[tokio::test]
async fn a_database_that_can_not_hold_every_text_is_refused() {
    let Some(opened) = postgres().await else { return };
    opened.tamper("CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let DatabaseTarget::Postgres(url) = &opened.target else { panic!() };
    let (server, _) = url.expose_secret().rsplit_once('/').unwrap();
    let error = Database::open(config(DatabaseTarget::Postgres(format!("{server}/western").into()))).await;
    assert_eq!(error.unwrap_err(), DatabaseError::Encoding { encoding: "LATIN1".to_owned() });
}

#[tokio::test]
async fn a_server_that_is_down_is_a_typed_error() {
    let Some(server) = PrivatePostgres::start() else { return };
    let url = server.create_database().replace("postgres@", "postgres:hunter2@");
    server.stop();
    let why = refusal(DatabaseTarget::Postgres(url.into())).await;
    assert!(why.contains("refused") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_file_in_a_folder_that_is_not_there_is_a_typed_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent/switchyard.db");
    let why = refusal(DatabaseTarget::SqliteFile(path)).await;
    assert!(why.contains("absent/switchyard.db"), "{why}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "these are notes, and no database at all\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let why = refusal(DatabaseTarget::SqliteFile(path.clone())).await;
    assert!(why.contains("not a database"), "{why}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}

#[tokio::test]
async fn a_new_file_and_its_companions_are_their_owners_alone() {
    let opened = file().await;
    let DatabaseTarget::SqliteFile(path) = &opened.target else { panic!() };
    let mut seen = 0;
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        seen += 1;
    }
    assert!(seen >= 2, "the write-ahead log stands beside the file");
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_a_defect_and_no_outage() {
    let opened = empty_file().await;
    let error = opened.database.load().await.unwrap_err();
    assert!(matches!(&error, RepositoryError::Corrupt(why) if why.contains("no such table")), "{error:?}");
    assert!(opened.database.is_connected());
}

#[tokio::test]
async fn what_was_written_is_there_after_the_file_is_opened_again() {
    let opened = file().await;
    let author = switchyard_testkit::contracts::repositories::author(0);
    let name = switchyard_domain::name::Name::new("kept").unwrap();
    let route = switchyard_testkit::contracts::repositories::new_route(name, Vec::new());
    opened.database.create_route(route, &author).await.unwrap();
    let again = opened.again().await;
    assert_eq!(again.load().await.unwrap(), opened.database.load().await.unwrap());
    assert_eq!(again.load().await.unwrap().routes.len(), 1);
}
