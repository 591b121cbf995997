//! What the proof of the books finds when a hand was in the tables.

use crate::databases::shared_ones;
use switchyard_domain::chat::UsageSource;
use switchyard_domain::ids::VirtualKeyId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{LedgerCheck, LedgerProblem, UsageEvent};
use switchyard_ports::repositories::UsageRepository as _;
use switchyard_testkit::contracts::repositories::sample_event;

const AT: Timestamp = Timestamp(1_795_161_600_000);

/// Tampers with the books of two events of one day and returns what is found.
async fn found(sql: impl Fn(&str) -> String) -> Vec<(UsageEvent, LedgerCheck)> {
    let mut checks = Vec::new();
    for opened in shared_ones().await {
        let event = sample_event(Some(VirtualKeyId(7)), AT);
        let other = sample_event(None, Timestamp(AT.0 + 1));
        opened.database.record(&[event.clone(), other]).await.unwrap();
        assert_eq!(opened.database.verify().await.unwrap().problems, []);
        let literal = match opened.target {
            switchyard_repositories::DatabaseTarget::Postgres(_) => format!("'\\x{}'", event.id.0.simple()),
            _ => format!("x'{}'", event.id.0.simple()),
        };
        opened.tamper(&sql(&literal));
        checks.push((event, opened.database.verify().await.unwrap()));
    }
    checks
}

fn only(check: &LedgerCheck) -> &LedgerProblem {
    let [problem] = check.problems.as_slice() else { panic!("{:?}", check.problems) };
    problem
}

#[tokio::test]
async fn a_missing_entry_is_found() {
    for (event, check) in found(|id| format!("DELETE FROM ledger_entries WHERE id = {id}")).await {
        assert_eq!((check.entries, check.events, check.total.0), (1, 2, 1_000));
        let problem = only(&check);
        assert_eq!(problem.place, format!("entry {}", event.id));
        assert_eq!(problem.difference, "the event has no ledger entry; it says 1000 nano-USD");
    }
}

#[tokio::test]
async fn an_entry_that_differs_from_its_event_is_found() {
    let sql = |id: &str| format!("UPDATE ledger_entries SET amount = 999, key_id = NULL WHERE id = {id}");
    for (event, check) in found(sql).await {
        let problem = only(&check);
        assert_eq!(problem.place, format!("entry {}", event.id));
        let expected = "amount: the entry says 999 nano-USD, the event says 1000 nano-USD; \
             key: the entry says no key, the event says 7";
        assert_eq!(problem.difference, expected);
    }
    let sql = |id: &str| format!("UPDATE ledger_entries SET amount = NULL WHERE id = {id}");
    for (_, check) in found(sql).await {
        assert!(only(&check).difference.contains("the entry says an unknown amount"), "{check:?}");
    }
}

#[tokio::test]
async fn an_entry_without_event_is_found_and_so_is_its_sum() {
    for (event, check) in found(|id| format!("DELETE FROM usage_events WHERE id = {id}")).await {
        let [sum, all, key, provider, entry] = check.problems.as_slice() else {
            panic!("{:?}", check.problems)
        };
        assert_eq!(key.place, "key:7, quarter of an hour from 2026-11-20T08:00:00.000Z");
        assert_eq!(key.difference, "the sum of the quarter says 1000, the events say 0");
        for two in [all, provider] {
            assert_eq!(two.difference, "the sum of the quarter says 2000, the events say 1000");
        }
        assert_eq!(sum.place, "2026-11-20, key 7, acme/large, fast, complete");
        assert!(sum.difference.contains("cost: the daily sum says 1000, the events say 0"), "{sum:?}");
        assert_eq!(entry.place, format!("entry {}", event.id));
        assert!(entry.difference.contains("no event that used anything"), "{entry:?}");
    }
}

#[tokio::test]
async fn a_sum_that_differs_is_found() {
    let sql = |_: &str| "UPDATE usage_daily SET cost = cost + 1 WHERE key_id = 7".to_owned();
    for (_, check) in found(sql).await {
        let problem = only(&check);
        assert_eq!(problem.difference, "cost: the daily sum says 1001, the events say 1000");
    }
    for (_, check) in found(|_| "DELETE FROM usage_daily WHERE key_id = 0".to_owned()).await {
        assert!(only(&check).place.contains("key 0"), "{check:?}");
        assert!(
            only(&check).difference.contains("calls: the daily sum says 0, the events say 1"),
            "{check:?}"
        );
    }
    let sql = |_: &str| "UPDATE usage_daily SET day = day + 30 WHERE key_id = 7".to_owned();
    for (_, check) in found(sql).await {
        assert_eq!(check.problems.len(), 2, "one line is missing and one is too many: {check:?}");
    }
}

