//! Migrations up, down, at once, half-way, and from the future.

use crate::databases::{
    KEPT_CHANGES, Opened, config, empty_file, empty_postgres, memory, postgres, sealed, shared_ones,
};
use secrecy::ExposeSecret as _;
use std::path::Path;
use switchyard_domain::budget::Span;
use switchyard_domain::declaration::{Declaration, GivenKeys};
use switchyard_domain::ids::{ProviderId, UserId, VirtualKeyId};
use switchyard_domain::meta::Writer;
use switchyard_domain::money::NanoUsd;
use switchyard_domain::name::Name;
use switchyard_domain::provider::{CredentialOwner, CredentialSource, SharedPlace};
use switchyard_domain::quota::QuotaScope;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::UsageEvent;
use switchyard_ports::repositories::{
    Author, ConfigurationRepository as _, NewRoute, ProviderPatch, ProviderRemoval, SealedSecret,
    StoredConfiguration, UsageRepository as _,
};
use switchyard_repositories::{Database, DatabaseError, DatabaseTarget, MigrationStatus};
use switchyard_testkit::contracts::repositories::{
    audit_contract, configuration_contract, new_provider, quota_contract, sample_event, user_contract,
    virtual_key_contract,
};

/// The migrations' names, as their folders have them.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 4, "{names:?}");
    names
}

async fn empty_ones() -> Vec<Opened> {
    let mut all = vec![empty_file().await];
    all.extend(empty_postgres().await);
    all
}

/// How many migrations follow the first so many.
fn steps_behind(kept: usize) -> u32 {
    u32::try_from(names().len() - kept).unwrap()
}

fn backwards(names: &[String]) -> Vec<String> {
    names.iter().rev().cloned().collect()
}

#[tokio::test]
async fn up_down_and_up_again_ends_where_it_began() {
    for opened in empty_ones().await {
        let database = &opened.database;
        let fresh = MigrationStatus { pending: names(), ..MigrationStatus::default() };
        let whole = MigrationStatus { applied: names(), ..MigrationStatus::default() };
        assert_eq!(database.migration_status().await.unwrap(), fresh);
        assert_eq!(database.migrate_up().await.unwrap(), names());
        assert_eq!(database.migration_status().await.unwrap(), whole);
        assert_eq!(database.migrate_up().await.unwrap(), Vec::<String>::new());

        assert_eq!(database.migrate_down(steps_behind(1)).await.unwrap(), backwards(&names()[1..]));
        assert_eq!(database.migration_status().await.unwrap().pending, names()[1..]);
        assert_eq!(database.migrate_up().await.unwrap(), names()[1..]);

        configuration_contract(database, KEPT_CHANGES).await;
        assert_eq!(database.migrate_down(99).await.unwrap(), backwards(&names()));
        assert_eq!(database.migration_status().await.unwrap(), fresh);
        assert_eq!(database.migrate_up().await.unwrap(), names());
        configuration_contract(database, KEPT_CHANGES).await;
    }
}

#[tokio::test]
async fn a_database_in_memory_migrates_too() {
    let opened = memory().await;
    assert_eq!(opened.database.migration_status().await.unwrap().applied, names());
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    for opened in empty_ones().await {
        let mut replicas = Vec::new();
        for _ in 0..4 {
            replicas.push(opened.again().await);
        }
        let runs = replicas.iter().map(|replica| replica.migrate_up());
        let done = futures_util::future::join_all(runs).await;
        let mut done: Vec<Vec<String>> = done.into_iter().map(Result::unwrap).collect();
        done.sort();
        assert_eq!(done, [vec![], vec![], vec![], names()]);
    }
}

