//! PostgreSQL hangs, stops, comes back.

use crate::databases::{config, postgres_target, sealed};
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_ports::repositories::DatabaseState as _;
use switchyard_ports::repositories::{
    ConfigurationRepository as _, KeyringRepository as _, RepositoryError, Revision, UsageRepository as _,
    VirtualKeyRepository as _,
};
use switchyard_repositories::{Database, DatabaseConfig};
use switchyard_testkit::contracts::repositories::{author, new_provider, sample_event};
use switchyard_testkit::postgres::{PrivatePostgres, Signal};

const BOUND: Duration = Duration::from_secs(7);

// A server of the test's own, since it is going to hang.
async fn on_a_server(connections: u32) -> Option<(PrivatePostgres, Database)> {
    let server = PrivatePostgres::start()?;
    let target = postgres_target(&server);
    let database =
        Database::open(DatabaseConfig { read_connections: connections, ..config(target) }).await.unwrap();
    database.migrate_up().await.unwrap();
    Some((server, sealed(database)))
}

fn is_unavailable<T>(outcome: &Result<T, RepositoryError>) -> bool {
    matches!(outcome, Err(RepositoryError::Unavailable(_)))
}

fn provider(name: &str) -> switchyard_ports::repositories::NewProvider {
    new_provider(Name::new(name).unwrap(), &["a"])
}

async fn until_it_answers(database: &Database) {
    let answered = async {
        while database.revision().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), answered).await;
    assert!(waited.is_ok(), "the database is back, and is not used");
}

#[tokio::test]
async fn a_server_that_hangs_is_unavailable_within_seconds_and_blocks_no_thread() {
    let Some((server, database)) = on_a_server(2).await else { return };
    // All connections are open when the hang begins.
    join_all((0..4).map(|_| database.load())).await;
    server.signal(Signal::Stop);
    let ticks = Arc::new(AtomicU32::new(0));
    let ticker = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            ticks.fetch_add(1, Ordering::Relaxed);
        }
    };
    let author = author(0);
    let events = [sample_event(None, Timestamp(0))];
    // More callers than connections: none may wait for those before it in line.
    let asked = async {
        tokio::join!(
            database.create_provider(provider("late"), &author),
            database.record(&events),
            database.page(None, 10),
            database.entries(),
            join_all((0..20).map(|_| database.revision())),
        )
    };
    let outcomes = tokio::select! {
        outcomes = tokio::time::timeout(BOUND, asked) => outcomes.unwrap(),
        () = ticker => panic!("the ticker never ends"),
    };
    let (created, recorded, page, entries, revisions) = outcomes;
    assert!(is_unavailable(&created) && is_unavailable(&recorded), "{created:?} {recorded:?}");
    assert!(is_unavailable(&page) && is_unavailable(&entries), "{page:?} {entries:?}");
    assert!(revisions.iter().all(is_unavailable), "{revisions:?}");
    assert!(!database.is_connected());
    assert!(ticks.load(Ordering::Relaxed) > 50, "the one thread of this test went on all the time");

    // While the first ones still hang, later callers are answered as soon.
    let again = tokio::time::timeout(BOUND, join_all((0..4).map(|_| database.load()))).await.unwrap();
    assert!(again.iter().all(is_unavailable), "{again:?}");

    server.signal(Signal::Continue);
    until_it_answers(&database).await;
    assert!(database.is_connected());
    // The hanging jobs have woken by now, or wake before this write: what nobody waits for is not committed.
    database.create_provider(provider("in time"), &author).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stored = database.load().await.unwrap();
    let names: Vec<String> = stored.providers.iter().map(|provider| provider.name.to_string()).collect();
    assert_eq!((names, stored.revision), (vec!["in time".to_owned()], Revision(1)));
    assert_eq!(
        database.record(&events).await.unwrap().inserted + database.record(&events).await.unwrap().known,
        2
    );
    assert_eq!(database.verify().await.unwrap().problems, []);
}

#[tokio::test]
async fn a_server_that_stops_and_comes_back_fails_nobody_after() {
    let Some((server, database)) = on_a_server(4).await else { return };
    join_all((0..8).map(|_| database.load())).await;
    let events: Vec<_> = (0..50).map(|number| sample_event(None, Timestamp(number))).collect();
    database.record(&events).await.unwrap();
    server.stop();
    let author = author(0);
    let asked = async { tokio::join!(database.load(), database.create_provider(provider("late"), &author)) };
    let (loaded, created) = tokio::time::timeout(BOUND, asked).await.unwrap();
    assert!(is_unavailable(&loaded) && is_unavailable(&created), "{loaded:?} {created:?}");
    assert!(!database.is_connected());

    server.start_again();
    until_it_answers(&database).await;
    let outcomes = join_all((0..16).map(|_| database.load())).await;
    assert!(outcomes.iter().all(Result::is_ok), "no caller meets a connection of before: {outcomes:?}");
    database.create_provider(provider("in time"), &author).await.unwrap();
    let recorded = database.record(&events).await.unwrap();
    assert_eq!((recorded.inserted, recorded.known), (0, 50), "what was drained twice counts once");
}

#[tokio::test]
async fn a_restart_between_two_questions_is_not_noticed() {
    let Some((server, database)) = on_a_server(4).await else { return };
    join_all((0..8).map(|_| database.load())).await;
    server.stop();
    server.start_again();
    let outcomes = join_all((0..8).map(|_| database.load())).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    database.create_provider(provider("unaware"), &author(0)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs_from_the_start_is_a_typed_error_within_seconds() {
    let Some(server) = PrivatePostgres::start() else { return };
    let target = postgres_target(&server);
    server.signal(Signal::Stop);
    let outcome = tokio::time::timeout(BOUND, Database::open(config(target))).await.unwrap();
    assert!(outcome.is_err(), "{outcome:?}");
    server.signal(Signal::Continue);
}

// As after a failover: the old server never answers again, and never closes its connections either.
#[tokio::test]
async fn connections_that_hang_for_ever_do_not_keep_new_ones_away() {
    let Some((server, database)) = on_a_server(2).await else { return };
    // All connections are open, and stay idle, when the hang begins.
    join_all((0..32).map(|_| database.load())).await;
    server.signal_connections(Signal::Stop);
    let outcomes = tokio::time::timeout(BOUND, join_all((0..2).map(|_| database.load()))).await.unwrap();
    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
    until_it_answers(&database).await;
    let outcomes = join_all((0..8).map(|_| database.load())).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    server.signal_connections(Signal::Continue);
}
