//! The log of what people did, and its checkpoints outside of the database.

use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::audit::{
    AuditAction, AuditFilter, AuditFlaw, AuditOutcome, AuditProblem, AuditRecord,
};
use switchyard_domain::time::Timestamp;
use switchyard_orchestrator::audit::AuditTrail;
use switchyard_ports::clock::Clock as _;
use switchyard_ports::repositories::AuditLog as _;
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::fakes::audit_seal::PlainSeal;
use switchyard_testkit::fakes::checkpoints::CheckpointList;
use switchyard_testkit::fakes::store::MemoryStore;
use tokio_util::sync::CancellationToken;

struct Log {
    store: Arc<MemoryStore>,
    checkpoints: Arc<CheckpointList>,
    clock: Arc<ManualClock>,
    trail: Arc<AuditTrail>,
}

impl Log {
    fn new() -> Self {
        let (store, checkpoints) = (Arc::new(MemoryStore::default()), Arc::new(CheckpointList::default()));
        let clock = Arc::new(ManualClock::default());
        let trail = AuditTrail::new(
            Arc::clone(&store) as _,
            Arc::new(PlainSeal::default()),
            Some(Arc::clone(&checkpoints) as _),
            Arc::clone(&clock) as _,
        );
        Self { store, checkpoints, clock, trail: Arc::new(trail) }
    }

    async fn add(&self, entries: i64) {
        for number in 0..entries {
            let record = AuditRecord {
                at: Timestamp(number),
                actor: "ana".to_owned(),
                action: AuditAction::SignIn,
                object: "user:1".to_owned(),
                outcome: AuditOutcome::Done,
                address: None,
                request_id: None,
                details: [].into(),
            };
            self.trail.record(record).await.unwrap();
        }
    }

    async fn problem(&self) -> Option<AuditProblem> {
        self.trail.verify().await.unwrap().problem
    }
}

fn at(sequence: i64, flaw: AuditFlaw) -> Option<AuditProblem> {
    Some(AuditProblem { sequence, flaw })
}

#[tokio::test]
async fn a_log_that_is_put_back_whole_to_an_older_state_is_shown_by_a_checkpoint() {
    let log = Log::new();
    log.add(3).await;
    let (older, end) = (log.store.audit_entries(), log.store.head().await.unwrap());
    log.add(2).await;
    log.trail.checkpoint().await.unwrap();
    assert_eq!(log.problem().await, None);
    log.store.tamper_with_audit(|entries, head| (*entries, *head) = (older, Some(end)));
    assert_eq!(log.problem().await, at(5, AuditFlaw::Truncated));
}

#[tokio::test]
async fn a_log_that_went_another_way_since_a_checkpoint_is_told() {
    let (log, other) = (Log::new(), Log::new());
    log.add(3).await;
    log.trail.checkpoint().await.unwrap();
    other.add(1).await;
    other.add(2).await;
    let (entries, end) = (other.store.audit_entries(), other.store.head().await.unwrap());
    log.store.tamper_with_audit(|mine, head| (*mine, *head) = (entries, Some(end)));
    assert_eq!(log.problem().await, at(3, AuditFlaw::Replaced));
}

#[tokio::test]
async fn an_emptied_log_and_a_changed_checkpoint_are_told() {
    let log = Log::new();
    assert_eq!(log.problem().await, None);
    log.add(2).await;
    log.trail.checkpoint().await.unwrap();
    log.store.tamper_with_audit(|entries, head| {
        entries.clear();
        *head = None;
    });
    assert_eq!(log.problem().await, at(2, AuditFlaw::Truncated));
    log.checkpoints.0.lock().unwrap()[0].sequence = 1;
    assert_eq!(log.problem().await, at(1, AuditFlaw::CheckpointChanged));
}

