//! Opening a database.

use crate::databases::{config, empty_file, file};
use std::os::unix::fs::PermissionsExt as _;
use switchyard_ports::repositories::DatabaseState as _;
use switchyard_ports::repositories::{ConfigurationRepository as _, RepositoryError};
use switchyard_repositories::{Database, DatabaseError, DatabaseTarget};
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
