//! The configuration in the database is read again on request, and one that can't be used changes nothing.

use crate::scene::{ADMIN, bearer, builder};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use switchyard::Store;
use switchyard_harness::testkit::postgres::PrivatePostgres;
use switchyard_harness::{Answer, TestApp, TestClient};

async fn reload(client: &TestClient) -> Answer {
    client.post("/reload-config", "").await
}

/// `write` changes the database behind the server's back.
async fn what_stands_in_the_database_is_read_again(app: TestApp, mut write: impl FnMut(&str)) {
    let admin = app.client(&bearer(&app, ADMIN).await);
    let status = async |model: &str| admin.ask(model, "hi").await.status;
    write("UPDATE provider_models SET is_enabled = FALSE WHERE model = 'gpt-sim'");
    assert_eq!(status("upstream/gpt-sim").await, 200, "nobody announced it");
    let done = reload(&admin).await;
    assert_eq!((done.status, done.json()["message"].as_str()), (200, Some("Configuration reloaded.")));
    assert_eq!(status("upstream/gpt-sim").await, 404, "the model is off");
    assert_eq!(status("upstream/other").await, 200);
    write("UPDATE providers SET is_enabled = FALSE WHERE name = 'upstream'");
    assert_eq!(reload(&admin).await.status, 200);
    assert_eq!(status("upstream/other").await, 404, "and so is the provider");
    write("UPDATE providers SET is_enabled = TRUE WHERE name = 'upstream'");
    assert_eq!(reload(&admin).await.status, 200);

    write("UPDATE routes SET mode = 'no mode'");
    let failed = reload(&admin).await;
    assert_eq!(failed.status, 500, "{}", failed.text);
    assert!(failed.json()["error"].is_string(), "{}", failed.text);
    for said in ["no mode", "routes", "SELECT"] {
        assert!(!failed.text.contains(said), "{}", failed.text);
    }
    assert_eq!(status("upstream/other").await, 200, "the last good one serves");
    write("UPDATE routes SET mode = 'auto'");
    assert_eq!(reload(&admin).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_again_and_one_that_can_not_be_used_is_a_500_that_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switchyard.db");
    let app = builder().models(["other"]).store(Store::SqliteFile(file.clone())).start().await;
    let mut database = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    database.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    what_stands_in_the_database_is_read_again(app, |query| database.batch_execute(query).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_again_in_postgresql() {
    let Some(server) = PrivatePostgres::shared() else { return };
    let url = server.create_database();
    let app = builder().models(["other"]).store(Store::Postgres(url.as_str().into())).start().await;
    let mut database = PgConnection::establish(&url).unwrap();
    what_stands_in_the_database_is_read_again(app, |query| database.batch_execute(query).unwrap()).await;
}
