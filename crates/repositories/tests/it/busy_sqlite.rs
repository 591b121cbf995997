//! SQLite while another program writes.

use crate::databases::{Opened, file};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::{
    ConfigurationRepository as _, DatabaseState as _, RepositoryError, UsageRepository as _,
};
use switchyard_repositories::DatabaseTarget;
use switchyard_testkit::contracts::repositories::{author, new_provider, sample_event};

/// Holds the write lock until told to let go.
fn hold_the_write_lock(opened: &Opened) -> (Sender<()>, JoinHandle<()>) {
    let DatabaseTarget::SqliteFile(path) = &opened.target else { panic!() };
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    let (let_go, told) = channel();
    let holder = std::thread::spawn(move || {
        let _ = told.recv();
        connection.batch_execute("COMMIT").unwrap();
    });
    (let_go, holder)
}

#[tokio::test]
async fn writers_wait_for_another_program_and_readers_do_not() {
    let opened = file().await;
    let database = &opened.database;
    let (let_go, holder) = hold_the_write_lock(&opened);
    let author = author(0);
    let writes = async {
        let write = |number: i32| {
            let name = Name::new(format!("waits {number}")).unwrap();
            database.create_provider(new_provider(name, &["a"]), &author)
        };
        let events = [sample_event(None, Timestamp(0))];
        let (created, recorded) =
            tokio::join!(futures_util::future::join_all((0..20).map(write)), database.record(&events));
        assert!(created.iter().all(Result::is_ok), "{created:?}");
        assert_eq!(recorded.unwrap().inserted, 1);
    };
    let reads = async {
        for _ in 0..20 {
            assert_eq!(database.load().await.unwrap().providers, []);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let_go.send(()).unwrap();
    };
    tokio::join!(writes, reads);
    holder.join().unwrap();
    assert_eq!(database.load().await.unwrap().providers.len(), 20);
    assert!(database.is_connected());
}

#[tokio::test]
async fn a_lock_that_is_never_let_go_is_unavailability_and_leaves_nothing_behind() {
    let opened = file().await;
    let database = &opened.database;
    let (let_go, holder) = hold_the_write_lock(&opened);
    let new = new_provider(Name::new("too late").unwrap(), &[]);
    let outcome =
        tokio::time::timeout(Duration::from_secs(8), database.create_provider(new, &author(0))).await;
    assert!(matches!(outcome, Ok(Err(RepositoryError::Unavailable(_)))), "{outcome:?}");
    assert!(!database.is_connected());
    assert_eq!(database.load().await.unwrap().providers, [], "readers go on");
    assert!(database.is_connected());
    let_go.send(()).unwrap();
    holder.join().unwrap();
    let new = new_provider(Name::new("in time").unwrap(), &[]);
    database.create_provider(new, &author(0)).await.unwrap();
    let names: Vec<String> =
        database.load().await.unwrap().providers.iter().map(|provider| provider.name.to_string()).collect();
    assert_eq!(names, ["in time"], "a write that nobody waits for any more is not committed");
}