#[tokio::test]
async fn a_sum_of_a_quarter_of_an_hour_that_differs_is_found() {
    let sql = |_: &str| "UPDATE usage_quarters SET cost = cost + 1 WHERE scope = 'key:7'".to_owned();
    for (_, check) in found(sql).await {
        let problem = only(&check);
        assert_eq!(problem.place, "key:7, quarter of an hour from 2026-11-20T08:00:00.000Z");
        assert_eq!(problem.difference, "the sum of the quarter says 1001, the events say 1000");
    }
    for (_, check) in found(|_| "DELETE FROM usage_quarters WHERE scope = 'global'".to_owned()).await {
        let problem = only(&check);
        assert_eq!(problem.place, "global, quarter of an hour from 2026-11-20T08:00:00.000Z");
        assert_eq!(problem.difference, "the sum of the quarter says 0, the events say 2000");
    }
    let sql =
        |_: &str| "UPDATE usage_quarters SET quarter = quarter + 86400000 WHERE scope = 'key:7'".to_owned();
    for (_, check) in found(sql).await {
        assert_eq!(check.problems.len(), 2, "one line is missing and one is on an empty day: {check:?}");
    }
    let sql = |_: &str| "UPDATE usage_quarters SET quarter = quarter + 1 WHERE scope = 'key:7'".to_owned();
    for (_, check) in found(sql).await {
        assert_eq!(check.problems.len(), 2, "one line is missing and one is of no quarter: {check:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_cut_says_so() {
    for opened in shared_ones().await {
        let events: Vec<UsageEvent> =
            (0..1_500).map(|number| sample_event(None, Timestamp(number))).collect();
        opened.database.record(&events).await.unwrap();
        opened.tamper("DELETE FROM ledger_entries");
        let check = opened.database.verify().await.unwrap();
        assert_eq!(check.problems.len(), 1_001);
        assert_eq!(check.problems.last().unwrap().place, "further places");
    }
}

#[tokio::test]
async fn attempts_that_used_nothing_need_no_entry() {
    for opened in shared_ones().await {
        let unused = |cost| UsageEvent { usage_source: UsageSource::None, cost, ..sample_event(None, AT) };
        let some = Some(switchyard_domain::money::NanoUsd(5));
        opened.database.record(&[unused(None), unused(some)]).await.unwrap();
        let check = opened.database.verify().await.unwrap();
        assert_eq!((check.events, check.entries, check.problems), (2, 0, vec![]));
    }
}

#[tokio::test]
async fn an_entry_with_another_price_source_or_call_than_its_event_is_found() {
    for (change, told) in [
        ("price_version = 'dearer'", "price: the entry says `dearer`"),
        ("price_version = NULL", "price: the entry says no version"),
        ("usage_source = 'estimated'", "source: the entry says estimated"),
        ("call_id = id", "call: the entry says "),
    ] {
        let sql = |id: &str| format!("UPDATE ledger_entries SET {change} WHERE id = {id}");
        for (_, check) in found(sql).await {
            assert!(only(&check).difference.starts_with(told), "{change}: {check:?}");
        }
    }
}

#[tokio::test]
async fn lines_that_come_to_more_than_the_entry_says_are_found() {
    let dearer = r#"[{"kind":"input","tokens":500,"price":1000000000000}]"#;
    for (lines, told) in [
        (dearer, "lines: they come to 500000000 nano-USD, the entry says 1000 nano-USD"),
        ("[", "its lines can't be read"),
    ] {
        let sql = |id: &str| format!("UPDATE ledger_entries SET lines = '{lines}' WHERE id = {id}");
        for (event, check) in found(sql).await {
            let problem = only(&check);
            assert_eq!(problem.place, format!("entry {}", event.id));
            assert_eq!(problem.difference, told);
        }
    }
}