#[tokio::test]
async fn checkpoints_are_kept_while_the_log_moves_and_at_the_end() {
    let log = Log::new();
    let stopping = CancellationToken::new();
    let (trail, stop) = (Arc::clone(&log.trail), stopping.clone());
    #[expect(clippy::disallowed_methods, reason = "a test owns its tasks")]
    let kept = tokio::spawn(async move { trail.keep_checkpoints(stop).await });
    let places = || log.checkpoints.0.lock().unwrap().iter().map(|one| one.sequence).collect::<Vec<_>>();
    for (entries, expected) in [(0, vec![]), (2, vec![2]), (0, vec![2]), (1, vec![2, 3])] {
        log.clock.until_sleeping(1).await;
        log.add(entries).await;
        log.clock.advance(Duration::from_secs(61));
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if places() == expected {
                break;
            }
        }
        assert_eq!(places(), expected);
    }
    log.add(1).await;
    stopping.cancel();
    kept.await.unwrap();
    assert_eq!(places(), [2, 3, 4]);
    let page = log.trail.page(AuditFilter::default(), Some(3), 10).await.unwrap();
    assert_eq!(page.len(), 2);
}

#[tokio::test]
async fn a_check_tells_with_how_many_checkpoints_the_log_was_compared() {
    let log = Log::new();
    log.add(1).await;
    let check = log.trail.verify().await.unwrap();
    assert_eq!((check.checkpoints, check.newest_checkpoint), (0, None));
    log.trail.checkpoint().await.unwrap();
    log.add(1).await;
    log.clock.advance(Duration::from_secs(60));
    log.trail.checkpoint().await.unwrap();
    let check = log.trail.verify().await.unwrap();
    assert_eq!((check.checkpoints, check.newest_checkpoint), (2, Some(log.clock.now())));
    // One under a key that is not at hand proves nothing, and is not counted.
    log.checkpoints.0.lock().unwrap()[0].key_id = "gone".to_owned();
    assert_eq!(log.trail.verify().await.unwrap().checkpoints, 1);
}

#[tokio::test]
async fn checkpoints_are_thinned_to_a_day_of_minutes_and_a_last_one_of_each_day_before() {
    let log = Log::new();
    for _ in 0..3 * 24 {
        log.add(1).await;
        log.trail.checkpoint().await.unwrap();
        log.clock.advance(Duration::from_secs(3_600));
    }
    log.trail.checkpoint().await.unwrap();
    let kept = log.checkpoints.0.lock().unwrap().len();
    assert!((24..=24 + 3).contains(&kept), "{kept}");
    assert_eq!(log.trail.verify().await.unwrap().problem, None);
}

#[tokio::test]
async fn while_a_checkpoint_contradicts_the_log_all_of_them_stay_and_it_is_told() {
    let log = Log::new();
    for _ in 0..24 {
        log.add(1).await;
        log.trail.checkpoint().await.unwrap();
        log.clock.advance(Duration::from_secs(60));
    }
    let (mut entries, end) = (log.store.audit_entries(), log.store.head().await.unwrap());
    entries[4].hash[0] ^= 1;
    log.store.tamper_with_audit(|mine, head| (*mine, *head) = (entries, Some(end)));
    log.clock.advance(Duration::from_secs(3 * 86_400));
    let told = log.trail.checkpoint().await.unwrap_err();
    assert!(told.contains("entry 5"), "{told}");
    assert_eq!(log.checkpoints.0.lock().unwrap().len(), 24);
}

#[tokio::test]
async fn an_end_that_was_changed_or_set_back_is_not_noted() {
    let log = Log::new();
    log.add(3).await;
    log.trail.checkpoint().await.unwrap();
    let before = log.store.audit_entries();
    log.add(1).await;
    log.store.tamper_with_audit(|_, head| head.as_mut().unwrap().seal[0] ^= 1);
    assert!(log.trail.checkpoint().await.unwrap_err().contains("was changed"));
    log.store.tamper_with_audit(|entries, head| {
        *entries = before[..2].to_vec();
        head.as_mut().unwrap().sequence = 2;
    });
    assert!(log.trail.checkpoint().await.unwrap_err().contains("cut off"));
    assert_eq!(log.checkpoints.0.lock().unwrap().len(), 1);
}
