//! Whatever a hand in the tables does to the audit log is found, and where.

use crate::databases::{self, Opened};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use switchyard_domain::audit::{AuditAction, AuditFlaw, AuditOutcome, AuditProblem, AuditRecord};
use switchyard_domain::time::Timestamp;
use switchyard_ports::audit_seal::AuditSeal as _;
use switchyard_ports::entropy::Entropy as _;
use switchyard_ports::repositories::AuditLog as _;
use switchyard_repositories::{Database, DatabaseTarget};
use switchyard_security::audit::ChainSeal;
use switchyard_testkit::entropy::SeededEntropy;

const ENTRIES: i64 = 40;
const TAMPERINGS: usize = 1_000;

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn record(number: i64) -> AuditRecord {
    AuditRecord {
        at: Timestamp(1_000 + number),
        actor: format!("user-{}", number % 3),
        action: *AuditAction::ALL.iter().cycle().nth(usize::try_from(number).unwrap()).unwrap(),
        object: format!("provider:{}", number % 5),
        outcome: if number % 2 == 0 { AuditOutcome::Done } else { AuditOutcome::Refused },
        address: (number % 2 == 0).then(|| "192.0.2.1".parse().unwrap()),
        request_id: (number % 3 == 0).then(|| format!("request-{number}")),
        details: [("name".to_owned(), format!("n{number}"))].into(),
    }
}

async fn with_entries(opened: &Opened, seal: ChainSeal) -> Database {
    with_more(opened, ENTRIES, seal).await
}

async fn with_more(opened: &Opened, entries: i64, seal: ChainSeal) -> Database {
    let database = opened.database.clone().with_audit_seal(Arc::new(seal));
    for number in 0..entries {
        database.record(record(number)).await.unwrap();
    }
    database
}

/// Another program's connection to the same database.
enum Hand {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Hand {
    fn on(opened: &Opened) -> Self {
        let mut hand = match &opened.target {
            DatabaseTarget::SqliteFile(path) => {
                Self::Sqlite(SqliteConnection::establish(path.to_str().unwrap()).unwrap())
            }
            DatabaseTarget::Postgres(url) => {
                Self::Postgres(PgConnection::establish(url.expose_secret()).unwrap())
            }
            DatabaseTarget::SqliteMemory => panic!("nobody else reaches a database in memory"),
        };
        if let Self::Sqlite(connection) = &mut hand {
            connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF").unwrap();
        }
        hand.run("CREATE TABLE kept AS SELECT * FROM audit_entries");
        hand.run("CREATE TABLE kept_head AS SELECT * FROM audit_head");
        hand
    }

    fn run(&mut self, sql: &str) {
        let sql = format!("BEGIN; {sql}; COMMIT;");
        match self {
            Self::Sqlite(connection) => connection.batch_execute(&sql).unwrap(),
            Self::Postgres(connection) => connection.batch_execute(&sql).unwrap(),
        }
    }

