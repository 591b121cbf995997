//! Many at once, in one program and in several.

use crate::databases::{Opened, memory, shared_ones};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use switchyard_domain::ids::{ProviderId, VirtualKeyId};
use switchyard_domain::name::Name;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{GroupBy, UsageEvent, UsageFilter};
use switchyard_ports::repositories::{
    ConfigurationRepository as _, KeyringEntry, KeyringRepository as _, ProviderPatch, Revision,
    UsageRepository as _,
};
use switchyard_repositories::{Database, DatabaseTarget};
use switchyard_testkit::contracts::repositories::{author, new_provider, sample_event};
use tokio::task::JoinSet;

const WRITERS: u32 = 8;
const WRITES: u32 = 100;

async fn programs(opened: &Opened) -> Vec<Database> {
    match opened.target {
        DatabaseTarget::SqliteMemory => vec![opened.database.clone()],
        _ => vec![opened.database.clone(), opened.again().await],
    }
}

async fn every_one() -> Vec<Opened> {
    let mut all = vec![memory().await];
    all.extend(shared_ones().await);
    all
}

// Each write reads the version and writes the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_read_and_then_write_lose_nothing() {
    for opened in every_one().await {
        let new = new_provider(Name::new("contested").unwrap(), &[]);
        let id = opened.database.create_provider(new, &author(0)).await.unwrap();
        let programs = programs(&opened).await;
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let database = programs.get(number as usize % programs.len()).unwrap().clone();
            writers.spawn(async move {
                for _ in 0..WRITES {
                    let patch = ProviderPatch { is_enabled: Some(true), ..ProviderPatch::default() };
                    database.update_provider(id, patch, &author(1)).await.unwrap();
                }
            });
        }
        writers.join_all().await;
        let stored = opened.database.load().await.unwrap();
        let version = stored.providers.iter().find(|provider| provider.id == id).unwrap().meta.version;
        assert_eq!(version, i64::from(1 + WRITERS * WRITES));
        assert_eq!(stored.revision, Revision(i64::from(1 + WRITERS * WRITES)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_programs_that_start_at_once_with_different_keys_one_is_the_first() {
    for opened in every_one().await {
        let programs = programs(&opened).await;
        let mut starts = JoinSet::new();
        for number in 0..WRITERS {
            let database = programs.get(number as usize % programs.len()).unwrap().clone();
            let key = format!("key-{number}");
            let entry = KeyringEntry { key_id: key, check_value: "c".to_owned(), created_at: Timestamp(1) };
            starts.spawn(async move { database.register_first(entry).await.unwrap() });
        }
        let first = starts.join_all().await.into_iter().filter(|is_first| *is_first).count();
        assert_eq!((first, opened.database.entries().await.unwrap().len()), (1, 1));
        assert_eq!(opened.database.revision().await.unwrap(), Revision(0), "no configuration was written");
    }
}

// In these databases every revision makes one provider.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_everything_up_to_the_revision_it_read_and_nothing_beyond() {
    for opened in every_one().await {
        let programs = programs(&opened).await;
        let mut writers = JoinSet::new();
        for number in 0..4 {
            let database = programs.get(number % programs.len()).unwrap().clone();
            writers.spawn(async move {
                for write in 0..25 {
                    let name = Name::new(format!("p {number} {write}")).unwrap();
                    database.create_provider(new_provider(name, &["a"]), &author(0)).await.unwrap();
                }
            });
        }
        let mut loads = 0;
        let mut seen = Revision(0);
        while seen < Revision(100) {
            let stored = opened.database.load().await.unwrap();
            assert_eq!(i64::try_from(stored.providers.len()).unwrap(), stored.revision.0);
            assert!(stored.providers.iter().all(|provider| provider.models.len() == 1));
            assert!(stored.revision >= seen, "revisions never go back");
            seen = stored.revision;
            loads += 1;
        }
        writers.join_all().await;
        assert!(loads > 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_record_the_same_events_count_them_once() {
    for opened in every_one().await {
        let key = VirtualKeyId(1);
        let events: Vec<UsageEvent> = (0..600)
            .map(|number| UsageEvent {
                provider: ProviderId(number % 5),
                model: format!("m{}", number % 11),
                ..sample_event(Some(key), Timestamp(number))
            })
            .collect();
        let programs = programs(&opened).await;
        let mut recorders = JoinSet::new();
        for number in 0..6_usize {
            let database = programs.get(number % programs.len()).unwrap().clone();
            let mut events = events.clone();
            events.rotate_left(number * 97);
            recorders.spawn(async move {
                let mut inserted = 0;
                for batch in events.chunks(60) {
                    inserted += database.record(batch).await.unwrap().inserted;
                }
                inserted
            });
        }
        let inserted: u64 = recorders.join_all().await.into_iter().sum();
        assert_eq!(inserted, 600);
        let rows = opened.database.report(UsageFilter::default(), GroupBy::Key).await.unwrap();
        let sums = rows.first().unwrap().sums;
        assert_eq!((rows.len(), sums.attempts, sums.cost.0), (1, 600, 600_000));
        let check = opened.database.verify().await.unwrap();
        assert_eq!((check.problems, check.entries), (vec![], 600));
    }
}

#[tokio::test]
async fn however_many_prove_the_books_for_however_long_everything_else_is_answered() {
    let Some(opened) = crate::databases::postgres().await else { return };
    let DatabaseTarget::Postgres(url) = &opened.target else { panic!("another database") };
    let mut other = PgConnection::establish(url.expose_secret()).unwrap();
    other.batch_execute("BEGIN; LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE").unwrap();
    let mut proofs = JoinSet::new();
    for _ in 0..30 {
        let database = opened.database.clone();
        proofs.spawn(async move { database.verify().await.is_ok() });
    }
    for _ in 0..50 {
        let answer = tokio::time::timeout(Duration::from_secs(2), opened.database.revision()).await;
        assert_eq!(answer.unwrap().unwrap(), Revision(0));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(proofs.join_all().await, vec![true; 30]);
}