#[tokio::test]
async fn a_migration_from_the_future_is_refused_with_the_database_untouched() {
    for opened in shared_ones().await {
        opened.tamper("INSERT INTO __diesel_schema_migrations (version) VALUES ('0999')");
        let newer = DatabaseError::NewerSchema { unknown: vec!["0999".to_owned()] };
        assert_eq!(opened.database.migrate_up().await.unwrap_err(), newer);
        assert_eq!(opened.database.migrate_down(1).await.unwrap_err(), newer);
        assert!(newer.to_string().contains("0999"));
        let status = opened.database.migration_status().await.unwrap();
        assert_eq!((status.applied, status.unknown), (names(), vec!["0999".to_owned()]));
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_of_itself_and_can_be_repeated() {
    for opened in empty_ones().await {
        // The last table of the second migration is in the way.
        opened.tamper("CREATE TABLE usage_daily (day INTEGER)");
        let error = opened.database.migrate_up().await.unwrap_err();
        assert!(matches!(&error, DatabaseError::Migration(why) if why.contains("0002_usage")), "{error:?}");
        assert_eq!(opened.database.migration_status().await.unwrap().pending, names()[1..]);
        opened.tamper(
            "DROP TABLE usage_daily; CREATE TABLE ledger_entries (id INTEGER); DROP TABLE ledger_entries",
        );
        assert_eq!(opened.database.migrate_up().await.unwrap(), names()[1..]);
    }
}

// Rows stay when a column goes and comes.
#[tokio::test]
async fn usage_that_was_recorded_before_a_migration_is_there_behind_it() {
    for opened in shared_ones().await {
        // How its target was chosen stands in a table of its own, which goes with its migration.
        let event = UsageEvent { rule: None, passed_over: Vec::new(), ..sample_event(None, Timestamp(1)) };
        opened.database.record(std::slice::from_ref(&event)).await.unwrap();
        // The first two made the table.
        let undone = opened.database.migrate_down(steps_behind(2)).await.unwrap();
        assert_eq!(undone, backwards(&names()[2..]));
        opened.database.migrate_up().await.unwrap();
        assert_eq!(opened.database.events_of(&event.request_id).await.unwrap(), [event]);
        assert_eq!(opened.database.verify().await.unwrap().problems, []);
    }
}

#[tokio::test]
async fn daily_sums_go_down_and_up_again_with_the_people_in_them() {
    let place = names().iter().position(|name| name.contains("daily_sums_by_user")).unwrap();
    for opened in shared_ones().await {
        let of = |user: Option<i64>, day: i64| UsageEvent {
            user: user.map(UserId),
            ..sample_event(Some(VirtualKeyId(7)), Timestamp(day * 86_400_000 + 5))
        };
        let events = [of(None, 3), of(None, 4), of(Some(1), 4), of(Some(2), 4), of(Some(1), 6)];
        opened.database.record(&events).await.unwrap();
        for kept in [place, 2] {
            opened.database.migrate_down(steps_behind(kept)).await.unwrap();
            opened.database.migrate_up().await.unwrap();
            let check = opened.database.verify().await.unwrap();
            // Further down the people themselves are forgotten.
            assert_eq!((check.events, check.problems), (5, vec![]), "{kept}");
            let spent = |scope| opened.database.spent(scope, Span::ENDLESS);
            assert_eq!(spent(QuotaScope::Key(VirtualKeyId(7))).await.unwrap(), NanoUsd(5_000));
            let of_one = if kept == place { NanoUsd(2_000) } else { NanoUsd::ZERO };
            assert_eq!(spent(QuotaScope::User(UserId(1))).await.unwrap(), of_one);
        }
    }
}

// A program that serves may run under a role that changes no schema.
#[tokio::test]
async fn a_role_without_the_right_to_change_the_schema_serves() {
    let Some(opened) = postgres().await else { return };
    opened.tamper(
        "CREATE ROLE serving LOGIN; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO serving; \
         REVOKE CREATE ON SCHEMA public FROM public",
    );
    let DatabaseTarget::Postgres(url) = &opened.target else { panic!() };
    let url = url.expose_secret().replace("postgres@", "serving@");
    let serving = sealed(Database::open(config(DatabaseTarget::Postgres(url.into()))).await.unwrap());
    assert_eq!(serving.migrate_up().await.unwrap(), Vec::<String>::new());
    configuration_contract(&serving, KEPT_CHANGES).await;
    assert!(matches!(serving.migrate_down(1).await.unwrap_err(), DatabaseError::Migration(_)));
    assert_eq!(opened.database.migration_status().await.unwrap().applied, names());
}

/// A provider at an address of its own, so that a seeded one of its name would give way.
async fn provider(database: &Database, name: &str, by: Writer) -> i64 {
    let new = new_provider(Name::new(name).unwrap(), &["m"]);
    database.create_provider(new, &Author { by, at: Timestamp(1) }).await.unwrap().0
}

#[tokio::test]
async fn ids_of_people_and_of_the_product_stay_apart_and_are_given_once_when_they_go_down_and_up() {
    let place = names().iter().position(|name| name.contains("seeds")).unwrap();
    for opened in shared_ones().await {
        let database = &opened.database;
        let one = provider(database, "one", Writer::API).await;
        let seeded = provider(database, "seeded", Writer::SEED).await;
        let gone = provider(database, "gone", Writer::API).await;
        let seed_gone = provider(database, "seed gone", Writer::SEED).await;
        assert_eq!((one, seeded, gone, seed_gone), (1, 1_000_000, 2, 1_000_001));
        database.note_seeds(1).await.unwrap();
        for id in [gone, seed_gone] {
            let spent = UsageEvent { provider: ProviderId(id), ..sample_event(None, Timestamp(1)) };
            database.record(&[spent]).await.unwrap();
            database
                .delete_provider(
                    ProviderId(id),
                    ProviderRemoval::default(),
                    &Author { by: Writer::API, at: Timestamp(2) },
                )
                .await
                .unwrap();
        }
        database.migrate_down(steps_behind(place)).await.unwrap();
        database.migrate_up().await.unwrap();
        assert_eq!(
            database.seeds().await.unwrap(),
            1,
            "what comes with the product is there, and does not come again"
        );
        let mut given = Vec::new();
        for number in 0..3 {
            given.push(provider(database, &format!("later {number}"), Writer::API).await);
            given.push(provider(database, &format!("seeded later {number}"), Writer::SEED).await);
        }
        assert_eq!(given, [3, 1_000_002, 4, 1_000_003, 5, 1_000_004]);
    }
}

#[tokio::test]
async fn every_migration_goes_down_and_up_over_rows_of_every_kind() {
    for opened in shared_ones().await {
        let database = &opened.database;
        configuration_contract(database, KEPT_CHANGES).await;
        user_contract(database, database, database).await;
        audit_contract(database, database, database).await;
        quota_contract(database, database, database).await;
        virtual_key_contract(database, database, database, database).await;
        let event = UsageEvent {
            user: Some(UserId(7)),
            credential: Some(CredentialSource::Key),
            ..sample_event(Some(VirtualKeyId(7)), Timestamp(1))
        };
        database.record(std::slice::from_ref(&event)).await.unwrap();
        let before = database.load().await.unwrap();
        assert!(before.providers.len() > 3 && !before.routes.is_empty());
        for kept in (2..names().len()).rev() {
            let undone = database.migrate_down(steps_behind(kept)).await.unwrap();
            assert_eq!(undone, backwards(&names()[kept..]));
            assert_eq!(database.migrate_up().await.unwrap(), names()[kept..]);
            let after = database.load().await.unwrap();
            let names = |stored: &StoredConfiguration| {
                stored.providers.iter().map(|one| (one.id, one.name.clone())).collect::<Vec<_>>()
            };
            assert_eq!(names(&after), names(&before), "{kept}");
            assert_eq!(after.routes.len(), before.routes.len(), "{kept}");
            let event = database.events_of(&event.request_id).await.unwrap().remove(0);
            assert_eq!((event.key, event.cost), (Some(VirtualKeyId(7)), Some(NanoUsd(1_000))), "{kept}");
        }
        // What a column or a table held is gone with it, and nothing else.
        let (rule, passed_over) = (None, Vec::new());
        let forgotten = UsageEvent { user: None, credential: None, rule, passed_over, ..event.clone() };
        assert_eq!(database.events_of(&event.request_id).await.unwrap(), [forgotten]);
        assert_eq!(database.verify().await.unwrap().problems, []);
        configuration_contract(database, KEPT_CHANGES).await;
    }
}

#[tokio::test]
async fn what_the_file_had_switched_off_before_it_could_be_told_is_taken_for_withdrawn() {
    let place = names().iter().position(|name| name.contains("declared_or_withdrawn")).unwrap();
    for opened in shared_ones().await {
        let database = &opened.database;
        let by = |by| Author { by, at: Timestamp(1) };
        let secret = || SealedSecret { sealed: "v1.0badcafe.nonce.text".to_owned(), hint: "text".to_owned() };
        let (on, off, others) = (
            ProviderId(provider(database, "on", Writer::FILE).await),
            ProviderId(provider(database, "off", Writer::FILE).await),
            ProviderId(provider(database, "others", Writer::API).await),
        );
        for number in 1..=2 {
            let owner = CredentialOwner::Shared(SharedPlace::new(number).unwrap());
            for id in if number == 1 { vec![on, off, others] } else { vec![on] } {
                let by = if id == others { by(Writer::API) } else { by(Writer::FILE) };
                database.put_credential(id, &owner, Some(secret()), None, &by).await.unwrap();
            }
        }
        let is_off = ProviderPatch { is_enabled: Some(false), ..ProviderPatch::default() };
        for (id, by) in [(off, by(Writer::FILE)), (others, by(Writer::API))] {
            database.update_provider(id, is_off.clone(), &by).await.unwrap();
        }
        let route = |name: &str, is_active| NewRoute { is_active, ..NewRoute::new(Name::new(name).unwrap()) };
        for (name, is_active) in [("route on", true), ("route off", false)] {
            database.create_route(route(name, is_active), &by(Writer::FILE)).await.unwrap();
        }
        database.migrate_down(steps_behind(place)).await.unwrap();
        database.migrate_up().await.unwrap();
        let stored = database.load().await.unwrap();
        let said = |id| stored.providers.iter().find(|known| known.id == id).unwrap().declaration;
        let declaration = |is_withdrawn, given_keys| Declaration { is_withdrawn, given_keys };
        assert_eq!(said(on), declaration(false, GivenKeys::All));
        assert_eq!(said(off), declaration(true, GivenKeys::First));
        assert_eq!(said(others), Declaration::default());
        let withdrawn: Vec<bool> = stored.routes.iter().map(|route| route.is_withdrawn).collect();
        assert_eq!(withdrawn, [false, true]);
    }
}