    fn restore(&mut self) {
        self.run(
            "DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept; \
             DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head",
        );
    }
}

/// What is done to the tables, and which entry is then the first wrong one, where that is certain.
struct Tampering {
    sql: String,
    first: Option<i64>,
}

fn edit(dice: &mut impl FnMut(i64) -> i64, place: i64) -> Tampering {
    let other = 1 + (place - 1 + 1 + dice(ENTRIES - 1)) % ENTRIES;
    let from_other =
        |column: &str| format!("{column} = (SELECT kept.{column} FROM kept WHERE kept.sequence = {other})");
    let set = match dice(14) {
        0 => "at = at + 1".to_owned(),
        1 => "actor = actor || ' '".to_owned(),
        2 => "action = action || 'd'".to_owned(),
        3 => "object = 'provider:' || object".to_owned(),
        4 => "outcome = CASE outcome WHEN 'done' THEN 'refused' ELSE 'done' END".to_owned(),
        5 => "address = CASE WHEN address IS NULL THEN '' ELSE NULL END".to_owned(),
        6 => "address = '::1'".to_owned(),
        7 => "request_id = CASE WHEN request_id IS NULL THEN '' ELSE NULL END".to_owned(),
        8 => "request_id = 'request-0x'".to_owned(),
        9 => "details = '{}'".to_owned(),
        10 => "details = details || ' '".to_owned(),
        11 => "key_id = 'deadbeef'".to_owned(),
        12 => from_other("hash"),
        // The first entry has nothing before it, so that nothing can be put in the place of what stands there.
        _ => from_other("previous"),
    };
    Tampering { sql: format!("UPDATE audit_entries SET {set} WHERE sequence = {place}"), first: Some(place) }
}

/// The log with entries behind `last` cut off, and its end recorded as well as one can who has no key.
fn cut(last: i64) -> String {
    let entry = |column: &str| format!("(SELECT {column} FROM kept WHERE sequence = {last})");
    format!(
        "DELETE FROM audit_entries WHERE sequence > {last}; \
         UPDATE audit_head SET sequence = {last}, hash = {}, key_id = {}",
        entry("hash"),
        entry("key_id")
    )
}

fn swap(one: i64, other: i64) -> String {
    format!(
        "UPDATE audit_entries SET sequence = -1 WHERE sequence = {one}; \
         UPDATE audit_entries SET sequence = {one} WHERE sequence = {other}; \
         UPDATE audit_entries SET sequence = {other} WHERE sequence = -1"
    )
}

fn tampering(dice: &mut impl FnMut(i64) -> i64) -> Tampering {
    let place = 1 + dice(ENTRIES);
    match dice(12) {
        0 => {
            let sql = format!("DELETE FROM audit_entries WHERE sequence = {place}");
            Tampering { sql, first: Some(place) }
        }
        1 => {
            let sql = format!("DELETE FROM audit_entries WHERE sequence >= {place}");
            Tampering { sql, first: Some(place) }
        }
        2 => Tampering { sql: cut(1 + dice(ENTRIES - 1)), first: None },
        3 => {
            let other = 1 + (place + dice(ENTRIES - 1)) % ENTRIES;
            Tampering { sql: swap(place, other), first: Some(place.min(other)) }
        }
        4 => {
            // Taken out, and the others moved up.
            let sql = format!(
                "DELETE FROM audit_entries WHERE sequence = {place}; \
                 UPDATE audit_entries SET sequence = -sequence WHERE sequence > {place}; \
                 UPDATE audit_entries SET sequence = -sequence - 1 WHERE sequence < 0; \
                 UPDATE audit_head SET sequence = sequence - 1"
            );
            Tampering { sql, first: Some(place.min(ENTRIES - 1)) }
        }
        5 => {
            // Said to be under a key that nobody has, up to the end, so that its content need not fit its hash.
            let sql = format!(
                "UPDATE audit_entries SET actor = 'nobody', key_id = 'gone' WHERE sequence >= {place}; \
                 UPDATE audit_head SET key_id = 'gone'"
            );
            Tampering { sql, first: Some(if place == 1 { ENTRIES } else { place }) }
        }
        6 => {
            // Added behind the end, with all that can be known without the key.
            let sql = format!(
                "INSERT INTO audit_entries SELECT sequence + {ENTRIES}, at, actor, action, object, outcome, address, \
                 request_id, details, key_id, previous, hash FROM kept WHERE sequence = 1; \
                 UPDATE audit_head SET sequence = sequence + 1"
            );
            Tampering { sql, first: Some(ENTRIES + 1) }
        }
        _ => edit(dice, place),
    }
}

async fn every_tampering_is_found(opened: &Opened) -> usize {
    let database = with_entries(opened, ChainSeal::new(&secret("a secret key of these tests"))).await;
    let (mut hand, entropy) = (Hand::on(opened), SeededEntropy::default());
    let mut dice = |sides: i64| i64::try_from(entropy.random() % u64::try_from(sides).unwrap()).unwrap();
    let mut found = 0;
    for _ in 0..TAMPERINGS {
        let Tampering { sql, first } = tampering(&mut dice);
        hand.run(&sql);
        let check = database.verify().await.unwrap();
        let problem = check.problem.unwrap_or_else(|| panic!("not found: {sql}"));
        if let Some(first) = first {
            assert_eq!(problem.sequence, first, "{sql}: {problem:?}");
        }
        // Neither a server that goes on nor one that starts under the same key makes it good.
        let _is_refused_where_the_end_is_wrong = database.record(record(1)).await;
        let check = database.verify().await.unwrap();
        assert!(!check.is_whole(None) && check.problem.is_some(), "made good by the next entry: {sql}");
        let joined = database.take_over(Timestamp(2)).await;
        let check = database.verify().await.unwrap();
        assert!(!check.is_whole(None), "made good by a start: {sql}, {joined:?}");
        found += 1;
        hand.restore();
    }
    assert_eq!(database.verify().await.unwrap().problem, None);
    println!("{found} of {TAMPERINGS} tamperings were found");
    found
}

#[tokio::test]
async fn a_thousand_tamperings_with_sqlite_are_found_each_at_its_first_wrong_entry() {
    assert_eq!(every_tampering_is_found(&databases::file().await).await, TAMPERINGS);
}

#[tokio::test]
async fn a_thousand_tamperings_with_postgres_are_found_each_at_its_first_wrong_entry() {
    let Some(opened) = databases::postgres().await else { return };
    assert_eq!(every_tampering_is_found(&opened).await, TAMPERINGS);
}

#[tokio::test]
async fn a_log_goes_on_under_another_key_and_its_older_part_is_shown_where_the_older_key_is_given() {
    let opened = databases::file().await;
    let (old, new) = (secret("the first of two secret keys"), secret("the second of two secret keys"));
    let before = with_entries(&opened, ChainSeal::new(&old)).await;
    let after = opened.database.clone().with_audit_seal(Arc::new(ChainSeal::new(&new)));
    let old_id = ChainSeal::new(&old).key_id().to_owned();
    let refused = after.record(record(1)).await.unwrap_err();
    assert!(refused.to_string().contains(&old_id), "{refused}");
    let end = after.take_over(Timestamp(7)).await.unwrap().unwrap();
    assert_eq!((end.sequence, &end.key_id), (40, &old_id));
    assert_eq!(after.take_over(Timestamp(8)).await.unwrap(), None, "once");
    assert!(before.record(record(1)).await.is_err(), "who seals under the older key stops");
    let after = with_more(&opened, ENTRIES - 1, ChainSeal::new(&new)).await;
    let check = after.verify().await.unwrap();
    assert_eq!((&check.problem, check.entries, check.unproven_to), (&None, 80, Some(40)));
    assert!(!check.is_whole(None) && !check.is_whole(Some(39)) && check.is_whole(Some(40)));
    assert_eq!(check.unproven, [(old_id, 40)].into());
    let both = opened.database.clone().with_audit_seal(Arc::new(ChainSeal::new(&new).with_older(&old)));
    let check = both.verify().await.unwrap();
    assert!(check.is_whole(None), "{check:?}");
    assert_eq!(check.entries, 80);
    // Who has only the older key can't tell what was done since.
    let check = before.verify().await.unwrap();
    let flaw = AuditFlaw::HeadUnproven(ChainSeal::new(&new).key_id().to_owned());
    assert_eq!(check.problem, Some(AuditProblem { sequence: 80, flaw }));
    opened.tamper("UPDATE audit_entries SET details = '{}' WHERE sequence = 7");
    assert_eq!(both.verify().await.unwrap().problem.unwrap().sequence, 7);
    opened.tamper("UPDATE audit_entries SET key_id = 'deadbeef' WHERE sequence = 60");
    assert_eq!(after.verify().await.unwrap().problem.unwrap().sequence, 60);
}

#[tokio::test]
async fn entries_behind_the_recorded_end_stop_writers_and_are_told() {
    let opened = databases::file().await;
    let database = with_entries(&opened, ChainSeal::new(&secret("a secret key of these tests"))).await;
    opened.tamper("UPDATE audit_head SET sequence = 30");
    let check = database.verify().await.unwrap();
    assert_eq!(check.problem, Some(AuditProblem { sequence: 31, flaw: AuditFlaw::Behind }));
    let refused = database.record(record(1)).await.unwrap_err();
    assert!(refused.to_string().contains("switchyard audit verify"), "{refused}");
}

#[tokio::test]
async fn a_tail_that_is_forged_under_a_key_that_nobody_has_is_neither_continued_nor_ever_called_whole() {
    let opened = databases::file().await;
    let key = secret("a secret key of these tests");
    let database = with_entries(&opened, ChainSeal::new(&key)).await;
    opened.tamper("UPDATE audit_entries SET actor = 'nobody', key_id = 'gone' WHERE sequence > 30");
    opened.tamper("UPDATE audit_head SET key_id = 'gone'");
    let refused = database.record(record(1)).await.unwrap_err();
    assert!(refused.to_string().contains("key gone"), "{refused}");
    // A start goes on, and leaves in the log over what.
    assert_eq!(database.take_over(Timestamp(9)).await.unwrap().unwrap().key_id, "gone");
    database.record(record(2)).await.unwrap();
    let problem = database.verify().await.unwrap().problem.unwrap();
    assert_eq!(problem, AuditProblem { sequence: 31, flaw: AuditFlaw::Changed });
    // Had somebody relabelled everything, it would be as after the loss of a key: not proven.
    let other = databases::file().await;
    let database = with_entries(&other, ChainSeal::new(&key)).await;
    other.tamper("UPDATE audit_entries SET actor = 'nobody', key_id = 'gone'");
    other.tamper("UPDATE audit_head SET key_id = 'gone'");
    database.take_over(Timestamp(9)).await.unwrap().unwrap();
    let check = database.verify().await.unwrap();
    assert_eq!((&check.problem, check.unproven_to, check.is_whole(None)), (&None, Some(40), false));
}

#[tokio::test]
async fn an_end_that_was_set_back_is_not_continued_with_its_own_seal_or_another() {
    let opened = databases::file().await;
    let key = secret("a secret key of these tests");
    let database = with_more(&opened, 20, ChainSeal::new(&key)).await;
    opened.tamper("CREATE TABLE kept_head AS SELECT * FROM audit_head");
    with_more(&opened, 20, ChainSeal::new(&key)).await;
    opened.tamper("DELETE FROM audit_head");
    opened.tamper("INSERT INTO audit_head SELECT * FROM kept_head");
    database.record(record(1)).await.unwrap_err();
    let behind = Some(AuditProblem { sequence: 21, flaw: AuditFlaw::Behind });
    assert_eq!(database.verify().await.unwrap().problem, behind);
    opened.tamper("DELETE FROM audit_entries WHERE sequence > 19");
    opened.tamper(
        "UPDATE audit_head SET sequence = 19, hash = (SELECT hash FROM audit_entries WHERE sequence = 19)",
    );
    let refused = database.record(record(1)).await.unwrap_err();
    assert!(refused.to_string().contains("was changed"), "{refused}");
    assert_eq!(database.take_over(Timestamp(1)).await.unwrap(), None);
    assert_eq!(database.verify().await.unwrap().problem.unwrap().flaw, AuditFlaw::HeadChanged);
}

#[tokio::test]
async fn a_tail_that_was_cut_off_before_the_key_was_changed_is_told_by_the_older_key() {
    let opened = databases::file().await;
    let (old, new) = (secret("the first of two secret keys"), secret("the second of two secret keys"));
    with_entries(&opened, ChainSeal::new(&old)).await;
    opened.tamper("DELETE FROM audit_entries WHERE sequence > 30");
    opened.tamper(
        "UPDATE audit_head SET sequence = 30, hash = (SELECT hash FROM audit_entries WHERE sequence = 30)",
    );
    let both = opened.database.clone().with_audit_seal(Arc::new(ChainSeal::new(&new).with_older(&old)));
    both.take_over(Timestamp(1)).await.unwrap().unwrap();
    both.record(record(1)).await.unwrap();
    let check = both.verify().await.unwrap();
    assert_eq!(check.problem, Some(AuditProblem { sequence: 31, flaw: AuditFlaw::JoinedUnsound }));
}
